"""From the bytes of one input to documents: plain text, HTML pages, and JSON records (JSON lines or a JSON file).

Nothing here raises for bad input: whatever cannot be used comes back as a reject with its reason.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from transforms.assembly import document_of
from transforms.decoding import (
    BYTE_ORDER_MARKS,
    HTML,
    JSON,
    JSON_LINES,
    UNREADABLE_FAMILIES,
    declared_type,
    decode,
    decoded,
)
from transforms.page import read_page
from transforms.raw_input import MAX_PAGE_BYTES, MAX_TEXT_CHARS, Limits, RawInput, Unusable, check_text, reject
from transforms.records import is_object, items_of, records_of
from transforms.rows import Document, Reject
from transforms.wire import NO_AGENCIES, WireAgencies

__all__ = [
    "MAX_PAGE_BYTES",
    "MAX_TEXT_CHARS",
    "UNREADABLE_FAMILIES",
    "Parsed",
    "RawInput",
    "decode",
    "is_json_lines",
    "parse",
    "parse_stream",
    "refusal",
]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What came of one input."""

    documents: list[Document]
    rejects: list[Reject]


def parse(
    raw: RawInput,
    *,
    max_text_chars: int = MAX_TEXT_CHARS,
    max_page_bytes: int = MAX_PAGE_BYTES,
    agencies: WireAgencies = NO_AGENCIES,
) -> Parsed:
    """Make the documents of one input.

    A text file and a page give one document, a JSON-lines file one per line. Plain text stays as it is, except for a
    byte-order mark and the white space around it; the text of a record stays as it is. Limits are in characters of a
    document's text and in bytes of a page; `agencies` are those that `wire` is filled from. Never raises for bad
    content.
    """
    limits = Limits(max_text_chars, max_page_bytes)
    try:
        kind, text = decoded(raw)
        if kind in (JSON_LINES, JSON):
            found = list(records_of(items_of(kind, text), raw, limits, agencies))
            return Parsed(
                [row for row in found if isinstance(row, Document)], [row for row in found if isinstance(row, Reject)]
            )
        if kind == HTML:
            page, plain = read_page(text, raw.url, limits), None
        else:
            page, plain = None, text.strip("\ufeff").strip()
            check_text(plain, limits)
    except Unusable as fault:
        return Parsed([], [reject(raw.source_uri, fault)])
    url = None if page else raw.url
    document = document_of(
        text=plain, page=page, source_uri=raw.source_uri, hints=raw.hints, agencies=agencies, url=url
    )
    return Parsed([document], [])


def refusal(source_uri: str, head: bytes, media_type: str | None) -> Reject | None:
    """Why no document will ever be made of content that begins so, such as an image; None where one may be."""
    try:
        decoded(RawInput(source_uri, head, media_type))
    except Unusable as fault:
        return reject(source_uri, fault)
    return None


def is_json_lines(head: bytes, media_type: str | None) -> bool:
    """Whether content that begins so is JSON lines that `parse_stream` can read, as `parse` would decide.

    `head` is the beginning, after decompression; 64 KiB are enough where the media type says JSON lines. Where it does
    not, the first line has to be whole in it, else the answer is False, and `parse` reads the same content.
    """
    first_line, _, rest = head.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")
    if not first_line or head.startswith(tuple(mark for mark, name in BYTE_ORDER_MARKS if name != "utf-8")):
        return False
    try:
        kind, _ = decoded(RawInput("", head, media_type))
    except Unusable:
        return False
    # One line alone may be a JSON file as well; both readings give the same.
    return kind == JSON_LINES or (kind == JSON and bool(rest.strip()) and is_object(decode(first_line)))


def parse_stream(
    lines: Iterable[tuple[int, bytes]],
    raw: RawInput,
    *,
    max_text_chars: int = MAX_TEXT_CHARS,
    max_page_bytes: int = MAX_PAGE_BYTES,
    agencies: WireAgencies = NO_AGENCIES,
) -> Iterator[Document | Reject]:
    """The documents and rejects of numbered JSON lines in their order, as `parse` gives them, one line at a time.

    `raw` is as for `parse`; its `content` is left alone. A line that is not UTF-8 is read by itself as `decode` says.
    Never raises for bad content.
    """
    _, _, charset = declared_type(raw.media_type)
    decoded = ((number, decode(line, charset).strip("\ufeff \t\r\n")) for number, line in lines)
    numbered = ((number, line) for number, line in decoded if line)
    yield from records_of(numbered, raw, Limits(max_text_chars, max_page_bytes), agencies)
