"""Undoing compression in pieces, within a limit: a few bytes can stand for gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

PIECE = 65_536
"""Bytes that come out at once."""

GZIP, DEFLATE = "gzip", "deflate"

GZIP_MAGIC = b"\x1f\x8b"

_GZIP_WINDOW, _ZLIB_WINDOW, _RAW_WINDOW = 31, 15, -15


MAX_MEMBERS = 10_000
"""Members of one gzip file; real ones have hundreds, and each costs time however small it is."""


class TooLarge(Exception):
    """Content passes its limit, as received or after decompression."""


class BadCompression(Exception):
    """Compressed content is damaged, cut off, or compressed in an unknown way."""


def gunzip(body: bytes, limit: int) -> bytes:
    """The content of gzip data. Raises TooLarge above `limit` bytes, and BadCompression."""
    return b"".join(decompressed([body], GZIP, limit))


def decoded(body: bytes, header: str, limit: int) -> bytes:
    """Undo the content coding of an HTTP answer (RFC 9110, 8.4). Raises TooLarge and BadCompression."""
    return b"".join(decompressed([body], coding_of(header), limit)) if body else body


def coding_of(header: str) -> str | None:
    """What a Content-Encoding header says that `decompressed` has to undo; None where it says nothing."""
    name = header.strip().lower()
    return {"": None, "identity": None, "x-gzip": GZIP}.get(name, name)


def decompressed(pieces: Iterable[bytes], encoding: str | None, limit: int) -> Iterator[bytes]:
    """The content of compressed pieces. Raises TooLarge above `limit` bytes, and BadCompression.

    `encoding` is `gzip` (of one or more members), `deflate`, or None for what is not compressed.
    """
    size = 0
    for piece in pieces if encoding is None else _inflated(pieces, encoding):
        size += len(piece)
        if size > limit:
            raise TooLarge
        yield piece


def _inflated(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    if encoding not in (GZIP, DEFLATE):
        raise BadCompression
    window = _GZIP_WINDOW
    engine = None
    members = 1
    rest = b""
    for received in _cut(pieces):
        rest += received
        if engine is None:
            if len(rest) < 2:
                continue
            window = _GZIP_WINDOW if encoding == GZIP else _deflate_window(rest)
            engine = zlib.decompressobj(wbits=window)
        while rest:
            if engine.eof:
                if encoding == DEFLATE or not rest.startswith(GZIP_MAGIC[:1]):
                    return  # padding, or what somebody appended
                engine = zlib.decompressobj(wbits=window)
                members += 1
                if members > MAX_MEMBERS:
                    raise BadCompression
            try:
                out = engine.decompress(rest, PIECE)
            except zlib.error as error:
                raise BadCompression from error
            rest = engine.unused_data if engine.eof else engine.unconsumed_tail
            if out:
                yield out
    while engine is not None and not engine.eof and (out := engine.decompress(b"", PIECE)):
        yield out
    if engine is None or not engine.eof:
        raise BadCompression


def _deflate_window(head: bytes) -> int:
    """Whether the data has the wrapping that the standard asks for, or is raw, as some servers send it (RFC 1950)."""
    is_wrapped = head[0] & 0x0F == zlib.DEFLATED and (head[0] << 8 | head[1]) % 31 == 0
    return _ZLIB_WINDOW if is_wrapped else _RAW_WINDOW


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces, none too large: what a gzip member leaves unused is copied, and a large rest many times over."""
    for piece in pieces:
        for start in range(0, len(piece), PIECE):
            yield piece[start : start + PIECE]
