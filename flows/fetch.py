"""Fetching pages over http(s), within limits of time, size and redirects."""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from importlib import metadata
from typing import TYPE_CHECKING

from flows.compression import BadCompression, TooLarge
from flows.inputs import Received, gunzip
from flows.settings import Settings
from transforms.parse import UNREADABLE_FAMILIES
from transforms.rows import Reject

if TYPE_CHECKING:
    import httpx

MAX_REDIRECTS = 5
MAX_AT_ONCE = 16
MAX_AT_ONCE_PER_HOST = 2

TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Status codes of faults that may pass by themselves."""


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """A page that could not be had."""

    reject: Reject
    is_transient: bool
    """Whether a later attempt may succeed."""


class _Failed(Exception):
    def __init__(self, reason: str, detail: str, *, is_transient: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.is_transient = is_transient


def user_agent(settings: Settings) -> str:
    """What the fetcher calls itself, with the operator's contact where one is set."""
    name = f"materiel/{metadata.version('materiel')}"
    return f"{name} (+{settings.contact})" if settings.contact else name


def fetch_list(urls: Sequence[str], settings: Settings) -> list[Received | FetchFailure]:
    """Fetch pages, a few at a time; the outcomes stand in the order of the URLs. Never raises for a page's fault."""
    return asyncio.run(_fetch_all(urls, settings))


async def _fetch_all(urls: Sequence[str], settings: Settings) -> list[Received | FetchFailure]:
    import httpx

    at_once = asyncio.Semaphore(MAX_AT_ONCE)
    per_host: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(MAX_AT_ONCE_PER_HOST))
    headers = {
        "User-Agent": user_agent(settings),
        "Accept": "text/html,application/xhtml+xml,text/plain;q=0.9,*/*;q=0.5",
        # What zlib decompresses within a limit; nothing else is asked for.
        "Accept-Encoding": "gzip",
    }
    async with httpx.AsyncClient(
        headers=headers,
        timeout=settings.timeout,
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
    ) as client:

        async def fetch(url: str) -> Received | FetchFailure:
            async with per_host[url.split("/")[2]], at_once:
                return await _fetch(client, url, settings)

        return await asyncio.gather(*(fetch(url) for url in urls))


async def _fetch(client: httpx.AsyncClient, url: str, settings: Settings) -> Received | FetchFailure:
    try:
        # The client's own limits are per operation; a server that sends a byte now and then would pass them for ever.
        async with asyncio.timeout(settings.timeout):
            return await _received(client, url, settings.max_bytes)
    except Exception as error:
        failed = _failure(error, settings)
        return FetchFailure(Reject(url, "fetch", failed.reason, failed.detail), failed.is_transient)


async def _received(client: httpx.AsyncClient, url: str, limit: int) -> Received:
    async with client.stream("GET", url) as response:
        status = response.status_code
        if status >= 400:
            raise _Failed(
                "http_status",
                f"The server answered {status} {_phrase(status)}; check the URL in a browser.",
                is_transient=status in TRANSIENT_STATUS,
            )
        media_type = response.headers.get("content-type")
        if media_type is not None and media_type.lower().startswith(UNREADABLE_FAMILIES):
            named = media_type.partition(";")[0].strip()[:60]
            raise _Failed("not_text", f"The server sends {named}, not a page; give the URL of a page.")
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > limit:
                raise TooLarge
        return Received(
            source_uri=url,
            body=bytes(body),
            content=_decompressed(bytes(body), response.headers.get("content-encoding", ""), limit),
            media_type=media_type,
            url=str(response.url),
            status_line=f"{status} {response.reason_phrase}".strip(),
            headers=tuple(response.headers.multi_items()),
        )


def _decompressed(body: bytes, encoding: str, limit: int) -> bytes:
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
            return content
    raise BadCompression


def _failure(error: Exception, settings: Settings) -> _Failed:
    """The reason behind an error; its words do not depend on the run, because they are published."""
    import httpx

    if isinstance(error, _Failed):
        return error
    timeout = f"No complete answer came within {settings.timeout:g} s; try again later or raise MATERIEL_TIMEOUT."
    too_large = f"The page is larger than {settings.max_bytes:,} bytes; raise MATERIEL_MAX_BYTES to have it."
    redirects = f"The page redirects more than {MAX_REDIRECTS} times; give the final URL."
    scheme = "The page redirects to an address that is not http or https; give the URL of a page."
    bad_url = "The URL, or one that it redirects to, is not valid; check its spelling."
    compression = "The answer is compressed in a damaged or unknown way; give the text of the page instead."
    certificate = "The server's TLS certificate cannot be trusted; check the host name."
    unknown_host = "The host name was not found; check its spelling and the network."
    no_connection = "No connection to the server could be made; check the URL and the network."
    broken = "The connection broke before the answer was complete; try again later."
    # The first row counts that fits the error or what caused it; the general ones come last.
    faults: list[tuple[tuple[type[Exception], ...], str, str, bool]] = [
        ((TimeoutError, httpx.TimeoutException), "timeout", timeout, True),
        ((TooLarge,), "too_large", too_large, False),
        ((httpx.TooManyRedirects,), "too_many_redirects", redirects, False),
        ((httpx.UnsupportedProtocol,), "unsupported_scheme", scheme, False),
        ((httpx.InvalidURL, UnicodeError), "bad_url", bad_url, False),
        ((BadCompression,), "bad_compression", compression, False),
        ((ssl.SSLCertVerificationError,), "bad_certificate", certificate, False),
        ((socket.gaierror,), "unreachable", unknown_host, True),
        ((httpx.ConnectError,), "unreachable", no_connection, True),
        ((httpx.TransportError,), "broken_connection", broken, True),
    ]
    causes = _causes(error)
    for types, reason, detail, is_transient in faults:
        if any(isinstance(cause, types) for cause in causes):
            return _Failed(reason, detail, is_transient=is_transient)
    return _Failed("fetch_error", f"The page could not be fetched ({type(error).__name__}); check the URL.")


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no standard code)"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page to fetch."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    spacing: float | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server's copy is the one that is known."""

    url: str


def fetch_all(
    requests: Iterable[PageRequest], settings: Settings
) -> Iterator[tuple[PageRequest, Received | NotModified | FetchFailure]]:
    """Fetch pages."""
    wanted = list(requests)
    yield from zip(wanted, fetch_list([request.url for request in wanted], settings), strict=True)
