"""Fetching pages over http(s): politely, within limits, and never from an address that is not public.

`fetch_all` hands out what comes of each page as it comes. Behind it an event loop in a thread of its own asks each host
in its own time (`flows.schedule`), by its robots.txt (`flows.robots`), over guarded connections (`flows.transport`).
docs/fetching.md tells it to publishers and operators.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib import metadata
from typing import TYPE_CHECKING

from flows import robots
from flows.compression import BadCompression, TooLarge, decoded
from flows.guard import AllowedHosts, Refused, Target, allowed_hosts, target_of
from flows.inputs import Received
from flows.schedule import Host, Schedule
from flows.settings import Settings
from transforms.parse import UNREADABLE_FAMILIES
from transforms.rows import Reject

if TYPE_CHECKING:
    import httpcore

    from flows.transport import Resolve

MAX_REDIRECTS = 5
MAX_AT_ONCE = 16

MAX_WAITING = 32
"""Outcomes that may wait for the consumer."""
MAX_WAITING_BYTES = 64_000_000
"""Bytes that may wait for the consumer; a single page may be larger."""
LARGE_BYTES = 1_000_000
MAX_LARGE_AT_ONCE = 4
"""Bodies above LARGE_BYTES that are received at once; the others wait, and the waiting does not count as their time."""

DRAINED_BYTES = 65_536
"""What is read of a body that nobody wants, so that its connection can be used again."""

MIN_PUBLIC_SPACING = 0.25
"""Seconds between two requests to a host that the operator has not allowed by name, whatever the settings say."""
MAX_RETRY_DELAY = 60.0

REDIRECTS = frozenset({301, 302, 303, 307, 308})
TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Status codes of faults that may pass by themselves."""
HOST_FAULTS = frozenset({"unreachable", "bad_certificate", "timeout", "throttled"})
"""Faults that speak of the host rather than of the page."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page to fetch."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    """Validators of the copy that is in the archive."""
    spacing: float | None = None
    """At least so many seconds between two requests to this host."""
    max_bytes: int | None = None
    """Largest page, instead of the settings' limit."""
    validated_url: str | None = None
    """The address that the validators came from, where it is not `url` because that one redirects."""


@dataclass(frozen=True, slots=True)
class NotModified:
    """The page has not changed since the copy in the archive."""

    url: str


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """A page that could not be had."""

    reject: Reject
    is_transient: bool
    """Whether a later attempt may succeed."""


Outcome = Received | NotModified | FetchFailure


@dataclass(frozen=True, slots=True)
class Outside:
    """What the fetcher takes from outside; None stands for the real thing. Tests replace it."""

    resolve: Resolve | None = None
    connect: httpcore.AsyncNetworkBackend | None = None
    clock: Callable[[], float] = time.monotonic


def user_agent(settings: Settings) -> str:
    """What the fetcher calls itself, with the operator's contact where one is set."""
    name = f"{robots.PRODUCT_TOKEN}/{metadata.version('materiel')}"
    return f"{name} (+{settings.contact})" if settings.contact else name


def fetch_all(
    requests: Iterable[PageRequest], settings: Settings, outside: Outside | None = None
) -> Iterator[tuple[PageRequest, Outcome]]:
    """Fetch pages; yields each request with what came of it, as it comes. Never raises for a page's fault.

    The requests are read at once, the outcomes are not: when `MAX_WAITING` of them wait, or `MAX_WAITING_BYTES`, no
    more are received until the consumer takes one. A consumer that stops early, or is interrupted, ends the fetching.
    """
    jobs = [_Job(request) for request in requests]
    if not jobs:
        return
    loop = asyncio.new_event_loop()
    outlet = _Outlet(loop)
    stop = asyncio.Event()

    def run() -> None:
        error: BaseException | None = None
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(_fetch_until(stop, jobs, settings, outside or Outside(), outlet))
        except BaseException as fault:
            error = fault
        outlet.finished.put(_End(error))

    thread = threading.Thread(target=run, name="fetch", daemon=True)
    thread.start()
    try:
        while not isinstance(item := outlet.finished.get(), _End):
            outlet.taken(item[1])
            yield item
        if item.error is not None:
            raise item.error
    finally:
        with contextlib.suppress(RuntimeError):  # the loop may have ended by itself
            loop.call_soon_threadsafe(stop.set)
        thread.join()


# ------------------------------------------------------------------------------- between the loop and the consumer


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


class _Outlet:
    """Outcomes on their way from the event loop to the consumer's thread; it holds a bounded number of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.finished: queue.SimpleQueue[tuple[PageRequest, Outcome] | _End] = queue.SimpleQueue()
        self._loop = loop
        self._room = asyncio.Event()
        self._count = 0
        self._bytes = 0

    async def put(self, request: PageRequest, outcome: Outcome) -> None:
        size = _size(outcome)

        def has_room() -> bool:
            return self._count < MAX_WAITING and (not self._count or self._bytes + size <= MAX_WAITING_BYTES)

        while not has_room():
            self._room.clear()
            await self._room.wait()
        self._count += 1
        self._bytes += size
        self.finished.put((request, outcome))

    def taken(self, outcome: Outcome) -> None:
        """Called in the consumer's thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits for room
            self._loop.call_soon_threadsafe(self._give_back, _size(outcome))

    def _give_back(self, size: int) -> None:
        self._count -= 1
        self._bytes -= size
        self._room.set()


def _size(outcome: Outcome) -> int:
    if not isinstance(outcome, Received):
        return 0
    return len(outcome.body) + (0 if outcome.content is outcome.body else len(outcome.content))


async def _fetch_until(
    stop: asyncio.Event, jobs: list[_Job], settings: Settings, outside: Outside, outlet: _Outlet
) -> None:
    work = asyncio.create_task(_Call(settings, outside, outlet).run(jobs))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
    for task in (work, stopped):
        task.cancel()
    results = await asyncio.gather(work, stopped, return_exceptions=True)
    if isinstance(results[0], Exception):
        raise results[0]


# ------------------------------------------------------------------------------------------------- one call's work


class _Failed(Exception):
    def __init__(
        self,
        reason: str,
        detail: str,
        *,
        is_transient: bool = False,
        is_final: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.is_transient = is_transient
        self.is_final = is_final
        """Whether another attempt in this call would be idle, although a later call may have more luck."""
        self.retry_after = retry_after
        """Seconds that the server asks to wait."""


@dataclass(slots=True, eq=False)
class _Job:
    request: PageRequest
    attempts: int = 0
    has_turn: bool = False
    """Whether the time of its next request is reserved already."""
    holds_large: bool = False
    asked: Host[_Job] | None = None
    """The host that was asked last: after a redirect it may be another than the one whose turn it was."""


@dataclass(slots=True)
class _Answer:
    status: int
    phrase: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    def status_line(self) -> str:
        return f"{self.status} {self.phrase}".strip()


@dataclass(slots=True)
class _Budget:
    """Seconds that one attempt at a page has left; waiting for a turn does not count."""

    seconds: float


@dataclass(slots=True)
class _RobotsFault:
    """Why a robots.txt could not be had."""

    fault: _Failed
    is_told: bool = False


class _Call:
    """What one call of `fetch_all` knows; lives in its event loop."""

    def __init__(self, settings: Settings, outside: Outside, outlet: _Outlet) -> None:
        from flows.transport import GuardedBackend, connection_pool

        self.settings = settings
        self.allowed: AllowedHosts = allowed_hosts(settings.allow_hosts)
        self.outlet = outlet
        self.clock = outside.clock
        self.pool = connection_pool(
            settings, GuardedBackend(self.allowed, outside.resolve, outside.connect), MAX_AT_ONCE
        )
        self.agent = user_agent(settings)
        self.hosts: dict[str, Host[_Job]] = {}
        self.slots: dict[str, asyncio.Semaphore] = {}
        self.robots: dict[tuple[str, str, int], asyncio.Task[robots.Rules | _RobotsFault]] = {}
        self.schedule: Schedule[_Job] = Schedule(settings.per_host)
        self.changed = asyncio.Event()
        self.large = asyncio.Semaphore(MAX_LARGE_AT_ONCE)

    async def run(self, jobs: list[_Job]) -> None:
        unusable: list[tuple[_Job, Refused]] = []
        for job in jobs:
            try:
                host = self.host(target_of(job.request.url, self.allowed))
            except Refused as refused:
                unusable.append((job, refused))
                continue
            host.pending.append(job)
            host.spacing = max(host.spacing, job.request.spacing or 0.0)
        self.schedule.open(list(self.hosts.values()))
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(MAX_AT_ONCE, len(jobs))):
                    tasks.create_task(self.work())
                for job, why in unusable:
                    await self.outlet.put(job.request, _failure(job, _fault(why, self.settings, job.request)))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            lookups = [task for task in self.robots.values() if not task.done()]
            for task in lookups:
                task.cancel()
            await asyncio.gather(*lookups, return_exceptions=True)
            await self.pool.aclose()

    async def work(self) -> None:
        while not self.schedule.is_done:
            taken = self.schedule.take(self.clock())
            if isinstance(taken, tuple):
                host, job = taken
                job.has_turn = True
                try:
                    await self.do(host, job)
                finally:
                    self.schedule.release(host)
                    self.changed.set()
                continue
            if self.schedule.is_done:
                break
            self.changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if taken is None else max(0.0, taken - self.clock())):
                    await self.changed.wait()
        self.changed.set()

    async def do(self, host: Host[_Job], job: _Job) -> None:
        """One attempt at a page; its outcome is handed out unless there will be another attempt."""
        job.attempts += 1
        job.asked = host
        try:
            if host.closed:
                raise _Failed("host_unavailable", host.closed, is_transient=True, is_final=True)
            outcome: Outcome = await self.attempt(job)
            job.asked.failures = 0
        except Exception as error:
            fault = _fault(error, self.settings, job.request)
            if self.will_retry(host, job, fault):
                self.let_large_go(job)
                return
            if job.asked is not host:
                host.failures = 0  # it did answer, by a redirect
            self.count(job.asked, fault)
            outcome = _failure(job, fault)
        try:
            await self.outlet.put(job.request, outcome)
        finally:
            self.let_large_go(job)

    def let_large_go(self, job: _Job) -> None:
        if job.holds_large:
            job.holds_large = False
            self.large.release()

    def will_retry(self, host: Host[_Job], job: _Job, fault: _Failed) -> bool:
        """Whether a job is tried again; it is put back into the schedule then."""
        settings = self.settings
        now = self.clock()
        asked = job.asked or host
        if fault.retry_after is not None:
            if fault.retry_after > settings.max_retry_after:
                asked.closed = _unavailable(f"it asks to be left alone for more than {settings.max_retry_after:g} s")
                self.changed.set()
                return False
            asked.not_before = max(asked.not_before, now + fault.retry_after)
        if not fault.is_transient or fault.is_final or asked.closed or job.attempts >= settings.attempts:
            return False
        delay = max(retry_delay(job.request.url, job.attempts, settings.retry_delay), fault.retry_after or 0.0)
        self.schedule.retry(host, job, now + delay)
        return True

    def count(self, host: Host[_Job], fault: _Failed) -> None:
        """Keep account of pages in a row for which the host was not there."""
        if fault.reason == "host_unavailable":
            return
        kind = "throttled" if fault.retry_after is not None else fault.reason
        host.failures = host.failures + 1 if kind in HOST_FAULTS else 0
        if host.failures >= self.settings.host_failures and not host.closed:
            host.closed = _unavailable(f"{self.settings.host_failures} of its pages in a row could not be had")

    # ------------------------------------------------------------------------------------------------ one page

    async def attempt(self, job: _Job) -> Received | NotModified:
        request = job.request
        limit = request.max_bytes or self.settings.max_bytes
        budget = _Budget(self.settings.timeout)
        validated = request.validated_url or request.url
        target = target_of(request.url, self.allowed)
        for _ in range(MAX_REDIRECTS + 1):
            await self.obey_robots(job, target)
            is_validated = str(target.url) == str(target_of(validated, self.allowed).url)
            answer = await self.exchange(job, target, budget, limit, _validators(request) if is_validated else [])
            if answer.status == 304 and is_validated and (request.etag or request.last_modified):
                return NotModified(request.url)
            location = answer.header("location")
            if answer.status not in REDIRECTS or location is None:
                return self.received(request, target, answer, limit)
            target = self.redirected(target, location)
        raise _Failed("too_many_redirects", f"The page redirects more than {MAX_REDIRECTS} times; give the final URL.")

    def redirected(self, target: Target, location: str) -> Target:
        import httpx

        try:
            url = target.url.join(location)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            detail = "The URL, or one that it redirects to, is not valid; check its spelling."
            raise _Failed("bad_url", detail) from None
        return target_of(url, self.allowed)

    def received(self, request: PageRequest, target: Target, answer: _Answer, limit: int) -> Received:
        if not 200 <= answer.status < 300:
            raise _status_fault(answer)
        return Received(
            source_uri=request.url,
            body=answer.body,
            content=decoded(answer.body, answer.header("content-encoding") or "", limit),
            media_type=answer.header("content-type"),
            url=str(target.url),
            status_line=answer.status_line(),
            headers=answer.headers,
        )

    async def exchange(
        self,
        job: _Job,
        target: Target,
        budget: _Budget,
        limit: int,
        headers: list[tuple[str, str]],
        *,
        for_robots: bool = False,
    ) -> _Answer:
        """One request and its answer, with a body only where the answer is a page. Raises what goes wrong."""
        import httpcore

        host = self.host(target)
        async with self.slots[host.name]:
            await self.turn(host, job)
            if host.closed:  # meanwhile, or as the goal of a redirect
                raise _Failed("host_unavailable", host.closed, is_transient=True, is_final=True)
            started = asyncio.get_running_loop().time()
            try:
                # The client's own limits are per operation; a server that sends a byte now and then would pass them.
                async with asyncio.timeout(budget.seconds) as clock:
                    url = target.url
                    async with self.pool.stream(
                        "GET",
                        httpcore.URL(
                            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path or b"/"
                        ),
                        headers=[
                            ("Host", url.netloc.decode("ascii")),
                            ("User-Agent", self.agent),
                            ("Accept", "text/plain,*/*;q=0.5" if for_robots else _ACCEPT),
                            # What zlib decompresses within a limit; nothing else is asked for.
                            ("Accept-Encoding", "identity" if for_robots else "gzip"),
                            *headers,
                        ],
                        extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), budget.seconds)},
                    ) as response:
                        answer = _Answer(
                            response.status,
                            _phrase(response),
                            tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in response.headers),
                        )
                        if not 200 <= answer.status < 300:
                            await _drain(response)
                        elif for_robots:
                            answer.body = await _beginning(response, limit)
                        else:
                            answer.body = await self.body(job, response, answer, limit, clock)
                        return answer
            finally:
                budget.seconds = max(0.0, budget.seconds - (asyncio.get_running_loop().time() - started))

    async def body(
        self, job: _Job, response: httpcore.Response, answer: _Answer, limit: int, clock: asyncio.Timeout
    ) -> bytes:
        media_type = answer.header("content-type")
        if media_type is not None and media_type.lower().startswith(UNREADABLE_FAMILIES):
            named = media_type.partition(";")[0].strip()[:60]
            raise _Failed("not_text", f"The server sends {named}, not a page; give the URL of a page.")
        announced = answer.header("content-length") or ""
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
            raise TooLarge
        body = bytearray()
        async for piece in response.aiter_stream():
            body += piece
            if len(body) > limit:
                raise TooLarge
            if len(body) > LARGE_BYTES and not job.holds_large:
                loop = asyncio.get_running_loop()
                before = loop.time()
                deadline = clock.when()
                clock.reschedule(None)
                await self.large.acquire()
                job.holds_large = True
                clock.reschedule(None if deadline is None else deadline + loop.time() - before)
        return bytes(body)

    # -------------------------------------------------------------------------------------- politeness to a host

    def host(self, target: Target) -> Host[_Job]:
        """The host of a target; http and https on their own ports are one, other ports are others."""
        name = target.host if target.port in (80, 443) else f"{target.host}:{target.port}"
        if name not in self.hosts:
            is_own = self.allowed.has_host(target.host, target.port)
            self.hosts[name] = Host(name, max(self.settings.spacing, 0.0 if is_own else MIN_PUBLIC_SPACING))
            self.slots[name] = asyncio.Semaphore(self.settings.per_host)
        return self.hosts[name]

    async def turn(self, host: Host[_Job], job: _Job) -> None:
        """Wait until the host may be asked again. The schedule has reserved the time of a job's first request."""
        if job.has_turn:
            job.has_turn = False
            return
        wait = host.reserve(self.clock()) - self.clock()
        if wait > 0:
            await asyncio.sleep(wait)

    async def obey_robots(self, job: _Job, target: Target) -> None:
        """Return if the host's robots.txt lets the page be fetched. Raises _Failed otherwise."""
        host = job.asked = self.host(target)
        origin = (target.scheme, target.host, target.port)
        if origin not in self.robots:
            self.robots[origin] = asyncio.create_task(self.look_up_robots(job, target))
        if not self.robots[origin].done():
            await asyncio.wait((self.robots[origin],))
            job.has_turn = False  # it was reserved before the rules told how fast one may go
        rules = self.robots[origin].result()
        if isinstance(rules, _RobotsFault):
            fault = rules.fault
            if fault.reason == "unreachable":
                if rules.is_told:
                    raise _Failed("host_unavailable", host.closed or fault.detail, is_transient=True, is_final=True)
                rules.is_told = True
                host.closed = _unavailable("no connection to it could be made")
                raise _Failed(fault.reason, fault.detail, is_transient=True, is_final=True)
            raise fault
        host.spacing = max(host.spacing, min(rules.spacing, self.settings.max_crawl_delay))
        if not rules.allows(str(target.url)):
            whose = f"'{rules.addressee}'" if rules.addressee != "*" else "every agent"
            detail = f"The rules for {whose} in the robots.txt of {host.name} forbid this page; ask its publisher."
            raise _Failed("robots_disallowed", detail)

    async def look_up_robots(self, job: _Job, page: Target) -> robots.Rules | _RobotsFault:
        target = target_of(page.url.copy_with(raw_path=b"/robots.txt"), self.allowed)
        for attempt in range(1, self.settings.attempts + 1):
            try:
                return await self.ask_robots(job, target)
            except Exception as error:
                fault = _fault(error, self.settings, job.request)
            wait = max(retry_delay(str(target.url), attempt, self.settings.retry_delay), fault.retry_after or 0.0)
            if not fault.is_transient or wait > self.settings.max_retry_after or attempt == self.settings.attempts:
                break
            await asyncio.sleep(wait)
        if fault.reason in ("unreachable", "refused_address", "refused_port", "bad_url", "bad_certificate"):
            return _RobotsFault(fault)
        # RFC 9309, 2.3.1.4: as long as nobody knows the rules, nothing is allowed.
        detail = f"The robots.txt of {self.host(target).name} cannot be had, so nothing there may be fetched: "
        detail += fault.detail
        return _RobotsFault(_Failed("robots_unavailable", detail, is_transient=True, is_final=True))

    async def ask_robots(self, job: _Job, target: Target) -> robots.Rules:
        budget = _Budget(self.settings.timeout)
        for _ in range(robots.MAX_REDIRECTS + 1):
            answer = await self.exchange(job, target, budget, robots.MAX_BYTES, [], for_robots=True)
            location = answer.header("location")
            if answer.status in REDIRECTS and location is not None:
                try:
                    target = self.redirected(target, location)
                except (Refused, _Failed) as error:
                    detail = "It redirects to an address that is not fetched."
                    raise _Failed("robots_unavailable", detail) from error
                continue
            if 200 <= answer.status < 300:
                return robots.parse_rules(_robots_text(answer))
            # 429 is no statement about rules; like Google, take it for a fault of the server.
            if 400 <= answer.status < 500 and answer.status != 429:
                return robots.ALLOW_ALL  # RFC 9309, 2.3.1.3
            raise _status_fault(answer)
        return robots.ALLOW_ALL  # RFC 9309, 2.3.1.2


_ACCEPT = "text/html,application/xhtml+xml,application/rss+xml,application/atom+xml,application/xml;q=0.9,*/*;q=0.5"


def retry_delay(url: str, attempts: int, base: float) -> float:
    """Seconds before the next attempt: doubled each time, at most a minute, less up to half by jitter.

    The jitter is a function of URL and attempt: different pages spread, and a test sees the same twice.
    """
    jitter = zlib.crc32(f"{attempts} {url}".encode("utf-8", "replace")) / 2**32
    return float(min(base * 2.0 ** (attempts - 1), MAX_RETRY_DELAY) * (1.0 - jitter / 2.0))


def retry_after(value: str | None, date: str | None) -> float | None:
    """Seconds that a `Retry-After` asks to wait (RFC 9110, 10.2.3), a date counted from the answer's own `Date`."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(date).timestamp() if date else time.time()
        return max(0.0, until.timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _validators(request: PageRequest) -> list[tuple[str, str]]:
    found = [("If-None-Match", request.etag), ("If-Modified-Since", request.last_modified)]
    # A value that no header can hold came from a broken index; the page is then fetched whole.
    return [(name, value) for name, value in found if value and value.isascii() and value.isprintable()]


def _robots_text(answer: _Answer) -> bytes:
    """The beginning of a robots.txt; the server may compress it although it was asked not to."""
    encoding = (answer.header("content-encoding") or "").strip().lower()
    if encoding in ("", "identity"):
        return answer.body
    for wbits in (47, -15):
        with contextlib.suppress(zlib.error):
            return zlib.decompressobj(wbits).decompress(answer.body, robots.MAX_BYTES)
    raise BadCompression


async def _beginning(response: httpcore.Response, limit: int) -> bytes:
    body = bytearray()
    async for piece in response.aiter_stream():
        body += piece
        if len(body) >= limit:
            break
    return bytes(body[:limit])


async def _drain(response: httpcore.Response) -> None:
    """Read a small body that nobody wants; whatever happens to it is no fault of the page."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(0.5):
            await _beginning(response, DRAINED_BYTES)


# ------------------------------------------------------------------------------------------------------- the faults


def _failure(job: _Job, fault: _Failed) -> FetchFailure:
    return FetchFailure(Reject(job.request.url, "fetch", fault.reason, fault.detail), fault.is_transient)


def _unavailable(why: str) -> str:
    return f"The host was not asked for this page, because {why}; try again later."


def _status_fault(answer: _Answer) -> _Failed:
    status = answer.status
    is_transient = status in TRANSIENT_STATUS
    return _Failed(
        "http_status",
        f"The server answered {status} {_standard_phrase(status)}; check the URL in a browser.",
        is_transient=is_transient,
        retry_after=retry_after(answer.header("retry-after"), answer.header("date")) if is_transient else None,
    )


def _fault(error: Exception, settings: Settings, request: PageRequest) -> _Failed:
    """The reason behind an error; its words do not depend on the run, because they are published."""
    import h11
    import httpcore

    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, _Failed):
            return cause
        if isinstance(cause, Refused):
            return _Failed(cause.reason, cause.detail)
    timeout = f"No complete answer came within {settings.timeout:g} s; try again later or raise MATERIEL_TIMEOUT."
    too_large = f"The page is larger than {settings.max_bytes:,} bytes; raise MATERIEL_MAX_BYTES to have it."
    if request.max_bytes:
        too_large = f"The page is larger than {request.max_bytes:,} bytes; raise the limit of its source to have it."
    headers = "The headers of the answer are larger than 100 KiB; give the text of the page instead."
    bad_url = "The URL, or one that it redirects to, is not valid; check its spelling."
    compression = "The answer is compressed in a damaged or unknown way; give the text of the page instead."
    certificate = "The server's TLS certificate cannot be trusted; check the host name."
    unknown_host = "The host name was not found; check its spelling and the network."
    no_connection = "No connection to the server could be made; check the URL and the network."
    broken = "The connection broke before the answer was complete; try again later."
    if any(isinstance(cause, h11.RemoteProtocolError) and cause.error_status_hint == 431 for cause in causes):
        return _Failed("too_large", headers)
    # The first row counts that fits the error or what caused it; the general ones come last.
    faults: list[tuple[tuple[type[Exception], ...], str, str, bool]] = [
        ((httpcore.ConnectTimeout,), "unreachable", no_connection, True),
        ((TimeoutError, httpcore.TimeoutException), "timeout", timeout, True),
        ((TooLarge,), "too_large", too_large, False),
        ((UnicodeError, httpcore.LocalProtocolError), "bad_url", bad_url, False),
        ((BadCompression,), "bad_compression", compression, False),
        ((ssl.SSLCertVerificationError,), "bad_certificate", certificate, False),
        ((socket.gaierror,), "unreachable", unknown_host, True),
        ((httpcore.ConnectError, httpcore.ProxyError), "unreachable", no_connection, True),
        ((httpcore.NetworkError, httpcore.ProtocolError, OSError), "broken_connection", broken, True),
    ]
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


def _phrase(response: httpcore.Response) -> str:
    phrase = response.extensions.get("reason_phrase", b"")
    return phrase.decode("ascii", "replace") if isinstance(phrase, bytes) else ""


def _standard_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no standard code)"
