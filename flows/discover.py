"""From the watch list to units: feeds and sitemaps are fetched and read, files are looked up.

What a source's own limits and patterns leave out is counted by reason; what is faulty becomes a reject.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from flows.compression import BadCompression, TooLarge, gunzip
from flows.inputs import InputUnit, Received, expand, listed_pages
from flows.settings import Settings
from flows.sources import LISTINGS, Source
from transforms.documents import Hints
from transforms.feeds import read_feed
from transforms.listings import BrokenListing, FaultyEntry, ListedPage, page_url
from transforms.rows import Reject
from transforms.sitemaps import ChildSitemap, read_sitemap

if TYPE_CHECKING:
    from flows.fetch import FetchFailure

MAX_FEED_BYTES = 10_000_000
MAX_SITEMAP_BYTES = 52_428_800
"""The protocol's own limit (https://www.sitemaps.org/protocol.html): 50 MB uncompressed."""
MAX_SITEMAPS = 50
"""Sitemaps that one source may read in a run."""
MAX_DEPTH = 3
"""Steps from a sitemap index to a sitemap of pages; the protocol knows one."""

MAX_FAULTS_TOLD = 100
"""Faulty entries of one source that become rejects; more of them are one fault, and are counted."""

DAYS_AHEAD = 1
"""A day that has begun somewhere: the farthest offset is 14 hours before UTC."""

_YEAR_AND_MONTH = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:[-_/.]?(0[1-9]|1[0-2]))?")

Fetch = Callable[[Sequence[InputUnit], Settings], Iterable[tuple[InputUnit, "Received | FetchFailure"]]]
"""Fetches pages within their units' limits; one outcome for each, in any order."""


@dataclass(frozen=True, slots=True)
class SourceOutcome:
    """What a source gave in one run."""

    name: str
    kind: str
    address: str
    listings: int
    """Feeds and sitemaps that were read."""
    entries: int
    """Pages or files that the source named, before anything was left out."""
    taken: int
    """Units that it adds to the run."""
    excluded: dict[str, int]
    """Entries left out, by reason: see docs/sources.md."""
    examples: dict[str, str]
    """One of the entries left out for each reason."""
    newest: date | None
    """The latest day of publication, or where none is stated of change, among the entries."""
    problems: tuple[str, ...]
    """What went wrong, each in one line."""
    failed: bool
    """Whether nothing of the source could be read."""


@dataclass(slots=True)
class _Taking:
    """A source while it is read."""

    source: Source
    pages: dict[str, ListedPage] = field(default_factory=dict)
    """By address, those that are kept so far."""
    places: dict[str, int] = field(default_factory=dict)
    """By address, where in its listing a kept page stands."""
    units: list[InputUnit] = field(default_factory=list)
    listings: int = 0
    entries: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    newest: date | None = None
    rejects: list[Reject] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    """Sitemaps that were asked for."""

    def leave_out(self, reason: str, what: str) -> None:
        self.excluded[reason] += 1
        self.examples.setdefault(reason, what)


def discover(
    sources: Sequence[Source],
    fetch: Fetch,
    settings: Settings,
    *,
    today: date | None = None,
    is_known: Callable[[str], bool] | None = None,
) -> tuple[list[InputUnit], list[Reject], list[SourceOutcome]]:
    """The units of all sources that are enabled, each address or file once; what is faulty; and how each source did.

    Of a page that several sources list, the first source's hints count, completed by those of the others. Pages of
    which `is_known` is true are left out and do not count toward a source's `max_pages`. `today` is the day in UTC that
    ages are counted from. Never raises for a source's fault.
    """
    today = today or datetime.now(UTC).date()
    takings = [_Taking(source) for source in sources if source.enabled]
    listings = [taking for taking in takings if taking.source.kind in LISTINGS]
    _read_listings(listings, lambda units: fetch(units, settings), today, is_known)
    for taking in takings:
        if taking.source.kind in LISTINGS:
            _page_units(taking)
        elif taking.source.kind == "urls":
            _list_units(taking, is_known)
        else:
            _file_units(taking)
    units = _united(takings)
    rejects = sorted(
        {reject for taking in takings for reject in taking.rejects},
        key=lambda reject: (reject.source_uri, reject.step, reject.reason, reject.detail),
    )
    return units, rejects, [_outcome(taking) for taking in takings]


def fetch_units(units: Sequence[InputUnit], settings: Settings) -> Iterator[tuple[InputUnit, Received | FetchFailure]]:
    """Fetch pages within the limits of their units; the one place that knows how the fetcher is asked."""
    from flows.fetch import NotModified, PageRequest, fetch_all

    by_url = {unit.source_uri: unit for unit in units}
    requests = [PageRequest(unit.source_uri, spacing=unit.spacing, max_bytes=unit.max_bytes) for unit in units]
    for request, outcome in fetch_all(requests, settings):
        # Without validators no server says that nothing has changed.
        assert not isinstance(outcome, NotModified)
        yield by_url[request.url], outcome


# --------------------------------------------------------------------------------------------- feeds and sitemaps


def _read_listings(
    takings: Sequence[_Taking],
    fetch: Callable[[Sequence[InputUnit]], Iterable[tuple[InputUnit, Received | FetchFailure]]],
    today: date,
    is_known: Callable[[str], bool] | None,
) -> None:
    """Read feeds and sitemaps of all sources, then the sitemaps that these name, and so on."""
    waiting = [(taking, str(taking.source.url)) for taking in takings]
    for depth in range(MAX_DEPTH + 1):
        wanted: dict[str, list[_Taking]] = {}
        requests: dict[str, InputUnit] = {}
        for taking, url in waiting:
            taking.asked.add(url)
            # Two sources may read one feed, each with other patterns; it is fetched once.
            wanted.setdefault(url, []).append(taking)
            unit = _listing_unit(taking.source, url)
            requests[url] = _gentler(requests[url], unit) if url in requests else unit
        waiting = []
        for request, received in fetch(list(requests.values())):
            for taking in wanted[request.source_uri]:
                children = _read_listing(taking, request.source_uri, received, today, is_known)
                waiting += [(taking, child.url) for child in _chosen(taking, children, today, depth)]
        if not waiting:
            return


def _listing_unit(source: Source, url: str) -> InputUnit:
    return InputUnit("url", url, spacing=source.spacing, max_bytes=_limit(source))


def _limit(source: Source) -> int:
    return MAX_FEED_BYTES if source.kind == "feed" else MAX_SITEMAP_BYTES


def _read_listing(
    taking: _Taking, url: str, received: Received | FetchFailure, today: date, is_known: Callable[[str], bool] | None
) -> list[ChildSitemap]:
    """Take what a feed or sitemap lists; returns the sitemaps that it names."""
    if not isinstance(received, Received):
        taking.rejects.append(received.reject)
        return []
    latest = today + timedelta(days=DAYS_AHEAD)
    source = taking.source
    address = received.url or url
    children: list[ChildSitemap] = []
    before = taking.entries
    try:
        content = _unpacked(received.content, _limit(source))
        listed = (
            read_feed(content, address, latest=latest, media_type=received.media_type)
            if source.kind == "feed"
            else read_sitemap(content, address, latest=latest)
        )
        taking.listings += 1
        for place, entry in enumerate(listed):
            if isinstance(entry, ChildSitemap):
                children.append(entry)
            else:
                _take(taking, url, place, entry, today, is_known)
    except BrokenListing as error:
        # A listing of which something could be had is read; a page of nothing is not.
        taking.listings -= taking.entries == before
        detail = f"The {source.kind} cannot be read: {error}; open its address in a browser and correct the source."
        taking.rejects.append(Reject(url, "parse", "broken_listing", detail))
    except TooLarge:
        detail = f"The {source.kind} is larger than {_limit(source):,} bytes when unpacked; name a smaller one."
        taking.rejects.append(Reject(url, "fetch", "too_large", detail))
    except BadCompression:
        detail = f"The gzip data of the {source.kind} is damaged or cut off; try again later."
        taking.rejects.append(Reject(url, "fetch", "bad_compression", detail))
    return children


def _unpacked(content: bytes, limit: int) -> bytes:
    """The content, decompressed where it is a gzip file: a `sitemap.xml.gz` is no matter of the transfer."""
    return gunzip(content, limit) if content.startswith(b"\x1f\x8b") else content


def _take(
    taking: _Taking,
    listing: str,
    place: int,
    entry: ListedPage | FaultyEntry,
    today: date,
    is_known: Callable[[str], bool] | None,
) -> None:
    """Keep an entry, or say why not; no more than the newest `max_pages` are kept at any time."""
    taking.entries += 1
    if isinstance(entry, FaultyEntry):
        taking.leave_out("bad_url", entry.label)
        if taking.excluded["bad_url"] <= MAX_FAULTS_TOLD:
            label = entry.label[:200]
            detail = f"The entry {label!r} gives no http or https address of a page; nothing was fetched for it."
            taking.rejects.append(Reject(listing, "parse", "bad_url", detail))
        return
    day = entry.published_on or entry.modified_on
    if day is not None:
        taking.newest = max(day, taking.newest or day)
    if reason := _why_not(taking, entry, day, today, is_known):
        taking.leave_out(reason, entry.url)
        return
    taking.places[entry.url] = place
    taking.pages[entry.url] = entry
    if len(taking.pages) >= 2 * taking.source.max_pages:
        _trim(taking)


def _why_not(
    taking: _Taking, entry: ListedPage, day: date | None, today: date, is_known: Callable[[str], bool] | None
) -> str | None:
    source = taking.source
    if entry.url in taking.pages:
        return "duplicate"
    if source.include and not any(pattern.search(entry.url) for pattern in source.include):
        return "not_included"
    if any(pattern.search(entry.url) for pattern in source.exclude):
        return "excluded"
    if source.max_age_days is not None and day is not None and (today - day).days > source.max_age_days:
        return "too_old"
    if source.language and entry.language and entry.language.replace("_", "-").split("-")[0] != source.language:
        return "other_language"
    if is_known is not None and is_known(entry.url):
        return "known"
    return None


def _trim(taking: _Taking) -> None:
    """Leave the newest `max_pages` entries; those without a day come last, in the order of the listing."""

    def rank(url: str) -> tuple[int, int, str]:
        page = taking.pages[url]
        day = page.published_on or page.modified_on
        return -day.toordinal() if day else 0, taking.places[url], url

    if len(taking.pages) > taking.source.max_pages:
        kept = set(heapq.nsmallest(taking.source.max_pages, taking.pages, key=rank))
        for url in [url for url in taking.pages if url not in kept]:
            taking.leave_out("max_pages", url)
            del taking.pages[url], taking.places[url]


def _chosen(taking: _Taking, children: Sequence[ChildSitemap], today: date, depth: int) -> list[ChildSitemap]:
    """The sitemaps of an index that are worth reading: those that may have changed lately, the newest first."""
    source = taking.source
    chosen: dict[str, ChildSitemap] = {}
    for child in children:
        age = (today - child.modified_on).days if child.modified_on else 0
        if child.url in taking.asked:
            continue
        if source.max_age_days is not None and age > source.max_age_days:
            taking.leave_out("sitemap_too_old", child.url)
        else:
            chosen[child.url] = child
    ranked = sorted(chosen.values(), key=_newest_sitemap_first)
    room = max(0, MAX_SITEMAPS - len(taking.asked)) if depth < MAX_DEPTH else 0
    for child in ranked[room:]:
        taking.leave_out("sitemap_limit", child.url)
    taking.asked |= {child.url for child in ranked[:room]}
    return ranked[:room]


def _newest_sitemap_first(child: ChildSitemap) -> tuple[int, int]:
    """By the day of the last change; where none is told, by the year and month that the address names, if any."""
    if child.modified_on:
        return -(child.modified_on.year * 12 + child.modified_on.month), -child.modified_on.day
    if found := _YEAR_AND_MONTH.search(child.url):
        return -(int(found[1]) * 12 + int(found[2] or 12)), 0
    return 0, 0


def _page_units(taking: _Taking) -> None:
    _trim(taking)
    source = taking.source
    for url, page in taking.pages.items():
        hints = replace(
            source.hints,
            title=page.title,
            outlet=source.outlet or page.outlet,
            published_on=page.published_on,
            published_from=source.kind if page.published_on else None,
        )
        taking.units.append(InputUnit("url", url, None, hints, source.spacing, source.max_bytes))


# ------------------------------------------------------------------------------------------- addresses and files


def _list_units(taking: _Taking, is_known: Callable[[str], bool] | None) -> None:
    """The pages that a list names, in the source or in a file."""
    source = taking.source
    listed, rejects = expand(source.urls) if source.path is None else listed_pages(source.path)
    taking.rejects += rejects
    for place, unit in enumerate(listed):
        address = page_url(unit.source_uri, "") or unit.source_uri
        _take(taking, source.name, place, ListedPage(address), date.min, is_known)
    _page_units(taking)


def _file_units(taking: _Taking) -> None:
    """The files of a source; a source of WARC or JSON-lines files takes no others."""
    source = taking.source
    units, rejects = expand([str(source.path)])
    taking.rejects += rejects
    for unit in units:
        taking.entries += 1
        if not _is_of_kind(unit, source.kind):
            taking.leave_out("other_kind", unit.source_uri)
            continue
        taking.units.append(replace(unit, hints=source.hints, spacing=source.spacing, max_bytes=source.max_bytes))


def _is_of_kind(unit: InputUnit, kind: str) -> bool:
    if kind == "warc":
        return unit.kind == "warc"
    name = unit.source_uri.lower().removesuffix(".gz")
    return kind == "folder" or name.endswith((".jsonl", ".ndjson", ".json"))


# ------------------------------------------------------------------------------------------------------- together


def _united(takings: Sequence[_Taking]) -> list[InputUnit]:
    """Each unit once, sorted; a later sighting completes the first one and is its own source's duplicate."""
    units: dict[tuple[str, str], InputUnit] = {}
    for taking in takings:
        own: list[InputUnit] = []
        for unit in taking.units:
            key = (unit.kind, unit.path or unit.source_uri)
            if key in units:
                taking.leave_out("duplicate", unit.source_uri)
                units[key] = replace(_gentler(units[key], unit), hints=_completed(units[key].hints, unit.hints))
            else:
                own.append(unit)
                units[key] = unit
        taking.units = own
    return sorted(units.values(), key=lambda unit: (unit.kind, unit.source_uri))


def _gentler(first: InputUnit, other: InputUnit) -> InputUnit:
    """The first unit, asked for as slowly as either source wants, and as large as either allows."""
    spacings = [unit.spacing for unit in (first, other) if unit.spacing is not None]
    limits = [unit.max_bytes for unit in (first, other)]
    largest = None if None in limits else max(limit for limit in limits if limit is not None)
    return replace(first, spacing=max(spacings, default=None), max_bytes=largest)


def _completed(first: Hints, other: Hints) -> Hints:
    tags = {tag for hints in (first, other) if hints.tags for tag in hints.tags.split(";")}
    dated = first if first.published_on else other
    return Hints(
        source=first.source,
        tags=";".join(sorted(tags)) or None,
        title=first.title or other.title,
        outlet=first.outlet or other.outlet,
        published_on=dated.published_on,
        published_from=dated.published_from,
    )


def _outcome(taking: _Taking) -> SourceOutcome:
    source = taking.source
    problems = tuple(
        dict.fromkeys(
            f"{reject.source_uri}: {reject.detail}" for reject in taking.rejects if reject.reason != "bad_url"
        )
    )
    nothing_read = taking.listings == 0 if source.kind in LISTINGS else taking.entries == 0
    return SourceOutcome(
        name=source.name,
        kind=source.kind,
        address=source.address,
        listings=taking.listings,
        entries=taking.entries,
        taken=len(taking.units),
        excluded=dict(sorted(taking.excluded.items())),
        examples=dict(sorted(taking.examples.items())),
        newest=taking.newest,
        problems=problems,
        failed=nothing_read,
    )
