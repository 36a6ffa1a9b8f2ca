"""From a text and its metadata to a `Document` row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from transforms.rows import Document, content_id


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of a document besides its bytes: from a feed, a sitemap, an entry of sources.toml or an option."""

    source: str | None = None  # name of the source in sources.toml
    tags: str | None = None  # joined by ';', sorted
    title: str | None = None
    outlet: str | None = None
    published_on: date | None = None
    published_from: str | None = None  # 'feed', 'sitemap', 'archive' (WARC metadata stating publication) or 'option'


def make_document(
    text: str,
    *,
    source_uri: str,
    title: str | None = None,
    published_on: date | None = None,
    published_precision: str | None = None,
    published_from: str | None = None,
    url: str | None = None,
    author: str | None = None,
    outlet: str | None = None,
    language: str | None = None,
    wire: str | None = None,
    source: str | None = None,
    tags: str | None = None,
) -> Document:
    """Build the row. A date without a precision is exact to the day; without a date, there is neither of its fields.

    Lone surrogates, which no Parquet file can hold, become U+FFFD one for one, so that offsets keep their places.
    """
    text = _storable(text)
    title = _storable(title) or None if title is not None else None
    is_dated = published_on is not None
    return Document(
        document_id=content_id(text.strip()),
        extraction_key=content_id(text, title, published_on),
        source_uri=_storable(source_uri),
        url=url,
        title=title,
        author=author,
        outlet=outlet,
        published_on=published_on,
        published_precision=(published_precision or "day") if is_dated else None,
        published_from=published_from if is_dated else None,
        language=language,
        wire=wire,
        source=source,
        tags=tags,
        text=text,
    )


def _storable(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") if _has_surrogate(text) else text


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
