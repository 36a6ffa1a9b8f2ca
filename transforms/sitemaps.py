"""The pages that a sitemap lists (sitemaps.org 0.9, Google's news extension), and the sitemaps that an index lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from transforms.listings import BrokenListing, FaultyEntry, ListedPage, calendar_day, page_url, plain_title

PIECE = 65_536
"""Bytes that the XML parser is given at a time."""

_FIELDS = {
    ("url", "loc"): "loc",
    ("url", "lastmod"): "lastmod",
    ("sitemap", "loc"): "loc",
    ("sitemap", "lastmod"): "lastmod",
    ("news", "publication_date"): "published",
    ("news", "title"): "title",
    ("publication", "name"): "outlet",
    ("publication", "language"): "language",
}
"""Elements that are read, by their parent and their own name: an image of a page has a `loc` too."""

_OTHER_ROOTS = {
    "rss": 'it is a feed, not a sitemap; set kind = "feed"',
    "feed": 'it is a feed, not a sitemap; set kind = "feed"',
    "RDF": 'it is a feed, not a sitemap; set kind = "feed"',
    "html": "it is a web page, not a sitemap",
}


@dataclass(frozen=True, slots=True)
class ChildSitemap:
    """A sitemap that an index names."""

    url: str
    modified_on: date | None


def read_sitemap(content: bytes, url: str, *, latest: date) -> Iterator[ListedPage | ChildSitemap | FaultyEntry]:
    """The entries of a sitemap or of an index of sitemaps, one by one, so that 50,000 never stand in memory together.

    XML is read leniently, without entities and the network; a text file of one address per line is a sitemap too.
    `published_on` is the news extension's date only: `lastmod` says when a page was changed. Addresses are resolved
    against `url`, dates after `latest` distrusted. Raises BrokenListing where the content is no sitemap, after the
    entries that could be had.
    """
    start = content[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise BrokenListing("it is empty")
    if start[:8].lower().startswith((b"http://", b"https://")):
        yield from _text_sitemap(content, url)
    else:
        yield from _xml_sitemap(content, url, latest)


def _text_sitemap(content: bytes, url: str) -> Iterator[ListedPage | FaultyEntry]:
    for line in content.splitlines():
        if text := line.decode("utf-8-sig", "replace").strip():
            address = page_url(text, url) if text.lower().startswith("http") else None
            yield ListedPage(address) if address else FaultyEntry(text[:200])


def _xml_sitemap(content: bytes, url: str, latest: date) -> Iterator[ListedPage | ChildSitemap | FaultyEntry]:
    from lxml import etree

    parser = etree.XMLPullParser(
        events=("start", "end"), recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    root: str | None = None
    values: dict[str, str] = {}
    for event, element in _events(parser, content):
        name = _local_name(element)
        if root is None:
            root = name
            if name not in ("urlset", "sitemapindex"):
                raise BrokenListing(_OTHER_ROOTS.get(name, f"it is not a sitemap (its root is <{name[:40]}>)"))
        if event == "start":
            if name in ("url", "sitemap"):
                values = {}
            continue
        parent = element.getparent()
        if parent is not None and (field := _FIELDS.get((_local_name(parent), name))):
            values.setdefault(field, (element.text or "").strip())
        if name in ("url", "sitemap") and parent is not None and _local_name(parent) in ("urlset", "sitemapindex"):
            # Some write the address straight into the element.
            values.setdefault("loc", (element.text or "").strip())
            yield _entry(name, values, url, latest)
        # What is done is forgotten at once, and so are the siblings before it.
        element.clear(keep_tail=False)
        while parent is not None and element.getprevious() is not None:
            del parent[0]
    if root is None and b"<html" in content[:2_000].lower():
        raise BrokenListing(_OTHER_ROOTS["html"])
    if root is None:
        raise BrokenListing("it is not a sitemap (no XML, and no list of addresses)")


def _events(parser: Any, content: bytes) -> Iterator[tuple[str, Any]]:
    """The elements as they begin and end; what is damaged beyond the parser's leniency ends them."""
    from lxml import etree

    # A declaration that does not stand at the very start is the most common fault of hand-made sitemaps.
    begin = len(content) - len(content.lstrip())
    try:
        for position in range(begin, len(content), PIECE):
            parser.feed(content[position : position + PIECE])
            yield from _elements(parser)
        parser.close()
    except (etree.XMLSyntaxError, etree.ParserError, ValueError, AssertionError):
        pass  # what came before it counts; of a sitemap without any element the caller tells
    yield from _elements(parser)


def _elements(parser: Any) -> Iterator[tuple[str, Any]]:
    for event, element in parser.read_events():
        if isinstance(element.tag, str):
            yield event, element


def _local_name(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _entry(name: str, values: dict[str, str], url: str, latest: date) -> ListedPage | ChildSitemap | FaultyEntry:
    address = page_url(values.get("loc", ""), url)
    modified_on = calendar_day(values.get("lastmod"), latest)
    if address is None:
        return FaultyEntry((values.get("loc") or values.get("title") or "an entry without loc")[:200])
    if name == "sitemap":
        return ChildSitemap(address, modified_on)
    return ListedPage(
        address,
        plain_title(values.get("title")),
        plain_title(values.get("outlet")),
        calendar_day(values.get("published"), latest),
        modified_on,
        values.get("language", "").lower() or None,
    )
