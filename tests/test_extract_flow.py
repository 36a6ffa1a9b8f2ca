"""The extract flow's own rules: which documents are read, each once per version, in batches that land whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest
import small_lake
from small_lake import write_documents

from flows import extract as extracting
from flows.extract import CLAIM_TABLES, extract_batch, extracted_keys, pending
from flows.isolation import TimedOut
from flows.lake import Lake, read_rows, write_rows
from flows.settings import Settings
from transforms.documents import make_document
from transforms.extractor import Extracted
from transforms.rows import ActorMention, Document, Extraction, Reject

VERSION = "v1"
PARSER = small_lake.VERSION


class Reader:
    """Stands for the extractor: notes what it reads, fails on texts that say so, and finds one actor in each."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def extract(self, document: Document) -> Extracted:
        self.texts.append(document.text)
        if "unreadable" in document.text:
            raise RecursionError("too deep")
        if "endless" in document.text:
            raise TimedOut("stopped after 60 s")
        mention = ActorMention(document.extraction_key, document.document_id, "SWE", "Sweden", "state", "SWE")
        extraction = Extraction(document.extraction_key, document.document_id, 1, 1)
        return Extracted(extraction, actor_mentions=[mention])


class NoFence:
    """Stands for the child process: calls in this one, and notes the limits of time."""

    seconds: ClassVar[list[float]] = []

    def __class_getitem__(cls, _types: object) -> type[NoFence]:
        return cls

    def __init__(self, function: str, megabytes: int) -> None:
        module, _, name = function.partition(":")
        assert (module, name) == (extracting.__name__, "read_document")

    def __call__(self, document: Document, seconds: float) -> Extracted:
        self.seconds.append(seconds)
        return extracting.read_document(document)

    def __enter__(self) -> NoFence:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    stub = Reader()
    monkeypatch.setattr(extracting, "load_extractor", lambda: stub)
    monkeypatch.setattr(extracting, "Isolated", NoFence)
    NoFence.seconds.clear()
    return stub


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def sighting(text: str, uri: str, day: str | None = None) -> Document:
    return make_document(text, source_uri=uri, published_on=date.fromisoformat(day) if day else None)


def store(lake: Lake, name: str, *documents: Document) -> Path:
    return write_documents(lake, name, documents)


def read_pending(lake: Lake, version: str = VERSION) -> dict[str, int]:
    waiting = pending(lake, version, PARSER)
    return extract_batch(
        [key for key, _ in waiting], [str(path) for _, path in waiting], str(lake.root), version, Settings()
    )


def batches(lake: Lake, version: str = VERSION) -> list[Path]:
    folder = lake.claims / version
    return sorted(folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize(
    ("sightings", "chosen"),
    [
        # The earliest date, an unknown one last.
        ([("b", "2025-03-02"), ("a", None), ("c", "2025-03-01")], ("c", "2025-03-01")),
        # Then the smallest source.
        ([("b", "2025-03-01"), ("a", "2025-03-01")], ("a", "2025-03-01")),
        ([("b", None), ("a", None)], ("a", None)),
    ],
)
def test_one_sighting_stands_for_a_text(
    lake: Lake, sightings: list[tuple[str, str | None]], chosen: tuple[str, str | None]
) -> None:
    documents = [sighting("The same text.", uri, day) for uri, day in sightings]
    for number, document in enumerate(documents):
        store(lake, f"batch{number}", document)
    (key, path) = pending(lake, VERSION, PARSER)[0]
    assert len(pending(lake, VERSION, PARSER)) == 1
    assert key == sighting("The same text.", *chosen).extraction_key
    assert key in {d.extraction_key for d in read_rows(path, Document)}


def test_pending_is_in_order_of_file_and_key(lake: Lake) -> None:
    for name in ("b", "a"):
        store(lake, name, *(sighting(f"Text {name} {number}.", f"{name}{number}") for number in range(5)))
    waiting = pending(lake, VERSION, PARSER)
    assert waiting == sorted(waiting, key=lambda entry: (str(entry[1]), entry[0]))
    assert len(waiting) == 10


def test_a_text_in_another_language_is_a_reject_that_says_so(lake: Lake, reader: Reader) -> None:
    languages = ("de", "en", None)
    documents = [make_document(f"Text {n}.", source_uri=str(n), language=code) for n, code in enumerate(languages)]
    store(lake, "a", *documents)
    assert read_pending(lake)["rejects"] == 1
    assert sorted(reader.texts) == ["Text 1.", "Text 2."]
    [reject] = read_rows(lake.rejects, Reject)
    assert (reject.source_uri, reject.step, reject.reason) == ("0", "extract", "other_language")
    assert "(de)" in reject.detail
    assert pending(lake, VERSION, PARSER) == []


def test_nothing_is_pending_without_documents(lake: Lake) -> None:
    assert pending(lake, VERSION, PARSER) == []
    assert extracted_keys(lake, VERSION) == set()


def test_a_batch_holds_every_table(lake: Lake, reader: Reader) -> None:
    store(lake, "a", sighting("One.", "1"), sighting("Two.", "2"))
    figures = read_pending(lake)
    assert (figures["documents"], figures["rejects"], figures["actor_mentions"]) == (2, 0, 2)
    (batch,) = batches(lake)
    assert {p.name for p in batch.iterdir()} == {f"{t}.parquet" for t in (*CLAIM_TABLES, "extractions")}
    assert len(read_rows(batch / "actor_mentions.parquet", ActorMention)) == 2


def test_no_document_is_read_twice(lake: Lake, reader: Reader) -> None:
    path = store(lake, "a", sighting("One.", "1"), sighting("Two.", "2"))
    first = pending(lake, VERSION, PARSER)
    read_pending(lake)
    assert pending(lake, VERSION, PARSER) == []
    # A batch that was handed out twice is not written twice.
    again = extract_batch([key for key, _ in first], [str(path)], str(lake.root), VERSION, Settings())
    assert again["documents"] == 0
    assert len(batches(lake)) == 1
    assert sorted(reader.texts) == ["One.", "Two."]


def test_sightings_with_one_key_are_read_once(lake: Lake, reader: Reader) -> None:
    store(lake, "a", sighting("One.", "1", "2025-01-01"), sighting("One.", "2", "2025-01-01"))
    store(lake, "b", sighting("One.", "3", "2025-01-01"))
    keys = {sighting("One.", "1", "2025-01-01").extraction_key}
    extract_batch(
        sorted(keys),
        [str(p) for p in sorted(lake.documents.rglob("documents.parquet"))],
        str(lake.root),
        VERSION,
        Settings(),
    )
    assert reader.texts == ["One."]


def test_only_new_documents_are_read_later(lake: Lake, reader: Reader) -> None:
    store(lake, "a", sighting("One.", "1"))
    read_pending(lake)
    store(lake, "b", sighting("Two.", "2"))
    assert read_pending(lake)["documents"] == 1
    assert reader.texts == ["One.", "Two."]


def test_an_earlier_sighting_found_later_is_read(lake: Lake, reader: Reader) -> None:
    store(lake, "a", sighting("One.", "1", "2025-05-02"))
    read_pending(lake)
    store(lake, "b", sighting("One.", "2", "2025-06-01"))
    assert pending(lake, VERSION, PARSER) == []
    store(lake, "c", sighting("One.", "3", "2025-05-01"))
    assert [key for key, _ in pending(lake, VERSION, PARSER)] == [sighting("One.", "3", "2025-05-01").extraction_key]


def test_a_new_version_reads_again_and_keeps_the_old_claims(lake: Lake, reader: Reader) -> None:
    store(lake, "a", sighting("One.", "1"))
    read_pending(lake)
    assert read_pending(lake, "v2")["documents"] == 1
    assert reader.texts == ["One.", "One."]
    assert (len(batches(lake)), len(batches(lake, "v2"))) == (1, 1)


def test_a_document_that_fails_is_rejected_and_the_others_are_read(lake: Lake, reader: Reader) -> None:
    store(lake, "a", sighting("One.", "1"), sighting("This one is unreadable.", "2"), sighting("Three.", "3"))
    figures = read_pending(lake)
    assert (figures["documents"], figures["rejects"], figures["actor_mentions"]) == (3, 1, 2)
    (reject,) = read_rows(lake.rejects, Reject)
    assert (reject.source_uri, reject.step, reject.reason) == ("2", "extract", "extractor_error")
    assert "RecursionError" in reject.detail
    assert "\n" not in reject.detail
    # Not tried again by this version, but by the next one.
    assert pending(lake, VERSION, PARSER) == []
    assert len(pending(lake, "v2", PARSER)) == 3


def test_a_document_that_does_not_end_is_rejected_and_the_others_are_read(lake: Lake, reader: Reader) -> None:
    store(lake, "a", sighting("One.", "1"), sighting("This one is endless.", "2"), sighting("Three.", "3"))
    figures = read_pending(lake)
    assert (figures["documents"], figures["rejects"], figures["actor_mentions"]) == (3, 1, 2)
    (reject,) = read_rows(lake.rejects, Reject)
    assert (reject.source_uri, reject.step, reject.reason) == ("2", "extract", "timed_out")
    assert pending(lake, VERSION, PARSER) == []


def test_a_long_text_may_take_longer(lake: Lake, reader: Reader) -> None:
    store(lake, "a", sighting("One.", "1"), sighting("Long. " * 50_000, "2"))
    read_pending(lake)
    assert sorted(NoFence.seconds) == [60.0, 180.0]


def fail_at(table: str) -> Callable[..., int]:
    def write(path: Path, row_type: type, rows: object) -> int:
        if path.stem == table:
            raise OSError("no space left on device")
        return write_rows(path, row_type, rows)  # type: ignore[arg-type]

    return write


@pytest.mark.parametrize("table", ["extractions", "transfer_claims", "actor_mentions"])
def test_a_batch_is_there_whole_or_not_at_all(
    lake: Lake, reader: Reader, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    store(lake, "a", sighting("One.", "1"), sighting("This one is unreadable.", "2"))
    with monkeypatch.context() as patch:
        patch.setattr(extracting, "write_rows", fail_at(table))
        with pytest.raises(OSError, match="no space"):
            read_pending(lake)
    assert batches(lake) == []
    assert len(pending(lake, VERSION, PARSER)) == 2
    assert read_pending(lake)["documents"] == 2
    assert len(batches(lake)) == 1
    assert len(read_rows(lake.rejects, Reject)) == 1


def test_what_a_killed_run_left_is_not_seen(lake: Lake, reader: Reader) -> None:
    store(lake, "a", sighting("One.", "1"))
    read_pending(lake)
    (batch,) = batches(lake)
    batch.rename(batch.with_name(f".tmp.{batch.name}"))
    assert extracted_keys(lake, VERSION) == set()
    assert len(pending(lake, VERSION, PARSER)) == 1


@pytest.mark.parametrize(("waiting", "largest"), [(1, 500), (10, 500), (1000, 500), (100_000, 500), (100, 7)])
def test_batches_are_no_larger_than_asked(waiting: int, largest: int) -> None:
    size = extracting._batch_size(waiting, largest)
    assert 1 <= size <= largest
