"""Decompression within limits."""

from __future__ import annotations

import zlib

from flows.inputs import BadCompression, TooLarge

MAX_MEMBERS = 10_000
"""Members of one gzip file; real ones have hundreds, and each costs time however small it is."""

_PIECE = 65_536


def gunzip(body: bytes, limit: int) -> bytes:
    """Decompress gzip data of one or more members; what follows the last one is left out.

    Raises TooLarge above `limit` bytes, and BadCompression where the data is damaged, cut off or in too many members.
    """
    parts: list[bytes] = []
    size = members = 0
    member = zlib.decompressobj(wbits=31)
    for start in range(0, len(body), _PIECE):
        # In pieces: what a member leaves unused is copied, and with the whole rest that would be quadratic.
        rest = body[start : start + _PIECE]
        while rest:
            if member.eof:
                if rest[:1] != b"\x1f":  # padding or junk behind the last member
                    return b"".join(parts)
                member = zlib.decompressobj(wbits=31)
                members += 1
                if members > MAX_MEMBERS:
                    raise BadCompression
            try:
                part = member.decompress(rest, limit - size + 1)
            except zlib.error as error:
                raise BadCompression from error
            size += len(part)
            if size > limit or member.unconsumed_tail:
                raise TooLarge
            parts.append(part)
            rest = member.unused_data
    if not member.eof:
        raise BadCompression
    return b"".join(parts)


def decoded(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo the content coding of an HTTP answer (RFC 9110, 8.4). Raises TooLarge and BadCompression."""
    encoding = encoding.strip().lower()
    if not body or encoding in ("", "identity"):
        return body
    if encoding in ("gzip", "x-gzip") and body.startswith(b"\x1f\x8b"):
        return gunzip(body, limit)
    if encoding == "deflate":
        for wbits in (15, -15):  # servers send it with and without the zlib header
            try:
                stream = zlib.decompressobj(wbits)
                content = stream.decompress(body, limit + 1)
            except zlib.error:
                continue
            if len(content) > limit:
                raise TooLarge
            if stream.eof:
                return content
    raise BadCompression
