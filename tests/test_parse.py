from __future__ import annotations

import gzip
import json
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.documents import Hints
from transforms.language import language_of
from transforms.parse import Parsed, RawInput, decode, is_json_lines, parse, parse_stream
from transforms.rows import Document, Reject

SHARED = Path(__file__).parents[2] / "shared" / "real"
DAY = date(2024, 6, 27)
SENTENCE = "Berlin said that it will send 18 Leopard 2 tanks to Kyiv."
JSONL = "application/x-ndjson"
PAGE = f"""<!doctype html><html lang="en-GB"><head><title>Tanks for Kyiv | The Daily</title>
<meta property="og:title" content="Tanks for Kyiv"><meta property="og:site_name" content="The Daily">
<meta name="author" content="Ann Smith"><meta property="article:published_time" content="2023-03-01T06:00:00Z">
<meta property="article:modified_time" content="2024-01-09T06:00:00Z">
<link rel="canonical" href="https://daily.example/tanks"></head>
<body><nav><a href="/">Home</a> <a href="/sport">Sport</a></nav>
<article><h1>Tanks for Kyiv</h1><p>{SENTENCE}</p><p>Poland had sent four of them in February.</p></article>
<footer>Copyright 2019-2026 The Daily. All rights reserved.</footer></body></html>"""


def parsed(
    content: str | bytes, media_type: str | None = None, published_on: date | None = None, **limits: int
) -> Parsed:
    data = content if isinstance(content, bytes) else content.encode()
    hints = Hints(published_on=published_on, published_from="option")
    return parse(RawInput("dir/in", data, media_type, hints), **limits)


def only_document(result: Parsed) -> Document:
    assert result.rejects == []
    [document] = result.documents
    return document


def only_reason(result: Parsed) -> str:
    assert result.documents == []
    [reject] = result.rejects
    assert reject.step == "parse"
    assert "\n" not in reject.detail
    return reject.reason


def record(**fields: object) -> str:
    return json.dumps(fields)


# plain text


def test_plain_text_is_kept_but_for_the_mark_and_the_space_around_it() -> None:
    document = only_document(parsed(f"\ufeff\r\n  {SENTENCE}\r\n\r\n\tMore  text. \n", "text/plain", DAY))
    assert document.text == f"{SENTENCE}\r\n\r\n\tMore  text."
    assert (document.source_uri, document.title, document.published_on, document.language) == (
        "dir/in",
        None,
        DAY,
        "en",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_usual_encodings_are_read(encoding: str) -> None:
    text = "The “Müller” deal – €5 m – went to Kyiv."
    assert only_document(parsed(text.encode(encoding), "text/plain")).text == text


def test_damaged_utf8_keeps_its_intact_characters() -> None:
    assert decode("Łódź said".encode() + b"\xff" + "żół".encode()[:-1]) == "Łódź said�żó�"
    assert decode(b"caf\xe9 caf\xe9 Z\xfcrich") == "café café Zürich"
    assert decode("Привет".encode("cp1251"), "windows-1251") == "Привет"
    assert decode(b"\xe9", "no-such-charset") == decode(b"\xe9", "idna") == decode(b"\xe9", "rot13") == "é"


def test_same_text_in_two_files_is_one_document_id() -> None:
    first, second = (parse(RawInput(name, SENTENCE.encode(), "text/plain")).documents[0] for name in ("a.txt", "b.txt"))
    assert first.document_id == second.document_id
    assert first.source_uri != second.source_uri


@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (b"", "text/plain", "empty"),
        (b" \n\t\r\n", None, "empty"),
        (b"\xef\xbb\xbf  ", "text/plain", "empty"),
        (b"\x89PNG\r\n\x1a\n...", None, "not_text"),
        (b"\xff\xd8\xff\xe0..JFIF", "text/plain", "not_text"),
        (b"%PDF-1.7\n", "text/html", "not_text"),
        (b"PK\x03\x04 docx", None, "not_text"),
        (b"words\x00\x01\x02", None, "not_text"),
        (SENTENCE.encode(), "image/webp", "not_text"),
        (SENTENCE.encode(), "application/pdf; charset=binary", "not_text"),
        (b'<?xml version="1.0"?><rss version="2.0"><channel/></rss>', "application/xml", "unsupported"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><text>A label</text></svg>', None, "unsupported"),
        (b"<html><body><script>var a = 1;</script></body></html>", "text/html", "no_text"),
        (b"<html><head><title>Only a title</title></head></html>", None, "no_text"),
        (b"[1, 2", "application/json", "broken_record"),
        (b"[]", "application/json", "empty"),
        (b"not json", JSONL, "broken_record"),
    ],
)
def test_unusable_content_is_rejected_with_its_reason(content: bytes, media_type: str | None, reason: str) -> None:
    assert only_reason(parsed(content, media_type)) == reason


def test_limits_are_told_and_take_no_time() -> None:
    started = time.perf_counter()
    assert only_reason(parsed(b"tank " * 10_000_000, "text/plain")) == "too_long"
    assert only_reason(parsed("<p>" + "tank " * 10_000_000, "text/html")) == "too_large"
    assert time.perf_counter() - started < 10
    assert only_reason(parsed("x" * 11, "text/plain", max_text_chars=10)) == "too_long"
    assert len(parsed("x" * 10, "text/plain", max_text_chars=10).documents) == 1


# pages


@pytest.mark.parametrize("media_type", ["text/html; charset=utf-8", None])
def test_a_page_gives_main_text_and_metadata(media_type: str | None) -> None:
    document = only_document(parsed(PAGE, media_type, DAY))
    assert document.text == f"{SENTENCE}\nPoland had sent four of them in February."
    assert document.title == "Tanks for Kyiv"
    assert (document.author, document.outlet, document.language) == ("Ann Smith", "The Daily", "en")
    assert document.url == "https://daily.example/tanks"
    assert document.published_on == date(2023, 3, 1)


def test_a_page_cut_off_in_the_middle_gives_what_is_there() -> None:
    cut = PAGE[: PAGE.index("four of them")]
    assert only_document(parsed(cut, "text/html")).text == f"{SENTENCE}\nPoland had sent"


def test_fragments_and_bare_text_under_the_name_of_a_page() -> None:
    assert only_document(parsed(f"<p>{SENTENCE}</p>", "text/html")).text == SENTENCE
    assert only_document(parsed(SENTENCE, "text/html")).text == SENTENCE


@pytest.mark.parametrize(
    "page",
    [
        f"<html><body><p>{SENTENCE}</p><p>It had sent others on 2021-05-06.</p></body></html>",
        f"<html><body><p>{SENTENCE}</p><p>On 6 May 2021 it had sent others.</p></body></html>",
        f"<html><body><article><p>{SENTENCE}</p></article><footer>© 2023 The Daily</footer></body></html>",
    ],
)
def test_a_date_of_the_events_or_of_the_footer_is_not_that_of_publication(page: str) -> None:
    assert only_document(parsed(page, "text/html")).published_on is None
    assert only_document(parsed(page, "text/html", DAY)).published_on == DAY


def test_charset_declared_in_the_page_is_used() -> None:
    page = f"<html><head><meta charset='windows-1251'></head><body><p>{SENTENCE} Москва.</p></body></html>"
    assert only_document(parsed(page.encode("cp1251"), "text/html")).text == f"{SENTENCE} Москва."


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 50_000 + "x",
        "<" * 200_000,
        "<a " + "a=b " * 100_000,
        "<table><tr><td>a" * 5_000,
        "<p>\x00&#0;&#xD800;",
    ],
    ids=["nested", "open", "attributes", "tables", "characters"],
)
def test_hostile_markup_ends(page: str) -> None:
    result = parsed(page, "text/html")
    assert len(result.documents) + len(result.rejects) == 1


# records


def test_records_keep_their_text_and_fields() -> None:
    text = f"  {SENTENCE}\u2028\n\n Next. "
    lines = [
        record(
            id="1", uri="wire://1", title="A  title", published_on="2024-05-01T10:00:00Z", text=text, author="A. B."
        ),
        "",
        record(url="https://x.example/a", text=SENTENCE, published_on=None),
        record(text=SENTENCE, published_on="", outlet="X"),
        record(html=PAGE, title="Given"),
    ]
    result = parsed("\r\n".join(lines) + "\r\n", JSONL, DAY)
    assert result.rejects == []
    first, second, third, fourth = result.documents
    assert (first.source_uri, first.title, first.published_on) == ("wire://1", "A title", date(2024, 5, 1))
    assert (first.text, first.author) == (text, "A. B.")
    assert (second.source_uri, second.url) == ("https://x.example/a", "https://x.example/a")
    assert second.published_on == third.published_on == DAY
    assert (third.source_uri, third.outlet) == ("dir/in#4", "X")
    assert (fourth.title, fourth.outlet, fourth.published_on) == ("Given", "The Daily", date(2023, 3, 1))


@pytest.mark.parametrize(
    ("line", "reason", "word"),
    [
        ('{"text": "cut', "broken_record", "JSON"),
        ("[" * 100_000, "broken_record", "nested"),
        ('"text"', "bad_record", "object"),
        (record(title="x"), "bad_record", "'text'"),
        (record(text=5), "bad_record", "'text'"),
        (record(text=["x"]), "bad_record", "'text'"),
        (record(text=SENTENCE, uri=5), "bad_record", "'uri'"),
        (record(text=SENTENCE, title={}), "bad_record", "'title'"),
        (record(text=SENTENCE, published_on="27 June"), "bad_record", "'published_on'"),
        (record(text=SENTENCE, published_on="2024-02-30"), "bad_record", "'published_on'"),
        (record(text=SENTENCE, published_on=20240101), "bad_record", "'published_on'"),
        ('{"text": "a", "text": "b"}', "bad_record", "'text'"),
        (record(text="  "), "empty", "empty"),
        (record(html=" "), "empty", "'html'"),
    ],
)
def test_a_bad_line_is_rejected_and_the_others_go_on(line: str, reason: str, word: str) -> None:
    result = parsed("\n".join([record(text="First."), line, record(text="Last.")]), JSONL)
    assert [document.text for document in result.documents] == ["First.", "Last."]
    [reject] = result.rejects
    assert (reject.source_uri, reject.reason) == ("dir/in#2", reason)
    assert reject.detail.startswith("Record 2 of in: ")
    assert word in reject.detail


def test_a_reject_bears_the_uri_of_its_record() -> None:
    [reject] = parsed(record(uri="wire://7", text=""), JSONL).rejects
    assert (reject.source_uri, reject.reason) == ("wire://7", "empty")


def test_odd_numbers_nested_repeats_and_lone_surrogates_do_no_harm() -> None:
    line = '{"text": "a \\ud800 b", "n": NaN, "huge": ' + "9" * 5_000 + ', "x": {"k": 1, "k": 2}, "title": "\\udfff"}'
    document = only_document(parsed(line, JSONL))
    assert (document.text, document.title) == ("a \ufffd b", "\ufffd")
    document.text.encode()


def test_a_json_file_is_one_record_a_list_of_them_or_lines() -> None:
    one, other = {"text": "One."}, {"text": "Two."}
    assert len(parsed(json.dumps(one, indent=1), "application/json").documents) == 1
    assert [d.source_uri for d in parsed(json.dumps([one, other]), "application/json").documents] == [
        "dir/in#1",
        "dir/in#2",
    ]
    lines = json.dumps(one) + "\n" + json.dumps(other)
    assert len(parsed(lines, "application/json").documents) == len(parsed(lines).documents) == 2


def test_a_stream_of_lines_gives_what_the_whole_gives() -> None:
    lines = [record(text="First."), "", '{"text": "cut', record(html=PAGE), record(text="Łódź")]
    content = ("\ufeff" + "\r\n".join(lines) + "\n").encode()
    raw = RawInput("dir/in", b"", JSONL, Hints(source="s", tags="a;b", outlet="O", title="T"))
    streamed = list(parse_stream(enumerate(content.splitlines(keepends=True), 1), raw))
    whole = parse(replace(raw, content=content))
    assert [row for row in streamed if isinstance(row, Document)] == whole.documents
    assert [row for row in streamed if isinstance(row, Reject)] == whole.rejects
    assert [row.title for row in whole.documents] == ["T", "Tanks for Kyiv", "T"]
    assert {(row.source, row.tags) for row in whole.documents} == {("s", "a;b")}
    assert [row.reason for row in parse_stream([(1, b"\n")], raw) if isinstance(row, Reject)] == ["empty"]


def test_a_stream_is_read_line_by_line() -> None:
    read: list[int] = []

    def lines() -> Iterator[bytes]:
        for number in range(3):
            read.append(number)
            yield record(text=f"Text {number}.").encode()

    found = parse_stream(enumerate(lines(), 1), RawInput("in", b"", JSONL))
    assert read == []
    next(found)
    assert read == [0]


@pytest.mark.parametrize(
    ("head", "media_type", "expected"),
    [
        (b'{"text": "a"}\n{"te', None, True),
        (b'\xef\xbb\xbf\n{"text": "a"}\n{"te', None, True),
        (b'{"text": "a"}\n{"te', "application/json", True),
        (b'{"text": "a ver', JSONL, True),
        (b"not json", JSONL + "; charset=utf-8", True),
        (b'{"text": "a ver', None, False),
        (b'{"text": "a"}\n', None, False),
        (b'{\n"text": "a"\n}', "application/json", False),
        (b'[{"text": "a"},\n{"text": "b"}]', "application/json", False),
        (b'{"text": "a"}\n{"te', "text/plain", False),
        ('{"text": "a"}\n{"te'.encode("utf-16"), JSONL, False),
        (b"%PDF-1.7", JSONL, False),
        (b"", JSONL, False),
    ],
)
def test_json_lines_are_told_by_their_head(head: bytes, media_type: str | None, expected: bool) -> None:
    assert is_json_lines(head, media_type) is expected


def test_a_date_of_the_input_comes_before_that_of_the_page_and_that_before_the_option() -> None:
    hints = Hints(published_on=DAY, published_from="option")
    lines = [record(html=PAGE, published_on="2022-02-02"), record(html=PAGE), record(text=SENTENCE)]
    documents = parse(RawInput("in", "\n".join(lines).encode(), JSONL, hints)).documents
    assert [(row.published_on, row.published_from) for row in documents] == [
        (date(2022, 2, 2), "record"),
        (date(2023, 3, 1), "page"),
        (DAY, "option"),
    ]
    assert {row.published_precision for row in documents} == {"day"}
    [undated] = parse(RawInput("in", SENTENCE.encode(), None, Hints(published_from="option"))).documents
    assert (undated.published_on, undated.published_precision, undated.published_from) == (None, None, None)


# language


GERMAN = "Die Bundesregierung hat am Montag angekündigt, der Ukraine weitere Panzer zu liefern. "
ENGLISH = "The government said on Monday that it would send more tanks to the country in the spring. "


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        (SENTENCE, "de", "en"),
        (GERMAN, None, "de"),
        (GERMAN * 10, "en", "de"),
        ("Россия поставила вторую партию машин, сообщило министерство обороны.", None, "ru"),
        ("قالت وزارة الدفاع إنها تسلمت الدفعة الثانية من المركبات العسكرية.", None, "ar"),
        # a teaser in another language, and a page in two
        (f"{GERMAN}\n" + f"{ENGLISH}\n" * 8, "en", "en"),
        (f"{GERMAN}\n" * 3 + f"{ENGLISH}\n" * 2, "de", "en"),
        (f"{ENGLISH}\n" + f"{GERMAN}\n" * 8, "en", "de"),
        # too little to tell
        ("Su-35 MiG-29 F-16", "fr", "fr"),
        ("Su-35 MiG-29 F-16", None, None),
        ("Shr 15 cts vs 14 cts\nNet 2,547,000 vs 2,242,000\nRevs 25.8 mln vs 19.2 mln\n" * 9, None, None),
        ("", None, None),
    ],
)
def test_language(text: str, declared: str | None, expected: str | None) -> None:
    assert language_of(text, declared) == expected


# address, title and author


@pytest.mark.parametrize(
    ("canonical", "fetched", "expected"),
    [
        ("https://daily.example/tanks", "https://www.daily.example/tanks?id=4", "https://daily.example/tanks"),
        ("/tanks", "https://daily.example/tanks?print=1", "https://daily.example/tanks"),
        ("https://other.example/tanks", "https://daily.example/tanks", "https://daily.example/tanks"),
        ("https://daily.example/", "https://daily.example/tanks", "https://daily.example/tanks"),
        ("javascript:void(0)", "https://daily.example/tanks", "https://daily.example/tanks"),
        (None, "https://daily.example/tanks?utm_source=x&id=4#top", "https://daily.example/tanks?id=4"),
        ("https://daily.example/tanks", None, "https://daily.example/tanks"),
        (None, None, None),
    ],
)
def test_the_address_is_the_canonical_one_of_the_same_site(
    canonical: str | None, fetched: str | None, expected: str | None
) -> None:
    link = f'<link rel="canonical" href="{canonical}">' if canonical else ""
    page = f"<html><head>{link}</head><body><article><p>{SENTENCE}</p></article></body></html>"
    assert only_document(parse(RawInput("x", page.encode(), "text/html", url=fetched))).url == expected


@pytest.mark.parametrize(
    ("title", "heading", "expected"),
    [
        ("Tanks for Kyiv | The Daily", "Tanks for Kyiv", "Tanks for Kyiv"),
        ("Tanks for Kyiv - The Daily", "Other words", "Tanks for Kyiv"),
        ("Tanks for Kyiv | World | The Daily", "Tanks for Kyiv", "Tanks for Kyiv"),
        ("Tanks for Kyiv - what we know", "Other words", "Tanks for Kyiv - what we know"),
        ("Tanks for Kyiv - what we know", "Tanks for Kyiv - what we know", "Tanks for Kyiv - what we know"),
    ],
)
def test_a_title_loses_the_name_of_the_site(title: str, heading: str, expected: str) -> None:
    page = f"""<html><head><meta property="og:title" content="{title}"><meta property="og:site_name" content="Daily">
    </head><body><h1>{heading}</h1><article><p>{SENTENCE}</p></article></body></html>"""
    assert only_document(parsed(page, "text/html")).title == expected


def test_authors_are_names() -> None:
    def author(content: str) -> str | None:
        head = f'<meta name="author" content="{content}">'
        return only_document(
            parsed(f"<html><head>{head}</head><body><p>{SENTENCE}</p></body></html>", "text/html")
        ).author

    assert author("By Ann Smith") == "Ann Smith"
    assert author("Ann Smith; Ann-Smith; John Doe") == "Ann Smith; John Doe"
    assert author("https://daily.example/authors/ann") is None


def test_an_introduction_is_not_taken_for_the_article() -> None:
    story = "".join(
        f"<p>{SENTENCE} It was the delivery number {n}, and more of them will follow.</p>" for n in range(40)
    )
    page = f"""<html><body><article><p>{SENTENCE} The rest stands below.</p></article>
    <div class="x"><div>{story}</div></div></body></html>"""
    assert "number 39" in only_document(parsed(page, "text/html")).text


# properties

media_types = st.sampled_from([None, "text/plain", "text/html", JSONL, "application/json", "image/png"])


@given(st.binary(max_size=400), media_types)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_document_or_a_reject(content: bytes, media_type: str | None) -> None:
    result = parse(RawInput("x", content, media_type))
    assert result.documents or result.rejects
    for document in result.documents:
        for value in (document.text, document.title or "", document.source_uri):
            value.encode()


@given(st.text(min_size=1, max_size=300))
@settings(max_examples=200, deadline=None)
def test_the_text_of_a_record_comes_back_character_by_character(text: str) -> None:
    result = parsed(record(text=text), JSONL)
    assert result.documents[0].text == text if text.strip() else result.rejects[0].reason == "empty"


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_plain_text_comes_back_between_its_margins(text: str) -> None:
    result = parsed(text, "text/plain")
    for document in result.documents:
        assert document.text == text.strip("\ufeff").strip()


@given(st.text(alphabet="<>/=\"' abp&;#x1!-", max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_markup_is_a_document_or_a_reject(markup: str) -> None:
    result = parsed(markup, "text/html")
    assert len(result.documents) + len(result.rejects) == 1


def test_parsing_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert only_document(parsed(PAGE, "text/html")).title == "Tanks for Kyiv"


# real pages


@pytest.mark.skipif(not (SHARED / "html_pages").is_dir(), reason="the real pages are not here")
def test_main_text_of_real_pages_agrees_with_what_people_marked() -> None:
    truth = json.loads((SHARED / "html_pages" / "ground-truth.json").read_text())

    def words(text: str) -> Counter[str]:
        return Counter(re.findall(r"\w+", text.lower()))

    scores = []
    for name, expected in truth.items():
        page = gzip.decompress((SHARED / "html_pages" / "html" / f"{name}.html.gz").read_bytes())
        document = only_document(parse(RawInput(name, page, "text/html")))
        got, want = words(document.text), words(expected["articleBody"])
        scores.append(2 * (got & want).total() / (got.total() + want.total()))
    assert sum(scores) / len(scores) > 0.96


@pytest.mark.skipif(not (SHARED / "hostile").is_dir(), reason="the hostile inputs are not here")
def test_hostile_files_do_not_break_the_parser() -> None:
    files = [*(SHARED / "hostile" / "JSONTestSuite").rglob("*.json"), *(SHARED / "hostile" / "blns").iterdir()]
    assert len(files) > 100
    for path in files:
        for media_type in (JSONL, "application/json", "text/plain", "text/html"):
            result = parse(RawInput(path.name, path.read_bytes(), media_type))
            assert result.documents or result.rejects
