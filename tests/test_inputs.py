from __future__ import annotations

import contextlib
import gzip
import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.inputs import BadCompression, InputUnit, TooLarge, Unreadable, expand, gunzip, read
from flows.settings import Settings, SettingsError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str = "text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def uris(inputs: list[str]) -> list[str]:
    units, rejects = expand(inputs)
    assert rejects == []
    return [unit.source_uri for unit in units]


def reasons(inputs: list[str]) -> list[tuple[str, str]]:
    units, rejects = expand(inputs)
    assert units == []
    assert all(reject.step == "read" and reject.detail for reject in rejects)
    return [(reject.source_uri, reject.reason) for reject in rejects]


def test_folders_are_read_with_subfolders_but_not_what_is_no_document(folder: Path) -> None:
    for name in ("b.txt", "a/z.html", "a/.hidden.txt", ".git/x.txt", "README.md", "a/readme", "c.jsonl"):
        write(folder / "in" / name)
    write(folder / "gold" / "documents.jsonl")
    write(folder / "gold" / "labels.jsonl")
    write(folder / "other" / "labels.jsonl")
    assert uris(["in"]) == ["in/a/z.html", "in/b.txt", "in/c.jsonl"]
    assert uris(["gold"]) == ["gold/documents.jsonl"]
    assert uris(["other"]) == ["other/labels.jsonl"]
    assert uris(["in/README.md"]) == ["in/README.md"]
    assert uris(["*/*.jsonl"]) == ["gold/documents.jsonl", "in/c.jsonl", "other/labels.jsonl"]
    assert uris(["in/**/*.html"]) == uris(["in/**"])[:1] == ["in/a/z.html"]


def test_an_empty_name_is_told(folder: Path) -> None:
    assert reasons([""]) == [("''", "not_found")]


def test_units_are_sorted_and_each_is_named_once(folder: Path) -> None:
    write(folder / "b.txt")
    write(folder / "a[1].txt")
    inputs = ["b.txt", "./b.txt", "a[1].txt", "*.txt", "https://x.example/p#part", "https://x.example/p", "-", "-"]
    units, rejects = expand(inputs)
    assert rejects == []
    assert units == expand(inputs[::-1])[0]
    assert [(unit.kind, unit.source_uri) for unit in units] == [
        ("file", "a[1].txt"),
        ("file", "b.txt"),
        ("stdin", "stdin"),
        ("url", "https://x.example/p"),
    ]
    assert units[0].path == str(folder / "a[1].txt")


def test_what_cannot_be_used_is_told(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "link").symlink_to("nowhere")
    assert reasons(["nothing.txt"]) == [("nothing.txt", "not_found")]
    assert reasons(["*.txt"]) == [("*.txt", "not_found")]
    assert reasons(["empty"]) == [("empty", "empty_folder")]
    assert reasons(["link"]) == [("link", "not_a_file")]
    assert reasons(["ftp://x.example/a"]) == [("ftp://x.example/a", "unsupported_scheme")]
    assert reasons(["file:///etc/passwd"]) == [("file:///etc/passwd", "unsupported_scheme")]
    for url in ("http://", "https://x.example:99999/", "https://x.example/a b", "http://[::1/"):
        assert reasons([url]) == [(url, "bad_url")]


def test_lists_of_urls(folder: Path) -> None:
    write(
        folder / "pages.txt",
        "\ufeff# sources\n\nhttps://x.example/1\r\n  https://x.example/2  \nhttps://x.example/1#x\n",
    )
    assert uris(["pages.txt"]) == ["https://x.example/1", "https://x.example/2"]
    write(folder / "story.txt", "https://x.example/1\nwas where the story stood.\n")
    assert uris(["story.txt"]) == ["story.txt"]
    write(folder / "comment.txt", "# A heading\nand a text.\n")
    assert uris(["comment.txt"]) == ["comment.txt"]
    write(folder / "mixed.urls", "https://x.example/1\nnot a url\n")
    units, rejects = expand(["mixed.urls"])
    assert [unit.source_uri for unit in units] == ["https://x.example/1"]
    assert [(reject.source_uri, reject.reason) for reject in rejects] == [("mixed.urls#2", "unsupported_scheme")]
    write(folder / "none.urls", "# nothing yet\n")
    assert reasons(["none.urls"]) == [("none.urls", "empty")]


def test_names_that_are_not_utf8_are_stored_as_such_and_still_read(folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    write(folder / name, "Text.")
    [unit], _ = expand(["."])
    assert unit.source_uri == "caf���.txt"
    assert read(unit, Settings()).body == b"Text."


@given(st.lists(st.text(max_size=30), max_size=4))
@settings(max_examples=100, deadline=None)
def test_any_names_give_units_or_rejects(names: list[str]) -> None:
    names = [name for name in names if not Path(name.replace("\0", "")).exists() and "*" not in name]
    units, rejects = expand(names)
    assert len(units) + len(rejects) <= len(names)
    assert bool(names) == bool(units or rejects)
    for reject in rejects:
        reject.source_uri.encode()


def test_read_tells_the_type_and_decompresses(folder: Path) -> None:
    (folder / "page.html.gz").write_bytes(gzip.compress(b"<p>One</p>") + gzip.compress(b"<p>Two</p>"))
    [unit], _ = expand(["page.html.gz"])
    received = read(unit, Settings())
    assert (received.content, received.media_type) == (b"<p>One</p><p>Two</p>", "text/html")
    assert received.body[:2] == b"\x1f\x8b"
    write(folder / "notes.md")
    assert read(InputUnit("file", "notes.md", "notes.md"), Settings()).media_type is None


def test_what_cannot_be_read_is_told(folder: Path) -> None:
    def reason(name: str, **options: object) -> str:
        with pytest.raises(Unreadable) as caught:
            read(InputUnit("file", name, str(folder / name)), Settings().with_options(**options))
        assert str(folder) not in caught.value.reject.detail
        return caught.value.reject.reason

    write(folder / "long.txt", "x" * 101)
    (folder / "bomb.txt.gz").write_bytes(gzip.compress(b"0" * 10_000_000))
    (folder / "cut.txt.gz").write_bytes(gzip.compress(b"0123456789" * 100)[:-9])
    (folder / "bad.txt.gz").write_bytes(b"\x1f\x8b\x08\x00" + b"\xff" * 50)
    assert reason("gone.txt") == "not_found"
    assert reason("long.txt", max_file_bytes=100) == "too_large"
    assert reason("bomb.txt.gz", max_file_bytes=100_000) == "too_large"
    assert reason("cut.txt.gz") == "bad_compression"
    assert reason("bad.txt.gz") == "bad_compression"
    (folder / "dir").mkdir()
    assert reason("dir") == "unreadable"


def test_standard_input_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = InputUnit("stdin", "stdin")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"Some text.")))
    assert read(unit, Settings()).content == b"Some text."
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"Some text.")))
    with pytest.raises(Unreadable, match="larger than 5 bytes"):
        read(unit, Settings(max_file_bytes=5))


@given(st.binary(max_size=200))
def test_gunzip_ends_in_bytes_or_one_of_its_errors(tail: bytes) -> None:
    with contextlib.suppress(TooLarge, BadCompression):
        gunzip(b"\x1f\x8b" + tail, 1_000)
    assert gunzip(gzip.compress(tail), 200) == tail


def test_settings_come_from_the_environment() -> None:
    given = {
        "MATERIEL_LAKE": "/data/lake",
        "MATERIEL_BATCH_SIZE": "1_000",
        "MATERIEL_TIMEOUT": "2.5",
        "MATERIEL_RUNNER": " ",
    }
    settings = Settings.from_environment(given)
    assert (settings.lake, settings.batch_size, settings.timeout) == (Path("/data/lake"), 1000, 2.5)
    assert (settings.runner, settings.max_bytes) == (None, 25_000_000)
    assert settings.with_options(batch_size=None, runner="threads") == Settings.from_environment(
        {**given, "MATERIEL_RUNNER": "threads"}
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MATERIEL_BATCH_SIZE", "0"),
        ("MATERIEL_BATCH_SIZE", "-1"),
        ("MATERIEL_BATCH_SIZE", "many"),
        ("MATERIEL_MAX_BYTES", "1e6"),
        ("MATERIEL_TIMEOUT", "nan"),
        ("MATERIEL_TIMEOUT", "soon"),
        ("MATERIEL_CONTACT", "a\r\nb"),
    ],
)
def test_a_bad_setting_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({variable: value})


def test_reading_inputs_loads_nothing_heavy() -> None:
    code = (
        "import sys, flows.inputs, flows.settings, transforms.parse; "
        "print({'prefect', 'duckdb', 'pyarrow', 'httpx', 'trafilatura', 'dbt'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_a_password_in_an_address_is_not_kept() -> None:
    units, rejects = expand(["https://reader:secret@example.org/news/1?a=b"])
    assert units == []
    assert [(reject.source_uri, reject.reason) for reject in rejects] == [("https://example.org/news/1?a=b", "bad_url")]
    assert "secret" not in str(rejects)
