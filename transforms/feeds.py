"""The pages that a feed lists: RSS (0.9x, 1.0/RDF, 2.0) and Atom as feedparser reads them, and JSON Feed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, cast
from xml.sax import SAXException

from transforms.listings import BrokenListing, FaultyEntry, ListedPage, calendar_day, page_url, plain_title

_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_DUBLIN_CORE_TERMS = "http://purl.org/dc/terms/"


class _Bytes:
    """What feedparser reads from: of bytes themselves it would first try whether they name a file."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self) -> bytes:
        return self._content


def read_feed(
    content: bytes, url: str, *, latest: date, media_type: str | None = None
) -> Iterator[ListedPage | FaultyEntry]:
    """The entries of a feed, in its order. Relative links are resolved against `url`, dates after `latest` distrusted.

    A feed with faults gives what can be had of it. Raises BrokenListing where the content is no feed.
    """
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        yield from _json_feed(content, url, latest)
    else:
        yield from _xml_feed(content, url, latest, media_type)


def _xml_feed(content: bytes, url: str, latest: date, media_type: str | None) -> Iterator[ListedPage | FaultyEntry]:
    import feedparser

    # Told of the feed's address, it would resolve ids too, and no id could be told from an address any more.
    headers = {"content-type": media_type} if media_type else {}
    try:
        # Only addresses, dates and plain titles are taken, so there is no markup to make safe.
        feed = feedparser.parse(
            _Bytes(content), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:
        # Its second, lenient parser raises many kinds of errors for content that is far from any feed.
        raise BrokenListing(f"it cannot be read as a feed ({type(error).__name__})") from error
    if not feed.entries:
        _raise_unless_feed(content, feed)
    namespaces = set(feed.namespaces.values())
    # What feedparser calls updated is dc:date in RSS, which has no other date in version 1.0.
    dated_by_dublin_core = (
        feed.version.startswith("rss") and _DUBLIN_CORE in namespaces and _DUBLIN_CORE_TERMS not in namespaces
    )
    language = _text(feed.feed, "language")
    for entry in feed.entries:
        title = plain_title(_text(entry, "title"))
        links = _links(entry)
        address = next((found for link in links if (found := page_url(link, url))), None)
        if address is None:
            yield FaultyEntry(next(filter(None, (*links, title)), "an entry without link and title")[:200])
            continue
        updated = _text(entry, "updated")
        published = _text(entry, "published") or (updated if dated_by_dublin_core else None)
        source = dict.get(entry, "source")
        yield ListedPage(
            address,
            title,
            plain_title(_text(source, "title")) if isinstance(source, Mapping) else None,
            calendar_day(published, latest),
            calendar_day(updated, latest),
            language.lower() if language else None,
        )


def _raise_unless_feed(content: bytes, feed: Any) -> None:
    """Tell a feed that lists nothing today from something that is no feed."""
    if not content.strip():
        raise BrokenListing("it is empty")
    start = content[:2_000].lower()
    if b"<html" in start or b"<!doctype html" in start:
        raise BrokenListing("it is a web page, not a feed")
    if b"<urlset" in start or b"<sitemapindex" in start:
        raise BrokenListing('it is a sitemap, not a feed; set kind = "sitemap"')
    if not feed.version:
        raise BrokenListing("it is not a feed")
    if isinstance(feed.get("bozo_exception"), SAXException) and not feed.feed:
        raise BrokenListing("it is a damaged feed of which nothing can be read")


def _text(values: Mapping[str, object], key: str) -> str | None:
    # Asked in the usual way, feedparser answers for 'updated' with 'published' where there is none.
    value = dict.get(cast(dict[str, object], values), key)
    return value if isinstance(value, str) and value.strip() else None


def _links(entry: Mapping[str, object]) -> list[str]:
    """Where the page of an entry may be, the best first."""
    identifier = _text(entry, "id")
    # An id may be any text; only a whole address is one. feedparser takes an RSS guid for a link where there is none.
    whole = identifier if identifier and "://" in identifier else None
    link = whole if dict.get(cast(dict[str, object], entry), "guidislink") else _text(entry, "link")
    return [found for found in (_text(entry, "feedburner_origlink"), link, *_alternates(entry), whole) if found]


def _alternates(entry: Mapping[str, object]) -> list[str]:
    links = dict.get(cast(dict[str, object], entry), "links")
    found = [link for link in links if isinstance(link, Mapping)] if isinstance(links, list) else []
    return [
        href
        for link in found
        if link.get("rel", "alternate") == "alternate" and isinstance(href := link.get("href"), str)
    ]


def _json_feed(content: bytes, url: str, latest: date) -> Iterator[ListedPage | FaultyEntry]:
    """JSON Feed 1 and 1.1 (https://jsonfeed.org/version/1.1)."""
    try:
        feed = json.loads(content.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise BrokenListing("it is damaged JSON") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise BrokenListing("it is JSON, but no JSON Feed (it has no list of items)")
    language = _text(feed, "language")
    for item in items:
        if not isinstance(item, dict):
            yield FaultyEntry("an item that is no object")
            continue
        title = plain_title(_text(item, "title"))
        identifier = _text(item, "id") or ""
        links = [_text(item, "url"), _text(item, "external_url"), identifier if "://" in identifier else None]
        address = next((found for link in links if link and (found := page_url(link, url))), None)
        if address is None:
            yield FaultyEntry(next(filter(None, (*links, title)), "an item without url and title")[:200])
            continue
        own_language = _text(item, "language") or language
        yield ListedPage(
            address,
            title,
            None,
            calendar_day(_text(item, "date_published"), latest),
            calendar_day(_text(item, "date_modified"), latest),
            own_language.lower() if own_language else None,
        )
