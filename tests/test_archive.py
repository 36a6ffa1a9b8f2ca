"""The archive: bytes as received, whole or not at all, readable by others, and every change of it noticed."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from flows.archive import ArchiveBatch, Arrived, RawRecord, archive_batch, content_of, read_index, record_id
from flows.compression import TooLarge
from flows.lake import Lake, LakeError
from flows.verify import verify
from transforms.documents import Hints

PAGE = b"<html><p>Berlin will send 18 tanks to Kyiv.</p></html>"
TEXT = b"Sixteen howitzers were delivered in June. " * 50


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def a_file(name: str, hints: Hints | None = None, encoding: str | None = None) -> Arrived:
    return Arrived(name, hints or Hints(), f"file:///{name}", "text/plain", encoding)


def a_page(url: str) -> Arrived:
    headers = (("Content-Type", "text/html"), ("ETag", '"7"'), ("Transfer-Encoding", "chunked"))
    return Arrived(url, Hints(source="agency"), url, "text/html", None, url, "200 OK", headers)


def add(batch: ArchiveBatch, arrived: Arrived, payload: bytes) -> RawRecord:
    return batch.add(arrived, io.BytesIO(payload), len(payload))


def store(lake: Lake) -> None:
    with archive_batch(lake) as batch:
        add(batch, a_file("a.txt"), TEXT)
        add(batch, a_page("https://a.example/1"), PAGE)
        add(batch, a_file("b.txt.gz", encoding="gzip"), gzip.compress(TEXT))


def read(lake: Lake, record: RawRecord, limit: int = 1_000_000) -> bytes:
    with content_of(lake, record, limit) as pieces:
        return b"".join(pieces)


def test_what_came_in_comes_out(lake: Lake) -> None:
    store(lake)
    records = {record.source_uri: record for record in read_index(lake)}
    assert {uri: read(lake, record) for uri, record in records.items()} == {
        "a.txt": TEXT,
        "b.txt.gz": TEXT,
        "https://a.example/1": PAGE,
    }
    page = records["https://a.example/1"]
    assert (page.etag, page.url, page.source) == ('"7"', "https://a.example/1", "agency")
    assert page.raw_digest == hashlib.sha256(PAGE).hexdigest()
    assert page.record_id == record_id(page.source_uri, page.raw_digest, Hints(source="agency"))
    with pytest.raises(TooLarge):
        read(lake, records["b.txt.gz"], limit=100)


def test_other_readers_find_records_of_warc_1_1_each_compressed_by_itself(lake: Lake) -> None:
    store(lake)
    [path] = lake.raw.glob("*/records.warc.gz")
    with path.open("rb") as file:
        found = [(record.rec_type, record.rec_headers.protocol) for record in ArchiveIterator(file)]
    assert found == [(kind, "WARC/1.1") for kind in ("warcinfo", "resource", "response", "resource")]
    for record in read_index(lake):
        with path.open("rb") as file:
            file.seek(record.raw_offset)
            one = next(iter(ArchiveIterator(file, check_digests=True)))
            assert one.raw_stream.read() and one.digest_checker.passed
            assert one.rec_type == "resource" or "Transfer-Encoding" not in dict(one.http_headers.headers)


def test_an_error_in_the_middle_leaves_nothing(lake: Lake) -> None:
    with pytest.raises(RuntimeError), archive_batch(lake) as batch:
        add(batch, a_file("a.txt"), TEXT)
        raise RuntimeError
    assert list(lake.raw.iterdir()) == []


def test_a_batch_without_records_is_none(lake: Lake) -> None:
    with archive_batch(lake):
        pass
    assert list(lake.raw.iterdir()) == []


def test_a_payload_that_is_cut_short_is_taken_back(lake: Lake) -> None:
    with archive_batch(lake) as batch:
        add(batch, a_file("a.txt"), TEXT)
        with pytest.raises(EOFError):
            batch.add(a_file("cut.txt"), io.BytesIO(TEXT), len(TEXT) + 1)
        add(batch, a_file("c.txt"), TEXT)
    assert sorted(record.source_uri for record in read_index(lake)) == ["a.txt", "c.txt"]
    assert verify(lake).differences == []


def test_bytes_under_other_hints_are_indexed_and_not_stored_again(lake: Lake) -> None:
    store(lake)
    [before] = [record for record in read_index(lake) if record.source_uri == "a.txt"]
    with archive_batch(lake) as batch:
        batch.add_again(a_file("a.txt", Hints(title="A title")), before)
    twice = [record for record in read_index(lake) if record.source_uri == "a.txt"]
    assert {(record.raw_file, record.raw_offset) for record in twice} == {(before.raw_file, before.raw_offset)}
    assert {record.title for record in twice} == {None, "A title"}
    assert len(list(lake.raw.glob("*/records.warc.gz"))) == 1
    assert verify(lake).differences == []


def test_an_archive_as_written_verifies(lake: Lake) -> None:
    store(lake)
    found = verify(lake)
    assert (found.n_files, found.n_records, found.differences) == (1, 3, [])


def test_there_is_nothing_to_verify_without_an_archive(lake: Lake) -> None:
    with pytest.raises(LakeError, match="no archive there"):
        verify(lake)


def forge(path: Path) -> None:
    """The last record, written anew with another text and digests that fit it."""
    from warcio.warcwriter import WARCWriter

    last = max(read_index(Lake(path.parents[2])), key=lambda record: record.raw_offset)
    whole = path.read_bytes()
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=True, warc_version="WARC/1.1")
    forged = gzip.compress(TEXT.replace(b"Sixteen", b"Sixty"))
    writer.write_record(
        writer.create_warc_record("file:///b.txt.gz", "resource", payload=io.BytesIO(forged), length=len(forged))
    )
    path.write_bytes(whole[: last.raw_offset] + out.getvalue())


def flip_a_bit(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def append_a_record(path: Path) -> None:
    whole = path.read_bytes()
    offsets = sorted(record.raw_offset for record in read_index(Lake(path.parents[2])))
    path.write_bytes(whole + whole[offsets[-1] :])


def remove_index(path: Path) -> None:
    path.with_name("index.parquet").unlink()


@pytest.mark.parametrize("tamper", [forge, flip_a_bit, cut, append, append_a_record, Path.unlink, remove_index])
def test_every_change_is_noticed(lake: Lake, tamper: Callable[[Path], None]) -> None:
    store(lake)
    [path] = lake.raw.glob("*/records.warc.gz")
    tamper(path)
    assert verify(lake).differences


def test_a_damaged_record_is_told_with_its_file(lake: Lake) -> None:
    store(lake)
    record = read_index(lake)[0]
    shutil.rmtree(lake.root / Path(record.raw_file).parent)
    with pytest.raises(LakeError, match=r"records\.warc\.gz"):
        read(lake, record)
