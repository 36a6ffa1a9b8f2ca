"""Built tables without a build: a database as `flows.model` leaves it, with few columns, for tests of releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flows.lake import Lake
from flows.model import database_path

Row = tuple[object, ...]

TABLES = {
    "actors": "actor_id varchar primary key, name varchar not null",
    "document_sightings": "sighting_id varchar primary key",
    "documents": "document_id varchar primary key, text varchar",
    "transfer_claim_links": "transfer_id varchar not null, claim_id varchar primary key",
    "transfer_claims": "claim_id varchar primary key, document_id varchar not null, published_on date, "
    "evidence varchar",
    "transfers": "transfer_id varchar primary key, supplier_id varchar, recipient_id varchar, category varchar, "
    "materiel varchar, status varchar, quantity_low double, n_claims bigint, n_sources bigint",
}


def build(lake: Lake, rows: Mapping[str, Sequence[Row]], tables: Mapping[str, str] = TABLES, **versions: str) -> None:
    """Replace the built tables of a lake."""
    import duckdb

    lake.build.mkdir(parents=True, exist_ok=True)
    aside = lake.build / "aside.duckdb"
    aside.unlink(missing_ok=True)
    with duckdb.connect(str(aside)) as connection:
        connection.execute("create schema build")
        noted = {"extractor_version": "e1", "models_version": "m1", "reference_version": "r1"} | versions
        names = ", ".join(f"'{value}' as {name}" for name, value in noted.items())
        connection.execute(f"create table build.info as select {names}")
        for table, columns in tables.items():
            connection.execute(f"create table {table} ({columns})")
            connection.execute(f"comment on table {table} is 'The {table} of a test.'")
            names = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
            for name in names:
                connection.execute(f"comment on column {table}.{name} is 'What is meant by {name}.'")
            for row in rows.get(table, ()):
                connection.execute(f"insert into {table} values ({', '.join('?' * len(names))})", list(row))
    aside.replace(database_path(lake))


def one_transfer(number: int = 1, claims: int = 1) -> dict[str, list[Row]]:
    """A transfer and its claims, each of a document of its own; more claims tell of a larger quantity."""
    ids = [f"{number}-{claim}" for claim in range(claims)]
    return {
        "actors": [("DEU", "Germany"), ("UKR", "Ukraine")],
        "document_sightings": [(f"s{id_}",) for id_ in ids],
        "documents": [(f"d{id_}", f"Text {id_}.") for id_ in ids],
        "transfer_claim_links": [(f"t{number}", f"c{id_}") for id_ in ids],
        "transfer_claims": [(f"c{id_}", f"d{id_}", "2024-05-01", f"Sentence {id_}.") for id_ in ids],
        "transfers": [(f"t{number}", "DEU", "UKR", "battle_tank", "tanks", "delivered", 10.0 * claims, claims, claims)],
    }


def together(*parts: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """The rows of several parts, each row once."""
    return {table: list(dict.fromkeys(row for part in parts for row in part.get(table, ()))) for table in TABLES}
