"""Thousands of pages of a server with all its faults: each address comes to one end, and a second run to the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from outside_world import OUTCOMES, World, outside_world
from test_ingest import documents, folder, in_this_process, rejects, run, stored_files

from flows.attempts import Attempt
from flows.lake import Lake, iter_rows
from flows.sources import load_sources
from flows.status import source_statuses
from flows.verify import verify

__all__ = ["folder", "in_this_process"]

SLOW = ("stall", "drip", "drip-headers")
"""Routes that cost the limit of time, each time."""

N_URLS = 2_000


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    settings = {
        "ALLOW_HOSTS": "127.0.0.1", "SPACING": "0", "PER_HOST": "16", "TIMEOUT": "0.7", "ATTEMPTS": "2",
        "RETRY_DELAY": "0.01", "HOST_FAILURES": "100000", "MAX_BYTES": "1000000",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(f"MATERIEL_{name}", value)
    with outside_world() as world:
        yield world


def addresses(world: World, count: int) -> list[str]:
    """Articles, every third one a page with a fault or a habit of its own; of the slow ones a few."""
    # After `patience` no other page of the host is asked for.
    odd = [route for route in sorted(OUTCOMES) if route not in (*SLOW, "patience")]
    paths = [f"/{route}/{number}" for number in range(2) for route in SLOW]
    paths += [f"/{odd[number // 3 % len(odd)]}/{number}" for number in range(0, count, 3)]
    paths += [f"/article/{number}" for number in range(10_000, 10_000 + count)]
    return [world.url(path) for path in paths[:count]]


def ends(urls: Sequence[str]) -> dict[str, list[str]]:
    """What each address came to: documents of its own, and rejects."""
    found: dict[str, list[str]] = {url: [] for url in urls}
    for document in documents():
        found[document.source_uri].append("document")
    for reject in {(reject.source_uri, reject.reason) for reject in rejects()}:
        found[reject[0]].append(reject[1])
    return found


@pytest.mark.slow
def test_each_of_two_thousand_addresses_comes_to_one_end_and_none_is_sent_twice(folder: Path, world: World) -> None:
    urls = addresses(world, N_URLS)
    (folder / "pages.urls").write_text("\n".join(urls))
    first = run(["pages.urls"])
    assert first["units"] == N_URLS
    came = ends(urls)
    assert {url: end for url, end in came.items() if len(end) != 1} == {}
    counts = Counter(end for [end] in came.values())
    assert counts["document"] == first["documents_new"] > 1_300
    assert {OUTCOMES[route] for route in OUTCOMES} - {"received", "not_modified"} <= set(counts), counts
    assert verify(Lake(Path("lake"))).differences == []

    before = stored_files("raw", "documents")
    sent = len([asked for asked in world.log if asked.path.startswith("/cached/")])
    second = run(["pages.urls"])
    assert stored_files("raw", "documents") == before
    assert second["documents_new"] == 0
    cached = [asked for asked in world.log if asked.path.startswith("/cached/")][sent:]
    assert cached and all("if-none-match" in asked.headers for asked in cached)
    assert second["unchanged"] == len(cached)


FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Test wire</title>{items}</channel></rss>"""
ITEM = "<item><title>Report {n}</title><link>{url}</link><pubDate>Mon, 02 Jun 2025 08:00:00 +0200</pubDate></item>"

SOURCES = """
[[source]]
name = "test-wire"
kind = "feed"
url = "{address}/feed.xml"
outlet = "Test Wire"
tags = ["test"]

[[source]]
name = "broken"
kind = "feed"
url = "{address}/page"
"""


def feed(world: World, numbers: range) -> str:
    return FEED.format(items="".join(ITEM.format(n=n, url=world.url(f"/article/{n}")) for n in numbers))


def test_a_watch_list_asks_for_each_page_once_and_says_how_its_sources_do(folder: Path, world: World) -> None:
    (folder / "sources.toml").write_text(SOURCES.format(address=world.address))
    assert [source.name for source in load_sources(folder / "sources.toml")] == ["test-wire", "broken"]
    world.add("/feed.xml", feed(world, range(3)), "application/rss+xml")
    first = run([], sources="sources.toml")
    world.add("/feed.xml", feed(world, range(5)), "application/rss+xml")
    second = run([], sources="sources.toml")
    assert (first["documents_new"], second["documents_new"]) == (3, 2)
    assert (first["unchanged"], second["unchanged"]) == (0, 3)
    assert {world.times_asked(f"/article/{number}") for number in range(5)} == {1}
    assert {(row.outlet, row.source, row.tags, row.published_from) for row in documents()} == {
        ("Test Wire", "test-wire", "test", "feed")
    }
    assert {str(row.published_on) for row in documents()} == {"2025-06-02"}
    broken, wire = source_statuses(Lake(Path("lake")))
    assert (wire.source, wire.entries, wire.new, wire.unchanged, wire.pages) == ("test-wire", 5, 2, 3, 5)
    assert broken.source == "broken"
    assert broken.problems
    assert {attempt.source for attempt in iter_rows(Lake(Path("lake")).attempts, Attempt)} == {"test-wire"}
