"""The archive: bytes as received, in WARC 1.1 files compressed record by record, each with an index beside it.

A batch is one folder, `raw/<batch>/` with `records.warc.gz` and `index.parquet`, and comes into being in one step: a
run that is killed leaves either both files or neither. Nothing in the archive is ever changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from flows.compression import decompressed
from flows.lake import Lake, LakeError, finished_folders, put, read_rows, temporary_path, write_rows
from transforms.documents import Hints
from transforms.rows import content_id

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord

RECORDS, INDEX = "records.warc.gz", "index.parquet"

PIECE = 65_536
"""Bytes that are read at once."""

HINT_FIELDS = ("source", "tags", "title", "outlet", "published_on", "published_from")


@dataclass(frozen=True, slots=True)
class RawRecord:
    """What was received from a source, where it lies, and what is known of it besides its bytes."""

    record_id: str
    """Content id of all that decides which documents come of it: where it is from, its bytes and the hints."""
    source_uri: str
    url: str | None
    """Address after redirects, of what was fetched."""
    media_type: str | None
    """As the server gave it or as the file name implies."""
    content_encoding: str | None
    """How the bytes are compressed: `gzip`, `deflate`, or null."""
    raw_digest: str
    """SHA-256 of the bytes as received."""
    content_digest: str
    """SHA-256 of what is in them: a server may compress the same page anew for each answer."""
    received_at: str
    """When the bytes came in, UTC, to the second; tells the newest of several copies."""
    etag: str | None
    last_modified: str | None
    source: str | None
    tags: str | None
    title: str | None
    outlet: str | None
    published_on: date | None
    published_from: str | None
    raw_file: str
    """The WARC file, relative to the lake."""
    raw_offset: int
    """Where the record begins in it, in bytes."""

    @property
    def hints(self) -> Hints:
        """What is known of the documents besides the bytes."""
        return Hints(**{name: getattr(self, name) for name in HINT_FIELDS})


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is to be archived, without its bytes."""

    source_uri: str
    hints: Hints
    target_uri: str
    """What the WARC record says that it is a copy of."""
    media_type: str | None = None
    content_encoding: str | None = None
    url: str | None = None
    status_line: str | None = None
    """Of a server's answer; None for what no server sent."""
    headers: tuple[tuple[str, str], ...] = ()
    received_at: str | None = None
    """As in RawRecord, where it is not now."""


def record_id(source_uri: str, content_digest: str, hints: Hints) -> str:
    """The id of a record in the index; the same content from the same place has the same id in every run."""
    return content_id(source_uri, content_digest, *(getattr(hints, name) for name in HINT_FIELDS))


class ArchiveBatch:
    """Records that come into the archive together; made by `archive_batch`."""

    def __init__(self, lake: Lake, file: BinaryIO) -> None:
        from warcio.warcwriter import WARCWriter

        self._lake = lake
        self._file = file
        self._writer = WARCWriter(file, gzip=True, warc_version="WARC/1.1")
        software = {"software": f"materiel/{metadata.version('materiel')}", "format": "WARC File Format 1.1"}
        self._writer.write_record(self._writer.create_warcinfo_record(None, software))
        self._rows: list[tuple[RawRecord, bool]] = []
        self._ids: set[str] = set()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.tell()

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, record_id: str) -> bool:
        return record_id in self._ids

    def add(self, arrived: Arrived, payload: BinaryIO, length: int, content_digest: str | None = None) -> RawRecord:
        """Append a record with `length` bytes of the payload. Raises EOFError where the payload has fewer.

        Without a digest of the content, the bytes as received stand for it.
        """
        hashed = _Hashed(payload)
        offset = self._file.tell()
        self._writer.write_record(self._record(arrived, cast(BinaryIO, hashed), length))
        if hashed.size != length:
            self._file.seek(offset)
            self._file.truncate()
            raise EOFError(f"{arrived.source_uri}: {hashed.size:,} of {length:,} bytes; the file changed while read")
        digest = hashed.digest.hexdigest()
        row = _row(arrived, digest, content_digest or digest, raw_file="", raw_offset=offset)
        return self._took(row, is_new=True)

    def add_again(self, arrived: Arrived, before: RawRecord) -> RawRecord:
        """Index bytes that are in the archive already, under other hints."""
        row = _row(arrived, before.raw_digest, before.content_digest, before.raw_file, before.raw_offset)
        return self._took(row, is_new=False)

    def _took(self, row: RawRecord, *, is_new: bool) -> RawRecord:
        self._rows.append((row, is_new))
        self._ids.add(row.record_id)
        return row

    def _record(self, arrived: Arrived, payload: BinaryIO, length: int) -> ArcWarcRecord:
        from warcio.statusandheaders import StatusAndHeaders

        headers = {"WARC-Date": arrived.received_at} if arrived.received_at else {}
        if arrived.status_line is None:
            return self._writer.create_warc_record(
                arrived.target_uri,
                "resource",
                payload=payload,
                length=length,
                warc_content_type=arrived.media_type or "application/octet-stream",
                warc_headers_dict=headers,
            )
        # The chunks of the transfer are gone; a reader that is told of them would look for them.
        http = [(name, value) for name, value in arrived.headers if name.lower() != "transfer-encoding"]
        return self._writer.create_warc_record(
            arrived.target_uri,
            "response",
            payload=payload,
            length=length,
            http_headers=StatusAndHeaders(arrived.status_line, http, protocol="HTTP/1.1"),
            warc_headers_dict=headers,
        )

    def _finish(self) -> tuple[str, list[RawRecord]]:
        """The name of the batch and its index, sorted."""
        rows = sorted((row for row, _ in self._rows), key=lambda row: (row.record_id, row.raw_offset))
        name = content_id(*(row.record_id for row in rows))
        new = {id(row) for row, is_new in self._rows if is_new}
        raw_file = f"raw/{name}/{RECORDS}"
        return name, [_placed(row, raw_file) if id(row) in new else row for row in rows]


@contextlib.contextmanager
def archive_batch(lake: Lake) -> Iterator[ArchiveBatch]:
    """A batch to add records to; it is in the archive when the block has ended without an error, if it has records."""
    with temporary_path(lake.raw, "batch") as aside:
        aside.mkdir()
        path = aside / RECORDS
        with path.open("xb") as file:
            batch = ArchiveBatch(lake, file)
            yield batch
            file.flush()
            os.fsync(file.fileno())
        if len(batch):
            name, rows = batch._finish()
            if not any(row.raw_file.startswith(f"raw/{name}/") for row in rows):
                path.unlink()
            write_rows(aside / INDEX, RawRecord, rows)
            put(aside, lake.raw / name)


def index_files(lake: Lake) -> list[Path]:
    """The indexes of the archive, sorted."""
    return [batch / INDEX for batch in finished_folders(lake.raw)]


@contextlib.contextmanager
def content_of(lake: Lake, record: RawRecord, limit: int) -> Iterator[Iterator[bytes]]:
    """The content of a record, decompressed, in pieces, at most `limit` bytes.

    Raises LakeError where the archive does not hold the bytes that were received; the pieces raise TooLarge and
    BadCompression.
    """
    path = lake.root / record.raw_file
    digest = hashlib.sha256()
    with raw_stream(path, record.raw_offset) as stream:
        try:
            while piece := stream.read(PIECE):
                digest.update(piece)
        except (zlib.error, EOFError) as error:
            raise _damaged(path, record.raw_offset) from error
    if digest.hexdigest() != record.raw_digest:
        raise _damaged(path, record.raw_offset)
    with raw_stream(path, record.raw_offset) as stream:
        yield decompressed(iter(lambda: stream.read(PIECE), b""), record.content_encoding, limit)


@contextlib.contextmanager
def raw_stream(path: Path, offset: int) -> Iterator[BinaryIO]:
    """The bytes of the record that begins there, as received. Raises LakeError where there is none."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    try:
        file = path.open("rb")
    except OSError as error:
        raise LakeError(f"{path}: the archive cannot be read ({error.strerror}); restore it from a copy") from error
    with file:
        file.seek(offset)
        try:
            record = next(iter(ArchiveIterator(file)))
        except (ArchiveLoadFailed, StopIteration, EOFError) as error:
            raise _damaged(path, offset) from error
        yield record.raw_stream


def _damaged(path: Path, offset: int) -> LakeError:
    return LakeError(f"{path}: no whole record at byte {offset:,}; see `materiel verify`, and restore it from a copy")


def read_index(lake: Lake) -> list[RawRecord]:
    """Every record of the archive."""
    return read_rows(index_files(lake), RawRecord)


def _row(arrived: Arrived, raw_digest: str, content_digest: str, raw_file: str, raw_offset: int) -> RawRecord:
    headers = {name.lower(): value for name, value in arrived.headers}
    hints = {name: getattr(arrived.hints, name) for name in HINT_FIELDS}
    return RawRecord(
        record_id=record_id(arrived.source_uri, content_digest, arrived.hints),
        source_uri=arrived.source_uri,
        url=arrived.url,
        media_type=arrived.media_type,
        content_encoding=arrived.content_encoding,
        raw_digest=raw_digest,
        content_digest=content_digest,
        received_at=arrived.received_at or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        etag=headers.get("etag"),
        last_modified=headers.get("last-modified"),
        raw_file=raw_file,
        raw_offset=raw_offset,
        **hints,
    )


def _placed(row: RawRecord, raw_file: str) -> RawRecord:
    from dataclasses import replace

    return replace(row, raw_file=raw_file)


class _Hashed(io.RawIOBase):
    """A stream that is read once, with the digest and the number of the bytes that have passed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int | None = -1) -> bytes:
        piece = self._stream.read(-1 if size is None else size)
        self.digest.update(piece)
        self.size += len(piece)
        return piece

    def readable(self) -> bool:
        return True
