"""The lake on disk: where each kind of data lies, and how files get there whole or not at all.

Everything is written under a temporary name in its final folder and then renamed. A killed run leaves only temporary
names behind; readers do not see them and `sweep` removes them.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import socket
import time
import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import pyarrow

Row = TypeVar("Row")

ROWS_PER_GROUP = 5_000
"""Rows of one Parquet row group; bounds what a writer holds in memory and keeps the bytes independent of the caller."""

ABANDONED_AFTER_SECONDS = 86_400
"""Age at which a temporary name counts as abandoned though its process seems alive or cannot be seen from here."""


class LakeError(RuntimeError):
    """The lake cannot be read or written as asked; the message names the path and what to do."""


@dataclass(frozen=True, slots=True)
class Lake:
    """The folders of a lake."""

    root: Path

    @property
    def raw(self) -> Path:
        """The archive: `<batch>/records.warc.gz`, bytes as received, and `<batch>/index.parquet`."""
        return self.root / "raw"

    @property
    def attempts(self) -> Path:
        """`<batch>.parquet`: which units were looked at and what came of each."""
        return self.root / "attempts"

    @property
    def looks(self) -> Path:
        """`<run>.parquet`: what each source of `sources.toml` gave in a run."""
        return self.root / "looks"

    @property
    def documents(self) -> Path:
        """`<parser_version>/<batch>/`: documents, rejects, and the records of the archive that they are made of."""
        return self.root / "documents"

    def document_batches(self, version: str) -> list[Path]:
        """The finished batches of documents that a version of the parser has made, sorted by name."""
        return finished_folders(self.documents / version)

    @property
    def rejects(self) -> Path:
        """`<batch>.parquet` of rejects that no document or record stands for."""
        return self.root / "rejects"

    @property
    def claims(self) -> Path:
        """`<extractor_version>/<batch>/<table>.parquet`."""
        return self.root / "claims"

    def claim_batches(self, version: str) -> list[Path]:
        """The finished batches of claims that a version of the extractor has made, sorted by name."""
        return finished_folders(self.claims / version)

    @property
    def signatures(self) -> Path:
        """`<method version>/<batch>.parquet` of what `flows.near_duplicates` keeps of each text."""
        return self.root / "near_duplicates" / "signatures"

    @property
    def stories(self) -> Path:
        """Which story each text belongs to; replaced whole, and absent before the first time."""
        return self.root / "near_duplicates" / "stories.parquet"

    @property
    def build(self) -> Path:
        """What can be rebuilt at any time: the dbt target and the DuckDB caches."""
        return self.root / "build"

    @property
    def releases(self) -> Path:
        """`<release_id>/<table>.parquet` and `datapackage.json`."""
        return self.root / "releases"

    @property
    def current(self) -> Path:
        """Symbolic link to the release that readers use."""
        return self.root / "current"


def parquet_files(folder: Path) -> list[Path]:
    """The finished Parquet files directly in a folder, sorted by name; none where the folder does not exist."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix == ".parquet" and not path.name.startswith("."))


def finished_folders(folder: Path) -> list[Path]:
    """The folders in a folder, without temporary ones, sorted by name; none where it does not exist."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def arrow_schema(row_type: type) -> pyarrow.Schema:
    """The Arrow schema of a row dataclass: one column per field, in order; `X | None` is nullable."""
    import pyarrow as pa

    arrow_types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), date: pa.date32()}
    hints = typing.get_type_hints(row_type)
    columns = []
    for field in fields(row_type):
        value_type, nullable = _value_type(hints[field.name])
        if value_type not in arrow_types:
            raise TypeError(f"{row_type.__name__}.{field.name}: no column type for {hints[field.name]}")
        columns.append(pa.field(field.name, arrow_types[value_type], nullable=nullable))
    return pa.schema(columns)


def write_rows(path: Path, row_type: type[Row], rows: Iterable[Row]) -> int:
    """Write the rows to a Parquet file, atomically; returns how many.

    The bytes depend on the rows and their order only. The file is written even where there are no rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(row_type)
    names = schema.names
    iterator = iter(rows)
    count = 0
    with (
        written_aside(path) as aside,
        pq.ParquetWriter(aside, schema, compression="zstd", version="2.6") as writer,
    ):
        while group := list(islice(iterator, ROWS_PER_GROUP)):
            columns = {name: [getattr(row, name) for row in group] for name in names}
            writer.write_table(pa.table(columns, schema=schema), row_group_size=ROWS_PER_GROUP)
            count += len(group)
    return count


def read_rows(paths: Path | Iterable[Path], row_type: type[Row]) -> list[Row]:
    """The rows of Parquet files, or of every finished file in the folders given, in order of path and position.

    A folder that does not exist holds no rows.

    Columns that the row type does not have are left out. Raises LakeError where a file lacks one that it has.
    """
    return list(iter_rows(paths, row_type))


def iter_rows(paths: Path | Iterable[Path], row_type: type[Row]) -> Iterator[Row]:
    """Like `read_rows`, holding one row group in memory at a time."""
    names = [field.name for field in fields(row_type)]  # type: ignore[arg-type]
    for values in iter_values(paths, names):
        yield row_type(*values)


def values_where(
    paths: Path | Iterable[Path], names: Sequence[str], column: str, wanted: Iterable[str]
) -> Iterator[tuple[object, ...]]:
    """The values of the named columns, one tuple per row whose `column` has one of the wanted values, in no order."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    files = [str(path) for path in _files(paths)]
    values = pa.array(sorted(set(wanted)), pa.string())
    if not files or not len(values):
        return
    table = ds.dataset(files, format="parquet").to_table(columns=list(names), filter=ds.field(column).isin(values))
    for batch in table.to_batches(max_chunksize=ROWS_PER_GROUP):
        yield from zip(*(batch.column(name).to_pylist() for name in names), strict=True)


def iter_values(paths: Path | Iterable[Path], names: Sequence[str]) -> Iterator[tuple[object, ...]]:
    """The values of the named columns, one tuple per row; only these columns are read from disk."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in _files(paths):
        try:
            with pq.ParquetFile(path) as file:
                missing = set(names) - set(file.schema_arrow.names)
                if missing:
                    raise LakeError(f"{path}: columns {sorted(missing)} are missing; it was written by another version")
                for batch in file.iter_batches(batch_size=ROWS_PER_GROUP, columns=list(names)):
                    yield from zip(*(batch.column(name).to_pylist() for name in names), strict=True)
        except pa.ArrowInvalid as error:
            raise LakeError(f"{path}: not a readable Parquet file; delete it and run again") from error


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, for a file or a folder, that takes its name when the block ends without error.

    A file replaces an older one of that name. A folder that is already there stays, and the new one is dropped: names
    are content ids, so both hold the same. On an error nothing remains.
    """
    with temporary_path(path.parent, path.name) as aside:
        yield aside
        put(aside, path)


@contextmanager
def temporary_path(folder: Path, name: str) -> Iterator[Path]:
    """A name in the folder that readers do not see; what is still there when the block ends is removed.

    For what gets its final name from its content; `put` gives it that name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".tmp.{os.getpid()}.{_node()}.{secrets.token_hex(4)}.{name}"
    try:
        yield aside
    finally:
        _remove(aside)


def put(aside: Path, path: Path) -> None:
    """Give what was written aside its final name in the same folder, in one step."""
    if aside.is_dir() and path.is_dir():
        return
    try:
        aside.replace(path)
    except OSError:
        # Another process put the same folder there between the check and the renaming.
        if not (aside.is_dir() and path.is_dir()):
            raise


def sweep(root: Path) -> int:
    """Remove what killed runs left under temporary names below `root`; returns how many.

    Names of processes that are alive, and of other machines, stay until they are a day old.
    """
    removed = 0
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(folder, name)
            if _is_leftover(path):
                _remove(path)
                removed += 1
        folders[:] = [name for name in folders if not name.startswith(".tmp.")]
    return removed


_ASIDE = re.compile(r"\.tmp\.(?P<pid>\d+)\.(?P<node>[0-9a-f]{8})\.")


def _is_leftover(path: Path) -> bool:
    match = _ASIDE.match(path.name)
    if match is None:
        return False
    if match["node"] == _node() and not _is_alive(int(match["pid"])):
        return True
    try:
        return time.time() - path.lstat().st_mtime > ABANDONED_AFTER_SECONDS
    except FileNotFoundError:
        return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _node() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _files(paths: Path | Iterable[Path]) -> Iterator[Path]:
    for path in [paths] if isinstance(paths, Path) else paths:
        if path.suffix == ".parquet":
            yield path
        else:
            yield from parquet_files(path)


def _value_type(hint: typing.Any) -> tuple[typing.Any, bool]:
    """The type behind `X | None`, and whether None is allowed."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        options = [option for option in typing.get_args(hint) if option is not types.NoneType]
        return (options[0] if len(options) == 1 else hint), True
    return hint, False
