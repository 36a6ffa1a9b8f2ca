"""A server on the loopback address that plays the outside world, with its faults; it keeps a log of what it is asked.

    with outside_world() as world:
        urls = [world.url(f"/article/{number}") for number in range(2_000)]
        ...
        world.log                          # requests in the order of their arrival

The first part of a path chooses a route; what follows it (`/gzip/7`) only makes addresses different. `@route(name,
outcome)` adds a route for all worlds, `world.add("/feed.xml", body, "application/rss+xml")` a fixed answer for one.
`OUTCOMES` says of each route what a fetch of it comes to: `received`, `not_modified`, or the reason of a reject.
"""

from __future__ import annotations

import contextlib
import gzip
import ipaddress
import random
import socket
import struct
import threading
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore

PAGE = b"<html><body><p>Berlin will send 18 tanks to Kyiv.</p></body></html>"
HTML = "text/html; charset=utf-8"
ETAG, LAST_MODIFIED = '"v1"', "Mon, 02 Jun 2025 08:00:00 GMT"

ACTORS = ("Germany", "Poland", "Norway", "Canada", "Japan")
RECIPIENTS = ("Ukraine", "Moldova", "Jordan", "Kenya")

Route = Callable[["Exchange"], None]
ROUTES: dict[str, Route] = {}
OUTCOMES: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that arrived."""

    path: str
    headers: dict[str, str]
    """With names in lower case."""
    time: float
    """Of a clock that does not go back, in seconds."""


@dataclass
class World:
    """A running server, what it answers, and what it was asked."""

    address: str = ""
    port: int = 0
    fixed: dict[str, tuple[int, str, bytes, dict[str, str]]] = field(default_factory=dict)
    log: list[Asked] = field(default_factory=list)
    now: int = 0
    most_at_once: int = 0
    """The most requests that were being answered at once."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"{self.address}{path}"

    def add(self, path: str, body: bytes | str, media_type: str = HTML, status: int = 200, **headers: str) -> str:
        """Answer a path with this from now on; underscores in the names of headers stand for hyphens."""
        content = body.encode() if isinstance(body, str) else body
        self.fixed[path] = (status, media_type, content, {k.replace("_", "-"): v for k, v in headers.items()})
        return self.url(path)

    def paths(self, *, robots: bool = False) -> list[str]:
        """The paths that were asked for, in order."""
        return [asked.path for asked in list(self.log) if robots or asked.path != "/robots.txt"]

    def times_asked(self, path: str) -> int:
        """How often a path was asked for."""
        return self.paths(robots=True).count(path)


class Exchange(BaseHTTPRequestHandler):
    """One request, and the ways to answer it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    world: World

    @property
    def number(self) -> int:
        """The number behind the route's name; 0 where there is none."""
        last = self.path.partition("?")[0].rpartition("/")[2]
        return int(last) if last.isdigit() else 0

    @property
    def times(self) -> int:
        """How often this path was asked for, this time included."""
        return self.world.times_asked(self.path)

    def do_GET(self) -> None:
        asked = Asked(self.path, {key.lower(): value for key, value in self.headers.items()}, time.monotonic())
        with self.world.lock:
            self.world.log.append(asked)
            self.world.now += 1
            self.world.most_at_once = max(self.world.most_at_once, self.world.now)
        try:
            with contextlib.suppress(OSError):  # the client went away, as it should
                self.answer()
        finally:
            with self.world.lock:
                self.world.now -= 1

    def answer(self) -> None:
        path = self.path.partition("?")[0]
        if path in self.world.fixed:
            status, media_type, body, headers = self.world.fixed[path]
            self.send(body, status, **({"Content-Type": media_type} | headers))
            return
        route = ROUTES.get(path.strip("/").partition("/")[0])
        if route is None:
            self.send(b"no", 404)
        else:
            route(self)

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        """A whole answer."""
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def raw(self, data: bytes) -> None:
        """Bytes as they are; the connection ends with them."""
        self.close_connection = True
        self.wfile.write(data)
        self.wfile.flush()

    def begin(self, *headers: tuple[str, str], status: int = 200) -> None:
        """The head of an answer; the connection ends with it."""
        self.close_connection = True
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.end_headers()
        self.wfile.flush()

    def reset(self) -> None:
        """Break the connection off by a reset."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def outside_world(host: str = "127.0.0.1") -> Iterator[World]:
    """A world of its own, on a free port."""
    world = World()
    handler = type("Handler", (Exchange,), {"world": world})
    server = ThreadingHTTPServer((host, 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    world.port = server.server_port
    world.address = f"http://{host}:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()


class Recorder(httpcore.AsyncNetworkBackend):
    """Stands where sockets are opened; writes down where to, and opens none but to the loopback address.

    With `instead`, every connection goes to that port of the loopback address, so that a world can play any host.
    """

    def __init__(self, instead: int | None = None) -> None:
        self.contacted: list[tuple[str, int]] = []
        self._instead = instead
        self._real = httpcore.AnyIOBackend()

    async def connect_tcp(self, host: str, port: int, *rest: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        self.contacted.append((host, port))
        if self._instead is not None:
            host, port = "127.0.0.1", self._instead
        if host != "127.0.0.1":
            raise httpcore.ConnectError("the recorder connects to nothing but the loopback address")
        return await self._real.connect_tcp(host, port, *rest, **named)


def names(table: dict[str, list[str]]) -> Callable[[str, int], Awaitable[list[str]]]:
    """A name service that knows these names; addresses stand for themselves, in the forms that the C library takes."""

    async def resolve(host: str, port: int) -> list[str]:
        if host in table:
            return table[host]
        with contextlib.suppress(OSError):
            return [socket.inet_ntoa(socket.inet_aton(host))]
        with contextlib.suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    return resolve


def route(name: str, outcome: str) -> Callable[[Route], Route]:
    """Register a route and what a fetch of it comes to."""

    def register(answer: Route) -> Route:
        ROUTES[name] = answer
        OUTCOMES[name] = outcome
        return answer

    return register


def article(number: int) -> bytes:
    """An invented report; the same number gives the same page, other numbers other texts."""
    chance = random.Random(number)
    supplier, recipient = chance.choice(ACTORS), chance.choice(RECIPIENTS)
    amount, day = chance.randint(2, 400), 1 + number % 28
    return (
        f"<html><head><title>Report {number} of the test wire</title>"
        f'<meta property="article:published_time" content="2025-06-{day:02d}"></head><body><article>'
        f"<h1>Report {number} of the test wire</h1>"
        f"<p>{supplier} will send {amount} trucks to {recipient}, the ministry of defence said in report {number}.</p>"
        f"<p>The first of the {amount} vehicles leave a depot in district {number} next month. Drivers are trained in "
        f"course {number * 7 + 3}, which this text was written to mention.</p></article></body></html>"
    ).encode()


# ---------------------------------------------------------------------------------------------- what can be had


@route("article", "received")
def _article(exchange: Exchange) -> None:
    exchange.send(article(exchange.number), Content_Type=HTML)


@route("page", "received")
def _page(exchange: Exchange) -> None:
    exchange.send(PAGE, Content_Type=HTML)


@route("gzip", "received")
def _gzip(exchange: Exchange) -> None:
    exchange.send(gzip.compress(PAGE), Content_Type=HTML, Content_Encoding="gzip")


@route("deflate", "received")
def _deflate(exchange: Exchange) -> None:
    exchange.send(zlib.compress(PAGE), Content_Type=HTML, Content_Encoding="deflate")


@route("moved", "received")
def _moved(exchange: Exchange) -> None:
    exchange.send(b"", 301, Location="/page")


@route("flaky", "received")
def _flaky(exchange: Exchange) -> None:
    """503 the first time."""
    exchange.send(PAGE, 503 if exchange.times == 1 else 200, Content_Type=HTML)


@route("throttled", "received")
def _throttled(exchange: Exchange) -> None:
    """429 the first time, with a wait of no seconds."""
    exchange.send(PAGE, 429 if exchange.times == 1 else 200, Content_Type=HTML, Retry_After="0")


@route("cached", "received")
def _cached(exchange: Exchange) -> None:
    """304 to whoever has this version: then the outcome is `not_modified`."""
    has_it = exchange.headers["If-None-Match"] == ETAG or exchange.headers["If-Modified-Since"] == LAST_MODIFIED
    exchange.send(b"" if has_it else PAGE, 304 if has_it else 200, ETag=ETAG, Last_Modified=LAST_MODIFIED)


@route("wrong-charset", "received")
def _wrong_charset(exchange: Exchange) -> None:
    page = "<html><body><p>Der Minister prüft die Lieferung.</p></body></html>".encode("windows-1252")
    exchange.send(page, Content_Type="text/html; charset=utf-8")


@route("wrong-type", "received")
def _wrong_type(exchange: Exchange) -> None:
    """A page that calls itself JSON; parsing must find out."""
    exchange.send(PAGE, Content_Type="application/json")


@route("no-length", "received")
def _no_length(exchange: Exchange) -> None:
    exchange.begin(("Content-Type", HTML), ("Connection", "close"))
    exchange.raw(PAGE)


@route("http10", "received")
def _http10(exchange: Exchange) -> None:
    exchange.raw(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE)


@route("chunked", "received")
def _chunked(exchange: Exchange) -> None:
    exchange.begin(("Content-Type", HTML), ("Transfer-Encoding", "chunked"))
    exchange.raw(b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAGE), PAGE))


@route("broken-feed", "received")
def _broken_feed(exchange: Exchange) -> None:
    """Bytes are bytes; reading the feed must find out."""
    body = b"<?xml version='1.0'?><rss><channel><item><title>Cut off & <link>/article/1</item>"
    exchange.send(body, Content_Type="application/rss+xml")


# ------------------------------------------------------------------------------------- what will never be had


@route("image", "not_text")
def _image(exchange: Exchange) -> None:
    exchange.send(b"\x89PNG", Content_Type="image/png")


@route("loop", "too_many_redirects")
def _loop(exchange: Exchange) -> None:
    exchange.send(b"", 302, Location=f"/loop/{exchange.number + 1}")


@route("away", "unsupported_scheme")
def _away(exchange: Exchange) -> None:
    exchange.send(b"", 302, Location="file:///etc/passwd")


@route("to-private", "refused_address")
def _to_private(exchange: Exchange) -> None:
    exchange.send(b"", 302, Location="http://10.0.0.1/admin")


@route("to-metadata", "refused_address")
def _to_metadata(exchange: Exchange) -> None:
    exchange.send(b"", 307, Location="http://169.254.169.254/latest/meta-data/")


@route("bomb", "too_large")
def _bomb(exchange: Exchange) -> None:
    exchange.send(BOMB, Content_Encoding="gzip")


@route("endless", "too_large")
def _endless(exchange: Exchange) -> None:
    exchange.begin()
    while True:
        exchange.wfile.write(b"a" * 10_000)


@route("announced", "too_large")
def _announced(exchange: Exchange) -> None:
    """Says that more will come than anybody takes."""
    exchange.begin(("Content-Length", str(10**12)))
    exchange.raw(b"a")


@route("huge-headers", "too_large")
def _huge_headers(exchange: Exchange) -> None:
    exchange.raw(b"HTTP/1.1 200 OK\r\nX-Filler: " + b"a" * 500_000 + b"\r\n\r\n")


@route("damaged", "bad_compression")
def _damaged(exchange: Exchange) -> None:
    exchange.send(gzip.compress(PAGE)[:-12], Content_Encoding="gzip")


@route("brotli", "bad_compression")
def _brotli(exchange: Exchange) -> None:
    """In a coding that nobody asked for."""
    exchange.send(PAGE, Content_Encoding="br")


# -------------------------------------------------------------------------------------------- what may pass


@route("stall", "timeout")
def _stall(exchange: Exchange) -> None:
    time.sleep(3)


@route("drip-headers", "timeout")
def _drip_headers(exchange: Exchange) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(60):
        exchange.wfile.write(b"X-%d: 1\r\n" % number)
        time.sleep(0.05)


@route("drip", "timeout")
def _drip(exchange: Exchange) -> None:
    exchange.begin(("Content-Length", "1000"))
    for _ in range(60):
        exchange.wfile.write(b"a")
        time.sleep(0.05)


@route("truncated", "broken_connection")
def _truncated(exchange: Exchange) -> None:
    exchange.begin(("Content-Length", "1000"))
    exchange.raw(b"a")


@route("bad-chunks", "broken_connection")
def _bad_chunks(exchange: Exchange) -> None:
    exchange.begin(("Transfer-Encoding", "chunked"))
    exchange.raw(b"zz\r\nthis is no chunk\r\n")


@route("garbage", "broken_connection")
def _garbage(exchange: Exchange) -> None:
    exchange.raw(b"this is not http\r\n\r\n")


@route("hang-up", "broken_connection")
def _hang_up(exchange: Exchange) -> None:
    exchange.close_connection = True
    exchange.connection.shutdown(socket.SHUT_RDWR)


@route("reset", "broken_connection")
def _reset(exchange: Exchange) -> None:
    """In the middle of the body."""
    exchange.begin(("Content-Length", "1000"))
    exchange.wfile.write(b"a" * 500)
    exchange.reset()


@route("patience", "http_status")
def _patience(exchange: Exchange) -> None:
    """Asks to wait for a day: the rest of the host's pages are then `host_unavailable`."""
    exchange.send(b"", 429, Retry_After="86400")


def _answers(status: int) -> None:
    route(str(status), "http_status")(lambda exchange: exchange.send(b"no", status))


for _status in (300, 400, 401, 403, 404, 410, 429, 451, 500, 502, 503, 504, 599):
    _answers(_status)

BOMB = gzip.compress(b"0" * 50_000_000)
