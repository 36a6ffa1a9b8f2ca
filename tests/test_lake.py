from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from flows import lake as lake_module
from flows.lake import (
    Lake,
    LakeError,
    arrow_schema,
    iter_values,
    parquet_files,
    read_rows,
    sweep,
    write_rows,
    written_aside,
)
from transforms import rows as row_types
from transforms.rows import Document, Reject


@dataclass(frozen=True)
class Sample:
    name: str
    count: int | None
    share: float
    known: bool
    day: date | None


ROWS = [Sample("a", 1, 0.5, True, date(2024, 2, 29)), Sample("ß\n", None, -0.0, False, None)]


def test_schema_follows_the_annotations() -> None:
    schema = arrow_schema(Sample)
    assert schema.names == ["name", "count", "share", "known", "day"]
    assert schema.types == [pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.date32()]
    assert [field.nullable for field in schema] == [False, True, False, False, True]


def test_every_row_type_of_the_contract_has_a_schema() -> None:
    for row_type in (Document, Reject, row_types.TransferClaim, row_types.Affiliation, row_types.ActorMention):
        assert arrow_schema(row_type).names == [field.name for field in fields(row_type)]


def test_an_annotation_without_a_column_type_is_refused() -> None:
    @dataclass
    class Odd:
        names: list[str]

    with pytest.raises(TypeError, match=r"Odd\.names"):
        arrow_schema(Odd)


def test_rows_come_back_as_written(tmp_path: Path) -> None:
    assert write_rows(tmp_path / "new" / "a.parquet", Sample, ROWS) == 2
    assert write_rows(tmp_path / "new" / "b.parquet", Sample, []) == 0
    assert read_rows(tmp_path / "new", Sample) == ROWS
    assert list(iter_values(tmp_path / "new" / "a.parquet", ["day", "name"])) == [
        (date(2024, 2, 29), "a"),
        (None, "ß\n"),
    ]
    assert read_rows(tmp_path / "nowhere", Sample) == []


def test_same_rows_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        write_rows(tmp_path / name, Sample, iter(ROWS * 4_000))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_rows(path, Sample, ROWS)
    before = path.read_bytes()

    def failing() -> Iterator[Sample]:
        yield ROWS[0]
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        write_rows(path, Sample, failing())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_unreadable_and_foreign_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not parquet")
    with pytest.raises(LakeError, match=r"broken\.parquet"):
        read_rows(tmp_path, Sample)
    write_rows(tmp_path / "broken.parquet", Reject, [])
    with pytest.raises(LakeError, match="missing"):
        read_rows(tmp_path, Sample)


def test_a_folder_takes_its_name_as_one_and_a_second_writer_yields(tmp_path: Path) -> None:
    for content in ("first", "second"):
        with written_aside(tmp_path / "claims" / "batch") as aside:
            aside.mkdir()
            (aside / "t.parquet").write_text(content)
            assert content == "second" or not (tmp_path / "claims" / "batch").exists()
    assert (tmp_path / "claims" / "batch" / "t.parquet").read_text() == "first"
    assert [path.name for path in (tmp_path / "claims").iterdir()] == ["batch"]


def test_leftovers_are_invisible_and_only_those_of_the_dead_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead_pid = int(dead.stdout)
    folder = Lake(tmp_path).documents
    folder.mkdir(parents=True)
    node = lake_module._node()
    of_dead = folder / f".tmp.{dead_pid}.{node}.00000000.a.parquet"
    of_dead_folder = folder / f".tmp.{dead_pid}.{node}.00000000.batch"
    of_living = folder / f".tmp.{os.getpid()}.{node}.00000000.b.parquet"
    of_another_machine = folder / f".tmp.{dead_pid}.ffffffff.00000000.c.parquet"
    old_of_another_machine = folder / f".tmp.{dead_pid}.ffffffff.00000000.d.parquet"
    for path in (of_dead, of_living, of_another_machine, old_of_another_machine):
        path.write_bytes(b"half")
    of_dead_folder.mkdir()
    (of_dead_folder / "t.parquet").write_bytes(b"half")
    os.utime(old_of_another_machine, (0, 0))
    assert parquet_files(folder) == []
    assert sweep(tmp_path) == 3
    assert sorted(folder.iterdir()) == sorted([of_living, of_another_machine])
