"""From the archive to documents: every record that this version of the parser has not read yet, each in its fence.

A batch of documents is one folder, `documents/<parser version>/<batch>/`, and comes into being in one step. A new
version of the parser reads the whole archive again into a folder of its own, with no network.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from itertools import chain, islice
from pathlib import Path
from typing import Any

from flows.archive import RawRecord, content_of, index_files
from flows.compression import BadCompression, TooLarge
from flows.isolation import Isolated, IsolationError
from flows.lake import (
    ROWS_PER_GROUP,
    Lake,
    LakeError,
    iter_rows,
    iter_values,
    put,
    temporary_path,
    values_where,
    write_rows,
)
from flows.reference import SEEDS, load_agencies
from flows.rejects import store_rejects
from flows.settings import Settings
from transforms.parse import is_json_lines, parse, parse_stream
from transforms.raw_input import Limits, RawInput
from transforms.rows import Document, Reject, content_id

ROOT = Path(__file__).resolve().parents[1]

PARSER_MODULES = (
    "assembly", "decoding", "documents", "language", "page", "parse", "published", "raw_input", "records", "rows",
    "text", "wire",
)  # fmt: skip
"""The modules of `transforms` that decide what comes of a record; a test holds this against their imports."""

PARSER_TABLES = ("wire_agencies",)

PARSER_LIBRARIES = ("trafilatura", "htmldate", "courlan", "lxml", "py3langid")

HEAD = 65_536
"""Bytes by which it is decided whether a record is read line by line."""

LINES_TOGETHER = 200
BYTES_TOGETHER = 4_000_000
"""So many lines, or bytes of lines, go into one call of the fenced parser."""


@dataclass(frozen=True, slots=True)
class StoredDocument(Document):
    """A document with the bytes it was made from."""

    raw_digest: str
    """SHA-256 of the bytes as received."""
    raw_file: str
    """The archive that holds them, relative to the lake."""
    raw_offset: int
    """Where their record begins in it, in bytes."""


@dataclass(frozen=True, slots=True)
class ParsedRecord:
    """A record of the archive that is done, and what came of it."""

    record_id: str
    n_documents: int
    reject_reasons: str
    """Reasons of the rejects, sorted, joined by `;`."""


@dataclass(frozen=True, slots=True)
class Page:
    """A call of the fenced parser: the whole of an input."""

    raw: RawInput
    limits: Limits


@dataclass(frozen=True, slots=True)
class Lines:
    """A call of the fenced parser: numbered lines of an input, of which `raw` holds everything but the content."""

    lines: list[tuple[int, bytes]]
    raw: RawInput
    limits: Limits


Call = Page | Lines
Found = Document | Reject

DOCUMENT_IDENTITY = tuple(name for name in Document.__dataclass_fields__ if name != "text")
"""Columns in which two stored documents differ; `extraction_key` stands for the text."""


def parser_version(settings: Settings) -> str:
    """A content id of all that decides which documents come of the archive: code, libraries, and limits."""
    return content_id(_code_version(), *asdict(limits_of(settings)).values())[:12]


@functools.lru_cache(maxsize=1)
def _code_version() -> str:
    digest = hashlib.sha256()
    for name in PARSER_MODULES:
        digest.update(name.encode() + b"\0" + (ROOT / "transforms" / f"{name}.py").read_bytes() + b"\0")
    for name in PARSER_TABLES:
        digest.update(name.encode() + b"\0" + (SEEDS / f"{name}.csv").read_bytes() + b"\0")
    for name in PARSER_LIBRARIES:
        digest.update(f"{name} {metadata.version(name)}\n".encode())
    return digest.hexdigest()


def limits_of(settings: Settings) -> Limits:
    """The limits of one document."""
    return Limits(settings.max_text_chars, settings.max_bytes)


def pending_records(lake: Lake, version: str) -> list[RawRecord]:
    """The records of the archive that this version of the parser has not read, in the order in which they lie."""
    done = set(parsed_records(lake, version))
    waiting = [record for record in iter_rows(index_files(lake), RawRecord) if record.record_id not in done]
    unique = {record.record_id: record for record in waiting}
    return sorted(unique.values(), key=lambda record: (record.raw_file, record.raw_offset, record.record_id))


def parsed_records(lake: Lake, version: str) -> dict[str, ParsedRecord]:
    """By record id, what this version of the parser has read."""
    files = [batch / "records.parquet" for batch in lake.document_batches(version)]
    return {record.record_id: record for record in iter_rows(files, ParsedRecord)}


def parse_batch(records: Sequence[RawRecord], root: str, version: str, settings: Settings) -> dict[str, Any]:
    """Make the documents of these records and store them as one batch.

    Returns `figures` (counts of documents, those new to the lake, and rejects) and `reasons` (counts).
    """
    lake = Lake(Path(root))
    target = lake.documents / version / content_id(*sorted(record.record_id for record in records))
    outcome = _Outcome()
    if not target.is_dir():
        with (
            Isolated[Call, list[Found]]("flows.parsing:parse_call", settings.document_megabytes) as call,
            temporary_path(target.parent, target.name) as aside,
        ):
            aside.mkdir()
            documents = _new_documents(outcome.documents(records, lake, settings, call), lake, version)
            outcome.n_new = write_rows(aside / "documents.parquet", StoredDocument, documents)
            write_rows(aside / "rejects.parquet", Reject, outcome.rejects)
            write_rows(aside / "records.parquet", ParsedRecord, outcome.done)
            if outcome.done:
                put(aside, target)
    store_rejects(lake, outcome.damaged)
    outcome.rejects += outcome.damaged
    figures = {
        "documents": sum(record.n_documents for record in outcome.done),
        "documents_new": outcome.n_new,
        "rejects": len(outcome.rejects),
    }
    reasons = dict(Counter(reject.reason for reject in outcome.rejects))
    return {"records": len(records), "figures": figures, "reasons": reasons}


class _Outcome:
    """What comes of a batch while its documents pass by."""

    def __init__(self) -> None:
        self.rejects: list[Reject] = []
        self.damaged: list[Reject] = []
        """Of records that the archive does not hold whole: they are not done, and are tried again by the next run."""
        self.done: list[ParsedRecord] = []
        self.n_new = 0

    def documents(
        self, records: Iterable[RawRecord], lake: Lake, settings: Settings, call: Isolated[Call, list[Found]]
    ) -> Iterator[StoredDocument]:
        """The documents of the records, one after the other."""
        for record in records:
            place: dict[str, Any] = {
                "raw_digest": record.raw_digest,
                "raw_file": record.raw_file,
                "raw_offset": record.raw_offset,
            }
            n_documents, rejects = 0, []
            try:
                for found in _read(record, lake, settings, call):
                    if isinstance(found, Reject):
                        rejects.append(found)
                    else:
                        n_documents += 1
                        yield StoredDocument(**_values(found), **place)
            except LakeError as error:
                self.damaged.append(Reject(record.source_uri, "parse", "damaged_archive", f"{error}."))
                continue
            self.rejects += rejects
            reasons = ";".join(sorted(reject.reason for reject in rejects))
            self.done.append(ParsedRecord(record.record_id, n_documents, reasons))


def _values(document: Document) -> dict[str, Any]:
    # dataclasses.asdict copies deeply, which a long text does not need.
    return {name: getattr(document, name) for name in Document.__dataclass_fields__}


def _new_documents(documents: Iterator[StoredDocument], lake: Lake, version: str) -> Iterator[StoredDocument]:
    """The documents that the lake does not have, each once."""
    files = [batch / "documents.parquet" for batch in lake.document_batches(version)]
    while group := list(islice(documents, ROWS_PER_GROUP)):
        uris = {document.source_uri for document in group}
        known = set(values_where(files, DOCUMENT_IDENTITY, "source_uri", uris))
        for document in group:
            identity = tuple(getattr(document, name) for name in DOCUMENT_IDENTITY)
            if identity not in known:
                known.add(identity)
                yield document


# ------------------------------------------------------------------------------------------------------ in the fence


def parse_call(call: Call) -> list[Found]:
    """What the child process does: the documents and the rejects of one call."""
    if isinstance(call, Page):
        parsed = parse(call.raw, **_options(call))
        return [*parsed.documents, *parsed.rejects]
    return list(parse_stream(call.lines, call.raw, **_options(call)))


def _options(call: Call) -> dict[str, Any]:
    limits = call.limits
    agencies = load_agencies()
    return {"max_text_chars": limits.text_chars, "max_page_bytes": limits.page_bytes, "agencies": agencies}


def _read(record: RawRecord, lake: Lake, settings: Settings, call: Isolated[Call, list[Found]]) -> Iterator[Found]:
    limits, uri = limits_of(settings), record.source_uri
    try:
        with content_of(lake, record, settings.max_file_bytes) as pieces:
            head = _first(pieces, HEAD)
            raw = RawInput(uri, b"", record.media_type, record.hints, record.url)
            if is_json_lines(head, record.media_type):
                for group in _grouped(_lines(head, pieces, settings.max_bytes)):
                    yield from _fenced_lines(Lines(group, raw, limits), call, settings)
            else:
                content = b"".join([head, *pieces])
                whole = RawInput(uri, content, record.media_type, record.hints, record.url)
                yield from _fenced(Page(whole, limits), uri, call, settings)
    except TooLarge:
        limit = settings.max_file_bytes
        detail = f"The content is larger than {limit:,} bytes; split it or raise MATERIEL_MAX_FILE_BYTES."
        yield Reject(uri, "parse", "too_large", detail)
    except BadCompression:
        detail = "The compressed data is damaged, cut off, or of an unknown kind; get it again."
        yield Reject(uri, "parse", "bad_compression", detail)


def _first(pieces: Iterator[bytes], size: int) -> bytes:
    head = bytearray()
    while len(head) < size and (piece := next(pieces, b"")):
        head += piece
    return bytes(head)


def _lines(head: bytes, pieces: Iterable[bytes], longest: int) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each line that is not blank. Raises TooLarge for one of more than `longest` bytes."""
    number, rest = 0, bytearray()
    for piece in chain([head], pieces):
        rest += piece
        if b"\n" in piece:
            *lines, last = rest.split(b"\n")
            for line in lines:
                number += 1
                if line.strip():
                    yield number, bytes(line)
            rest = last
        if len(rest) > longest:
            raise TooLarge
    if rest.strip():
        yield number + 1, bytes(rest)


def _grouped(lines: Iterable[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    group: list[tuple[int, bytes]] = []
    size = 0
    for number, line in lines:
        group.append((number, line))
        size += len(line)
        if len(group) >= LINES_TOGETHER or size >= BYTES_TOGETHER:
            yield group
            group, size = [], 0
    if group:
        yield group


def _fenced_lines(lines: Lines, call: Isolated[Call, list[Found]], settings: Settings) -> Iterator[Found]:
    """What comes of the lines; where one of them breaks the call, the others are read one by one."""
    try:
        yield from call(lines, settings.document_seconds)
    except IsolationError:
        for number, line in lines.lines:
            alone = Lines([(number, line)], lines.raw, lines.limits)
            yield from _fenced(alone, f"{lines.raw.source_uri}#{number}", call, settings)


def _fenced(argument: Call, uri: str, call: Isolated[Call, list[Found]], settings: Settings) -> Iterator[Found]:
    try:
        yield from call(argument, settings.document_seconds)
    except IsolationError as error:
        yield fence_reject(uri, "parse", error, settings)


_ADVICE: dict[str, Callable[[Settings], str]] = {
    "timed_out": lambda settings: f"took longer than {settings.document_seconds:g} s; raise MATERIEL_DOCUMENT_SECONDS",
    "out_of_memory": lambda settings: (
        f"took more than {settings.document_megabytes:,} MB; raise MATERIEL_DOCUMENT_MEGABYTES"
    ),
    "crashed": lambda _: "ended its process; please report it",
}


def fence_reject(uri: str, step: str, error: IsolationError, settings: Settings) -> Reject:
    """The reject of a document that did not come to an end in its fence."""
    detail = f"Reading this document {_ADVICE[error.reason](settings)}, or leave it out."
    return Reject(uri, step, error.reason, detail)


def done_figures(record_ids: Iterable[str], done: dict[str, ParsedRecord]) -> tuple[Counter[str], Counter[str]]:
    """Counts of documents and rejects that records gave when they were read, and of the rejects' reasons."""
    figures: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for name in record_ids:
        if (record := done.get(name)) is not None:
            rejected = record.reject_reasons.split(";") if record.reject_reasons else []
            figures.update(documents=record.n_documents, rejects=len(rejected))
            reasons.update(rejected)
    return figures, reasons


def stored_documents(lake: Lake, version: str) -> Iterator[tuple[object, ...]]:
    """Source, identity and digest of every document that this version of the parser has made."""
    files = [batch / "documents.parquet" for batch in lake.document_batches(version)]
    return iter_values(files, ("source_uri", "document_id", "raw_digest"))
