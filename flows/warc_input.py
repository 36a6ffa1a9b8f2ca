"""Pages out of WARC files, as Common Crawl and CC-NEWS publish them and as web archives and crawlers write them.

A file is read record by record and never stands in memory. What is damaged costs its own record: reading goes on with
the next gzip member or, in an uncompressed file, at the next line that begins a record.
"""

from __future__ import annotations

import io
import logging
import math
import os
import re
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from flows.compression import BadCompression, TooLarge, gunzip
from flows.inputs import MEDIA_TYPE_OF_SUFFIX, Received, Unreadable
from flows.settings import Settings
from transforms.parse import UNREADABLE_FAMILIES
from transforms.rows import Reject

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord, ArcWarcRecordLoader

PIECE = 65_536
"""Bytes that are read from the file at a time."""
MAX_LINE = 65_536
MAX_HEADER = 1_000_000
"""Longest line and largest header of a record, in bytes; what is longer is no header."""

PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
"""Media types of a page as a server sends it; a `resource` may be of any type that the parser reads."""

GZIP_MEMBER = b"\x1f\x8b\x08"
SCHEMES = {"response": ("http", "https"), "resource": ("http", "https", "file", "urn")}
"""Types of records that hold documents, and the schemes of their addresses: crawlers keep DNS answers and logs too."""

RECORD_LINE = re.compile(rb"^WARC/\d\.\d+\s*$")

RESOURCE_TYPES = PAGE_TYPES | {"text/markdown", *MEDIA_TYPE_OF_SUFFIX.values(), "application/octet-stream"}

GZIP_MEMBER = b"\x1f\x8b\x08"
SCHEMES = {"response": ("http", "https"), "resource": ("http", "https", "file", "urn")}
"""Types of records that hold documents, and the schemes of their addresses: crawlers keep DNS answers and logs too."""

RECORD_LINE = re.compile(rb"WARC/\d\.\d+\s*")

BAD_GZIP = "bad_compression"

Page = Received | Unreadable


class _Damaged(Exception):
    """A record that cannot be read; the message says what is wrong and what to do."""

    def __init__(self, detail: str, reason: str = "broken_record") -> None:
        super().__init__(detail)
        self.reason = reason


class _TooShort(Exception):
    """A sound gzip member ends before the record that began in it."""


def read_warc(
    path: Path, settings: Settings, *, source_uri: str | None = None, skipped: Counter[str] | None = None
) -> Iterator[Page]:
    """The pages of a WARC file in its order: each `response` and `resource` that may be a document, or why it is none.

    `source_uri` of a page is the address that it was fetched from, and `archived_in` names the file (as the argument
    `source_uri`, else by its path) and the offset of the record; a reject of a damaged record is named by these two.
    Records of other types are counted in `skipped`. A page is limited by `settings.max_bytes`, a resource by
    `settings.max_file_bytes`, before and after decompression. `WARC-Date` is the day of the crawl and is not read.
    Raises Unreadable where the file cannot be opened.
    """
    name = source_uri or path.as_posix()
    counts: Counter[str] = Counter() if skipped is None else skipped
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise _unreadable(name, "not_found", "There is no such file; check the path.") from None
    except OSError as error:
        detail = f"The file cannot be read ({error.strerror or type(error).__name__}); check its permissions."
        raise _unreadable(name, "unreadable", detail) from None

    def take(record: ArcWarcRecord, offset: int) -> Page | None:
        return _page(record, f"{name}#{offset}", settings, counts)

    is_empty = True
    with file:
        for offset, page in _read(file, take):
            is_empty = False
            if isinstance(page, _Damaged):
                yield _unreadable(f"{name}#{offset}", page.reason, str(page))
            elif page is not None:
                yield page
    if is_empty:
        yield _unreadable(name, "empty", "The file holds no record; check that it is a WARC file.")


# ------------------------------------------------------------------------------------------------------- records


Take = Callable[["ArcWarcRecord", int], Page | None]
Taken = tuple[int, Page | _Damaged | None]


def _read(file: BinaryIO, take: Take) -> Iterator[Taken]:
    """What `take` makes of each record, and where the record, or the gzip member that holds it, begins."""
    offset: int | None = 0
    while offset is not None:
        file.seek(offset)
        start = file.read(len(GZIP_MEMBER))
        if not start:
            return
        if start == GZIP_MEMBER:
            file.seek(offset)
            member = _Member(file)
            is_whole = yield from _read_stream(_Stream(io.BufferedReader(member, PIECE)), offset, take, is_member=True)
            # After a damaged record the rest of its member is of no use; the next member may be sound.
            offset = member.end if is_whole and member.end is not None else _next_member(file, offset + 1)
            continue
        following = None if offset == 0 and _begins_record(file) else _next_member(file, offset + 1)
        if offset == 0 and following is None:
            file.seek(0)
            yield from _read_stream(_Stream(file, os.fstat(file.fileno()).st_size), 0, take, is_member=False)
            return
        file.seek(offset)
        if file.read(PIECE if following is None else min(PIECE, following - offset)).strip(b"\0"):
            yield offset, _Damaged("No gzip member begins here; the file is damaged, get it again.", BAD_GZIP)
        offset = following


def _begins_record(file: BinaryIO) -> bool:
    file.seek(0)
    return bool(RECORD_LINE.fullmatch(file.readline(100)))


def _read_stream(stream: _Stream, offset: int, take: Take, *, is_member: bool) -> Generator[Taken, None, bool]:
    """The records of one gzip member or of an uncompressed file. Returns whether it could be read to its end.

    A record is handed on when what follows it has been read: only then its data is known to be sound and complete.
    """
    from warcio.recordloader import ArcWarcRecordLoader

    # It logs each address that it mends.
    logging.getLogger("warcio.recordloader").setLevel(logging.ERROR)
    loader = ArcWarcRecordLoader(verify_http=False, arc2warc=False)
    position, pending, is_first = offset, None, True
    try:
        while line := stream.next_line():
            if not is_first:
                yield position, pending
            is_first, pending = False, None
            position = offset if is_member else stream.tell() - len(line)
            try:
                record = _header(loader, stream, line)
            except _Damaged as damage:
                yield position, damage
                is_first = True
                stream.seek_record()
                continue
            try:
                pending = take(record, position)
            except _Damaged as damage:
                yield position, damage
                is_first = True
            _skip(record, is_member=is_member)
        if not is_first:
            yield position, pending
        return True
    except zlib.error:
        yield position, _Damaged("The gzip data is damaged; get the file again.", BAD_GZIP)
    except EOFError:
        yield position, _Damaged("The file ends before this record; get it again.")
    except _TooShort:
        detail = "The gzip member ends before its record; write the file again with one record in each member."
        yield position, _Damaged(detail)
        return True
    return False


def _header(loader: ArcWarcRecordLoader, stream: _Stream, line: bytes) -> ArcWarcRecord:
    """The record that begins with this line, its content yet to be read."""
    if not RECORD_LINE.fullmatch(line):
        raise _Damaged("No WARC record begins here; the file is no WARC file, or the record before has a wrong length.")
    try:
        with stream.header():
            record = loader.parse_record_stream(stream, line, "warc", no_record_parse=True)
    except (_Damaged, zlib.error, EOFError):
        raise
    except Exception as error:
        # warcio raises errors of many kinds for headers that are none.
        raise _Damaged(f"The header of the record cannot be read ({type(error).__name__}); it is left out.") from error
    if record.length is None:
        raise _Damaged("The record does not say how long it is; it is left out.")
    if record.length > stream.left():
        raise _Damaged("The file ends before this record, or its length is wrong; get the file again.")
    return record


def _skip(record: ArcWarcRecord, *, is_member: bool) -> None:
    """Read to the end of a record. Raises EOFError or _TooShort where there is less of it than it says."""
    while record.raw_stream.read(PIECE):
        pass
    if record.raw_stream.limit > 0:
        raise _TooShort if is_member else EOFError


class _Member(io.RawIOBase):
    """The content of the gzip member that begins where a file stands. Raises zlib.error, and EOFError if cut off."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._member = zlib.decompressobj(wbits=31)
        self._waiting = b""
        self.end: int | None = None
        """Where the next member begins, once this one is read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.end is not None:
            return 0
        content = b""
        while not content and not self._member.eof:
            self._waiting = self._waiting or self._file.read(PIECE)
            if not self._waiting:
                raise EOFError
            content = self._member.decompress(self._waiting, len(buffer))
            self._waiting = self._member.unconsumed_tail
        if self._member.eof:
            # What was read of the file after the end of this member belongs to the next.
            self.end = self._file.tell() - len(self._member.unused_data)
        buffer[: len(content)] = content
        return len(content)


class _Stream:
    """Bytes of records, with lines and headers held to a length: a line may be a gigabyte of one letter."""

    def __init__(self, source: BinaryIO, size: int | None = None) -> None:
        self._source = source
        self._size = size
        self._pushed = b""
        self._is_line_start = True
        self._header_left: int | None = None

    def read(self, size: int) -> bytes:
        return self._source.read(size)

    def readline(self, size: int = MAX_LINE) -> bytes:
        line = self._source.readline(min(size, MAX_LINE))
        self._is_line_start = line.endswith(b"\n")
        if len(line) == MAX_LINE:
            raise _Damaged(f"A line of the header is longer than {MAX_LINE:,} bytes; the record is left out.")
        if self._header_left is not None:
            self._header_left -= len(line)
            if self._header_left < 0:
                raise _Damaged(f"The header is larger than {MAX_HEADER:,} bytes; the record is left out.")
        return line

    @contextmanager
    def header(self) -> Iterator[None]:
        """While a header is read, its length is limited."""
        self._header_left = MAX_HEADER
        try:
            yield
        finally:
            self._header_left = None

    def tell(self) -> int:
        return self._source.tell()

    def left(self) -> float:
        """Bytes from here to the end; infinite where the size is not known."""
        return math.inf if self._size is None else self._size - self.tell()

    def next_line(self) -> bytes:
        """The next line that is not blank, or of a longer one its beginning; b"" at the end."""
        line, self._pushed = self._pushed, b""
        while not line.strip():
            line = self._source.readline(MAX_LINE)
            if not line:
                return b""
        self._is_line_start = line.endswith(b"\n")
        return line

    def seek_record(self) -> None:
        """Go on to the next line that begins a record."""
        is_start = self._is_line_start
        while line := self._source.readline(MAX_LINE):
            if is_start and RECORD_LINE.fullmatch(line):
                self._pushed = line
                return
            is_start = line.endswith(b"\n")


def _next_member(file: BinaryIO, offset: int) -> int | None:
    """Where the next gzip member begins that holds a record; None if there is none."""
    position = offset
    while True:
        file.seek(position)
        piece = file.read(PIECE)
        found = piece.find(GZIP_MEMBER)
        while found >= 0:
            if _holds_record(file, position + found):
                return position + found
            found = piece.find(GZIP_MEMBER, found + 1)
        if len(piece) < PIECE:
            return None
        # The three bytes may lie across the border of two pieces.
        position += PIECE - len(GZIP_MEMBER) + 1


def _holds_record(file: BinaryIO, offset: int) -> bool:
    file.seek(offset)
    try:
        start = zlib.decompressobj(wbits=31).decompress(file.read(4_096), 16)
    except zlib.error:
        return False
    return start.startswith(b"WARC/")


# --------------------------------------------------------------------------------------------------------- pages


def _page(record: ArcWarcRecord, place: str, settings: Settings, skipped: Counter[str]) -> Page | None:
    """The page of a record, or why there is none; None for a record that is none by its type."""
    kind = (record.rec_type or "").strip().lower()
    if kind not in SCHEMES:
        skipped[kind or "without type"] += 1
        return None
    target = (record.rec_headers.get_header("WARC-Target-URI") or "").strip()
    if not target:
        raise _Damaged("The record does not say which address it was fetched from; it is left out.")
    scheme = target.partition(":")[0].lower()
    if scheme not in SCHEMES[kind]:
        skipped[f"{kind} of {scheme[:20]}:"] += 1
        return None
    return (_response if kind == "response" else _resource)(record, target, place, settings)


def _resource(record: ArcWarcRecord, target: str, place: str, settings: Settings) -> Page:
    media_type = record.content_type
    if fault := _wrong_type(target, media_type, RESOURCE_TYPES):
        return fault
    limit = settings.max_file_bytes
    body = _read_at_most(record, limit + 1)
    try:
        content = _within(gunzip(body, limit) if body.startswith(GZIP_MEMBER) else body, limit)
    except (TooLarge, BadCompression) as error:
        return _undecoded(target, error, limit, "MATERIEL_MAX_FILE_BYTES")
    known = None if _base(media_type) == "application/octet-stream" else media_type
    url = target if target.lower().startswith(("http://", "https://")) else None
    return Received(target, body, content, known, url, archived_in=place)


def _response(record: ArcWarcRecord, target: str, place: str, settings: Settings) -> Page:
    from warcio.statusandheaders import StatusAndHeadersParser

    stream: _Stream = record.raw_stream.stream
    try:
        with stream.header():
            answer = StatusAndHeadersParser(["HTTP/"], verify=False).parse(record.raw_stream)
    except EOFError:
        raise _Damaged("The record holds no answer of a server; it is left out.") from None
    status = (answer.get_statuscode() or "").strip()
    if not (answer.protocol or "").upper().startswith("HTTP/") or not status.isdigit():
        raise _Damaged("The record does not begin with the status of an answer; it is left out.")
    if status != "200":
        detail = f"The archive holds the server's answer {status[:3]}, not the page; look for another capture of it."
        return _unreadable(target, "http_status", detail)
    media_type = answer.get_header("Content-Type") or record.rec_headers.get_header("WARC-Identified-Payload-Type")
    if fault := _wrong_type(target, media_type, PAGE_TYPES):
        return fault
    limit = settings.max_bytes
    try:
        body = _within(_read_at_most(record, limit + 1), limit)
        if (answer.get_header("Transfer-Encoding") or "").strip().lower() == "chunked":
            body = _dechunked(body)
        content = _decoded(body, (answer.get_header("Content-Encoding") or "").strip().lower(), limit)
    except (TooLarge, BadCompression) as error:
        return _undecoded(target, error, limit, "MATERIEL_MAX_BYTES")
    headers = tuple((name, value) for name, value in answer.headers if name.lower() != "transfer-encoding")
    return Received(target, body, content, media_type, target, answer.statusline, headers, place)


def _read_at_most(record: ArcWarcRecord, limit: int) -> bytes:
    """Up to `limit` bytes, in pieces: one read of that size would claim the memory at once."""
    pieces = []
    while limit > 0 and (piece := record.raw_stream.read(min(PIECE, limit))):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


def _within(content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        raise TooLarge
    return content


def _dechunked(body: bytes) -> bytes:
    """The body without the chunks of its transfer; as it is where it has none, whatever its header says."""
    from warcio.bufferedreaders import ChunkedDataReader

    content: bytes = ChunkedDataReader(io.BytesIO(body)).read()
    return content


def _decoded(body: bytes, encoding: str, limit: int) -> bytes:
    """The content; bytes that are text are taken as they are, because crawlers store it decoded and keep the header."""
    if encoding in ("gzip", "x-gzip") and body.startswith(GZIP_MEMBER):
        return gunzip(body, limit)
    if not body or encoding in ("", "identity") or body.lstrip()[:1] == b"<" or body[:256].isascii():
        return body
    if encoding == "deflate":
        for wbits in (15, -15):  # servers send it with and without the zlib header
            with suppress(zlib.error):
                return _within(zlib.decompressobj(wbits).decompress(body, limit + 1), limit)
    if encoding in ("gzip", "x-gzip"):
        return body
    raise BadCompression


def _wrong_type(target: str, media_type: str | None, known: frozenset[str]) -> Unreadable | None:
    base = _base(media_type)
    if not base or base in known:
        return None
    if base.startswith(UNREADABLE_FAMILIES):
        return _unreadable(target, "not_text", f"The archive holds {base[:60]}, not a page; nothing can be read of it.")
    return _unreadable(target, "unsupported", f"The archive holds {base[:60]}, not a page; nothing is read of it.")


def _base(media_type: str | None) -> str:
    return (media_type or "").partition(";")[0].strip().lower()


def _undecoded(target: str, error: Exception, limit: int, setting: str) -> Unreadable:
    if isinstance(error, TooLarge):
        return _unreadable(target, "too_large", f"The page is larger than {limit:,} bytes; raise {setting} to have it.")
    detail = "The archived answer is compressed in a damaged or unknown way; look for another capture of the page."
    return _unreadable(target, "bad_compression", detail)


def _unreadable(source_uri: str, reason: str, detail: str) -> Unreadable:
    return Unreadable(Reject(source_uri, "read", reason, detail))
