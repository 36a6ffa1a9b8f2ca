"""When a page was published: how it states it, how exactly, and where.

Nothing here knows today's date, and nothing is taken that any page shows on any day: clocks, footers, copyright lines,
and dates in the article's own sentences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING

from transforms.documents import Hints

if TYPE_CHECKING:
    from lxml.html import HtmlElement

FIRST_YEAR, LAST_YEAR = 1950, 2099
"""A date outside of these is a mistake of the page: 1900, 1970 of a clock at zero is caught by `EPOCH`."""

EPOCH = frozenset({date(1970, 1, 1), date(1969, 12, 31)})
"""What a page shows whose date is missing in its system."""

RECORD, FEED, SITEMAP, ARCHIVE, PAGE, URL, TEXT, OPTION = (
    "record", "feed", "sitemap", "archive", "page", "url", "text", "option",
)  # fmt: skip

META_NAMES = (
    "article:published_time", "article:published", "og:article:published_time", "og:published_time", "datepublished",
    "parsely-pub-date", "sailthru.date", "publish-date", "publishdate", "publish_date", "pubdate", "publication_date",
    "published_time", "published-date", "date_published", "originalpublicationdate", "dcterms.created",
    "dc.date.issued", "dcterms.issued", "dcterms.date", "dc.date", "dc.date.created", "cxenseparse:recs:publishtime",
    "citation_publication_date", "citation_date", "article.published", "article_date_original",
    "rnews:datepublished", "bt:pubdate", "ptime", "date", "date_created", "article.created", "created", "release_date",
)  # fmt: skip
"""Names of `meta` elements that state publication, the most explicit first."""

ARTICLE_TYPES = re.compile(r"(?:Article|Posting|Report|Review|Blog|Story)$")
PAGE_TYPES = re.compile(r"(?:WebPage|Page|CreativeWork|VideoObject)$")

DATE_CUES = re.compile(
    r"date|datum|fecha|publi|posted|byline|timestamp|time|dateline|entry-meta|post-meta", re.IGNORECASE
)
NOT_PUBLICATION = re.compile(
    r"clock|today|current|weather|calendar|event|comment|related|recommend|teaser|footer|copyright|modif|updat|expir|"
    r"countdown|archive|sidebar|most-|popular|trending|latest|ticker",
    re.IGNORECASE,
)
OUTSIDE = frozenset({"footer", "nav", "aside", "form", "select", "button", "blockquote", "figure", "figcaption"})

MAX_BYLINE_CHARS = 160
MAX_CANDIDATES = 200
"""Elements that are looked at for a byline; the one of the article comes early."""

# fmt: off
_MONTHS = {
    name: number
    for number, names in enumerate((
        "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
        "september sep sept", "october oct", "november nov", "december dec",
    ), 1)
    for name in names.split()
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Stated:
    """A date of publication: its first day where only month or year is known."""

    day: date
    precision: str
    """`day`, `month` or `year`."""
    where: str

    def covers(self, other: Stated) -> bool:
        """Whether the other date may be the same, more exactly told."""
        return self.day.year == other.day.year and (self.precision == "year" or self.day.month == other.day.month)


def published(
    hints: Hints,
    found: Iterable[Stated],
    stated: Stated | None = None,
) -> Stated | None:
    """The date by order of trust: a record's own field (`stated`), feed or sitemap, page, URL, byline, option.

    `found` are those of the page, most trusted first. A date that is exact only to the month or year is refined by a
    less trusted one that lies in it. Where a feed and the page's metadata contradict each other by more than a day, the
    earlier counts: an update or a second listing makes dates later, never earlier.
    """
    order = [stated] if stated else []
    hint = Stated(hints.published_on, "day", hints.published_from or OPTION) if hints.published_on else None
    found = list(found)
    if hint is not None and hint.where != OPTION:
        in_metadata = next((one for one in found if one.where == PAGE and one.precision == "day"), None)
        if in_metadata is not None and (hint.day - in_metadata.day).days > 1:
            order.append(in_metadata)
        order.append(hint)
    order += found
    if hint is not None and hint.where == OPTION:
        order.append(hint)
    if not order:
        return None
    best = order[0]
    for other in order[1:]:
        if best.precision != "day" and other.where != OPTION and _finer(other, best) and best.covers(other):
            best = other
    return best


def _finer(one: Stated, other: Stated) -> bool:
    exactness = ("year", "month", "day")
    return exactness.index(one.precision) > exactness.index(other.precision)


def dates_of_page(tree: HtmlElement, url: str | None) -> list[Stated]:
    """The dates of publication that a page states, most trusted first, one for each kind of place."""
    found = [
        next((s for value in values if (s := read_date(value, where))), None)
        for where, values in ((PAGE, _structured(tree)), (PAGE, _metas(tree)))
    ]
    # What is found in the markup of the text costs more to look for.
    exact = any(one is not None and one.precision == "day" for one in found)
    found.append(date_of_url(url) if url else None)
    if not exact:
        found.append(next((s for value in _bylines(tree) if (s := read_date(value, TEXT, loose=True))), None))
    return [one for one in found if one is not None]


def read_date(value: str, where: str, *, loose: bool = False) -> Stated | None:
    """The calendar day that a metadata value names, in its own time zone; with `loose`, a date amid other words.

    Read are ISO 8601 (also `2024-06` and `2024`), RFC 2822, `20240627`, and days with the name of their month. Days
    and months in figures (`05/04/2024`) are not: which is which depends on the country.
    """
    value = " ".join(value[:MAX_BYLINE_CHARS].split())
    if match := re.match(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)", value):
        return _stated(match[1], match[2], match[3], where)
    if match := re.match(r"(\d{4})/(\d{1,2})/(\d{1,2})(?!\d)", value):
        return _stated(match[1], match[2], match[3], where)
    if match := re.match(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:$|T|\s|\d{4,6}$)", value):
        return _stated(match[1], match[2], match[3], where)
    if match := re.fullmatch(r"(\d{4})-(\d{2})", value):
        return _stated(match[1], match[2], None, where)
    if re.fullmatch(r"(?:19|20)\d\d", value) and not loose:
        return _stated(value, None, None, where)
    if re.match(r"[A-Z][a-z]{2},? \d{1,2} [A-Z][a-z]{2}", value):
        try:
            day = parsedate_to_datetime(value).date()
            return _stated(day.year, day.month, day.day, where)
        except (ValueError, TypeError, OverflowError):
            pass
    if match := re.match(r"(\d{1,2})\.\s?(\d{1,2})\.(\d{4})(?!\d)", value):
        # With dots, the day comes first wherever they are used.
        return _stated(match[3], match[2], match[1], where)
    return _in_words(value, where)


def _in_words(value: str, where: str) -> Stated | None:
    """A date with the name of its month; in other languages than English by the library's tables."""
    from htmldate.extractors import regex_parse

    if not re.search(r"(?:19|20)\d\d", value):
        return None
    try:
        found: datetime | None = regex_parse(value)
    except (ValueError, OverflowError):
        found = None
    if found is not None:
        return _stated(found.year, found.month, found.day, where)
    if (match := re.search(r"\b([A-Za-z]{3,9})\.? ((?:19|20)\d\d)\b", value)) and match[1].lower() in _MONTHS:
        return _stated(match[2], _MONTHS[match[1].lower()], None, where)
    if match := re.search(r"((?:19|20)\d\d)\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]", value):
        return _stated(match[1], match[2], match[3], where)
    return None


def _stated(year: str | int, month: str | int | None, day: str | int | None, where: str) -> Stated | None:
    try:
        found = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    if not FIRST_YEAR <= found.year <= LAST_YEAR or found in EPOCH:
        return None
    return Stated(found, "day" if day else "month" if month else "year", where)


def date_of_url(url: str) -> Stated | None:
    """The date in the path of an address: `/2024/06/27/`, `/20240627/`, `/2024/jun/27/`; `/2024/06/` for a month."""
    path = re.sub(r"^[a-z]+://[^/]*|[?#].*$", "", url, flags=re.IGNORECASE)
    year, month, day = r"(?<!\d)((?:19|20)\d\d)", r"(0?[1-9]|1[0-2])", r"(0?[1-9]|[12]\d|3[01])(?!\d)"
    for pattern in (rf"{year}([/_-]){month}\2{day}", rf"{year}()(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)"):
        if match := re.search(pattern, path):
            return _stated(match[1], match[3], match[4], URL)
    if match := re.search(rf"/((?:19|20)\d\d)/([a-z]{{3,9}})/{day}", path, re.IGNORECASE):
        number = _MONTHS.get(match[2].lower())
        return _stated(match[1], number, match[3], URL) if number else None
    if match := re.search(rf"/((?:19|20)\d\d)[/-]{month}(?=/)", path):
        return _stated(match[1], match[2], None, URL)
    return None


def _structured(tree: HtmlElement) -> list[str]:
    """`datePublished` of the page's JSON-LD, articles before other things; of the article before what it lists."""
    articles: list[str] = []
    others: list[str] = []
    broken: list[str] = []
    for script in tree.iterfind('.//script[@type="application/ld+json"]'):
        text = script.text or ""
        if "datePublished" not in text and "dateCreated" not in text:
            continue
        try:
            data = json.loads(text.strip().rstrip(";"), strict=False)
        except (ValueError, RecursionError):
            broken += re.findall(r'"datePublished"\s*:\s*"([^"]{4,40})"', text)[:1]
            continue
        for kind, value in _dated_things(data):
            if ARTICLE_TYPES.search(kind):
                articles.append(value)
            elif PAGE_TYPES.search(kind) or not kind:
                others.append(value)
    return [*articles, *broken, *others]


def _dated_things(data: object, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Type and date of the things that a JSON-LD document is about: its top level, its graph, a page's main entity."""
    if depth > 4:
        return
    if isinstance(data, list):
        for item in data[:50]:
            yield from _dated_things(item, depth + 1)
    elif isinstance(data, dict):
        kinds = data.get("@type", "")
        kind = str(kinds[0] if isinstance(kinds, list) and kinds else kinds)
        value = data.get("datePublished") or data.get("dateCreated")
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str):
            yield kind, value
        for name in ("@graph", "mainEntity"):
            if name in data:
                yield from _dated_things(data[name], depth + 1)


def _metas(tree: HtmlElement) -> list[str]:
    """Contents of `meta` elements that state publication, in the order of META_NAMES, and of `itemprop`."""
    values: dict[str, str] = {}
    for element in tree.iter("meta"):
        content = element.get("content") or element.get("datetime")
        name = element.get("property") or element.get("name") or element.get("itemprop")
        if content and name:
            values.setdefault(name.lower(), content)
    found = [values[name] for name in META_NAMES if name in values]
    for element in tree.xpath('.//*[@itemprop="datePublished"]')[:1]:
        if value := element.get("datetime") or element.get("content"):
            found.append(value)
    return found


def _bylines(tree: HtmlElement) -> Iterator[str]:
    """What may be the date of a byline: `time` elements and short texts that are marked as a date, in their order."""
    marked: list[str] = []
    looked_at = 0
    for element in tree.iter("time", "span", "div", "p", "li", "small", "b", "em", "strong", "td", "h2", "h3"):
        names = f"{element.get('class') or ''} {element.get('id') or ''} {element.get('itemprop') or ''}"
        if element.tag != "time" and not DATE_CUES.search(names):
            continue
        looked_at += 1
        if looked_at > MAX_CANDIDATES:
            break
        if _is_outside(element):
            continue
        if element.tag == "time" and (value := element.get("datetime")):
            yield value
        # A word or two more than allowed are enough to tell that it is too long.
        text = " ".join(" ".join(islice(element.itertext(), MAX_BYLINE_CHARS)).split())
        if 6 <= len(text) <= MAX_BYLINE_CHARS:
            marked.append(text)
    yield from marked


def _is_outside(element: HtmlElement) -> bool:
    """Whether an element stands in a footer, a menu, a clock or a box of other stories."""
    place: HtmlElement | None = element
    while place is not None:
        names = f"{place.get('class') or ''} {place.get('id') or ''}"
        if place.tag in OUTSIDE or (place.tag not in ("body", "html") and NOT_PUBLICATION.search(names)):
            return True
        place = place.getparent()
    return False
