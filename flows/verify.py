"""Reading the archive against its digests: what is missing, added or changed since it was written."""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.archive import PIECE, RECORDS, RawRecord, index_files, read_index
from flows.lake import Lake, LakeError, finished_folders, iter_values


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in the archive that is not as it was written."""

    place: str
    """The file, relative to the lake, with the byte at which the record begins."""
    detail: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a reading of the archive has found."""

    n_files: int
    n_records: int
    n_documents: int
    differences: list[Difference]


def verify(lake: Lake) -> Verified:
    """Read every record of the archive and hold it against its WARC digests, the index, and the documents made of it.

    Raises LakeError where there is no archive.
    """
    if not lake.raw.is_dir():
        raise LakeError(f"{lake.root}: no archive there; name the lake of a run with --lake")
    differences: list[Difference] = []
    by_file: dict[str, dict[int, RawRecord]] = defaultdict(dict)
    for path in index_files(lake):
        if not path.is_file():
            differences.append(Difference(str(path.relative_to(lake.root)), "the index is missing"))
    try:
        indexed = read_index(lake)
    except (LakeError, OSError) as error:
        return Verified(0, 0, 0, [*differences, Difference("raw", str(error))])
    for record in indexed:
        by_file[record.raw_file][record.raw_offset] = record
    there = {f"raw/{batch.name}/{RECORDS}" for batch in finished_folders(lake.raw) if (batch / RECORDS).is_file()}
    n_records = 0
    for raw_file in sorted(there | set(by_file)):
        expected = by_file.get(raw_file, {})
        if raw_file not in there:
            differences.append(Difference(raw_file, f"the file with {len(expected):,} records is missing"))
            continue
        n_records += len(expected)
        differences += _differences(lake.root / raw_file, raw_file, expected)
    known = {(record.raw_file, record.raw_offset): record.raw_digest for record in indexed}
    n_documents = 0
    for source_uri, raw_file, raw_offset, raw_digest in _documents(lake):
        n_documents += 1
        if known.get((raw_file, raw_offset)) != raw_digest:
            detail = f"a document of {source_uri} says that it comes from here, with another digest"
            differences.append(Difference(f"{raw_file} at byte {raw_offset:,}", detail))
    return Verified(len(there), n_records, n_documents, differences)


def _differences(path: Path, raw_file: str, expected: dict[int, RawRecord]) -> Iterator[Difference]:
    """What differs between a WARC file and its index."""
    found: set[int] = set()
    end = 0
    for offset, end, digest, is_intact in _records(path):  # noqa: B007 - the end of the last record is looked at below
        record = expected.get(offset)
        place = f"{raw_file} at byte {offset:,}"
        found.add(offset)
        if record is None:
            yield Difference(place, "a record that is not in the index")
        elif digest != record.raw_digest:
            yield Difference(place, f"the bytes received from {record.source_uri} have another SHA-256")
        elif not is_intact:
            yield Difference(place, f"the record of {record.source_uri} does not fit its own WARC digests")
    for offset in sorted(set(expected) - found):
        place = f"{raw_file} at byte {offset:,}"
        yield Difference(place, f"the record of {expected[offset].source_uri} is damaged or missing")
    size = path.stat().st_size
    if end < size and set(expected) <= found:
        yield Difference(f"{raw_file} at byte {end:,}", f"{size - end:,} bytes that belong to no record")


def _records(path: Path) -> Iterator[tuple[int, int, str, bool]]:
    """Offset, end, SHA-256 of the payload and whether the WARC digests fit, of each record but the first one's own."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    with path.open("rb") as file:
        records = ArchiveIterator(file, check_digests=True)
        while True:
            try:
                record = next(records)
                digest = hashlib.sha256()
                while piece := record.raw_stream.read(PIECE):
                    digest.update(piece)
                offset = records.get_record_offset()
                end = offset + records.get_record_length()
            except (StopIteration, ArchiveLoadFailed, EOFError, zlib.error, ValueError):
                return
            if record.rec_type != "warcinfo":
                yield offset, end, digest.hexdigest(), record.digest_checker.passed is not False


def _documents(lake: Lake) -> Iterator[tuple[Any, ...]]:
    names = ("source_uri", "raw_file", "raw_offset", "raw_digest")
    for version in finished_folders(lake.documents):
        files = [batch / "documents.parquet" for batch in lake.document_batches(version.name)]
        yield from iter_values(files, names)
