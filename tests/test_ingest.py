from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from dangerous import work
from warcio.archiveiterator import ArchiveIterator

import flows.archive
import flows.parsing
from flows.archive import RawRecord, read_index
from flows.attempts import Attempt
from flows.ingest import ingest, reparse
from flows.isolation import Isolated
from flows.lake import Lake, iter_rows, read_rows
from flows.parsing import StoredDocument, parse_call
from flows.verify import verify
from transforms.rows import Document, Reject

SENTENCE = "Berlin said that it will send 18 Leopard 2 tanks to Kyiv."
PAGE = f"<html><body><article><p>{SENTENCE}</p></article></body></html>"
DAY = date(2024, 6, 27)


class Pages(BaseHTTPRequestHandler):
    """`/page` answers, `/kept` too and says when it has not changed, `/missing` is not there."""

    requests: Counter[str]
    answers: Counter[int]

    def do_GET(self) -> None:
        Pages.requests[self.path] += 1
        status = 200 if self.path in ("/page", "/kept") else 404
        if self.path == "/kept" and self.headers.get("If-None-Match") == '"7"':
            status = 304
        Pages.answers[status] += 1
        body = gzip.compress(PAGE.encode(), mtime=0) if status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        if status == 200:
            self.send_header("Content-Encoding", "gzip")
        if self.path == "/kept":
            self.send_header("ETag", '"7"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Pages.requests, Pages.answers = Counter(), Counter()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MATERIEL_ALLOW_HOSTS", "127.0.0.1")
    monkeypatch.setenv("MATERIEL_SPACING", "0")
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(
    inputs: list[str],
    published_on: date | None = None,
    lake: str = "lake",
    batch_size: int = 100,
    sources: str | None = None,
) -> dict:
    return ingest.fn(inputs, lake, published_on, batch_size, sources)


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows and tasks as the functions that they are: what Prefect does is not the matter here."""

    class Logger:
        def info(self, *_: object) -> None: ...

    class Future:
        def __init__(self, outcome: Any) -> None:
            self.result = lambda: outcome

    class Task:
        def __init__(self, function: Any) -> None:
            self.function = function

        def __call__(self, *arguments: Any) -> Any:
            return self.function(*arguments)

        def submit(self, *arguments: Any) -> Future:
            return Future(self.function(*arguments))

    import flows.ingest as module

    monkeypatch.setattr(module, "get_run_logger", Logger)
    monkeypatch.setattr(module, "as_completed", lambda futures: futures)
    for name in ("_collect_files", "_parse_batch"):
        monkeypatch.setattr(module, name, Task(getattr(module, name).fn))


def documents(lake: str = "lake") -> list[StoredDocument]:
    files = sorted(Path(lake, "documents").rglob("documents.parquet"))
    return sorted(read_rows(files, StoredDocument), key=lambda row: (row.source_uri, row.raw_digest, str(row)))


def rejects() -> list[Reject]:
    stored = [*read_rows(Path("lake/rejects"), Reject)]
    stored += read_rows(sorted(Path("lake/documents").rglob("rejects.parquet")), Reject)
    return sorted(stored, key=lambda row: row.source_uri)


def stored_files(*folders: str) -> dict[str, bytes]:
    """The files of the lake but for the log, which tells of every look; or those of some folders."""
    folders = folders or ("raw", "documents", "rejects")
    files = (path for folder in folders for path in Path("lake", folder).rglob("*") if path.is_file())
    return {path.as_posix(): path.read_bytes() for path in files}


def bad_inputs(folder: Path) -> None:
    (folder / "images").mkdir()
    (folder / "images" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (folder / "images" / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    (folder / "empty.txt").touch()
    (folder / "blank.txt").write_bytes(b" \n" * 100_000)
    (folder / "cut.html").write_text(PAGE[: PAGE.index(" tanks")])
    (folder / "damaged.txt").write_bytes(SENTENCE.encode() + b" \xff\xfe Na\xc3\xafve.")
    (folder / "huge.txt").write_bytes(b"tank " * 10_000_000)
    (folder / "cut.txt.gz").write_bytes(gzip.compress(SENTENCE.encode() * 9)[:-9])
    (folder / "lines.jsonl").write_text(
        json.dumps({"uri": "wire://1", "text": "One tank."})
        + '\n\n{"text": "broken\n'
        + json.dumps({"text": "Two tanks."})
    )
    (folder / "good.txt").write_text(SENTENCE)


def test_each_bad_input_ends_with_its_own_reason_and_the_others_go_on(folder: Path, server: str) -> None:
    bad_inputs(folder)
    outcome = run(["images", "*.*", f"{server}/page", f"{server}/missing"])
    assert {row.source_uri: row.text for row in documents()} == {
        "cut.html": "Berlin said that it will send 18 Leopard 2",
        "damaged.txt": f"{SENTENCE} \ufffd\ufffd Naïve.",
        "good.txt": SENTENCE,
        "lines.jsonl#4": "Two tanks.",
        "wire://1": "One tank.",
        f"{server}/page": SENTENCE,
    }
    assert [(row.source_uri, row.step, row.reason) for row in rejects()] == sorted(
        [
            ("blank.txt", "parse", "empty"),
            ("cut.txt.gz", "parse", "bad_compression"),
            ("empty.txt", "parse", "empty"),
            (f"{server}/missing", "fetch", "http_status"),
            ("huge.txt", "parse", "too_long"),
            ("images/a.png", "parse", "not_text"),
            ("images/b.jpg", "parse", "not_text"),
            ("lines.jsonl#3", "parse", "broken_record"),
        ]
    )
    assert (outcome["documents_new"], outcome["rejects_new"]) == (6, 8)
    assert outcome["rejects_by_reason"]["not_text"] == 2
    assert all(str(folder) not in row.detail for row in rejects())


def test_the_same_text_twice_is_one_document(folder: Path) -> None:
    (folder / "a.txt").write_text(SENTENCE)
    (folder / "b.txt").write_text(f"\n{SENTENCE}\n")
    record = json.dumps({"uri": "wire://1", "text": SENTENCE, "published_on": "2024-05-01"})
    (folder / "c.jsonl").write_text(f"{record}\n{record}\n")
    figures = run(["a.txt", "b.txt", "c.jsonl"])
    assert {row.document_id for row in documents()} == {documents()[0].document_id}
    assert [row.source_uri for row in documents()] == ["a.txt", "b.txt", "wire://1"]
    assert (figures["documents"], figures["documents_new"]) == (4, 3)
    assert len({row.extraction_key for row in documents()}) == 2


def test_a_second_run_adds_nothing(folder: Path, server: str) -> None:
    bad_inputs(folder)
    inputs = ["*.*", "images", f"{server}/page", f"{server}/kept", f"{server}/missing"]
    first = run(inputs)
    before = stored_files()
    second = run(inputs[::-1])
    assert stored_files() == before
    assert second["documents_new"] == second["rejects_new"] == 0
    assert second["documents"] == second["documents_seen"] == first["documents"] == 7
    assert second["rejects_by_reason"] == first["rejects_by_reason"]


def test_a_page_that_has_not_changed_is_not_sent_again(folder: Path, server: str) -> None:
    run([f"{server}/kept"])
    second = run([f"{server}/kept"])
    assert (Pages.answers[200], Pages.answers[304]) == (1, 1)
    assert (second["unchanged"], second["documents"], second["documents_new"]) == (1, 1, 0)
    assert [attempt.outcome for attempt in iter_rows(Lake(Path("lake")).attempts, Attempt)].count("unchanged") == 1


def test_batches_of_any_size_store_the_same_documents(folder: Path) -> None:
    for number in range(7):
        (folder / f"{number}.txt").write_text(f"{SENTENCE} {number}")
    stored = []
    for lake, size in (("one", 1), ("three", 3), ("all", 7)):
        run(["*.txt"], DAY, lake, size)
        stored.append([row.text for row in documents(lake)])
        assert {row.published_on for row in documents(lake)} == {DAY}
    assert stored[0] == stored[1] == stored[2]


def test_a_file_to_which_lines_were_added_gives_only_these(folder: Path) -> None:
    lines = [json.dumps({"uri": f"wire://{number}", "text": f"{SENTENCE} {number}"}) for number in range(5)]
    (folder / "a.jsonl").write_text("\n".join(lines[:3]))
    run(["a.jsonl"])
    (folder / "a.jsonl").write_text("\n".join(lines))
    figures = run(["a.jsonl"])
    assert (figures["documents"], figures["documents_new"]) == (5, 2)
    assert len(documents()) == 5


def test_another_default_date_is_another_reading_of_the_same_bytes(folder: Path) -> None:
    (folder / "a.txt").write_text(SENTENCE)
    run(["a.txt"])
    run(["a.txt"], DAY)
    run(["a.txt"], DAY)
    assert {row.published_on for row in documents()} == {None, DAY}
    assert len(documents()) == 2
    assert len({row.raw_file for row in documents()}) == 1
    assert len(list(Path("lake/raw").rglob("*.gz"))) == 1


def test_a_raised_limit_lets_a_document_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.txt").write_text(SENTENCE)
    monkeypatch.setenv("MATERIEL_MAX_TEXT_CHARS", "10")
    run(["a.txt"])
    assert [row.reason for row in rejects()] == ["too_long"]
    monkeypatch.delenv("MATERIEL_MAX_TEXT_CHARS")
    run(["a.txt"])
    assert [row.text for row in documents()] == [SENTENCE]


def test_a_changed_file_is_a_new_sighting(folder: Path) -> None:
    for text in ("First.", "Second.", "First."):
        (folder / "a.txt").write_text(text)
        run(["a.txt"])
    assert sorted(row.text for row in documents()) == ["First.", "Second."]


def test_every_document_knows_where_its_bytes_are(folder: Path, server: str) -> None:
    (folder / "a.txt").write_text(SENTENCE)
    (folder / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    run(["a.txt", "b.png", f"{server}/page"])
    assert sorted(record.source_uri for record in read_index(Lake(Path("lake")))) == ["a.txt", f"{server}/page"]
    for document in documents():
        with (Path("lake") / document.raw_file).open("rb") as file:
            file.seek(document.raw_offset)
            received = next(iter(ArchiveIterator(file))).raw_stream.read()
        assert hashlib.sha256(received).hexdigest() == document.raw_digest
    [page] = [row for row in documents() if row.source_uri.startswith("http")]
    assert page.raw_digest == hashlib.sha256(gzip.compress(PAGE.encode(), mtime=0)).hexdigest()


@pytest.mark.parametrize("killed_before", ["index", "documents", "rejects", "records"])
def test_a_run_killed_between_two_steps_is_made_good(
    folder: Path, monkeypatch: pytest.MonkeyPatch, killed_before: str
) -> None:
    bad_inputs(folder)
    run(["*.*", "images"])
    undisturbed = [(row.source_uri, row.text, row.raw_digest) for row in documents()], rejects()
    shutil.rmtree("lake")
    write_rows = flows.archive.write_rows

    def dying(path: Path, *rows: Any) -> int:
        if path.stem == killed_before:
            raise KeyboardInterrupt
        return write_rows(path, *rows)

    with monkeypatch.context() as patch:
        for module in (flows.archive, flows.parsing):
            patch.setattr(module, "write_rows", dying)
        with pytest.raises(KeyboardInterrupt):
            run(["*.*", "images"])
    # What is in the archive is read by the next run, even if that one has no inputs.
    run(["*.*", "images"] if killed_before == "index" else [])
    run(["*.*", "images"])
    assert ([(row.source_uri, row.text, row.raw_digest) for row in documents()], rejects()) == undisturbed
    assert not list(Path("lake").rglob(".tmp*"))
    assert verify(Lake(Path("lake"))).differences == []


def test_a_new_parser_reads_the_archive_again_with_no_inputs(
    folder: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad_inputs(folder)
    run(["*.*", f"{server}/page"])
    before = [(row.source_uri, row.text) for row in documents()]
    for path in [*folder.glob("*.*")]:
        path.unlink()
    monkeypatch.setattr(flows.parsing, "_code_version", lambda: "another")
    asked = Counter(Pages.requests)
    figures = reparse.fn("lake")
    assert figures["documents"] == len(before)
    again = documents()[::2]
    assert [(row.source_uri, row.text) for row in again] == before
    assert Pages.requests == asked
    assert reparse.fn("lake")["records"] == 0


def parse_or_die(call: Any) -> Any:
    """A parser that some inputs are too much for."""
    for what in ("sleep", "abort", "many pieces"):
        content = call.raw.content if hasattr(call, "limits") and not hasattr(call, "lines") else b""
        content += b"".join(line for _, line in getattr(call, "lines", []))
        if f"please {what}".encode() in content:
            work(what)
    return parse_call(call)


class Fence:
    """The real fence around that parser."""

    def __class_getitem__(cls, _types: object) -> Any:
        return lambda _function, megabytes: Isolated("test_ingest:parse_or_die", megabytes)


def test_an_input_that_the_parser_does_not_survive_costs_itself_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, what in enumerate(("sleep", "abort", "many pieces")):
        (folder / f"{number}.html").write_text(PAGE.replace("Kyiv.", f"Kyiv, please {what}."))
    (folder / "a.html").write_text(PAGE)
    lines = [{"text": "One tank."}, {"text": "Two tanks, please sleep."}, {"text": "Three tanks."}]
    (folder / "z.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    monkeypatch.setenv("MATERIEL_DOCUMENT_SECONDS", "4")
    monkeypatch.setenv("MATERIEL_DOCUMENT_MEGABYTES", "500")
    monkeypatch.setattr(flows.parsing, "Isolated", Fence)
    figures = run(["*.html", "z.jsonl"])
    assert {row.source_uri: row.text for row in documents()} == {
        "a.html": SENTENCE,
        "z.jsonl#1": "One tank.",
        "z.jsonl#3": "Three tanks.",
    }
    assert [(row.source_uri, row.reason) for row in rejects()] == [
        ("0.html", "timed_out"),
        ("1.html", "crashed"),
        ("2.html", "out_of_memory"),
        ("z.jsonl#2", "timed_out"),
    ]
    assert figures["documents_new"] == 3


def test_a_damaged_archive_costs_its_records_until_it_is_mended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.txt").write_text(SENTENCE)
    (folder / "b.txt").write_text("Another text.")
    run(["a.txt"])
    [archive] = Path("lake/raw").rglob("*.gz")
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-200])
    monkeypatch.setattr(flows.parsing, "_code_version", lambda: "another")
    figures = run(["b.txt"])
    assert figures["rejects_by_reason"] == {"damaged_archive": 1}
    assert "restore it from a copy" in rejects()[0].detail
    archive.write_bytes(whole)
    assert run([])["documents_new"] == 1
    assert {row.text for row in documents()} == {SENTENCE, "Another text."}


def test_records_are_in_the_index_once(folder: Path) -> None:
    (folder / "a.txt").write_text(SENTENCE)
    run(["a.txt", "a.txt", "./a.txt"])
    records: list[RawRecord] = read_index(Lake(Path("lake")))
    assert len({record.record_id for record in records}) == len(records)
    assert all(isinstance(row, Document) for row in documents())


def test_the_pages_of_a_web_archive_are_documents(folder: Path) -> None:
    (folder / "a.txt").write_text(SENTENCE)
    run(["a.txt"], lake="first")
    (folder / "in").mkdir()
    [archive] = Path("first/raw").rglob("*.warc.gz")
    shutil.copy(archive, "in/news.warc.gz")
    figures = run(["in"])
    again = run(["in"])
    assert (figures["documents_new"], again["documents_new"]) == (1, 0)
    [document] = documents()
    assert (document.text, document.published_on) == (SENTENCE, None)
    with (Path("lake") / document.raw_file).open("rb") as file:
        assert [record.rec_type for record in ArchiveIterator(file)] == ["warcinfo", "resource"]
