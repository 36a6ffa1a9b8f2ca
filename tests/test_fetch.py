from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flows.fetch import MAX_AT_ONCE_PER_HOST, FetchFailure, fetch_all, user_agent
from flows.inputs import Received
from flows.settings import Settings

PAGE = b"<html><body><p>Berlin will send 18 tanks to Kyiv.</p></body></html>"
SETTINGS = Settings(timeout=1.0, max_bytes=100_000)


class World(BaseHTTPRequestHandler):
    """A server that plays the outside world; the path says what it does."""

    protocol_version = "HTTP/1.1"
    at_once = 0
    most_at_once = 0
    requests: Counter[str]
    agents: set[str | None]
    lock = threading.Lock()

    def do_GET(self) -> None:
        with World.lock:
            World.requests[self.path] += 1
            World.agents.add(self.headers["User-Agent"])
        with contextlib.suppress(OSError):  # the client went away, as it should
            self.answer(self.path.strip("/").partition("/")[0].partition("?")[0])

    def answer(self, name: str) -> None:
        if name == "page":
            with World.lock:
                World.at_once += 1
                World.most_at_once = max(World.most_at_once, World.at_once)
            time.sleep(0.02)
            with World.lock:
                World.at_once -= 1
            self.send(PAGE, **{"Content-Type": "text/html; charset=utf-8"})
        elif name == "gzip":
            self.send(gzip.compress(PAGE), **{"Content-Encoding": "gzip"})
        elif name == "deflate":
            self.send(zlib.compress(PAGE), **{"Content-Encoding": "deflate"})
        elif name == "bomb":
            self.send(gzip.compress(b"0" * 50_000_000), **{"Content-Encoding": "gzip"})
        elif name == "damaged":
            self.send(gzip.compress(PAGE)[:-12], **{"Content-Encoding": "gzip"})
        elif name == "strange":
            self.send(PAGE, **{"Content-Encoding": "br"})
        elif name == "image":
            self.send(b"\x89PNG", **{"Content-Type": "image/png"})
        elif name == "loop":
            self.send(b"", 302, Location="/loop")
        elif name == "moved":
            self.send(b"", 301, Location="/page")
        elif name == "away":
            self.send(b"", 302, Location="file:///etc/passwd")
        elif name == "stall":
            time.sleep(3)
        elif name == "drip-headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for number in range(40):
                self.wfile.write(b"X-%d: 1\r\n" % number)
                self.wfile.flush()
                time.sleep(0.1)
        elif name == "drip":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(40):
                self.wfile.write(b"a")
                time.sleep(0.1)
        elif name == "endless":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b"a" * 10_000)
        elif name == "short":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"a")
            self.close_connection = True
        elif name == "garbage":
            self.wfile.write(b"this is not http\r\n\r\n")
            self.close_connection = True
        elif name == "reset":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self.send(b"no", int(name) if name.isdigit() else 404)

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def world() -> Iterator[str]:
    World.requests, World.agents, World.at_once, World.most_at_once = Counter(), set(), 0, 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), World)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def fetch(url: str) -> Received | FetchFailure:
    [outcome] = fetch_all([url], SETTINGS)
    return outcome


@pytest.mark.parametrize("name", ["page", "gzip", "deflate"])
def test_a_page_comes_back_as_received_and_decompressed(world: str, name: str) -> None:
    received = fetch(f"{world}/{name}")
    assert isinstance(received, Received)
    assert received.content == PAGE
    assert (received.body == PAGE) == (name == "page")
    assert received.status_line == "200 OK"
    assert ("content-length", str(len(received.body))) in [(key.lower(), value) for key, value in received.headers]


def test_a_redirect_keeps_the_source_and_tells_the_address(world: str) -> None:
    received = fetch(f"{world}/moved")
    assert isinstance(received, Received)
    assert (received.source_uri, received.url) == (f"{world}/moved", f"{world}/page")
    assert received.media_type == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("name", "reason", "is_transient"),
    [
        ("404", "http_status", False),
        ("410", "http_status", False),
        ("599", "http_status", False),
        ("429", "http_status", True),
        ("503", "http_status", True),
        ("image", "not_text", False),
        ("loop", "too_many_redirects", False),
        ("away", "unsupported_scheme", False),
        ("stall", "timeout", True),
        ("drip", "timeout", True),
        ("drip-headers", "timeout", True),
        ("endless", "too_large", False),
        ("bomb", "too_large", False),
        ("damaged", "bad_compression", False),
        ("strange", "bad_compression", False),
        ("short", "broken_connection", True),
        ("garbage", "broken_connection", True),
        ("reset", "broken_connection", True),
    ],
)
def test_each_fault_has_its_reason(world: str, name: str, reason: str, is_transient: bool) -> None:
    started = time.perf_counter()
    failure = fetch(f"{world}/{name}")
    assert time.perf_counter() - started < 2.5
    assert isinstance(failure, FetchFailure)
    assert (failure.reject.step, failure.reject.reason, failure.is_transient) == ("fetch", reason, is_transient)
    assert failure.reject.source_uri == f"{world}/{name}"
    assert failure == fetch(f"{world}/{name}"), "the words of a reject do not depend on the run"


def test_nobody_listens_and_nobody_is_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        failure = fetch(f"http://127.0.0.1:{closed.getsockname()[1]}/")
    assert isinstance(failure, FetchFailure)
    assert (failure.reject.reason, failure.is_transient) == ("unreachable", True)


def test_an_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failure = fetch("http://no-such-host.invalid/")
    assert isinstance(failure, FetchFailure)
    assert (failure.reject.reason, failure.is_transient) == ("unreachable", True)
    assert "host name" in failure.reject.detail


@pytest.mark.parametrize("url", ["http://[v1.x]/", "http://xn--/", "http://a..b/", "http://" + "a" * 300 + "/"])
def test_a_url_that_no_client_takes_does_not_harm_the_others(world: str, url: str) -> None:
    failure, received = fetch_all([url, f"{world}/page"], SETTINGS)
    assert isinstance(failure, FetchFailure)
    assert isinstance(received, Received)


def test_outcomes_keep_the_order_and_a_host_is_not_crowded(world: str) -> None:
    urls = [f"{world}/{'404' if number % 3 else 'page'}/{number}" for number in range(24)]
    outcomes = fetch_all(urls, SETTINGS)
    assert [o.source_uri if isinstance(o, Received) else o.reject.source_uri for o in outcomes] == urls
    assert World.most_at_once == MAX_AT_ONCE_PER_HOST
    assert set(World.requests.values()) == {1}


def test_the_fetcher_says_who_it_is(world: str) -> None:
    fetch(f"{world}/page")
    assert World.agents == {user_agent(SETTINGS)}
    assert user_agent(SETTINGS).startswith("materiel/")
    assert user_agent(Settings(contact="https://x.example")).endswith(" (+https://x.example)")
