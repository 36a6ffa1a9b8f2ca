"""When a page was published: what counts, in which order, and how exactly. All pages are made for these tests."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.documents import Hints
from transforms.parse import RawInput, parse
from transforms.published import FEED, OPTION, PAGE, RECORD, TEXT, URL, Stated, date_of_url, published, read_date
from transforms.rows import Document

STORY = "<p>Freedonia has received the second batch of vehicles, its ministry said on Tuesday.</p>" * 3
DAY, OTHER = date(2024, 6, 27), date(2021, 5, 6)


def page(head: str = "", body: str = "", tail: str = "") -> str:
    return f"<html><head><title>A title</title>{head}</head><body><article>{body}{STORY}</article>{tail}</body></html>"


def read(html: str, url: str | None = None, hints: Hints | None = None) -> Document:
    result = parse(RawInput("a.html", html.encode(), "text/html", hints or Hints(), url))
    assert result.rejects == []
    return result.documents[0]


def told(document: Document) -> tuple[str | None, str | None, str | None]:
    stated = document.published_on.isoformat() if document.published_on else None
    return stated, document.published_precision, document.published_from


def linked(**data: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (page(linked(**{"@type": "NewsArticle", "datePublished": "2024-06-27T01:00:00+09:00"})), "2024-06-27"),
        (page(linked(**{"@graph": [{"@type": "WebPage", "datePublished": "2020-01-01"},
                                   {"@type": ["NewsArticle"], "datePublished": "2024-06-27"}]})), "2024-06-27"),
        (page('<script type="application/ld+json">{"@type": "NewsArticle", "datePublished": "2024-06-27", }</script>'),
         "2024-06-27"),
        (page(linked(**{"@type": "ItemList", "itemListElement": [{"@type": "Report", "datePublished": "2021-05-06"}]})),
         None),
        (page(linked(**{"@type": "NewsArticle", "dateModified": "2024-06-27"})), None),
        (page('<meta property="article:published_time" content="2024-06-27T06:00:00Z">'), "2024-06-27"),
        (page('<meta name="pubdate" content="Thu, 27 Jun 2024 06:00:00 GMT">'), "2024-06-27"),
        (page('<meta name="pubdate" content="20240627">'), "2024-06-27"),
        (page('<meta property="article:modified_time" content="2024-06-27T06:00:00Z">'), None),
        (page('<meta property="article:published_time" content="1970-01-01T00:00:00Z">'), None),
        (page('<meta property="article:published_time" content="soon">'), None),
        (page(body='<span itemprop="datePublished" content="2024-06-27"></span>'), "2024-06-27"),
    ],
)  # fmt: skip
def test_metadata_and_structured_data(html: str, expected: str | None) -> None:
    assert told(read(html)) == ((expected, "day", "page") if expected else (None, None, None))


@pytest.mark.parametrize(
    ("body", "tail", "expected"),
    [
        ('<time datetime="2024-06-27T08:00">27 June</time>', "", "2024-06-27"),
        ('<div class="byline">By Ann Smith | June 27, 2024</div>', "", "2024-06-27"),
        ('<span class="post-date">27 juin 2024</span>', "", "2024-06-27"),
        ('<span class="datum">27.06.2024</span>', "", "2024-06-27"),
        ('<span class="date">2024年6月27日</span>', "", "2024-06-27"),
        # day and month cannot be told apart
        ('<span class="date">05/04/2024</span>', "", None),
        ('<div class="clock date">Thursday, June 27, 2024</div>', "", None),
        ('<div class="current-date">Thursday, June 27, 2024</div>', "", None),
        ("", '<footer><span class="date">June 27, 2024</span> © 2026</footer>', None),
        ("", '<div class="related"><time datetime="2024-06-27">27 June</time></div>', None),
        ("<p>On June 27, 2024 it had received others.</p>", "", None),
        ('<span class="updated date">June 27, 2024</span>', "", None),
    ],
)
def test_bylines(body: str, tail: str, expected: str | None) -> None:
    assert told(read(page(body=body, tail=tail))) == ((expected, "day", "text") if expected else (None, None, None))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/2024/06/27/tanks", (DAY, "day")),
        ("https://a.example/news-2024-06-27-tanks.html", (DAY, "day")),
        ("https://a.example/20240627/tanks", (DAY, "day")),
        ("https://a.example/world/2024/jun/27/tanks", (DAY, "day")),
        ("https://a.example/2024/06/tanks", (date(2024, 6, 1), "month")),
        ("https://a.example/2024/tanks", None),
        ("https://a.example/story?date=2024-06-27", None),
        ("https://a.example/story-120240627", None),
        ("https://2024-06-27.example/story", None),
        ("https://a.example/2024/13/27/tanks", None),
    ],
)
def test_dates_in_addresses(url: str, expected: tuple[date, str] | None) -> None:
    found = date_of_url(url)
    assert (found and (found.day, found.precision)) == expected


def test_precision() -> None:
    meta = '<meta property="article:published_time" content="{}">'
    assert told(read(page(meta.format("2024-06")))) == ("2024-06-01", "month", "page")
    assert told(read(page(meta.format("2024")))) == ("2024-01-01", "year", "page")
    byline = '<div class="byline">June 27, 2024</div>'
    address = "https://a.example/2024/06/tanks"
    # what is coarse gives way to what is exact within it, and to nothing else
    assert told(read(page(body=byline), address)) == ("2024-06-27", "day", "text")
    assert told(read(page(body='<div class="byline">May 6, 2021</div>'), address)) == ("2024-06-01", "month", "url")
    hints = Hints(published_on=DAY, published_from="option")
    assert told(read(page(), address, hints)) == ("2024-06-01", "month", "url")


def test_the_order_of_trust() -> None:
    places = [
        (RECORD, "2024-06-21"),
        (FEED, "2024-06-22"),
        (PAGE, "2024-06-23"),
        (URL, "2024-06-24"),
        (TEXT, "2024-06-25"),
    ]
    stated = {where: Stated(date.fromisoformat(day), "day", where) for where, day in places}
    feed = Hints(published_on=stated[FEED].day, published_from=FEED)
    found = [stated[PAGE], stated[URL], stated[TEXT]]
    assert published(feed, found, stated[RECORD]) == stated[RECORD]
    assert published(feed, found) == stated[FEED]
    assert published(Hints(), found) == stated[PAGE]
    assert published(Hints(), found[1:]) == stated[URL]
    option = Hints(published_on=DAY, published_from=OPTION)
    assert published(option, found[2:]) == stated[TEXT]
    assert published(option, []) == Stated(DAY, "day", OPTION)
    assert published(Hints(), []) is None


def test_where_feed_and_page_contradict_each_other_the_earlier_counts() -> None:
    meta = '<meta property="article:published_time" content="2024-06-20T23:00:00Z">'

    def by(day: str) -> tuple[str | None, str | None]:
        return told(read(page(meta), hints=Hints(published_on=date.fromisoformat(day), published_from="feed")))[::2]

    assert by("2024-06-27") == ("2024-06-20", "page")
    assert by("2024-06-21") == ("2024-06-21", "feed")
    assert by("2024-06-01") == ("2024-06-01", "feed")
    # of a byline, nothing follows
    listed = Hints(published_on=DAY, published_from="feed")
    assert told(read(page(body='<time datetime="2021-05-06">May</time>'), hints=listed)) == (
        "2024-06-27",
        "day",
        "feed",
    )


@given(st.text(alphabet="0123456789-/.:TZ +JanuaryJune,年月日", max_size=40) | st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_value_is_a_date_or_none(value: str) -> None:
    found = read_date(value, PAGE) or read_date(value, TEXT, loose=True) or date_of_url(value)
    assert found is None or 1950 <= found.day.year <= 2099
