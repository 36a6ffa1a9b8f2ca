"""Feeds and sitemaps: what is read of them, of their days and addresses, and that no bytes make a reader fail."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms.feeds import read_feed
from transforms.listings import BrokenListing, FaultyEntry, ListedPage, calendar_day, page_url, plain_title
from transforms.sitemaps import ChildSitemap, read_sitemap

LATEST = date(2025, 7, 2)
FEED = "https://news.example/feeds/all.xml"
SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "real" / "feeds"


def entries(content: str | bytes, url: str = FEED, media_type: str | None = None) -> list[ListedPage | FaultyEntry]:
    content = content.encode() if isinstance(content, str) else content
    return list(read_feed(content, url, latest=LATEST, media_type=media_type))


def rss(*items: str, head: str = "") -> str:
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Invented News</title>{head}{body}</channel></rss>'


def sitemap(*urls: str, root: str = "urlset", namespaces: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" {namespaces}>{"".join(urls)}</{root}>'
    ).encode()


def listed(content: bytes, url: str = "https://news.example/sitemap.xml") -> list[object]:
    return list(read_sitemap(content, url, latest=LATEST))


# ------------------------------------------------------------------------------------------------ addresses and days


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("HTTPS://News.Example:443/A?b=1#c", "https://news.example/A?b=1"),
        ("http://news.example:8080", "http://news.example:8080/"),
        ("/a/b", "https://news.example/a/b"),
        ("b", "https://news.example/feeds/b"),
        ("//other.example/a", "https://other.example/a"),
        (" \n https://news.example/a\tb ", "https://news.example/ab"),
        ("https://news.example/a b|c?q=d e", "https://news.example/a%20b%7Cc?q=d%20e"),
        ("https://news.example/100%", "https://news.example/100%25"),
        ("https://news.example/café", "https://news.example/café"),
        ("https://news.example/?id=3&utm_source=rss&utm_medium=feed", "https://news.example/?id=3"),
        ("https://news.example/a?at_medium=RSS&at_campaign=rss", "https://news.example/a"),
        # What courlan would drop, although it may say which page is meant; and what it would drop for want of a value.
        ("https://news.example/?source=7&uid=3&ref=a", "https://news.example/?source=7&uid=3&ref=a"),
        ("https://news.example/?20240605&b&a=", "https://news.example/?20240605&b&a="),
        ("https://[2001:db8::1]:81/a", "https://[2001:db8::1]:81/a"),
    ],
)
def test_addresses_have_one_spelling(link: str, address: str) -> None:
    assert page_url(link, FEED) == address
    assert page_url(address, FEED) == address


@pytest.mark.parametrize(
    "link",
    [
        "", "javascript:alert(1)", "mailto:a@b.example", "ftp://news.example/a", "file:///etc/passwd", "https://",
        "https:///a", "http://[::1/", "https://a:b@news.example/", "https://news.example:99999/", "https://a b/",
        "https://x.example:0/", "https://" + "a" * 3_000, "data:text/html,x", "https://./",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_page(link: str) -> None:
    assert page_url(link, FEED) is None


@given(st.text(max_size=80), st.sampled_from([FEED, "", "http://x.example"]))
def test_any_link_gives_an_address_that_stays_as_it_is_or_none(link: str, base: str) -> None:
    address = page_url(link, base)
    assert address is None or page_url(address, "") == address
    if address:
        assert address.isprintable() and " " not in address and address.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-06-30T23:30:00-05:00", date(2025, 6, 30)),  # already July in UTC
        ("2025-07-01T00:30:00+09:00", date(2025, 7, 1)),  # still June in UTC
        ("Mon, 30 Jun 2025 23:30:00 -0500", date(2025, 6, 30)),
        ("30 June 2025", date(2025, 6, 30)),
        ("Mon, 30 Jun 25 10:00 GMT", date(2025, 6, 30)),
        ("Monday, 30-Jun-25 10:00:00 GMT", date(2025, 6, 30)),
        ("June 30, 2025", date(2025, 6, 30)),
        ("Mon Jun 30 10:00:00 2025", date(2025, 6, 30)),
        ("Mon Jun 30 10:00:00 UTC 2025", date(2025, 6, 30)),
        ("20250630T100000Z", date(2025, 6, 30)),
        ("2025-06-30 10:00:00", date(2025, 6, 30)),
        ("2025/06/30", date(2025, 6, 30)),
        ("1999-12-31", date(1999, 12, 31)),
        ("Fri, 31 Dec 99 10:00 GMT", date(1999, 12, 31)),
        ("2025-06", None),
        ("2025", None),
        ("2025-02-30", None),
        ("30/06/2025", None),
        ("", None),
        (None, None),
        ("2025-07-03", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("Foo 30 2025", None),
    ],
)
def test_days_are_those_of_the_listing_s_own_offset(text: str | None, day: date | None) -> None:
    assert calendar_day(text, LATEST) == day


@given(st.text(max_size=120))
def test_any_text_is_a_believable_day_or_none(text: str) -> None:
    day = calendar_day(text, LATEST)
    assert day is None or date(1990, 1, 1) <= day <= LATEST


def test_titles_are_plain() -> None:
    assert plain_title("<b>Tanks</b> &amp; more\n now") == "Tanks & more now"
    assert plain_title("3 < 4 > 2") == "3 < 4 > 2"
    assert plain_title("\x1b[31m \u2028") == "[31m"
    assert plain_title(" <i></i> ") is None
    assert plain_title(None) is None
    assert len(plain_title("x" * 100_000) or "") == 500


# ----------------------------------------------------------------------------------------------------------- feeds


def test_rss() -> None:
    [page] = entries(
        rss(
            "<title>Frigates &lt;b&gt;delivered&lt;/b&gt;</title><link>/2025/frigates?utm_source=rss</link>"
            "<pubDate>Mon, 30 Jun 2025 23:30:00 -0500</pubDate><source url='https://w.example/'>Wire</source>",
            head="<language>en-GB</language>",
        )
    )
    assert page == ListedPage(
        "https://news.example/2025/frigates", "Frigates delivered", "Wire", date(2025, 6, 30), None, "en-gb"
    )


def test_atom_tells_publication_from_update() -> None:
    [first, second] = entries(
        """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://news.example/base/"><title>n</title>
        <entry><title>A</title><link rel="self" href="/api/a"/><link href="a"/><id>tag:a</id>
          <published>2025-06-01T23:00:00-08:00</published><updated>2025-06-20T00:00:00Z</updated></entry>
        <entry><title>B</title><link rel="alternate" href="b"/><id>tag:b</id><updated>2025-06-20T00:00:00Z</updated>
        </entry></feed>"""
    )
    assert (first.url, first.published_on, first.modified_on) == (
        "https://news.example/base/a",
        date(2025, 6, 1),
        date(2025, 6, 20),
    )
    assert (second.url, second.published_on, second.modified_on) == (
        "https://news.example/base/b",
        None,
        date(2025, 6, 20),
    )


def test_rdf_is_dated_by_dublin_core() -> None:
    [page] = entries(
        """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://news.example/"><title>n</title></channel>
        <item rdf:about="https://news.example/a"><title>A</title><link>https://news.example/a</link>
        <dc:date>2025-06-30T23:00:00-05:00</dc:date></item></rdf:RDF>"""
    )
    assert (page.url, page.published_on) == ("https://news.example/a", date(2025, 6, 30))


def test_json_feed() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "n",
        "language": "en",
        "items": [
            {"id": "1", "url": "/a", "title": "A", "date_published": "2025-06-30T23:00:00-05:00"},
            {"id": "https://news.example/b", "title": "B", "language": "uk"},
            {"id": "3", "title": "C"},
            "nothing",
        ],
    }
    assert entries(json.dumps(feed)) == [
        ListedPage("https://news.example/a", "A", None, date(2025, 6, 30), None, "en"),
        ListedPage("https://news.example/b", "B", None, None, None, "uk"),
        FaultyEntry("C"),
        FaultyEntry("an item that is no object"),
    ]


def test_an_id_is_an_address_only_where_it_is_a_whole_one() -> None:
    [first, second, third] = entries(
        rss(
            "<guid isPermaLink='false'>12345</guid><title>A</title>",
            "<guid>12345</guid>",
            "<guid>https://news.example/c</guid>",
        )
    )
    assert first == FaultyEntry("A")
    assert isinstance(second, FaultyEntry)
    assert third.url == "https://news.example/c"


def test_the_original_address_is_better_than_a_counting_redirect() -> None:
    [page] = entries(
        "<rss version='2.0' xmlns:feedburner='http://rssnamespace.org/feedburner/ext/1.0'><channel><item>"
        "<link>http://feedproxy.example/~r/x/1</link>"
        "<feedburner:origLink>https://news.example/a</feedburner:origLink></item></channel></rss>"
    )
    assert page.url == "https://news.example/a"


def test_a_feed_with_faults_gives_what_can_be_had() -> None:
    whole = rss(*(f"<title>T{n} &nbsp; R&D</title><link>https://news.example/{n}</link>" for n in range(20)))
    assert len(entries(whole)) == 20
    cut = entries(whole[: len(whole) // 2])
    assert len(cut) >= 8
    assert [page.url for page in cut[:8]] == [f"https://news.example/{n}" for n in range(8)]
    assert len(entries("\n\n" + whole)) == 20


def test_encodings_and_byte_order_marks() -> None:
    text = rss("<title>Überführt</title><link>https://news.example/a</link>")
    latin = text.replace('"1.0"', '"1.0" encoding="ISO-8859-1"').encode("latin-1")
    for content in (text.encode("utf-8-sig"), latin, text.encode("utf-16")):
        assert entries(content)[0].title == "Überführt"
    assert entries(text.encode("cp1252"), media_type="application/rss+xml; charset=windows-1252")[0].title == (
        "Überführt"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("<!doctype html><html><body><p>No such page</p></body></html>", "it is a web page"),
        (sitemap("<url><loc>https://x.example/</loc></url>"), 'set kind = "sitemap"'),
        ('{"a": 1}', "no JSON Feed"),
        ("{" * 100_000, "damaged JSON"),
        ('{"items": [' + "[" * 100_000, "damaged JSON"),
        ("Just words.", "it is not a feed"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "it is not a feed"),
    ],
)
def test_what_is_no_feed_is_told(content: str | bytes, message: str) -> None:
    with pytest.raises(BrokenListing, match=message):
        entries(content)


def test_a_feed_that_lists_nothing_today_is_no_fault() -> None:
    assert entries(rss()) == []
    assert entries('<feed xmlns="http://www.w3.org/2005/Atom"><title>n</title></feed>') == []


def test_a_feed_s_content_is_never_taken_for_the_name_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(rss("<link>https://news.example/a</link>"), encoding="utf-8")
    with pytest.raises(BrokenListing):
        entries(os.fsencode(path))


def test_entities_are_not_expanded() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 10}">' for n in range(12))
    feed = f"<!DOCTYPE rss [{bomb}<!ENTITY f SYSTEM 'file:///etc/passwd'>]>" + (
        "<rss version='2.0'><channel><item><title>&e11;&f;</title><link>https://x.example/a</link></item></channel></rss>"
    )
    [page] = entries(feed)
    assert len(page.title or "") < 500 and "root" not in (page.title or "")


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_feed_or_told_to_be_none(content: bytes) -> None:
    try:
        for entry in entries(content):
            assert isinstance(entry, ListedPage | FaultyEntry)
    except BrokenListing as error:
        assert str(error)


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_feed_damaged_anywhere_never_makes_the_reader_fail(data: st.DataObject) -> None:
    whole = rss(
        "<title>A &lt;i&gt;b&lt;/i&gt;</title><link>https://x.example/a</link><pubDate>Mon, 30 Jun 2025</pubDate>",
        "<title><![CDATA[C & d]]></title><guid>https://x.example/b</guid>",
    ).encode()
    position = data.draw(st.integers(0, len(whole)))
    removed = data.draw(st.integers(0, 40))
    added = data.draw(
        st.binary(max_size=20) | st.sampled_from([b"<", b"]]>", b"<![CDATA[", b"&#x0;", b"<!DOCTYPE x [", b"\0"])
    )
    with_fault = whole[:position] + added + whole[position + removed :]
    try:
        entries(with_fault)
    except BrokenListing as error:
        assert str(error)


# -------------------------------------------------------------------------------------------------------- sitemaps


def test_a_news_sitemap() -> None:
    content = sitemap(
        "<url><loc>https://news.example/a?utm_source=x</loc><lastmod>2025-07-01</lastmod>"
        "<image:image><image:loc>https://news.example/a.jpg</image:loc></image:image>"
        "<news:news><news:publication><news:name>Invented News</news:name><news:language>en</news:language>"
        "</news:publication><news:publication_date>2025-06-30T23:00:00-05:00</news:publication_date>"
        "<news:title>Frigates &amp; more</news:title></news:news></url>",
        "<url><lastmod>2025-06-01T00:00:00Z</lastmod><loc>\n https://news.example/b\n</loc></url>",
        "<url><lastmod>2025-06-01</lastmod></url>",
        namespaces='xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"',
    )
    assert listed(content) == [
        ListedPage(
            "https://news.example/a", "Frigates & more", "Invented News", date(2025, 6, 30), date(2025, 7, 1), "en"
        ),
        # lastmod is no date of publication
        ListedPage("https://news.example/b", None, None, None, date(2025, 6, 1), None),
        FaultyEntry("an entry without loc"),
    ]


def test_an_index_of_sitemaps() -> None:
    content = sitemap(
        "<sitemap><loc>/sitemap-1.xml.gz</loc><lastmod>2025-06-30T00:00:00+00:00</lastmod></sitemap>",
        "<sitemap><loc>https://news.example/sitemap-2.xml</loc></sitemap>",
        root="sitemapindex",
    )
    assert listed(content) == [
        ChildSitemap("https://news.example/sitemap-1.xml.gz", date(2025, 6, 30)),
        ChildSitemap("https://news.example/sitemap-2.xml", None),
    ]


def test_a_sitemap_of_lines() -> None:
    assert listed(b"\xef\xbb\xbfhttps://news.example/a\r\nhttps://news.example/b\n\nnot an address\n") == [
        ListedPage("https://news.example/a"),
        ListedPage("https://news.example/b"),
        FaultyEntry("not an address"),
    ]


def test_a_sitemap_with_faults_gives_what_can_be_had() -> None:
    urls = [f"<url><loc>https://news.example/?a={n}&b=1</loc></url>" for n in range(50)]  # an unescaped ampersand
    assert len(listed(b"\n \n" + sitemap(*urls))) == 50
    whole = sitemap(*(f"<url><loc>https://news.example/{n}</loc></url>" for n in range(50)))
    assert len(listed(whole[: len(whole) // 2])) >= 20
    no_namespace = b"<urlset><url><loc>https://news.example/a</loc></url></urlset>"
    assert listed(no_namespace) == [ListedPage("https://news.example/a")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (rss().encode(), 'set kind = "feed"'),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"/>', 'set kind = "feed"'),
        (b"<!doctype html><html><p>No such page</p></html>", "it is a web page"),
        (b"<note/>", "its root is <note>"),
        (b"Just words.", "it is not a sitemap"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "it is not a sitemap"),
    ],
)
def test_what_is_no_sitemap_is_told(content: bytes, message: str) -> None:
    with pytest.raises(BrokenListing, match=message):
        listed(content)


def test_a_sitemap_s_entities_are_not_expanded() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 10}">' for n in range(12))
    content = (
        f"<!DOCTYPE urlset [{bomb}<!ENTITY f SYSTEM 'file:///etc/passwd'>]><urlset>"
        "<url><loc>https://x.example/&e11;&f;</loc></url><url><loc>https://x.example/b</loc></url></urlset>"
    ).encode()
    found = listed(content)
    assert all(len(page.url) < 100 and "root" not in page.url for page in found if isinstance(page, ListedPage))


def test_a_huge_sitemap_is_read_as_it_comes() -> None:
    content = sitemap(*(f"<url><loc>https://news.example/{n}</loc></url>" for n in range(50_000)))
    found = read_sitemap(content, FEED, latest=LATEST)
    assert next(found) == ListedPage("https://news.example/0")
    assert sum(1 for _ in found) == 49_999


@given(st.binary(max_size=400) | st.binary(max_size=300).map(lambda tail: b"<urlset><url><loc>" + tail))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_sitemap_or_told_to_be_none(content: bytes) -> None:
    try:
        for entry in listed(content):
            assert isinstance(entry, ListedPage | ChildSitemap | FaultyEntry)
    except BrokenListing as error:
        assert str(error)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the collection of real feeds is not here")
def test_real_feeds_and_sitemaps_never_make_a_reader_fail() -> None:
    outcomes = {"read": 0, "told": 0}
    for path in sorted(SHARED.rglob("*")):
        if path.is_file():
            for reader in (read_feed, read_sitemap):
                try:
                    list(reader(path.read_bytes(), FEED, latest=LATEST))
                    outcomes["read"] += 1
                except BrokenListing:
                    outcomes["told"] += 1
    assert outcomes["read"] > 300
