"""CSV for spreadsheets: what they would misread is made safe, and the rest is as it is."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from built_tables import build, one_transfer

from flows.export import CUT, SPREADSHEET_CELL, ExportError, export_csv
from flows.lake import Lake
from flows.publish import publish_release

TEXTS = [
    ("plain", "Berlin said: \"18 tanks\", and\nmore; Köln.", None),
    ("formula", "=cmd|' /C calc'!A0", "'"),
    ("plus", "+49 30 1234", "'"),
    ("minus", "-5", "'"),
    ("at", "@SUM(A1)", "'"),
    ("tab", "\t=1+1", "'"),
    ("blank", "  =1+1", "'"),
    ("wide", "＝1+1", "'"),
    ("digits", "0012345678901234", "'"),
    ("power", "12345e1067890123", "'"),
    ("hex", "05c90a8be6c8a0fd", None),
    ("year", "2024", None),
    ("empty", "", None),
    ("inside", "a=b", None),
]  # fmt: skip


@pytest.fixture
def release(tmp_path: Path) -> Path:
    lake = Lake(tmp_path / "lake")
    rows = one_transfer()
    rows["documents"] = [(name, text) for name, text, _ in TEXTS] + [("none", None), ("long", "x" * 40_000)]
    build(lake, rows)
    return Path(publish_release(lake.root)["release"])


def read(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def test_spreadsheets_cannot_misread_a_cell(release: Path, tmp_path: Path) -> None:
    [written] = export_csv(release, tmp_path / "csv", ["documents"])
    assert written.path.read_bytes().startswith(b"\xef\xbb\xbfdocument_id,text\n")
    assert (written.rows, written.fits) == (len(TEXTS) + 2, True)
    found = dict(read(written.path)[1:])
    for name, text, guard in TEXTS:
        assert found[name] == (guard or "") + text
    assert found["none"] == ""
    assert len(found["long"]) <= SPREADSHEET_CELL
    assert found["long"].endswith(CUT)


def test_raw_values_are_as_they_are(release: Path, tmp_path: Path) -> None:
    [written] = export_csv(release, tmp_path / "csv", ["documents"], raw=True)
    found = dict(read(written.path)[1:])
    assert {name: found[name] for name, _, _ in TEXTS} == {name: text for name, text, _ in TEXTS}
    assert found["long"] == "x" * 40_000


def test_all_tables_the_same_on_every_call(release: Path, tmp_path: Path) -> None:
    first = export_csv(release, tmp_path / "one")
    second = export_csv(release, tmp_path / "two")
    assert {file.table for file in first} == {path.stem for path in release.glob("*.parquet")}
    assert [file.path.read_bytes() for file in first] == [file.path.read_bytes() for file in second]
    assert not [path for path in (tmp_path / "one").iterdir() if path.suffix != ".csv"]


def test_numbers_and_dates(release: Path, tmp_path: Path) -> None:
    export_csv(release, tmp_path / "csv", delimiter=";")
    assert read(tmp_path / "csv" / "transfer_claims.csv", ";")[1] == ["c1-0", "d1-0", "2024-05-01", "Sentence 1-0."]
    assert read(tmp_path / "csv" / "transfers.csv", ";")[1][6:] == ["10.0", "1", "1"]


def test_an_unknown_table_is_named(release: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nothing: no such table; there are actors, "):
        export_csv(release, tmp_path / "csv", ["nothing"])
    assert not (tmp_path / "csv").exists()
