"""Documents from JSON: one record per line, a list of records, or one record."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from transforms.assembly import document_of
from transforms.decoding import JSON
from transforms.page import one_line, read_page, web_address
from transforms.published import RECORD, Stated, read_date
from transforms.raw_input import Limits, RawInput, Unusable, check_text, reject
from transforms.rows import Document, Reject
from transforms.wire import WireAgencies

RECORD_FIELDS = frozenset({"uri", "url", "title", "author", "outlet", "published_on", "text", "html"})
"""Fields of a JSON record that are read; all others are left alone."""


class Record(dict[str, object]):
    """A JSON object that remembers which keys it repeats."""

    repeated: frozenset[str] = frozenset()


def records_of(
    items: Iterable[tuple[int, object]], raw: RawInput, limits: Limits, agencies: WireAgencies
) -> Iterator[Document | Reject]:
    """The documents and rejects of numbered records; a reject where there is not one record."""
    place = 0
    for place, item in items:
        uri = f"{raw.source_uri}#{place}"
        try:
            record = _checked(_loads(item) if isinstance(item, str) else item)
            uri = _text_field(record, "uri") or _text_field(record, "url") or uri
            yield _record_document(record, uri, raw, limits, agencies)
        except Unusable as fault:
            detail = f"Record {place} of {raw.source_uri.rpartition('/')[2]}: {fault.detail}"
            yield reject(uri, Unusable(fault.reason, detail))
    if place == 0:
        yield reject(raw.source_uri, Unusable("empty", "The input holds no records."))


def items_of(kind: str, text: str) -> Iterable[tuple[int, object]]:
    """Number and content of each record: a line as text, or a value of the one JSON document."""
    if kind == JSON:
        try:
            whole = _loads(text)
        except Unusable:
            if not is_object(text.strip("\ufeff \t\r\n").partition("\n")[0]):
                raise
        else:
            return enumerate(whole if isinstance(whole, list) else [whole], 1)
    # Only a line feed ends a record: U+2028 and its like are allowed inside JSON strings.
    lines = (line.strip("\ufeff \t\r") for line in text.split("\n"))
    return ((number, line) for number, line in enumerate(lines, 1) if line)


def is_object(text: str) -> bool:
    """Whether the text is a whole JSON object; as the first line of a JSON file, it tells JSON lines."""
    try:
        return isinstance(_loads(text), Record)
    except Unusable:
        return False


def _loads(text: str) -> object:
    try:
        # No field is a number, so that numbers need no exactness; int() would refuse very long ones.
        return json.loads(text, object_pairs_hook=_pairs, parse_int=float)
    except RecursionError:
        raise Unusable("broken_record", "The JSON is nested too deeply.") from None
    except ValueError as error:
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unusable("broken_record", f"Not valid JSON{where}; put one complete object on each line.") from None


def _pairs(pairs: list[tuple[str, object]]) -> Record:
    record = Record(pairs)
    if len(record) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        record.repeated = frozenset(name for name, count in counts.items() if count > 1)
    return record


def _checked(value: object) -> Record:
    if not isinstance(value, Record):
        raise Unusable("bad_record", "Not a JSON object; give one with the field 'text' or 'html'.")
    if repeated := RECORD_FIELDS & value.repeated:
        raise Unusable("bad_record", f"The field '{min(repeated)}' is there more than once; keep one.")
    return value


def _record_document(record: Record, uri: str, raw: RawInput, limits: Limits, agencies: WireAgencies) -> Document:
    text, html = _field(record, "text"), _field(record, "html")
    title, url = _text_field(record, "title"), web_address(_text_field(record, "url"))
    stated = _date_field(record, "published_on")
    if text is None and html is None:
        raise Unusable("bad_record", "There is neither a field 'text' nor 'html'; add one.")
    if text is not None:
        check_text(text, limits)
        page = None
    else:
        if not str(html).strip():
            raise Unusable("empty", "The field 'html' is empty; give a page or leave the record out.")
        page = read_page(str(html), url, limits)
    return document_of(
        text=text,
        page=page,
        source_uri=uri,
        hints=raw.hints,
        agencies=agencies,
        title=title,
        url=url,
        author=_text_field(record, "author"),
        outlet=_text_field(record, "outlet"),
        stated=stated,
    )


def _field(record: Record, name: str) -> str | None:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise Unusable("bad_record", f"The field '{name}' is not a string; give it as a string or leave it out.")
    return value


def _text_field(record: Record, name: str) -> str | None:
    return one_line(_field(record, name))


def _date_field(record: Record, name: str) -> Stated | None:
    value = _text_field(record, name)
    if value is None:
        return None
    match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})[T ].*|(\d{4}(?:-\d{2}){0,2})", value, re.ASCII)
    stated = read_date(match[1] or match[2], RECORD) if match else None
    if stated is None:
        raise Unusable(
            "bad_record", f"The field '{name}' is not a date of the form 2024-06-27; correct it or leave it out."
        )
    return stated
