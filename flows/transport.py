"""The connections of the fetcher: names are resolved once, each address is checked, and a checked one is connected to.

`httpcore` does HTTP and TLS; the certificate and the server name indication stay those of the host in the URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpcore
import httpx

from flows.guard import AllowedHosts, Refused, check_addresses, check_host
from flows.settings import Settings

MAX_ADDRESSES = 4
"""Addresses of one host that a connection is tried to."""

CONNECT_SECONDS = 10.0
"""Longest time for a connection to a host, all its addresses together."""

Resolve = Callable[[str, int], Awaitable[list[str]]]


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses only."""

    def __init__(
        self, allowed: AllowedHosts, resolve: Resolve | None = None, connect: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._allowed = allowed
        self._resolve = resolve or resolved
        self._inner = connect or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check, connect. Raises Refused, OSError of the name service, and httpcore.ConnectError."""
        name = host.removesuffix(".")
        check_host(name, port, self._allowed)
        seconds = min(timeout or CONNECT_SECONDS, CONNECT_SECONDS)
        async with asyncio.timeout(seconds):
            found = await self._resolve(host, port)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        # All of them, so that a host with one inner address is refused whichever address comes first today.
        check_addresses(name, port, found, self._allowed)
        found = found[:MAX_ADDRESSES]
        for number, address in enumerate(found):
            try:
                return await self._inner.connect_tcp(address, port, seconds / len(found), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(found) - 1:
                    raise
        raise AssertionError("there was an address")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Never. Raises Refused."""
        raise Refused("refused_address", "A local socket is no page; give the URL of a page.")

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
        await asyncio.sleep(seconds)


async def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host, each once, in the system's order. Raises socket.gaierror or UnicodeError.

    In a thread that nobody waits for: a lookup cannot be broken off, and must not hold up the end of the program.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(addresses: list[str] | None, error: Exception | None) -> None:
        if not answer.done():
            answer.set_exception(error) if error else answer.set_result(addresses or [])

    def look_up() -> None:
        addresses: list[str] | None = None
        error: Exception | None = None
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(row[4][0]) for row in rows))
        except Exception as fault:  # handed to the one who waits
            error = fault
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(settle, addresses, error)

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    return await answer


def connection_pool(
    settings: Settings, backend: httpcore.AsyncNetworkBackend, at_once: int
) -> httpcore.AsyncConnectionPool:
    """A pool of connections over the guarded backend, or through the operator's proxy where one is set.

    A proxy resolves names itself, so there only URLs are checked, not what their names resolve to.
    """
    limits: dict[str, Any] = {"ssl_context": _ssl_context(), "max_connections": at_once, "keepalive_expiry": 15.0}
    if settings.proxy is None:
        return httpcore.AsyncConnectionPool(network_backend=backend, **limits)
    return httpcore.AsyncHTTPProxy(proxy_url=settings.proxy, **limits)


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """Certificates and host names are checked; `SSL_CERT_FILE` may name an operator's own authorities."""
    return httpx.create_ssl_context()
