from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

import flows.ingest
from flows.ingest import RawRecord, StoredDocument, ingest_batch
from flows.inputs import InputUnit, expand
from flows.lake import Lake, read_rows
from flows.settings import Settings
from transforms.rows import Document, Reject

SENTENCE = "Berlin said that it will send 18 Leopard 2 tanks to Kyiv."
PAGE = f"<html><body><article><p>{SENTENCE}</p></article></body></html>"
DAY = date(2024, 6, 27)


class Pages(BaseHTTPRequestHandler):
    """`/page` answers, `/flaky` answers from the second time on, `/stall` never does."""

    requests: Counter[str]

    def do_GET(self) -> None:
        Pages.requests[self.path] += 1
        if self.path == "/stall":
            time.sleep(2)
        is_there = self.path == "/page" or (self.path == "/flaky" and Pages.requests[self.path] > 1)
        body = gzip.compress(PAGE.encode(), mtime=0) if is_there else b"busy"
        self.send_response(200 if is_there else 503)
        self.send_header("Content-Type", "text/html")
        if is_there:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Pages.requests = Counter()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(inputs: list[str], published_on: date | None = None, settings: Settings | None = None, **options: Any) -> dict:
    units, _ = expand(inputs)
    return ingest_batch(units, "lake", published_on, settings or Settings(timeout=0.5), **options)


def documents() -> list[StoredDocument]:
    return sorted(read_rows(Path("lake/documents"), StoredDocument), key=lambda row: (row.source_uri, row.raw_digest))


def rejects() -> list[Reject]:
    return sorted(read_rows(Path("lake/rejects"), Reject), key=lambda row: row.source_uri)


def stored_files(*folders: str) -> dict[str, bytes]:
    """The files of the lake, or of some of its folders."""
    files = (path for folder in folders or (".",) for path in Path("lake", folder).rglob("*") if path.is_file())
    return {path.as_posix(): path.read_bytes() for path in files}


def bad_inputs(folder: Path) -> None:
    (folder / "images").mkdir()
    (folder / "images" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (folder / "images" / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    (folder / "empty.txt").touch()
    (folder / "cut.html").write_text(PAGE[: PAGE.index(" tanks")])
    (folder / "damaged.txt").write_bytes(SENTENCE.encode() + b" \xff\xfe Na\xc3\xafve.")
    (folder / "huge.txt").write_bytes(b"tank " * 10_000_000)
    (folder / "lines.jsonl").write_text(
        json.dumps({"uri": "wire://1", "text": "One tank."})
        + '\n{"text": "broken\n'
        + json.dumps({"text": "Two tanks."})
    )
    (folder / "good.txt").write_text(SENTENCE)


def test_each_bad_input_ends_with_its_own_reason_and_the_others_go_on(folder: Path, server: str) -> None:
    bad_inputs(folder)
    names = ["images", "empty.txt", "cut.html", "damaged.txt", "huge.txt", "lines.jsonl", "good.txt"]
    outcome = run([*names, f"{server}/stall", f"{server}/page", f"{server}/missing"])
    assert {row.source_uri: row.text for row in documents()} == {
        "cut.html": "Berlin said that it will send 18 Leopard 2",
        "damaged.txt": f"{SENTENCE} \ufffd\ufffd Naïve.",
        "good.txt": SENTENCE,
        "lines.jsonl#3": "Two tanks.",
        "wire://1": "One tank.",
        f"{server}/page": SENTENCE,
    }
    assert [(row.source_uri, row.step, row.reason) for row in rejects()] == sorted(
        [
            ("empty.txt", "parse", "empty"),
            (f"{server}/missing", "fetch", "http_status"),
            (f"{server}/stall", "fetch", "timeout"),
            ("huge.txt", "parse", "too_long"),
            ("images/a.png", "parse", "not_text"),
            ("images/b.jpg", "parse", "not_text"),
            ("lines.jsonl#2", "parse", "broken_record"),
        ]
    )
    assert outcome["figures"]["documents_new"] == 6
    assert outcome["figures"]["rejects_new"] == 7
    assert outcome["reasons"]["not_text"] == 2
    assert all(str(folder) not in row.detail for row in rejects())


def test_the_same_text_twice_is_one_document(folder: Path) -> None:
    (folder / "a.txt").write_text(SENTENCE)
    (folder / "b.txt").write_text(f"\n{SENTENCE}\n")
    record = json.dumps({"uri": "wire://1", "text": SENTENCE, "published_on": "2024-05-01"})
    (folder / "c.jsonl").write_text(f"{record}\n{record}\n")
    figures = run(["a.txt", "b.txt", "c.jsonl"])["figures"]
    assert {row.document_id for row in documents()} == {documents()[0].document_id}
    assert [row.source_uri for row in documents()] == ["a.txt", "b.txt", "wire://1"]
    assert figures["documents"] == 4
    assert len({row.extraction_key for row in documents()}) == 2


def test_a_second_run_adds_nothing(folder: Path, server: str) -> None:
    bad_inputs(folder)
    inputs = ["*.*", "images", f"{server}/page", f"{server}/missing"]
    first = run(inputs)
    before = stored_files()
    second = run(inputs[::-1])
    assert stored_files() == before
    assert second["figures"].get("documents_new", 0) == second["figures"].get("rejects_new", 0) == 0
    assert second["figures"]["documents"] == second["figures"]["documents_seen"] == first["figures"]["documents"]
    assert second["reasons"] == first["reasons"]


def test_batches_of_any_size_store_the_same_documents(folder: Path) -> None:
    for number in range(7):
        (folder / f"{number}.txt").write_text(f"{SENTENCE} {number}")
    units, _ = expand(["*.txt"])
    for lake, size in (("one", 1), ("three", 3), ("all", 7)):
        for start in reversed(range(0, 7, size)):
            ingest_batch(units[start : start + size], lake, DAY, Settings())
    stored = [sorted(read_rows(Lake(Path(name)).documents, Document), key=str) for name in ("one", "three", "all")]
    assert stored[0] == stored[1] == stored[2]
    assert {row.published_on for row in stored[0]} == {DAY}


def test_another_default_date_is_another_reading_of_the_same_bytes(folder: Path) -> None:
    (folder / "a.txt").write_text(SENTENCE)
    run(["a.txt"])
    run(["a.txt"], DAY)
    run(["a.txt"], DAY)
    assert [row.published_on for row in documents()] in ([None, DAY], [DAY, None])
    assert len({row.raw_file for row in documents()}) == 1
    assert len(list(Path("lake/raw").glob("*.gz"))) == 1


def test_a_raised_limit_lets_a_document_in(folder: Path) -> None:
    (folder / "a.txt").write_text(SENTENCE)
    run(["a.txt"], settings=Settings(max_text_chars=10))
    assert [row.reason for row in rejects()] == ["too_long"]
    run(["a.txt"])
    assert [row.text for row in documents()] == [SENTENCE]


def test_a_changed_file_is_a_new_sighting(folder: Path) -> None:
    for text in ("First.", "Second.", "First."):
        (folder / "a.txt").write_text(text)
        run(["a.txt"])
    assert sorted(row.text for row in documents()) == ["First.", "Second."]


def test_the_archive_holds_the_bytes_as_received(folder: Path, server: str) -> None:
    (folder / "a.txt").write_text(SENTENCE)
    (folder / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    run(["a.txt", "b.png", f"{server}/page"])
    records = read_rows(Path("lake/raw"), RawRecord)
    assert sorted(record.source_uri for record in records) == ["a.txt", f"{server}/page"]
    for record in records:
        with (Path("lake") / record.raw_file).open("rb") as file:
            file.seek(record.raw_offset)
            warc = next(iter(ArchiveIterator(file)))
            received = warc.raw_stream.read()
            assert hashlib.sha256(received).hexdigest() == record.raw_digest
            assert warc.rec_headers.protocol == "WARC/1.1"
            assert warc.rec_type == ("resource" if record.source_uri == "a.txt" else "response")
    [page] = [row for row in documents() if row.source_uri.startswith("http")]
    assert page.raw_digest == hashlib.sha256(gzip.compress(PAGE.encode(), mtime=0)).hexdigest()
    with (Path("lake") / page.raw_file).open("rb") as file:
        assert [warc.rec_type for warc in ArchiveIterator(file)] == ["warcinfo", "resource", "response"]


@pytest.mark.parametrize("killed_before", ["documents", "rejects", "raw"])
def test_a_run_killed_between_two_steps_is_made_good(
    folder: Path, monkeypatch: pytest.MonkeyPatch, killed_before: str
) -> None:
    bad_inputs(folder)
    run(["*.*", "images"])
    undisturbed = stored_files("documents", "rejects")
    shutil.rmtree("lake")
    write_rows = flows.ingest.write_rows

    def dying(path: Path, *rows: Any) -> int:
        if path.parent.name == killed_before:
            raise KeyboardInterrupt
        return write_rows(path, *rows)

    monkeypatch.setattr(flows.ingest, "write_rows", dying)
    with pytest.raises(KeyboardInterrupt):
        run(["*.*", "images"])
    monkeypatch.setattr(flows.ingest, "write_rows", write_rows)
    run(["*.*", "images"])
    assert stored_files("documents", "rejects") == undisturbed
    assert not list(Path("lake").rglob(".tmp*"))


def test_a_page_that_may_come_later_is_put_off_until_the_last_attempt(folder: Path, server: str) -> None:
    urls = [f"{server}/flaky", f"{server}/page"]
    outcome = run(urls, is_last_attempt=False)
    assert outcome["later"] == [InputUnit("url", f"{server}/flaky")]
    assert [row.source_uri for row in documents()] == [f"{server}/page"]
    assert not Path("lake/rejects").exists()
    assert run(urls[:1])["later"] == []
    assert [row.source_uri for row in documents()] == urls


def test_the_flow_tries_again_and_counts(folder: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bad_inputs(folder)
    (folder / "more").mkdir()
    for number in range(3):
        (folder / "more" / f"{number}.txt").write_text(f"{SENTENCE} {number}")
    monkeypatch.setattr(flows.ingest, "RETRY_DELAYS", (0.01, 0.01))
    monkeypatch.setenv("MATERIEL_TIMEOUT", "0.5")
    inputs = ["more", "good.txt", "lines.jsonl", "gone.txt", f"{server}/flaky", f"{server}/missing", f"{server}/page"]
    first = flows.ingest.ingest(inputs, "lake", batch_size=2)
    before = stored_files()
    second = flows.ingest.ingest(inputs[::-1], "lake", batch_size=100)
    assert first == {
        "units": 8,
        "documents": 8,
        "documents_new": 8,
        "documents_seen": 0,
        "rejects": 3,
        "rejects_new": 3,
        "rejects_seen": 0,
        "rejects_by_reason": {"broken_record": 1, "http_status": 1, "not_found": 1},
    }
    assert second == {**first, "documents_new": 0, "documents_seen": 8, "rejects_new": 0, "rejects_seen": 3}
    assert stored_files() == before
    assert Pages.requests["/missing"] == 6
    assert Pages.requests["/flaky"] == 3
