"""From the claims in the lake to the tables: the dbt project in `sql/` over DuckDB, with its data tests."""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.corrections import Correction, corrections_path, load_corrections
from flows.lake import Lake, arrow_schema, parquet_files
from flows.parsing import StoredDocument
from flows.versions import models_version, reference_version
from transforms.rows import (
    ActorMention,
    Affiliation,
    Extraction,
    Reject,
    RelationClaim,
    StoryMember,
    TransferClaim,
)

if TYPE_CHECKING:
    import duckdb

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "sql"
SEEDS = ROOT / "seeds"

REFERENCE_TABLES = ("actors", "actor_aliases", "units", "weapons")
CLAIM_TABLES: dict[str, type] = {
    "extractions": Extraction,
    "transfer_claims": TransferClaim,
    "relation_claims": RelationClaim,
    "affiliations": Affiliation,
    "actor_mentions": ActorMention,
}

MESSAGES_SHOWN = 10
"""Rows that the error of a data test with words of its own tells; of more, their number."""

_SQL_TYPES = {"string": "varchar", "int64": "bigint", "double": "double", "bool": "boolean", "date32[day]": "date"}


class ModelError(RuntimeError):
    """The tables could not be built, or a data test failed; the message names the model or the test."""


@flow(name="model", log_prints=False)
def model(lake: str, extractor_version: str | None = None, parser_version: str | None = None) -> dict[str, Any]:
    """Find the reprints, build and test the tables; see `build_models`. Without versions, those that are installed."""
    from flows import parsing, reference
    from flows.near_duplicates import cluster_documents
    from flows.settings import Settings

    settings = Settings.from_environment()
    parser_version = parser_version or parsing.parser_version(settings)
    stories = cluster_documents(lake, parser_version)
    extractor_version = extractor_version or reference.extractor_version()
    built = build_models(Path(lake), extractor_version, parser_version, corrections=settings.corrections)
    return {**built, "stories": stories["stories"], "reprints": stories["reprints"]}


def build_models(
    lake: Path, extractor_version: str, parser_version: str, seeds: Path = SEEDS, corrections: Path | None = None
) -> dict[str, Any]:
    """Build every table into a new `build/materiel.duckdb`, which replaces the old one only if all data tests pass.

    `corrections` is the file of the analysts' decisions, by default the lake's own. Returns the number of rows of each
    table (`tables`), of dbt nodes (`nodes`) and of seconds. Raises ModelError, and CorrectionsError for wrong lines.
    """
    started = time.monotonic()
    stores = Lake(lake)
    decided = load_corrections(corrections_path(lake, corrections), seeds)
    with build_lock(stores):
        # Not a temporary file name: the views in the database go by the name of the file that they were made in.
        aside = stores.build / "next"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        database = aside / "materiel.duckdb"
        _create_sources(database, stores, extractor_version, parser_version, seeds)
        _store_corrections(database, decided)
        nodes = _run_dbt(database, stores.build / "dbt")
        _note_versions(database, seeds)
        tables = _seal(database)
        database.replace(database_path(stores))
        shutil.rmtree(aside, ignore_errors=True)
    return {"tables": tables, "nodes": nodes, "seconds": round(time.monotonic() - started, 3)}


def database_path(lake: Lake) -> Path:
    """The database of the last build that passed its tests."""
    return lake.build / "materiel.duckdb"


@contextmanager
def build_lock(lake: Lake) -> Iterator[None]:
    """Let one process at a time build or publish a lake; others wait. The system frees it when a process dies."""
    lake.build.mkdir(parents=True, exist_ok=True)
    with (lake.build / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def mart_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The published tables of a built database, sorted: the models that carry a description in the database."""
    return [
        name
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'main' and comment is not null order by 1"
        ).fetchall()
    ]


def sql_literal(value: object) -> str:
    """A value as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def _create_sources(database: Path, lake: Lake, extractor_version: str, parser_version: str, seeds: Path) -> None:
    """Put views over the files of the lake and the reference tables, and note which extractor the claims are of.

    So the models need no paths, and dbt's parse of them stays valid from run to run.
    """
    import duckdb

    batches = lake.claim_batches(extractor_version)
    parsed = lake.document_batches(parser_version)
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema lake; create schema reference; create schema build")
        connection.execute(
            "create table build.info as select ? as extractor_version, ? as parser_version",
            [extractor_version, parser_version],
        )
        _create_lake_view(connection, "documents", StoredDocument, [batch / "documents.parquet" for batch in parsed])
        rejects = [*parquet_files(lake.rejects), *(batch / "rejects.parquet" for batch in parsed)]
        _create_lake_view(connection, "rejects", Reject, rejects)
        _create_lake_view(connection, "stories", StoryMember, [lake.stories] if lake.stories.is_file() else [])
        for table, row_type in CLAIM_TABLES.items():
            files = [batch / f"{table}.parquet" for batch in batches]
            _create_lake_view(connection, table, row_type, files)
        for table in REFERENCE_TABLES:
            path = seeds / f"{table}.csv"
            if not path.is_file():
                raise ModelError(f"{path}: the reference table is missing; restore it from the repository")
            connection.execute(
                f"create view reference.{table} as from read_csv({sql_literal(path.resolve())}, "
                "header = true, delim = ',', quote = '\"', escape = '\"', all_varchar = true)"
            )


def _store_corrections(database: Path, corrections: Sequence[Correction]) -> None:
    """Put the corrections beside the views: they were read and checked already."""
    import duckdb
    import pyarrow as pa

    rows = pa.Table.from_pylist([asdict(correction) for correction in corrections], schema=arrow_schema(Correction))
    with duckdb.connect(str(database)) as connection:
        connection.register("corrections_read", rows)
        connection.execute("create table lake.corrections as from corrections_read")


def _create_lake_view(connection: duckdb.DuckDBPyConnection, table: str, row_type: type, files: Sequence[Path]) -> None:
    """A view of the row type's columns over the files; of no rows where there are no files. Raises ModelError."""
    import duckdb

    schema = arrow_schema(row_type)
    names = [field.name for field in fields(row_type)]
    types = [_SQL_TYPES[str(schema.field(name).type)] for name in names]
    if files:
        paths = ", ".join(sql_literal(path.resolve()) for path in files)
        query = f"select {', '.join(names)} from read_parquet([{paths}], union_by_name = true)"
    else:
        nulls = ", ".join(f"null::{type_} as {name}" for name, type_ in zip(names, types, strict=True))
        query = f"select {nulls} where false"
    try:
        connection.execute(f"create view lake.{table} as {query}")
    except duckdb.Error as error:
        raise ModelError(
            f"the {table} in the lake cannot be read ({_one_line(str(error).partition('LINE 1')[0])}); "
            "delete the files that are broken or of an older version, and run again"
        ) from error


def _run_dbt(database: Path, target: Path) -> int:
    """Run `dbt build` in this process; returns the number of models and tests. Raises ModelError."""
    # Importing dbt takes over a second: only for who builds.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner().invoke(
        [
            "--no-send-anonymous-usage-stats",
            "--no-version-check",
            "--no-use-colors",
            "--log-level=none",
            "--log-level-file=none",
            "build",
            f"--project-dir={PROJECT}",
            f"--profiles-dir={PROJECT}",
            f"--target-path={target.resolve()}",
            f"--log-path={target.resolve()}",
            f"--vars={json.dumps({'database': _jinja_literal(str(database.resolve()))})}",
        ]
    )
    # The adapter keeps its database open for the life of the process; the next build has another file of that name.
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    results = list(getattr(outcome.result, "results", None) or [])
    for result in results:
        if result.status not in ("success", "pass"):
            if result.status == "skipped":
                continue
            raise ModelError(_failure(database, result))
    if not outcome.success:
        raise ModelError(f"the models in {PROJECT} cannot be run: {_one_line(outcome.exception)}")
    return len(results)


def _failure(database: Path, result: Any) -> str:
    """One line on the node that failed; of a data test, with the first row that fails it."""
    node = result.node
    if str(node.resource_type) != "test" or result.status != "fail":
        return f"{node.resource_type} `{node.name}` could not be run: {_one_line(result.message)}; nothing is published"
    import duckdb

    with duckdb.connect(str(database)) as connection:
        cursor = connection.execute(f"select * from ({node.compiled_code}) limit 1")
        names = [column[0] for column in cursor.description or []]
        if "message" in names:
            # A test that has its own words for each row.
            cursor = connection.execute(f"select * from ({node.compiled_code}) order by all limit {MESSAGES_SHOWN}")
            told = [_one_line(row[names.index("message")]) for row in cursor.fetchall()]
            if result.failures > len(told):
                told.append(f"and {result.failures - len(told)} more")
            return f"{' | '.join(told)}; nothing is published"
        row = dict(zip(names, cursor.fetchone() or (), strict=False))
    # The columns that identify a row come first in every model.
    known = [f"{name}={str(value)[:80]!r}" for name, value in row.items() if value is not None][:3]
    return (
        f"data test `{node.name}` failed for {result.failures} row(s), the first being {_one_line(', '.join(known))}; "
        "nothing is published"
    )


def _note_versions(database: Path, seeds: Path) -> None:
    """Note which models and reference tables the tables were made with; the release tells of them."""
    import duckdb

    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "create table build.versions as select ? as models_version, ? as reference_version",
            [models_version(PROJECT), reference_version(seeds)],
        )


def _seal(database: Path) -> dict[str, int]:
    """Fold the write-ahead log into the file; returns the number of rows of each published table."""
    import duckdb

    with duckdb.connect(str(database)) as connection:
        counts = {}
        for name in mart_names(connection):
            row = connection.execute(f"select count(*) from main.{name}").fetchone()
            counts[name] = int(row[0]) if row else 0
        connection.execute("force checkpoint")
    return counts


def _jinja_literal(value: str) -> str:
    """The value as dbt, which renders variables as templates, gives it back unchanged."""
    return "{{ " + json.dumps(value) + " }}" if "{" in value else value


def _one_line(value: object) -> str:
    return " ".join(str(value).split())
