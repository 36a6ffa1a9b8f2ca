"""The watch list: what it may say, and that everything wrong with it is told at once, with its line."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.render_sources import REASONS
from flows.sources import _KEYS, KINDS, Source, SourcesError, load_sources

ROOT = Path(__file__).resolve().parent.parent

GOOD = """\
[defaults]
spacing = 5
max_pages = 50
max_age_days = 30
language = "en"

[[source]]
name = "invented-news"
kind = "feed"
url = "https://news.example/feed"
outlet = "Invented News"
tags = ["press", "europe"]
spacing = 0.5
include = '/world/'
exclude = [
  '/sport/',   # no sport
  '\\.pdf$',
]

[[source]]
name = "list"
kind = "urls"
urls = ["https://news.example/1", "https://news.example/2", "https://news.example/1"]

[[source]]
name = "clippings"
kind = "folder"
path = "clippings"
enabled = false
"""


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "sources.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def faults(tmp_path: Path, text: str | bytes) -> list[str]:
    path = written(tmp_path, text)
    with pytest.raises(SourcesError) as caught:
        load_sources(path)
    assert all(fault.startswith(str(path)) and "\n" not in fault for fault in caught.value.faults)
    assert str(caught.value).startswith(caught.value.faults[0])
    return [fault.removeprefix(str(path)) for fault in caught.value.faults]


def test_a_watch_list(tmp_path: Path) -> None:
    feed, urls, folder = load_sources(written(tmp_path, GOOD))
    assert (feed.name, feed.kind, feed.url, feed.spacing, feed.max_pages) == (
        "invented-news", "feed", "https://news.example/feed", 0.5, 50,
    )  # fmt: skip
    assert (feed.max_age_days, feed.language, feed.tags) == (30, "en", ("europe", "press"))
    assert [pattern.pattern for pattern in (*feed.include, *feed.exclude)] == ["/world/", "/sport/", r"\.pdf$"]
    assert (feed.hints.source, feed.hints.tags, feed.hints.outlet) == ("invented-news", "europe;press", "Invented News")
    assert urls.urls == ("https://news.example/1", "https://news.example/2")
    # Defaults reach only the kinds that have the key.
    assert (urls.max_pages, urls.max_age_days, urls.language, folder.spacing) == (50, None, None, None)
    assert (folder.path, folder.enabled) == (tmp_path / "clippings", False)


def test_sources_are_chosen_by_name(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    assert [source.name for source in load_sources(path, ["list"])] == ["list"]
    with pytest.raises(SourcesError, match="no source 'clipings'; did you mean 'clippings'"):
        load_sources(path, ["clipings"])


def one(body: str) -> str:
    return f'[[source]]\nname = "a"\n{body}\n'


FEED = 'kind = "feed"\nurl = "https://x.example/f"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = 1\nb = = 2\n", ":2:5", "no valid TOML: invalid value"),
        ("a = [1,\n2\n", ":", "no valid TOML: unclosed array"),
        ("[[source]]\nname = \"a\"\nname = \"b\"\n", ":3:", "no valid TOML: cannot overwrite a value"),
        ("a = 'é'\n".encode() + b"# \xff\n", ":2", "not UTF-8"),
        ("", ":", "no source; add a [[source]]"),
        ("[sorces]\n", ":1", "unknown table 'sorces'; did you mean 'source'?"),
        ('[source]\nname = "a"\n', ":1", "two brackets"),
        ("source = 3\n", ":1", "two brackets"),
        ("defaults = 3\n" + one(FEED), ":1", "'defaults' is a table"),
        ("[defaults]\nspacing = -1\n" + one(FEED), ":2", "defaults, key 'spacing': has to be a number of seconds"),
        ("[defaults]\nname = 'a'\n" + one(FEED), ":2", "defaults, key 'name': unknown key"),
        (one(""), ":1", "source 'a', key 'kind': is missing; set it to one of feed, sitemap"),
        (one('kind = "fead"'), ":3", "source 'a', key 'kind': unknown kind 'fead'; did you mean 'feed'?"),
        (one("kind = ['feed']"), ":3", "source 'a', key 'kind': unknown kind"),
        ("[[source]]\n" + FEED, ":1", "source number 1, key 'name': is missing"),
        ("[[source]]\nname = 3\n" + FEED, ":2", "has to be a text in quotes, not a number"),
        ("[[source]]\nname = 'A b'\n" + FEED, ":2", "key 'name': 'A b' is no name"),
        (one('kind = "feed"'), ":1", "source 'a', key 'url': is missing; give the address of the feed"),
        (one('kind = "warc"'), ":1", "source 'a', key 'path': is missing"),
        (one('kind = "urls"'), ":1", "source 'a': give either 'urls'"),
        (one('kind = "urls"\nurls = ["https://x.example/"]\npath = "x"'), ":1", "source 'a': give either 'urls'"),
        (one('kind = "urls"\nurls = []'), ":4", "key 'urls': has to be a list of addresses"),
        (one('kind = "urls"\nurls = [\n  "https://x.example/",\n  "x.example",\n]'), ":4", "'x.example' is no"),
        (one(FEED + "max_pges = 3"), ":5", "key 'max_pges': unknown key; did you mean 'max_pages'?"),
        (one(FEED + "max_age = 3"), ":5", "did you mean 'max_age_days'?"),
        (one(FEED + "colour = 3"), ":5", "key 'colour': unknown key; there are kind, name"),
        (one('kind = "folder"\npath = "x"\nmax_pages = 3'), ":5", "has no meaning for kind 'folder'; remove it"),
        (one('kind = "feed"\nurl = "ftp://x.example/"'), ":4", "no complete http or https address"),
        (one('kind = "feed"\nurl = "https://a:b@x.example/"'), ":4", "names and passwords"),
        (one('kind = "feed"\nurl = "http://[::1/"'), ":4", "no complete http or https address"),
        (one(FEED + "include = '('"), ":5", "'(' is no regular expression"),
        (one(FEED + "exclude = [\n  'a',\n\n  # b\n  '[',\n]"), ":5", "'[' is no regular expression"),
        (one(FEED + "exclude = 3"), ":5", "has to be a regular expression or a list of them, not a number"),
        (one(FEED + "max_pages = true"), ":5", "has to be a whole number above 0, not True"),
        (one(FEED + "max_pages = 0"), ":5", "has to be a whole number above 0, not 0"),
        (one(FEED + "max_pages = 2.5"), ":5", "has to be a whole number above 0, not 2.5"),
        (one(FEED + "max_age_days = '3'"), ":5", "has to be a whole number above 0, not '3'"),
        (one(FEED + "spacing = nan"), ":5", "has to be a number of seconds"),
        (one(FEED + "enabled = 'no'"), ":5", "has to be true or false, without quotes, not a text"),
        (one(FEED + "tags = 'a'"), ":5", "has to be a list of texts"),
        (one(FEED + "tags = ['a;b']"), ":5", "holds a semicolon"),
        (one(FEED + "tags = [1979-05-27]"), ":5", "has to be a text in quotes, not a date or time"),
        (one(FEED + "outlet = ' '"), ":5", "is blank"),
        (one(FEED + 'outlet = "a\\u0007"'), ":5", "cannot be printed"),
        (one(FEED + "language = 'english'"), ":5", "no ISO 639-1 code"),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_line(tmp_path: Path, text: str | bytes, line: str, words: str) -> None:
    [fault] = faults(tmp_path, text)
    assert fault.startswith(line)
    assert words in fault
    # crlf line ends change nothing
    if isinstance(text, str):
        [same] = faults(tmp_path, text.replace("\n", "\r\n"))
        assert same == fault


def test_all_faults_are_told_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = (
        "# the first line\nsorce = 1\n[defaults]\nspacing = 'x'\n"
        '[[source]]\nname = "a"\nkind = "feed"\ntags = [\n  "b",\n]\nmax_pages = "x"\nurl = "x"\n'
        '[[source]]\nname = "a"\nkind = "folder"\nurl = "https://x.example/"\n'
    )
    assert [fault.split(" ")[0].strip(":") for fault in faults(tmp_path, text)] == [
        "2", "4", "11", "12", "13", "14", "16",
    ]  # fmt: skip
    assert "line 6 has a source of this name" in faults(tmp_path, text)[5]


def test_the_line_is_found_whatever_the_notation(tmp_path: Path) -> None:
    inline = 'source = [\n  {name = "a", kind = "feed", url = "https://x.example/"},\n  {name = "b", kind = "x"},\n]\n'
    assert faults(tmp_path, inline)[0].startswith(":1: source 'b', key 'kind'")
    quoted = '[[ "source" ]]\n"name" = "a"\nkind="feed"\nurl = """\\\n  https://x.example/"""\n\'outlet\' = 3\n'
    assert faults(tmp_path, quoted)[0].startswith(":6: source 'a', key 'outlet'")
    text = 'text = """\n[[source]]\nkind = 3\n"""\n' + one(FEED + "max_pages = 0")
    assert [fault.split(" ")[0] for fault in faults(tmp_path, text)] == [":1:", ":9:"]


def test_long_lists_with_many_faults(tmp_path: Path) -> None:
    addresses = "".join(f'  "https://x.example/{number}",\n' for number in range(1_000))
    text = "".join(
        f'[[source]]\nname = "a{number}"\nkind = "urls"\nmax_pages = 0\nurls = [\n{addresses}]\n' for number in range(2)
    ) + "".join(f'[[source]]\nname = "b{number}"\nkind = "fed"\n' for number in range(20))
    assert len(faults(tmp_path, text)) == 22


@given(st.text(alphabet="[]=\"'abs#.\n{}, 3ource", max_size=80) | st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_watch_list_or_told_to_be_none(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        load_sources(path)
    except SourcesError as error:
        assert error.faults and all(error.faults)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourcesError, match="there is no such file"):
        load_sources(tmp_path / "none.toml")
    with pytest.raises(SourcesError, match="cannot be read"):
        load_sources(tmp_path)


def test_every_key_is_a_field_and_is_documented() -> None:
    assert {"kind", *_KEYS} == {field.name for field in fields(Source)}
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    assert [name for name in ("kind", *_KEYS, *KINDS) if f"`{name}`" not in page] == []


def test_every_reason_for_leaving_out_is_documented() -> None:
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8").partition("Why entries are left out")[2]
    documented = {name for row in re.findall(r"^\| (`.+?`) \|", page, flags=re.MULTILINE) for name in row.split(", ")}
    assert documented == {f"`{name}`" for name in REASONS}
    code = (ROOT / "flows" / "discover.py").read_text(encoding="utf-8")
    found = set(re.findall(r'(?:leave_out\(|return )"(\w+)"', code))
    assert found == set(REASONS)


def test_the_example_is_sound() -> None:
    sources = load_sources(ROOT / "sources.example.toml")
    assert len(sources) > 15
    assert {source.kind for source in sources} == set(KINDS)
    text = (ROOT / "sources.example.toml").read_text(encoding="utf-8")
    assert "NOT tried" in text
