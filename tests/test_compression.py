from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.compression import DEFLATE, GZIP, BadCompression, TooLarge, decompressed

LIMIT = 10_000_000


def undone(data: bytes, encoding: str | None, step: int = 7, limit: int = LIMIT) -> bytes:
    pieces = (data[start : start + step] for start in range(0, len(data), step))
    return b"".join(decompressed(pieces, encoding, limit))


def raw_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


@given(st.binary(max_size=2_000), st.binary(max_size=200), st.integers(1, 500))
def test_what_was_compressed_comes_back_however_it_is_cut(data: bytes, more: bytes, step: int) -> None:
    assert undone(gzip.compress(data) + gzip.compress(more), GZIP, step) == data + more
    assert undone(zlib.compress(data), DEFLATE, step) == data
    assert undone(data, None, step) == data


def test_deflate_without_its_wrapping_is_read() -> None:
    data = b"tanks and howitzers " * 1_000
    assert undone(raw_deflate(data), DEFLATE) == data


def test_padding_and_what_was_appended_is_left_alone() -> None:
    assert undone(gzip.compress(b"tanks") + bytes(512), GZIP) == b"tanks"
    assert undone(gzip.compress(b"tanks") + b"<!-- cached -->", GZIP) == b"tanks"


@pytest.mark.parametrize("data", [b"", b"\x1f", gzip.compress(b"tanks")[:-3], gzip.compress(b"tanks" * 99)[:20], b"no"])
def test_damage_is_told(data: bytes) -> None:
    with pytest.raises(BadCompression):
        undone(data, GZIP)


def test_an_unknown_encoding_is_told() -> None:
    with pytest.raises(BadCompression):
        undone(b"x", "zstd")


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    taken = 0
    with pytest.raises(TooLarge):
        for piece in decompressed([bomb], GZIP, 1_000_000):
            taken += len(piece)
    assert taken <= 1_000_000
