"""Inputs to documents: read or fetch, archive the bytes as received, parse, and store documents and rejects.

A batch is stored in the order archive, documents, rejects, index. Only a unit that is in the index counts as done, so a
run that was killed in between does it again, and finds what is already stored. Names are content ids and rows are
sorted: the same batch gives the same files.

A reject tells of one attempt; it stays after a later one has succeeded.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import as_completed

from flows.fetch import FetchFailure, fetch_all
from flows.inputs import InputUnit, Received, Unreadable, expand, read
from flows.lake import Lake, put, sweep, temporary_path, values_where, write_rows
from flows.reference import load_agencies
from flows.runners import task_runner
from flows.settings import Settings
from transforms.documents import Hints
from transforms.parse import Parsed, RawInput, parse
from transforms.rows import Document, Reject, content_id

if TYPE_CHECKING:
    from warcio.warcwriter import WARCWriter

RETRY_DELAYS = (2.0, 10.0)
"""Seconds before the second and the third attempt at pages that failed for a reason that may pass."""

FETCHED_TOGETHER = 32
"""Pages of a batch that are held in memory at once."""

NOT_ARCHIVED = frozenset({"empty", "not_text", "too_large", "too_long", "unsupported"})
"""Reasons for which no parser will ever make a document of a unit, under the same limits: its bytes are not kept."""


@dataclass(frozen=True, slots=True)
class StoredDocument(Document):
    """A document with the bytes it was made from."""

    raw_digest: str
    """SHA-256 of the bytes as received."""
    raw_file: str
    """The archive that holds them, relative to the lake."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A unit that is done: what was received, where it lies, and what came of it."""

    source_uri: str
    raw_digest: str
    parse_key: str
    """Content id of what, besides the bytes, decides what comes of the unit: the default date and the limits."""
    raw_file: str
    raw_offset: int
    """Where the record begins in the archive, in bytes."""
    n_documents: int
    reject_reasons: str
    """Reasons of the rejects, sorted, joined by `;`."""


DOCUMENT_IDENTITY = ("source_uri", "extraction_key", "title", "url", "author", "outlet", "published_on", "language")
"""Columns in which two stored documents differ; `extraction_key` stands for the text."""


@flow(
    name="ingest",
    description="Read inputs into the lake's documents.",
    log_prints=False,
    # For a deployment of this flow alone; the pipeline chooses for all.
    task_runner=task_runner(Settings.from_environment().runner),
)
def ingest(
    inputs: list[str], lake: str, published_on: date | None = None, batch_size: int | None = None
) -> dict[str, Any]:
    """Read the inputs into the lake: files, folders, globs, URLs, lists of URLs, `-` for standard input.

    `published_on` is the date of documents that state none. Inputs that are in the lake already add nothing. Returns
    how many units were read, documents found (new and seen before) and rejects, and the rejects by reason.
    """
    logger = get_run_logger()
    # Workers may have another working directory.
    root = Path(lake).resolve()
    settings = Settings.from_environment().with_options(lake=root, batch_size=batch_size)
    sweep(root)
    units, unusable = expand(inputs)
    figures: Counter[str] = Counter(units=len(units))
    reasons: Counter[str] = Counter()
    _store_rejects(Lake(root), unusable, figures, reasons)
    pending = units
    for delay in (*RETRY_DELAYS, None):
        later: list[InputUnit] = []
        batches = _batches(pending, settings.batch_size)
        for number, outcome in enumerate(_run(batches, str(root), published_on, settings, is_last=delay is None), 1):
            figures.update(outcome["figures"])
            reasons.update(outcome["reasons"])
            later.extend(outcome["later"])
            logger.info("ingest: %d of %d batches, %d documents", number, len(batches), figures["documents"])
        if not later or delay is None:
            break
        logger.warning("ingest: %d pages could not be fetched; trying again in %g s", len(later), delay)
        time.sleep(delay)
        pending = sorted(later, key=lambda unit: unit.source_uri)
    names = ("units", "documents", "documents_new", "documents_seen", "rejects", "rejects_new", "rejects_seen")
    return {**{name: figures[name] for name in names}, "rejects_by_reason": dict(sorted(reasons.items()))}


def _batches(units: Sequence[InputUnit], size: int) -> list[list[InputUnit]]:
    """Batches of units of one kind: pages wait for servers, files do not, and standard input is this process's own."""
    batches = []
    for kind in ("stdin", "file", "url"):
        alike = [unit for unit in units if unit.kind == kind]
        batches += [alike[start : start + size] for start in range(0, len(alike), size)]
    return batches


def _run(
    batches: Sequence[list[InputUnit]], lake: str, published_on: date | None, settings: Settings, *, is_last: bool
) -> Iterator[dict[str, Any]]:
    """Outcomes of the batches as they come. One batch is not worth a worker; standard input cannot go to one."""
    here = [batch for batch in batches if len(batches) == 1 or batch[0].kind == "stdin"]
    elsewhere = [batch for batch in batches if len(batches) > 1 and batch[0].kind != "stdin"]
    futures = [_ingest_batch.submit(batch, lake, published_on, settings, is_last) for batch in elsewhere]
    for batch in here:
        yield _ingest_batch(batch, lake, published_on, settings, is_last)
    for future in as_completed(futures):
        yield future.result()


def ingest_batch(
    units: Sequence[InputUnit],
    lake_root: str,
    published_on: date | None,
    settings: Settings,
    is_last_attempt: bool = True,
) -> dict[str, Any]:
    """Store the documents and the rejects of a batch of units.

    Returns `figures` and `reasons` (counts) and `later`: pages that failed for a reason that may pass, unless this is
    the last attempt; nothing is stored of these.
    """
    lake = Lake(Path(lake_root))
    figures: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    rejects: list[Reject] = []
    later: list[InputUnit] = []
    found: list[tuple[Received, str, int, Parsed]] = []
    parse_key = content_id(published_on, settings.max_text_chars, settings.max_bytes)
    done, archived = _known_units(lake, units, parse_key)
    with temporary_path(lake.raw, "batch.warc.gz") as aside:
        with aside.open("xb") as file:
            writer = _warc_writer(file)
            for unit, outcome in _received(units, settings):
                if isinstance(outcome, FetchFailure):
                    if outcome.is_transient and not is_last_attempt:
                        later.append(unit)
                    else:
                        rejects.append(outcome.reject)
                    continue
                digest = hashlib.sha256(outcome.body).hexdigest()
                if (record := done.get((unit.source_uri, digest))) is not None:
                    _count_seen(record, figures, reasons)
                    continue
                parsed = _parsed(outcome, published_on, settings)
                rejects += parsed.rejects
                if parsed.documents or any(reject.reason not in NOT_ARCHIVED for reject in parsed.rejects):
                    is_new = (unit.source_uri, digest) not in archived
                    offset = _archive(writer, file, unit, outcome) if is_new else -1
                    found.append((_without_bytes(outcome), digest, offset, parsed))
        members = sorted((received.source_uri, digest) for received, digest, offset, _ in found if offset >= 0)
        raw_file = f"raw/{content_id(*(part for member in members for part in member))}.warc.gz"
        if members:
            put(aside, lake.root / raw_file)
    documents, records = [], []
    for received, digest, offset, parsed in found:
        file_name, start = (raw_file, offset) if offset >= 0 else archived[received.source_uri, digest]
        documents += [StoredDocument(**asdict(row), raw_digest=digest, raw_file=file_name) for row in parsed.documents]
        why = ";".join(sorted(reject.reason for reject in parsed.rejects))
        uri = received.source_uri
        records.append(RawRecord(uri, digest, parse_key, file_name, start, len(parsed.documents), why))
    _store_documents(lake, documents, figures)
    _store_rejects(lake, rejects, figures, reasons)
    if records:
        records.sort(key=lambda record: (record.source_uri, record.raw_digest))
        name = content_id(parse_key, *(part for record in records for part in (record.source_uri, record.raw_digest)))
        write_rows(lake.raw / f"{name}.parquet", RawRecord, records)
    return {"figures": dict(figures), "reasons": dict(reasons), "later": later}


_ingest_batch = task(name="ingest-batch", persist_result=False, cache_policy=NO_CACHE)(ingest_batch)


def _received(units: Sequence[InputUnit], settings: Settings) -> Iterator[tuple[InputUnit, Received | FetchFailure]]:
    """The bytes of each unit, or why there are none, a few at a time."""
    for unit in units:
        if unit.kind != "url":
            try:
                yield unit, read(unit, settings)
            except Unreadable as fault:
                yield unit, FetchFailure(fault.reject, is_transient=False)
    pages = [unit for unit in units if unit.kind == "url"]
    for start in range(0, len(pages), FETCHED_TOGETHER):
        group = pages[start : start + FETCHED_TOGETHER]
        yield from zip(group, fetch_all([page.source_uri for page in group], settings), strict=True)


def _parsed(received: Received, published_on: date | None, settings: Settings) -> Parsed:
    hints = Hints(published_on=published_on, published_from="option")
    raw = RawInput(received.source_uri, received.content, received.media_type, hints, received.url)
    return parse(
        raw, max_text_chars=settings.max_text_chars, max_page_bytes=settings.max_bytes, agencies=load_agencies()
    )


def _without_bytes(received: Received) -> Received:
    return Received(received.source_uri, b"", b"", received.media_type, received.url)


# ------------------------------------------------------------------------------------------------- what is stored


def _known_units(
    lake: Lake, units: Sequence[InputUnit], parse_key: str
) -> tuple[dict[tuple[str, str], RawRecord], dict[tuple[str, str], tuple[str, int]]]:
    """By source and digest: the units that are done under this parse key, and where bytes are archived already."""
    names = list(RawRecord.__dataclass_fields__)
    rows = values_where(lake.raw, names, "source_uri", (unit.source_uri for unit in units))
    records = [RawRecord(*row) for row in rows]  # type: ignore[arg-type]
    done = {(record.source_uri, record.raw_digest): record for record in records if record.parse_key == parse_key}
    archived = {(record.source_uri, record.raw_digest): (record.raw_file, record.raw_offset) for record in records}
    return done, archived


def _count_seen(record: RawRecord, figures: Counter[str], reasons: Counter[str]) -> None:
    rejected = record.reject_reasons.split(";") if record.reject_reasons else []
    figures.update(documents=record.n_documents, documents_seen=record.n_documents)
    figures.update(rejects=len(rejected), rejects_seen=len(rejected))
    reasons.update(rejected)


def _store_documents(lake: Lake, documents: Sequence[StoredDocument], figures: Counter[str]) -> None:
    def identity(document: StoredDocument) -> tuple[object, ...]:
        return tuple(getattr(document, name) for name in DOCUMENT_IDENTITY)

    rows = values_where(lake.documents, DOCUMENT_IDENTITY, "source_uri", (row.source_uri for row in documents))
    known = set(rows)
    new = {identity(document): document for document in documents if identity(document) not in known}
    figures.update(documents=len(documents), documents_new=len(new), documents_seen=len(documents) - len(new))
    if new:
        # None sorts before any text.
        key = sorted(new, key=lambda values: tuple("" if value is None else f"={value}" for value in values))
        name = content_id(*(value for values in key for value in values))
        write_rows(lake.documents / f"{name}.parquet", StoredDocument, [new[values] for values in key])


def _store_rejects(lake: Lake, rejects: Sequence[Reject], figures: Counter[str], reasons: Counter[str]) -> None:
    names = ("source_uri", "step", "reason", "detail")
    known = {Reject(*row) for row in values_where(lake.rejects, names, "source_uri", (r.source_uri for r in rejects))}  # type: ignore[arg-type]
    new = sorted(set(rejects) - known, key=lambda r: (r.source_uri, r.step, r.reason, r.detail))
    figures.update(rejects=len(rejects), rejects_new=len(new), rejects_seen=len(rejects) - len(new))
    reasons.update(reject.reason for reject in rejects)
    if new:
        name = content_id(*(part for r in new for part in (r.source_uri, r.step, r.reason, r.detail)))
        write_rows(lake.rejects / f"{name}.parquet", Reject, new)


# ------------------------------------------------------------------------------------------------------ the archive


def _warc_writer(file: BinaryIO) -> WARCWriter:
    from warcio.warcwriter import WARCWriter

    writer = WARCWriter(file, gzip=True, warc_version="WARC/1.1")
    software = f"materiel/{metadata.version('materiel')}"
    writer.write_record(writer.create_warcinfo_record(None, {"software": software, "format": "WARC File Format 1.1"}))
    return writer


def _archive(writer: WARCWriter, file: BinaryIO, unit: InputUnit, received: Received) -> int:
    """Append the bytes as received; returns where the record begins."""
    from warcio.statusandheaders import StatusAndHeaders

    offset = file.tell()
    body = BytesIO(received.body)
    if unit.kind == "url":
        # The chunks of the transfer are gone; a reader that is told of them would look for them.
        headers = [(name, value) for name, value in received.headers if name.lower() != "transfer-encoding"]
        record = writer.create_warc_record(
            received.url or unit.source_uri,
            "response",
            payload=body,
            length=len(received.body),
            http_headers=StatusAndHeaders(received.status_line or "200 OK", headers, protocol="HTTP/1.1"),
        )
    else:
        record = writer.create_warc_record(
            Path(unit.path).as_uri() if unit.path else f"urn:materiel:{unit.source_uri}",
            "resource",
            payload=body,
            length=len(received.body),
            warc_content_type=received.media_type or "application/octet-stream",
        )
    writer.write_record(record)
    return offset
