"""From the bytes of one input to documents: plain text, HTML pages, and JSON records (JSON lines or a JSON file).

Nothing here raises for bad input: whatever cannot be used comes back as a reject with its reason.
"""

from __future__ import annotations

import codecs
import json
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from transforms.documents import Hints, make_document
from transforms.rows import Document, Reject

MAX_TEXT_CHARS = 2_000_000
MAX_PAGE_BYTES = 25_000_000

HTML, TEXT, JSON_LINES, JSON = "html", "text", "json_lines", "json"

KIND_OF_MEDIA_TYPE = {
    "text/html": HTML,
    "application/xhtml+xml": HTML,
    "text/plain": TEXT,
    "text/markdown": TEXT,
    "application/x-ndjson": JSON_LINES,
    "application/ndjson": JSON_LINES,
    "application/jsonl": JSON_LINES,
    "application/x-jsonlines": JSON_LINES,
    "application/json": JSON,
}
"""Media types that say what the bytes are; the others leave it to the bytes themselves."""

UNREADABLE_FAMILIES = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip")

BINARY_SIGNATURES = {
    b"%PDF-": "a PDF",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"RIFF": "a RIFF file (WebP, WAV, AVI)",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\x1f\x8b": "a gzip file inside a gzip file",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"\x7fELF": "a program",
    b"OggS": "an Ogg file",
    b"ID3": "an MP3 file",
    b"SQLite format 3\x00": "an SQLite database",
    b"PAR1": "a Parquet file",
}

BYTE_ORDER_MARKS = (  # the longer ones first: UTF-32 LE begins with the mark of UTF-16 LE
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

LEGACY_ENCODING = "cp1252"
"""What undeclared bytes that are not UTF-8 are read as: the fallback of the WHATWG encoding standard."""

SNIFFED_CHARS = 2_048

RECORD_FIELDS = frozenset({"uri", "url", "title", "author", "outlet", "published_on", "text", "html"})
"""Fields of a JSON record that are read; all others are left alone."""

# fmt: off
ENGLISH_WORDS = frozenset([
    "about", "after", "and", "are", "at", "been", "by", "for", "from", "had", "has", "have", "he", "his", "it", "its",
    "not", "of", "said", "she", "that", "the", "their", "they", "this", "to", "were", "which", "will", "with", "would",
])
# fmt: on
"""Frequent English words that are rare in other languages written in Latin script."""

ENGLISH_SHARE = 0.10
"""Share of ENGLISH_WORDS among all words from which a text counts as English; news has 0.20 to 0.30, lists 0.14."""


@dataclass(frozen=True, slots=True)
class RawInput:
    """The content of one file, page or standard input, after decompression."""

    source_uri: str
    content: bytes
    media_type: str | None
    """Content-Type as the server gave it or as the file name implies; None where unknown."""
    hints: Hints = field(default_factory=Hints)
    """What is known of its documents besides."""
    url: str | None = None
    """Address that the content was fetched from, after redirects."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What came of one input."""

    documents: list[Document]
    rejects: list[Reject]


class _Unusable(Exception):
    """A document that cannot be made; carries the reason code and the sentence for the reject."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class _Limits:
    text_chars: int
    page_bytes: int


def parse(raw: RawInput, *, max_text_chars: int = MAX_TEXT_CHARS, max_page_bytes: int = MAX_PAGE_BYTES) -> Parsed:
    """Make the documents of one input.

    A text file and a page give one document, a JSON-lines file one per line. Plain text stays as it is, except for a
    byte-order mark and the white space around it; the text of a record stays as it is. Limits are in characters of a
    document's text and in bytes of a page. Never raises for bad content.
    """
    limits = _Limits(max_text_chars, max_page_bytes)
    try:
        kind, text = _decoded(raw)
        if kind in (JSON_LINES, JSON):
            found = list(_records(_items(kind, text), raw, limits))
            return Parsed(
                [row for row in found if isinstance(row, Document)], [row for row in found if isinstance(row, Reject)]
            )
        document = (_page if kind == HTML else _plain)(raw, text, limits)
    except _Unusable as fault:
        return Parsed([], [_reject(raw.source_uri, fault)])
    return Parsed([document], [])


def refusal(source_uri: str, head: bytes, media_type: str | None) -> Reject | None:
    """Why no document will ever be made of content that begins so, such as an image; None where one may be."""
    try:
        _decoded(RawInput(source_uri, head, media_type))
    except _Unusable as fault:
        return _reject(source_uri, fault)
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
        kind, _ = _decoded(RawInput("", head, media_type))
    except _Unusable:
        return False
    # One line alone may be a JSON file as well; both readings give the same.
    return kind == JSON_LINES or (kind == JSON and bool(rest.strip()) and _is_object(decode(first_line)))


def parse_stream(
    lines: Iterable[tuple[int, bytes]],
    raw: RawInput,
    *,
    max_text_chars: int = MAX_TEXT_CHARS,
    max_page_bytes: int = MAX_PAGE_BYTES,
) -> Iterator[Document | Reject]:
    """The documents and rejects of numbered JSON lines in their order, as `parse` gives them, one line at a time.

    `raw` is as for `parse`; its `content` is left alone. A line that is not UTF-8 is read by itself as `decode` says.
    Never raises for bad content.
    """
    _, _, charset = _declared_type(raw.media_type)
    decoded = ((number, decode(line, charset).strip("\ufeff \t\r\n")) for number, line in lines)
    numbered = ((number, line) for number, line in decoded if line)
    yield from _records(numbered, raw, _Limits(max_text_chars, max_page_bytes))


def decode(content: bytes, charset: str | None = None) -> str:
    """Text of the bytes: by byte-order mark, else the charset declared, else UTF-8, else Windows-1252.

    Bytes that are UTF-8 but for a few broken places stay UTF-8, with U+FFFD in those places. Never raises.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if charset is not None and (declared := _decoded_as(charset, content)) is not None:
        return declared
    damaged = content.decode("utf-8", "replace")
    broken = damaged.count("\ufffd")
    intact = sum(len(run) for run in re.findall("[^\x00-\x7f\ufffd]+", damaged))
    # In text of one byte per character, two bytes hardly ever form a UTF-8 character by chance.
    return damaged if 4 * intact >= broken else content.decode(LEGACY_ENCODING, "replace")


def _decoded_as(charset: str, content: bytes) -> str | None:
    """The text in a declared charset; None where the charset is unknown, or UTF-8, which it is not."""
    try:
        name = codecs.lookup(charset).name
        if name == "utf-8":
            return None
        # What is declared as one of these is Windows-1252 (WHATWG encoding standard).
        return content.decode(LEGACY_ENCODING if name in ("iso8859-1", "ascii") else name, "replace")
    except (LookupError, ValueError):
        return None


def _decoded(raw: RawInput) -> tuple[str, str]:
    """The kind of the content and its text. Raises _Unusable for what is empty or not text."""
    content = raw.content
    if not content.strip():
        raise _Unusable("empty", "The input holds nothing but white space; give a text, a page or JSON lines.")
    for signature, name in BINARY_SIGNATURES.items():
        if content.startswith(signature):
            raise _Unusable("not_text", f"The content is {name}, not text; convert it to text or HTML first.")
    media_type, kind, charset = _declared_type(raw.media_type)
    if media_type.startswith(UNREADABLE_FAMILIES):
        raise _Unusable("not_text", f"The content is declared as {media_type[:60]}, not text; give text or HTML.")
    marked = content.startswith(tuple(mark for mark, _ in BYTE_ORDER_MARKS))
    if not marked and b"\x00" in content[:SNIFFED_CHARS]:
        raise _Unusable("not_text", "The content holds NUL bytes: a binary file, or UTF-16 without byte-order mark.")
    head = content[:SNIFFED_CHARS]
    in_page = re.search(rb"charset\s*=\s*[\"']?([\w.:-]+)", head, re.IGNORECASE)
    if charset is None and in_page and kind in (HTML, None) and b"<" in head:
        charset = in_page[1].decode("ascii", "replace")
    text = decode(content, charset)
    kind = kind or _sniffed(text)
    if kind == HTML and "<" not in text:
        kind = TEXT
    return kind, text


def _declared_type(content_type: str | None) -> tuple[str, str | None, str | None]:
    """Media type, kind of content and charset that a Content-Type declares."""
    media_type, _, parameters = (content_type or "").lower().partition(";")
    media_type = media_type.strip()
    charset = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", parameters)
    return media_type, KIND_OF_MEDIA_TYPE.get(media_type), charset[1] if charset else None


def _sniffed(text: str) -> str:
    """The kind of a text whose media type says nothing. Raises _Unusable for XML that is not a page."""
    head = text[:SNIFFED_CHARS].lstrip("\ufeff \t\r\n")
    if re.search(r"<(?:!doctype\s+html|html|head|body|article|p|div)\b", head, re.IGNORECASE):
        return HTML
    if head.startswith("<?xml") or re.match(r"<(?:rss|feed|urlset|sitemapindex|svg)\b", head):
        raise _Unusable(
            "unsupported", "The content is XML other than a page, such as a feed or a drawing; give a page instead."
        )
    if head.startswith("{"):
        first_line = text.lstrip("\ufeff \t\r\n").partition("\n")[0]
        if re.match(r"\{\s*\"", first_line) or first_line.strip() == "{":
            return JSON
    return TEXT


def _plain(raw: RawInput, text: str, limits: _Limits) -> Document:
    text = text.strip("\ufeff").strip()
    _check_text(text, limits)
    return make_document(
        text,
        source_uri=raw.source_uri,
        title=raw.hints.title,
        url=raw.url,
        outlet=raw.hints.outlet,
        published_on=raw.hints.published_on,
        published_from=raw.hints.published_from,
        language=language_of(text),
        source=raw.hints.source,
        tags=raw.hints.tags,
    )


def _check_text(text: str, limits: _Limits) -> None:
    if not text.strip():
        raise _Unusable("empty", "The text is empty; remove the input or give its text.")
    if len(text) > limits.text_chars:
        raise _Unusable(
            "too_long",
            f"The text has {len(text):,} characters, more than the {limits.text_chars:,} of one document; "
            "split it into articles or raise MATERIEL_MAX_TEXT_CHARS.",
        )


def language_of(text: str, declared: str | None = None) -> str | None:
    """'en' where frequent English words say so, else the language declared, else None.

    A declared 'en' that a longer text does not bear out counts for nothing. Not a language identification: it only
    tells what the extractor can read.
    """
    words = re.findall(r"[^\W\d_]+", text[:20_000].lower())
    if words and sum(word in ENGLISH_WORDS for word in words) / len(words) >= ENGLISH_SHARE:
        return "en"
    if declared == "en" and len(words) >= 50:
        return None
    return declared


# ---------------------------------------------------------------------------------------------------------------- HTML


@dataclass(frozen=True, slots=True)
class _Page:
    """Main text and metadata of a page."""

    text: str
    title: str | None
    author: str | None
    outlet: str | None
    url: str | None
    published_on: date | None
    language: str | None


def _page(raw: RawInput, html: str, limits: _Limits) -> Document:
    page = _read_page(html, raw.url, limits)
    return make_document(
        page.text,
        source_uri=raw.source_uri,
        title=page.title or raw.hints.title,
        published_on=page.published_on or raw.hints.published_on,
        published_from="page" if page.published_on else raw.hints.published_from,
        url=page.url or raw.url,
        author=page.author,
        outlet=page.outlet or raw.hints.outlet,
        language=page.language,
        source=raw.hints.source,
        tags=raw.hints.tags,
    )


def _read_page(html: str, url: str | None, limits: _Limits) -> _Page:
    if len(html) > limits.page_bytes:
        raise _Unusable(
            "too_large",
            f"The page is larger than {limits.page_bytes:,} bytes; give the article's own page "
            "or raise MATERIEL_MAX_BYTES.",
        )
    html = _clean_markup(html)
    try:
        extracted = _extract(html, url)
    except Exception as error:  # a parser fed with hostile pages may fail in any way; the page is then rejected
        raise _Unusable(
            "parser_error",
            f"The HTML parser failed on this page ({type(error).__name__}); give its text instead.",
        ) from error
    if extracted is None:
        raise _Unusable("no_text", "No main text was found on the page; give its text instead.")
    text, metadata = extracted
    title = _one_line(metadata.get("title"))
    text = _without_title(text, title)
    _check_text(text, limits)
    declared = re.search(r"<html\b[^>]{0,500}?\blang\s*=\s*[\"']?([A-Za-z]{2,3})\b", html[:20_000], re.IGNORECASE)
    return _Page(
        text=text,
        title=title,
        author=_one_line(metadata.get("author")),
        outlet=_one_line(metadata.get("sitename")),
        url=_web_address(metadata.get("url")),
        published_on=_stated_date(metadata.get("date"), html, text),
        language=language_of(text, declared[1].lower() if declared else None),
    )


def _extract(html: str, url: str | None) -> tuple[str, dict[str, str | None]] | None:
    """Main text and metadata by trafilatura; None where it finds no text."""
    import trafilatura

    # Its warnings tell of single pages; a reject does that here.
    for name in ("trafilatura", "htmldate", "courlan"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # Precision first: teasers of other stories inside the text would yield claims that the article does not make.
    for precision in (True, False):
        found = trafilatura.bare_extraction(
            html,
            url=url,
            favor_precision=precision,
            favor_recall=not precision,
            with_metadata=True,
            include_comments=False,
            date_extraction_params={
                "original_date": True,
                # The opportunistic search takes any date of the text or the footer for that of publication.
                "extensive_search": False,
                # The library's own limit is today, which would make the result depend on the day of the run.
                "max_date": "2099-12-31",
                "min_date": "1950-01-01",
            },
        )
        values = found.as_dict() if found is not None and not isinstance(found, dict) else {}
        if text := (values.get("text") or "").strip():
            return text, values
    return None


def _clean_markup(html: str) -> str:
    """Markup that the parser accepts: no control characters or lone surrogates, and a fragment inside a body."""
    html = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", " ", html)
    if not re.search(r"<(?:html|body)\b", html, re.IGNORECASE):
        html = f"<html><body><div>{html}</div></body></html>"
    return html


def _without_title(text: str, title: str | None) -> str:
    """The text without a first line that only repeats the title."""
    first, _, rest = text.partition("\n")
    if title and rest.strip() and _folded(first) in (_folded(title), _folded(re.split(r"\s[|–—-]\s", title)[0])):
        return rest.strip()
    return text


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _stated_date(found: str | None, html: str, text: str) -> date | None:
    """The date found, unless the article's own sentences are the only place that has it."""
    if found is None or (found in text and html.count(found) <= text.count(found)):
        return None
    try:
        return date.fromisoformat(found)
    except ValueError:
        return None


def _web_address(url: str | None) -> str | None:
    return _one_line(url) if url is not None and re.match(r"https?://[^\s/]", url) else None


def _one_line(value: str | None) -> str | None:
    """The value on one line and fit for storing, or None where nothing is left."""
    if value is None:
        return None
    value = re.sub("[\ud800-\udfff]", "\ufffd", value)
    return " ".join(value.split()) or None


# -------------------------------------------------------------------------------------------------------- JSON records


class _Record(dict[str, object]):
    """A JSON object that remembers which keys it repeats."""

    repeated: frozenset[str] = frozenset()


def _records(items: Iterable[tuple[int, object]], raw: RawInput, limits: _Limits) -> Iterator[Document | Reject]:
    """The documents and rejects of numbered records; a reject where there is not one record."""
    place = 0
    for place, item in items:
        uri = f"{raw.source_uri}#{place}"
        try:
            record = _checked(_loads(item) if isinstance(item, str) else item)
            uri = _text_field(record, "uri") or _text_field(record, "url") or uri
            yield _record_document(record, uri, raw, limits)
        except _Unusable as fault:
            detail = f"Record {place} of {_file_name(raw.source_uri)}: {fault.detail}"
            yield _reject(uri, _Unusable(fault.reason, detail))
    if place == 0:
        yield _reject(raw.source_uri, _Unusable("empty", "The input holds no records."))


def _items(kind: str, text: str) -> Iterable[tuple[int, object]]:
    """Number and content of each record: a line as text, or a value of the one JSON document."""
    if kind == JSON:
        try:
            whole = _loads(text)
        except _Unusable:
            if not _is_object(text.strip("\ufeff \t\r\n").partition("\n")[0]):
                raise
        else:
            return enumerate(whole if isinstance(whole, list) else [whole], 1)
    # Only a line feed ends a record: U+2028 and its like are allowed inside JSON strings.
    lines = (line.strip("\ufeff \t\r") for line in text.split("\n"))
    return ((number, line) for number, line in enumerate(lines, 1) if line)


def _is_object(text: str) -> bool:
    """Whether the text is a whole JSON object; as the first line of a JSON file, it tells JSON lines."""
    try:
        return isinstance(_loads(text), _Record)
    except _Unusable:
        return False


def _loads(text: str) -> object:
    try:
        # No field is a number, so that numbers need no exactness; int() would refuse very long ones.
        return json.loads(text, object_pairs_hook=_pairs, parse_int=float)
    except RecursionError:
        raise _Unusable("broken_record", "The JSON is nested too deeply.") from None
    except ValueError as error:
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise _Unusable("broken_record", f"Not valid JSON{where}; put one complete object on each line.") from None


def _pairs(pairs: list[tuple[str, object]]) -> _Record:
    record = _Record(pairs)
    if len(record) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        record.repeated = frozenset(name for name, count in counts.items() if count > 1)
    return record


def _checked(value: object) -> _Record:
    if not isinstance(value, _Record):
        raise _Unusable("bad_record", "Not a JSON object; give one with the field 'text' or 'html'.")
    if repeated := RECORD_FIELDS & value.repeated:
        raise _Unusable("bad_record", f"The field '{min(repeated)}' is there more than once; keep one.")
    return value


def _record_document(record: _Record, uri: str, raw: RawInput, limits: _Limits) -> Document:
    text, html = _field(record, "text"), _field(record, "html")
    title, url = _text_field(record, "title"), _web_address(_text_field(record, "url"))
    published_on = _date_field(record, "published_on")
    if text is None and html is None:
        raise _Unusable("bad_record", "There is neither a field 'text' nor 'html'; add one.")
    if text is not None:
        _check_text(text, limits)
        page = None
    else:
        if not str(html).strip():
            raise _Unusable("empty", "The field 'html' is empty; give a page or leave the record out.")
        page = _read_page(str(html), url, limits)
    return make_document(
        text if page is None else page.text,  # type: ignore[arg-type]
        source_uri=uri,
        title=title or (page.title if page else None) or raw.hints.title,
        published_on=published_on or (page.published_on if page else None) or raw.hints.published_on,
        published_from=(
            "record" if published_on else "page" if page and page.published_on else raw.hints.published_from
        ),
        url=url or (page.url if page else None),
        author=_text_field(record, "author") or (page.author if page else None),
        outlet=_text_field(record, "outlet") or (page.outlet if page else None) or raw.hints.outlet,
        language=page.language if page else language_of(str(text)),
        source=raw.hints.source,
        tags=raw.hints.tags,
    )


def _field(record: _Record, name: str) -> str | None:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise _Unusable("bad_record", f"The field '{name}' is not a string; give it as a string or leave it out.")
    return value


def _text_field(record: _Record, name: str) -> str | None:
    return _one_line(_field(record, name))


def _date_field(record: _Record, name: str) -> date | None:
    value = _text_field(record, name)
    if value is None:
        return None
    match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?", value, re.ASCII)
    try:
        return date.fromisoformat(match[1] if match else "")
    except ValueError:
        raise _Unusable(
            "bad_record", f"The field '{name}' is not a date of the form 2024-06-27; correct it or leave it out."
        ) from None


def _file_name(source_uri: str) -> str:
    return source_uri.rpartition("/")[2]


def _reject(source_uri: str, fault: _Unusable) -> Reject:
    return Reject(source_uri, "parse", fault.reason, fault.detail)
