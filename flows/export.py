"""A release as CSV files for spreadsheets."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.catalog import TableInfo, describe
from flows.lake import written_aside

BYTE_ORDER_MARK = "\ufeff"
"""Tells Excel that the file is UTF-8; it stands before the first column's name."""

SPREADSHEET_ROWS = 1_048_575
"""Rows of a sheet of Excel below the header."""

SPREADSHEET_CELL = 32_767
"""Characters of a cell of Excel; what is longer would run into the next rows."""

CUT = "… [cut here; the Parquet file has all]"

# What spreadsheets take for a formula, after OWASP's page on CSV injection; the last four are full-width signs.
_FORMULA = r"^[\s]*[=+\-@\t\r＝＋－＠]"
# An id of digits alone, or of digits around one 'e', would be read as a number and lose digits.
_NUMBER_LIKE = r"^([0-9]{12,}|[0-9]+[eE][0-9]+)$"


class ExportError(ValueError):
    """What was asked for cannot be exported; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A CSV file that was written."""

    table: str
    path: Path
    rows: int
    fits: bool
    """Whether a sheet of Excel can hold its rows."""


def export_csv(
    release: Path, folder: Path, tables: Sequence[str] = (), *, raw: bool = False, delimiter: str = ","
) -> list[Exported]:
    """Write tables of a release (all, unless some are named) as `<table>.csv`, rows in the order of the Parquet file.

    UTF-8 with a byte order mark, dates as 2024-06-30, no value for null. Text that a spreadsheet would take for a
    formula or for a number gets an apostrophe before it, and a cell that is too long for it is cut with a note; `raw`
    leaves values as they are. Each file is there whole or not at all. Raises ExportError, CatalogError.
    """
    described = {table.name: table for table in describe(release)}
    if missing := [name for name in tables if name not in described]:
        raise ExportError(f"{missing[0]}: no such table; there are {', '.join(described)}")
    return [
        _export(release, folder, table, raw=raw, delimiter=delimiter)
        for name, table in described.items()
        if not tables or name in tables
    ]


def _export(release: Path, folder: Path, table: TableInfo, *, raw: bool, delimiter: str) -> Exported:
    import duckdb

    path = folder / f"{table.name}.csv"
    cells = []
    for number, column in enumerate(table.columns):
        value = f'"{column.name}"'
        if column.type == "string" and not raw:
            value = _for_spreadsheets(value)
        cells.append(f'{value} as "{BYTE_ORDER_MARK if number == 0 else ""}{column.name}"')
    source = str(release / f"{table.name}.parquet").replace("'", "''")
    spill = str(Path(tempfile.gettempdir(), f"materiel-export-{os.getpid()}"))
    with duckdb.connect(config={"temp_directory": spill}) as connection, written_aside(path) as aside:
        target = str(aside).replace("'", "''")
        connection.execute(
            f"copy (select {', '.join(cells)} from read_parquet('{source}')) to '{target}' "
            f"(format csv, header true, delimiter '{delimiter}')"
        )
    return Exported(table.name, path, table.rows, table.rows <= SPREADSHEET_ROWS)


def _for_spreadsheets(value: str) -> str:
    """The SQL expression that makes a text safe to open in a spreadsheet."""
    cut = SPREADSHEET_CELL - len(CUT) - 1
    whole = f"case when length({value}) >= {SPREADSHEET_CELL} then left({value}, {cut}) || '{CUT}' else {value} end"
    guarded = f"regexp_matches({value}, '{_FORMULA}') or regexp_matches({value}, '{_NUMBER_LIKE}')"
    return f"case when {guarded} then '''' || {whole} else {whole} end"
