"""From the watch list to units: limits, patterns, days, and what each source is said to have given."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows import discover as discover_module
from flows.discover import SourceOutcome, discover
from flows.fetch import FetchFailure
from flows.inputs import InputUnit, Received
from flows.settings import Settings
from flows.sources import load_sources
from transforms.documents import Hints
from transforms.rows import Reject

TODAY = date(2025, 7, 1)
Web = dict[str, bytes | str]


class Fetcher:
    """Answers from a table, in the reverse order, and keeps what it was asked."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.asked: list[list[InputUnit]] = []

    def __call__(
        self, units: Sequence[InputUnit], settings: Settings
    ) -> Iterator[tuple[InputUnit, Received | FetchFailure]]:
        self.asked.append(list(units))
        for unit in reversed(units):
            body = self.web.get(unit.source_uri)
            if body is None:
                reject = Reject(unit.source_uri, "fetch", "http_status", "The server answered 404; check the URL.")
                yield unit, FetchFailure(reject, is_transient=False)
            else:
                content = body.encode() if isinstance(body, str) else body
                yield unit, Received(unit.source_uri, content, content, "text/xml", unit.source_uri)

    @property
    def urls(self) -> list[str]:
        return [unit.source_uri for units in self.asked for unit in units]


class Found:
    """What discovery gave for a watch list and a web."""

    def __init__(self, folder: Path, text: str, web: Web | None = None, **options: object) -> None:
        path = folder / "sources.toml"
        path.write_text(text, encoding="utf-8")
        self.fetch = Fetcher({} if web is None else web)
        sources = load_sources(path)
        options = {"today": TODAY, **options}
        self.units, self.rejects, self.outcomes = discover(sources, self.fetch, Settings(), **options)  # type: ignore[arg-type]

    @property
    def urls(self) -> list[str]:
        return [unit.source_uri for unit in self.units]

    @property
    def outcome(self) -> SourceOutcome:
        [outcome] = self.outcomes
        return outcome


def source(name: str, kind: str, more: str = "", url: str | None = None) -> str:
    address = f'url = "{url or f"https://{name}.example/list"}"\n' if kind in ("feed", "sitemap") else ""
    return f'[[source]]\nname = "{name}"\nkind = "{kind}"\n{address}{more}\n'


def feed(*entries: tuple[str, date | None], language: str = "en") -> str:
    def item(link: str, day: date | None) -> str:
        published = f"<pubDate>{day:%d %b %Y} 10:00 GMT</pubDate>" if day else ""
        return f"<item><title>T {link}</title><link>{link}</link>{published}</item>"

    items = "".join(item(*entry) for entry in entries)
    return f"<rss version='2.0'><channel><title>n</title><language>{language}</language>{items}</channel></rss>"


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def sitemap(*entries: tuple[str, date | None], index: bool = False) -> str:
    root, item = ("sitemapindex", "sitemap") if index else ("urlset", "url")
    body = "".join(
        f"<{item}><loc>{loc}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</{item}>" for loc, day in entries
    )
    return f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</{root}>'


def test_the_entries_of_a_feed_become_units_with_hints(tmp_path: Path) -> None:
    more = 'outlet = "Invented News"\ntags = ["b", "a"]\nspacing = 3\nmax_bytes = 1000\n'
    web: Web = {"https://a.example/list": feed(("/1?utm_source=rss", days_ago(1)), ("/2", None))}
    found = Found(tmp_path, source("a", "feed", more), web)
    hints = Hints("a", "a;b", "T /1?utm_source=rss", "Invented News", days_ago(1), "feed")
    assert found.units == [
        InputUnit("url", "https://a.example/1", None, hints, 3.0, 1000),
        InputUnit(
            "url",
            "https://a.example/2",
            None,
            replace(hints, title="T /2", published_on=None, published_from=None),
            3.0,
            1000,
        ),
    ]
    assert found.rejects == []
    assert found.fetch.asked == [
        [InputUnit("url", "https://a.example/list", spacing=3.0, max_bytes=discover_module.MAX_FEED_BYTES)]
    ]
    assert (found.outcome.entries, found.outcome.taken, found.outcome.newest) == (2, 2, days_ago(1))
    assert not found.outcome.failed


def test_what_a_source_leaves_out_is_counted_by_reason(tmp_path: Path) -> None:
    more = "include = '/news/'\nexclude = ['/sport', '[.]pdf$']\nmax_age_days = 10\nlanguage = 'en'\nmax_pages = 2\n"
    entries = [
        ("/news/1", days_ago(3)), ("/news/2", days_ago(1)), ("/news/3", days_ago(2)), ("/news/1", days_ago(3)),
        ("/news/4", None), ("/about", days_ago(1)), ("/news/sport", days_ago(1)), ("/news/x.pdf", days_ago(1)),
        ("/news/old", days_ago(11)), ("mailto:x@a.example", days_ago(1)), ("/news/known", days_ago(0)),
    ]  # fmt: skip
    found = Found(
        tmp_path,
        source("a", "feed", more),
        {"https://a.example/list": feed(*entries, language="en-US")},
        is_known=lambda url: url.endswith("/known"),
    )
    assert found.urls == ["https://a.example/news/2", "https://a.example/news/3"]
    assert found.outcome.excluded == {
        "bad_url": 1, "duplicate": 1, "excluded": 2, "known": 1, "max_pages": 2, "not_included": 1, "too_old": 1,
    }  # fmt: skip
    assert set(found.outcome.examples) == set(found.outcome.excluded)
    assert found.outcome.entries == 11 == found.outcome.taken + sum(found.outcome.excluded.values())
    [reject] = found.rejects
    assert (reject.source_uri, reject.reason) == ("https://a.example/list", "bad_url")
    assert "mailto:x@a.example" in reject.detail
    assert found.outcome.problems == ()


def test_only_entries_that_say_so_are_of_another_language(tmp_path: Path) -> None:
    text = source("a", "feed", 'language = "en"') + source("b", "feed", 'language = "en"')
    web: Web = {"https://a.example/list": feed(("/1", None), language="de-AT")}
    web["https://b.example/list"] = feed(("/1", None)).replace("<language>en</language>", "")
    found = Found(tmp_path, text, web)
    assert found.urls == ["https://b.example/1"]
    assert found.outcomes[0].excluded == {"other_language": 1}


def test_days_in_the_future_are_no_dates_of_publication(tmp_path: Path) -> None:
    web: Web = {"https://a.example/list": feed(("/1", days_ago(-1)), ("/2", days_ago(-2)))}
    found = Found(tmp_path, source("a", "feed"), web)
    # A day that has begun in the east may be ahead of UTC by one.
    assert [unit.hints.published_on for unit in found.units] == [days_ago(-1), None]


def test_an_index_is_followed_to_the_sitemaps_that_changed_lately(tmp_path: Path) -> None:
    web: Web = {
        "https://a.example/list": sitemap(
            ("/old.xml", days_ago(90)),
            ("/new.xml.gz", days_ago(1)),
            ("/deep.xml", None),
            ("/gone.xml", None),
            index=True,
        ),
        "https://a.example/new.xml.gz": gzip.compress(sitemap(("/1", days_ago(2)), ("/0", days_ago(50))).encode()),
        "https://a.example/deep.xml": sitemap(("/deeper.xml", None), ("/list", None), index=True),
        "https://a.example/deeper.xml": sitemap(("/2", None)),
    }
    found = Found(tmp_path, source("a", "sitemap", "max_age_days = 30"), web)
    assert found.urls == ["https://a.example/1", "https://a.example/2"]
    assert found.units[0].hints.published_on is None  # lastmod is no date of publication
    assert found.fetch.urls == [
        "https://a.example/list",
        "https://a.example/new.xml.gz", "https://a.example/deep.xml", "https://a.example/gone.xml",
        "https://a.example/deeper.xml",
    ]  # fmt: skip
    assert (found.outcome.listings, found.outcome.excluded) == (4, {"sitemap_too_old": 1, "too_old": 1})
    assert found.outcome.problems == ("https://a.example/gone.xml: The server answered 404; check the URL.",)
    assert not found.outcome.failed
    assert [reject.reason for reject in found.rejects] == ["http_status"]


def test_indexes_without_end_come_to_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover_module, "MAX_SITEMAPS", 5)
    wide: Web = {"https://a.example/list": sitemap(*((f"/{n}.xml", days_ago(n)) for n in range(20)), index=True)}
    wide |= {f"https://a.example/{n}.xml": sitemap((f"/page/{n}", None)) for n in range(20)}
    found = Found(tmp_path, source("a", "sitemap"), wide)
    assert found.urls == [f"https://a.example/page/{n}" for n in range(4)]
    assert found.outcome.excluded == {"sitemap_limit": 16}

    class Endless(dict):
        def get(self, url: str, default: object = None) -> object:
            return sitemap((f"{url}x", None), index=True)

    endless = Found(tmp_path, source("a", "sitemap"), Endless())  # type: ignore[arg-type]
    assert len(endless.fetch.urls) == discover_module.MAX_DEPTH + 1
    assert (endless.units, endless.outcome.excluded) == ([], {"sitemap_limit": 1})


def test_sitemaps_without_a_day_are_ranked_by_the_month_in_their_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discover_module, "MAX_SITEMAPS", 4)
    names = ["/other.xml", "/2023-12.xml", "/2024/05.xml", "/map-202506.xml", "/2024.xml"]
    web: Web = {"https://a.example/list": sitemap(*((name, None) for name in names), index=True)}
    found = Found(tmp_path, source("a", "sitemap"), web)
    assert found.fetch.urls[1:] == [
        f"https://a.example{name}" for name in ("/map-202506.xml", "/2024.xml", "/2024/05.xml")
    ]


def test_many_faulty_entries_are_one_fault(tmp_path: Path) -> None:
    web: Web = {"https://a.example/list": feed(*((f"mailto:{n}@a.example", None) for n in range(300)))}
    found = Found(tmp_path, source("a", "feed"), web)
    assert (found.outcome.excluded, len(found.rejects)) == ({"bad_url": 300}, discover_module.MAX_FAULTS_TOLD)


def test_the_newest_pages_of_a_large_sitemap_are_kept(tmp_path: Path) -> None:
    entries = [(f"/{number}", days_ago(number * 7919 % 1_000)) for number in range(1_000)]
    web: Web = {"https://a.example/list": sitemap(*entries)}
    found = Found(tmp_path, source("a", "sitemap", "max_pages = 10"), web)
    expected = {f"https://a.example{link}" for link, day in entries if day > days_ago(10)}
    assert set(found.urls) == expected
    assert found.outcome.excluded == {"max_pages": 990}


def test_a_page_of_several_sources_is_one_unit(tmp_path: Path) -> None:
    text = (
        source("a", "urls", 'urls = ["https://x.example/1?utm_source=a#top", "https://x.example/2"]\ntags = ["a"]')
        + source("b", "feed", 'tags = ["b"]\nspacing = 9\noutlet = "B"', url="https://x.example/list")
        + source("c", "feed", "exclude = '/2'", url="https://x.example/list")
    )
    found = Found(tmp_path, text, {"https://x.example/list": feed(("/1", days_ago(1)), ("/2", None), ("/3", None))})
    assert found.fetch.urls == ["https://x.example/list"]
    assert [(unit.source_uri, unit.hints.source, unit.hints.tags) for unit in found.units] == [
        ("https://x.example/1", "a", "a;b"),
        ("https://x.example/2", "a", "a;b"),
        ("https://x.example/3", "b", "b"),
    ]
    first = found.units[0]
    assert (first.hints.outlet, first.hints.published_on, first.hints.published_from, first.spacing) == (
        "B", days_ago(1), "feed", 9.0,
    )  # fmt: skip
    assert [(outcome.taken, outcome.excluded) for outcome in found.outcomes] == [
        (2, {}), (1, {"duplicate": 2}), (0, {"duplicate": 2, "excluded": 1}),
    ]  # fmt: skip


def test_a_source_of_which_nothing_can_be_read_has_failed(tmp_path: Path) -> None:
    text = "".join(
        [
            source("gone", "feed"), source("page", "feed"), source("map", "feed"), source("gz", "sitemap"),
            source("quiet", "feed"), source("off", "feed", "enabled = false"),
        ]
    )  # fmt: skip
    web: Web = {
        "https://page.example/list": "<!doctype html><html><body>No such page</body></html>",
        "https://map.example/list": sitemap(("/1", None)),
        "https://gz.example/list": gzip.compress(b"x" * 1_000)[:-20],
        "https://quiet.example/list": feed(),
    }
    found = Found(tmp_path, text, web)
    assert [(outcome.name, outcome.failed) for outcome in found.outcomes] == [
        ("gone", True), ("page", True), ("map", True), ("gz", True), ("quiet", False),
    ]  # fmt: skip
    assert "https://off.example/list" not in found.fetch.urls
    assert {reject.source_uri: reject.reason for reject in found.rejects} == {
        "https://gone.example/list": "http_status",
        "https://page.example/list": "broken_listing",
        "https://map.example/list": "broken_listing",
        "https://gz.example/list": "bad_compression",
    }
    assert 'set kind = "sitemap"' in found.outcomes[2].problems[0]


def test_a_sitemap_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover_module, "MAX_SITEMAP_BYTES", 100_000)
    found = Found(tmp_path, source("a", "sitemap"), {"https://a.example/list": gzip.compress(b" " * 10_000_000)})
    assert [reject.reason for reject in found.rejects] == ["too_large"]
    assert found.outcome.failed


def test_lists_of_addresses(tmp_path: Path) -> None:
    (tmp_path / "pages").write_text(
        "# mine\nhttps://x.example/1\nhttps://x.example/sport/2\nx.example\nhttps://x.example/3\n", encoding="utf-8"
    )
    text = source("a", "urls", "path = 'pages'\nexclude = '/sport/'\nmax_pages = 1\nspacing = 2")
    found = Found(tmp_path, text)
    assert [(unit.source_uri, unit.spacing, unit.hints) for unit in found.units] == [
        ("https://x.example/1", 2.0, Hints(source="a"))
    ]
    assert found.outcome.excluded == {"excluded": 1, "max_pages": 1}
    assert [reject.source_uri for reject in found.rejects] == [f"{tmp_path.as_posix()}/pages#4"]
    gone = Found(tmp_path, source("a", "urls", "path = 'none'"))
    assert gone.outcome.failed and gone.rejects[0].reason == "not_found"


def test_files_and_folders(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.txt", "b.jsonl", "c.warc.gz"):
        (folder / name).write_bytes(b"x")
    text = (
        source("texts", "folder", 'path = "in/*.txt"\noutlet = "Invented"')
        + source("records", "jsonl", 'path = "in"\nmax_bytes = 5')
        + source("crawl", "warc", 'path = "in"\ntags = ["crawl"]')
        + source("nowhere", "folder", 'path = "nowhere"')
    )
    found = Found(tmp_path, text)
    assert [(unit.kind, Path(unit.path or "").name, unit.hints, unit.max_bytes) for unit in found.units] == [
        ("file", "a.txt", Hints("texts", outlet="Invented"), None),
        ("file", "b.jsonl", Hints("records"), 5),
        ("warc", "c.warc.gz", Hints("crawl", "crawl"), None),
    ]
    assert [(outcome.failed, outcome.excluded) for outcome in found.outcomes] == [
        (False, {}), (False, {"other_kind": 2}), (False, {"other_kind": 2}), (True, {}),
    ]  # fmt: skip


def test_the_order_of_answers_changes_nothing(tmp_path: Path) -> None:
    text = source("a", "feed") + source("b", "feed")
    web: Web = {
        "https://a.example/list": feed(("https://x.example/1", days_ago(1))),
        "https://b.example/list": feed(("https://x.example/1", days_ago(2))),
    }
    found = Found(tmp_path, text, web)
    [unit] = found.units
    assert (unit.hints.source, unit.hints.published_on) == ("a", days_ago(1))
