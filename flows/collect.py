"""From units to the archive: files are read, pages are fetched, and their bytes are kept as received.

What the archive holds already is not stored again, and a page that a feed or a sitemap lists is not asked for again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from flows.archive import ArchiveBatch, Arrived, RawRecord, archive_batch, index_files, record_id
from flows.attempts import written_attempts
from flows.compression import GZIP, GZIP_MAGIC, BadCompression, TooLarge, coding_of, decompressed
from flows.fetch import FetchFailure, NotModified, PageRequest, fetch_all
from flows.inputs import MEDIA_TYPE_OF_SUFFIX, STDIN_URI, InputUnit, Received, Unreadable
from flows.lake import Lake, values_where
from flows.settings import Settings
from transforms.parse import refusal
from transforms.rows import Reject

Outcome = Received | NotModified | FetchFailure | Unreadable

PIECE = 1_000_000
"""Bytes of a file that are held at once."""

HEAD = 65_536
"""Bytes by which a file is judged before it is kept."""

PAGES_PER_BATCH = 200
BYTES_PER_BATCH = 64_000_000
"""A batch of the archive is closed when it has so many pages or bytes: a killed run loses no more than one."""

LOOKED_UP_TOGETHER = 50
"""Pages of a WARC file that are held in memory at once."""

LISTED = frozenset({"feed", "sitemap"})
"""Where a page that is fetched once was found."""


@dataclass
class Collected:
    """What came of units: the records that stand for them in the archive, and what could not be had."""

    record_ids: list[str] = field(default_factory=list)
    unchanged: int = 0
    """Pages that were not asked for again, or that the server says have not changed."""
    rejects: list[Reject] = field(default_factory=list)

    def add(self, other: Collected) -> None:
        """Take in what came of other units."""
        self.record_ids += other.record_ids
        self.unchanged += other.unchanged
        self.rejects += other.rejects


# --------------------------------------------------------------------------------------------------------------- files


def collect_files(units: Sequence[InputUnit], root: str, settings: Settings, run: str) -> Collected:
    """Archive files and standard input as one batch."""
    lake = Lake(Path(root))
    known = _Known(lake, [unit.source_uri for unit in units])
    with written_attempts(lake, run) as attempts, archive_batch(lake) as batch:
        collected = Collected()
        for unit in units:
            came = _collect_file(unit, batch, known, settings)
            attempts.add(unit, came.record_ids, known.ids, came.rejects)
            collected.add(came)
    return collected


def _collect_file(unit: InputUnit, batch: ArchiveBatch, known: _Known, settings: Settings) -> Collected:
    try:
        file, length = _opened(unit, settings.max_file_bytes)
        with file:
            arrived = _arrived_file(unit, file)
            digest = _digest(file)
            file.seek(0)
            return Collected([_archived(arrived, digest, file, length, batch, known)])
    except EOFError:
        fault = unreadable(unit, "unreadable", "The file was cut short while it was read; run again.")
        return Collected(rejects=[fault.reject])
    except Unreadable as fault:
        return Collected(rejects=[fault.reject])


def _opened(unit: InputUnit, limit: int) -> tuple[BinaryIO, int]:
    """The file of a unit, to be closed by the caller, and its length in bytes. Raises Unreadable."""
    too_large = f"The file is larger than {limit:,} bytes; split it or raise MATERIEL_MAX_FILE_BYTES."
    try:
        if unit.kind == "stdin":
            body = sys.stdin.buffer.read(limit + 1)
            file: BinaryIO = io.BytesIO(body)
        else:
            file = Path(unit.path or unit.source_uri).open("rb")  # noqa: SIM115 - the caller closes it
        length = file.seek(0, io.SEEK_END)
        file.seek(0)
    except FileNotFoundError:
        raise unreadable(unit, "not_found", "There is no such file; check the path.") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise unreadable(unit, "unreadable", f"The file cannot be read ({why}); check its permissions.") from None
    if length > limit:
        file.close()
        raise unreadable(unit, "too_large", too_large)
    return file, length


def unreadable(unit: InputUnit, reason: str, detail: str) -> Unreadable:
    """What to raise for a unit whose bytes cannot be had."""
    return Unreadable(Reject(unit.source_uri, "read", reason, detail))


def _arrived_file(unit: InputUnit, file: BinaryIO) -> Arrived:
    """What a file is, from its name and its first bytes. Raises Unreadable for what no parser can read."""
    name = unit.source_uri.lower()
    head = file.read(HEAD)
    encoding = None
    if head.startswith(GZIP_MAGIC):
        name, encoding = name.removesuffix(".gz"), GZIP
        head = _first_bytes(head)
    file.seek(0)
    media_type = MEDIA_TYPE_OF_SUFFIX.get(Path(name).suffix) if unit.kind == "file" else None
    if len(head) < HEAD or head.strip():
        _refuse(unit.source_uri, head, media_type)
    target = Path(unit.path).absolute().as_uri() if unit.path else f"urn:materiel:{STDIN_URI}"
    return Arrived(unit.source_uri, unit.hints, target, media_type, encoding)


def _first_bytes(head: bytes) -> bytes:
    """The beginning of what gzip data holds; nothing where it is damaged there, which the parser will tell."""
    with contextlib.suppress(TooLarge, BadCompression):
        return next(iter(decompressed([head], GZIP, PIECE)), b"")
    return b"?"


def _refuse(source_uri: str, head: bytes, media_type: str | None) -> None:
    refused = refusal(source_uri, head, media_type)
    if refused is not None:
        raise Unreadable(refused)


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


# --------------------------------------------------------------------------------------------------------------- pages


def collect_pages(units: Sequence[InputUnit], lake: Lake, settings: Settings, run: str) -> Iterator[Collected]:
    """Fetch pages and archive them, batch by batch; yields what came of each batch once it is in the archive.

    A page that is in the archive is asked for with the validators of the newest copy, or, where a feed or a sitemap
    lists it, not at all.
    """
    known = _Known(lake, [unit.source_uri for unit in units])
    by_url = {unit.source_uri: unit for unit in units}
    listed = [unit for unit in units if unit.hints.published_from in LISTED and unit.source_uri in known.newest]
    there = ((unit, NotModified(unit.source_uri)) for unit in listed)
    wanted = [_request(unit, known) for unit in units if unit not in set(listed)]
    fetched = ((by_url[request.url], outcome) for request, outcome in fetch_all(wanted, settings))
    yield from _in_batches(chain(there, fetched), lake, known, run)


def collect_warc(unit: InputUnit, lake: Lake, settings: Settings, run: str) -> Iterator[Collected]:
    """Archive every page of a WARC file, as the file has it, batch by batch; yields what came of each batch."""
    from flows.warc_input import read_warc

    known = _Known(lake, [])
    if unit.max_bytes is not None:
        settings = settings.with_options(max_bytes=unit.max_bytes, max_file_bytes=unit.max_bytes)

    def found() -> Iterator[tuple[InputUnit, Received | Unreadable]]:
        pages = read_warc(Path(unit.path or unit.source_uri), settings)
        while group := list(islice(pages, LOOKED_UP_TOGETHER)):
            known.look_up(lake, [page.source_uri for page in group if isinstance(page, Received)])
            yield from ((unit, page) for page in group)

    yield from _in_batches(found(), lake, known, run)


def _request(unit: InputUnit, known: _Known) -> PageRequest:
    newest = known.newest.get(unit.source_uri)
    request = PageRequest(unit.source_uri, spacing=unit.spacing, max_bytes=unit.max_bytes)
    if newest is None:
        return request
    return replace(request, etag=newest.etag, last_modified=newest.last_modified, validated_url=newest.url)


def _in_batches(
    outcomes: Iterator[tuple[InputUnit, Outcome]], lake: Lake, known: _Known, run: str
) -> Iterator[Collected]:
    is_last = False
    while not is_last:
        with written_attempts(lake, run) as attempts, archive_batch(lake) as batch:
            collected = Collected()
            is_last = True
            for unit, outcome in outcomes:
                came = _collect_page(unit, outcome, batch, known)
                attempts.add(unit, came.record_ids, known.ids, came.rejects)
                collected.add(came)
                if len(batch) >= PAGES_PER_BATCH or batch.size >= BYTES_PER_BATCH:
                    is_last = False
                    break
        known.ids.update(collected.record_ids)
        yield collected


def _collect_page(unit: InputUnit, outcome: Outcome, batch: ArchiveBatch, known: _Known) -> Collected:
    if isinstance(outcome, NotModified):
        return Collected([known.newest[unit.source_uri].record_id], unchanged=1)
    if isinstance(outcome, Received):
        try:
            return Collected([_archive_page(outcome, unit, batch, known)])
        except Unreadable as fault:
            return Collected(rejects=[fault.reject])
    return Collected(rejects=[outcome.reject])


def _archive_page(received: Received, unit: InputUnit, batch: ArchiveBatch, known: _Known) -> str:
    """Archive a server's answer; returns its record id. Raises Unreadable for what no parser can read."""
    _refuse(received.source_uri, received.content[:HEAD], received.media_type)
    headers = {name.lower(): value.strip() for name, value in received.headers}
    arrived = Arrived(
        source_uri=received.source_uri,
        hints=unit.hints,
        target_uri=received.url or received.source_uri,
        media_type=received.media_type,
        content_encoding=coding_of(headers.get("content-encoding", "")) if received.body else None,
        url=received.url,
        status_line=received.status_line,
        headers=received.headers,
    )
    digest = hashlib.sha256(received.content).hexdigest()
    return _archived(arrived, digest, io.BytesIO(received.body), len(received.body), batch, known)


# ------------------------------------------------------------------------------------------------ what is there already


class _Known:
    """What the archive holds of some sources."""

    def __init__(self, lake: Lake, source_uris: Iterable[str]) -> None:
        self.ids: set[str] = set()
        self.newest: dict[str, RawRecord] = {}
        self.by_content: dict[tuple[str, str], RawRecord] = {}
        self.look_up(lake, source_uris)

    def look_up(self, lake: Lake, source_uris: Iterable[str]) -> None:
        """Find out about these sources."""
        names = [column.name for column in fields(RawRecord)]
        for values in values_where(index_files(lake), names, "source_uri", source_uris):
            record = RawRecord(*values)  # type: ignore[arg-type]
            self.ids.add(record.record_id)
            self.by_content.setdefault((record.source_uri, record.content_digest), record)
            newest = self.newest.get(record.source_uri)
            if newest is None or newest.received_at < record.received_at:
                self.newest[record.source_uri] = record


def _archived(arrived: Arrived, digest: str, payload: BinaryIO, length: int, batch: ArchiveBatch, known: _Known) -> str:
    """Archive what is new of an arrival; returns its record id."""
    name = record_id(arrived.source_uri, digest, arrived.hints)
    if name in known.ids or name in batch:
        return name
    before = known.by_content.get((arrived.source_uri, digest))
    if before is not None:
        return batch.add_again(arrived, before).record_id
    return batch.add(arrived, payload, length, digest).record_id
