"""From bytes to text, and what kind of text it is."""

from __future__ import annotations

import codecs
import re

from transforms.raw_input import RawInput, Unusable

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


def decoded(raw: RawInput) -> tuple[str, str]:
    """The kind of the content and its text. Raises Unusable for what is empty or not text."""
    content = raw.content
    if not content.strip():
        raise Unusable("empty", "The input holds nothing but white space; give a text, a page or JSON lines.")
    for signature, name in BINARY_SIGNATURES.items():
        if content.startswith(signature):
            raise Unusable("not_text", f"The content is {name}, not text; convert it to text or HTML first.")
    media_type, kind, charset = declared_type(raw.media_type)
    if media_type.startswith(UNREADABLE_FAMILIES):
        raise Unusable("not_text", f"The content is declared as {media_type[:60]}, not text; give text or HTML.")
    marked = content.startswith(tuple(mark for mark, _ in BYTE_ORDER_MARKS))
    if not marked and b"\x00" in content[:SNIFFED_CHARS]:
        raise Unusable("not_text", "The content holds NUL bytes: a binary file, or UTF-16 without byte-order mark.")
    head = content[:SNIFFED_CHARS]
    in_page = re.search(rb"charset\s*=\s*[\"']?([\w.:-]+)", head, re.IGNORECASE)
    if charset is None and in_page and kind in (HTML, None) and b"<" in head:
        charset = in_page[1].decode("ascii", "replace")
    text = decode(content, charset)
    kind = kind or _sniffed(text)
    if kind == HTML and "<" not in text:
        kind = TEXT
    return kind, text


def declared_type(content_type: str | None) -> tuple[str, str | None, str | None]:
    """Media type, kind of content and charset that a Content-Type declares."""
    media_type, _, parameters = (content_type or "").lower().partition(";")
    media_type = media_type.strip()
    charset = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", parameters)
    return media_type, KIND_OF_MEDIA_TYPE.get(media_type), charset[1] if charset else None


def _sniffed(text: str) -> str:
    """The kind of a text whose media type says nothing. Raises Unusable for XML that is not a page."""
    head = text[:SNIFFED_CHARS].lstrip("\ufeff \t\r\n")
    if re.search(r"<(?:!doctype\s+html|html|head|body|article|p|div)\b", head, re.IGNORECASE):
        return HTML
    if head.startswith("<?xml") or re.match(r"<(?:rss|feed|urlset|sitemapindex|svg)\b", head):
        raise Unusable(
            "unsupported", "The content is XML other than a page, such as a feed or a drawing; give a page instead."
        )
    if head.startswith("{"):
        first_line = text.lstrip("\ufeff \t\r\n").partition("\n")[0]
        if re.match(r"\{\s*\"", first_line) or first_line.strip() == "{":
            return JSON
    return TEXT
