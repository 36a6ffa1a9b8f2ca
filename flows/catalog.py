"""Reading a release: which one is current, what its tables hold, and SQL over it that cannot change anything."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from flows.lake import Lake

if TYPE_CHECKING:
    import duckdb

DESCRIPTOR = "datapackage.json"


class CatalogError(RuntimeError):
    """There is no release that can be read; the message says what to do."""


class QueryError(ValueError):
    """A query was refused or is wrong; the message is one line."""


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column; `type` is a Frictionless field type: string, integer, number, boolean or date."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table of a release."""

    name: str
    description: str
    rows: int
    primary_key: tuple[str, ...]
    columns: tuple[ColumnInfo, ...]


def current_release(lake: Path) -> Path:
    """The folder of the current release, its link resolved: it stays whole while a newer release takes its place.

    Raises CatalogError where there is none.
    """
    current = Lake(Path(lake)).current
    if not (current / DESCRIPTOR).is_file():
        raise CatalogError(f"{lake}: no release there; run `materiel run INPUT… --lake {lake}` first, or name its lake")
    return current.resolve()


def read_descriptor(release: Path) -> dict[str, object]:
    """The data package descriptor of a release. Raises CatalogError where it cannot be read."""
    path = Path(release) / DESCRIPTOR
    try:
        descriptor: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogError(f"{path}: not a readable release ({error}); run the pipeline again") from error
    return descriptor


def describe(release: Path) -> list[TableInfo]:
    """The tables of a release with their columns, in the order of its descriptor. Raises CatalogError."""
    tables = []
    resources: list[dict] = read_descriptor(release)["resources"]  # type: ignore[assignment]
    for resource in resources:
        schema = resource["schema"]
        columns = tuple(ColumnInfo(field["name"], field["type"], field["description"]) for field in schema["fields"])
        tables.append(
            TableInfo(
                name=resource["name"],
                description=resource["description"],
                rows=resource["rows"],
                primary_key=tuple(schema["primaryKey"]),
                columns=columns,
            )
        )
    return tables


class Reader:
    """SQL over a release: one SELECT at a time, no other statement, no file but the release's own, no network.

    DuckDB's own lock keeps queries from other files, the network and the settings. It has no way to forbid writing to
    the files that may be read, so statements of other kinds are refused before they run.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[object] | None = None) -> duckdb.DuckDBPyConnection:
        """Run one SELECT (also FROM, WITH, VALUES, DESCRIBE, SHOW, SUMMARIZE); the result is the cursor to fetch from.

        Raises QueryError for anything else and for SQL that DuckDB refuses. Rows may still fail with `duckdb.Error`
        while they are fetched.
        """
        import duckdb

        for text in (sql, *(parameters or ())):
            _check_encoding(text)
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1:
                raise QueryError(f"{len(statements)} statements given; a query is exactly one SELECT")
            if statements[0].type != duckdb.StatementType.SELECT:
                kind = statements[0].type.name
                raise QueryError(f"{kind} is refused: a release can only be read; write one SELECT")
            return self._connection.execute(statements[0], parameters)
        except duckdb.Error as error:
            raise QueryError(_first_line(error)) from error

    def statements(self, sql: str) -> list[str]:
        """The single statements of a script. Raises QueryError where it cannot be parsed."""
        import duckdb

        _check_encoding(sql)
        try:
            return [statement.query for statement in self._connection.extract_statements(sql)]
        except duckdb.Error as error:
            raise QueryError(_first_line(error)) from error

    def close(self) -> None:
        """Free the connection."""
        self._connection.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(release: Path) -> Reader:
    """Open a release for queries: one view per table, read-only. Raises CatalogError where files are missing."""
    import duckdb

    release = Path(release).resolve()
    files = {table.name: release / f"{table.name}.parquet" for table in describe(release)}
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            # Large sorts spill here rather than into the working directory.
            "temp_directory": str(Path(tempfile.gettempdir(), f"materiel-query-{os.getpid()}")),
        }
    )
    try:
        for name, path in files.items():
            connection.execute(f"create view {name} as from read_parquet({_literal(path)})")
        connection.execute(f"set allowed_paths = [{', '.join(_literal(path) for path in files.values())}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    except duckdb.Error as error:
        connection.close()
        raise CatalogError(f"{release}: a table cannot be read ({_first_line(error)}); publish again") from error
    return Reader(connection)


def data_dictionary(tables: Sequence[TableInfo]) -> str:
    """The tables and columns as a Markdown page, without row counts."""
    lines = [
        "# Data dictionary",
        "",
        "Every release is a folder with one Parquet file per table and a `datapackage.json`; `<lake>/current` leads to",
        "the newest. This page is made from the descriptions in `sql/models/marts/` by",
        "`python -m flows.catalog <lake>/current > docs/data-dictionary.md`.",
    ]
    for table in tables:
        key = ", ".join(f"`{name}`" for name in table.primary_key)
        lines += ["", f"## {table.name}", table.description, "", f"Key: {key}", ""]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        for column in table.columns:
            meaning = column.description.replace("|", "\\|")
            lines.append(f"| `{column.name}` | {column.type} | {meaning} |")
    return "\n".join(lines) + "\n"


def _check_encoding(value: object) -> None:
    """Raise QueryError for text with bytes that are not UTF-8, which Python carries along as lone surrogates."""
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise QueryError(f"the text is not UTF-8 at character {error.start + 1}; write it in UTF-8") from error


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


if __name__ == "__main__":
    sys.stdout.write(data_dictionary(describe(Path(sys.argv[1]))))
