"""Which page is asked for next: each host in its own time, so that none is crowded and none holds up the others.

Nothing here waits or reads a clock; `now` is in seconds of any clock that does not go back.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Job = TypeVar("Job")


@dataclass(slots=True, eq=False)
class Host(Generic[Job]):
    """What is known of a host, and what is still to be asked of it."""

    name: str
    spacing: float
    """Seconds between the starts of two requests."""
    pending: deque[Job] = field(default_factory=deque)
    again: list[tuple[float, int, Job]] = field(default_factory=list)
    """Heap of the jobs that are tried again, each with its time."""
    last_start: float = float("-inf")
    not_before: float = float("-inf")
    """The host has asked to be left alone until then."""
    failures: int = 0
    """Pages in a row for which the host was not there."""
    closed: str | None = None
    """Why nothing more is asked of this host."""

    def next_start(self) -> float:
        """The earliest time for the next request."""
        return float("-inf") if self.closed else max(self.last_start + self.spacing, self.not_before)

    def reserve(self, now: float) -> float:
        """Take the next time for a request; returns it."""
        self.last_start = max(now, self.next_start())
        return self.last_start


class Schedule(Generic[Job]):
    """Jobs of many hosts, taken in an order that depends on nothing but the jobs and the times."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._numbers = itertools.count()
        self._slots: list[tuple[float, int, Host[Job]]] = []
        """Heap: one entry for each further job that a host may have at once."""
        self._running = 0

    def open(self, hosts: Iterable[Host[Job]]) -> None:
        """Add hosts with their pending jobs."""
        for host in hosts:
            for _ in range(min(self._per_host, len(host.pending))):
                self._push(float("-inf"), host)

    @property
    def is_done(self) -> bool:
        """Whether no job is left and none is running."""
        return not self._slots and not self._running

    def take(self, now: float) -> tuple[Host[Job], Job] | float | None:
        """The next job with its host; or the time when there is one; or None where that depends on running jobs.

        The request's time is reserved. The taker calls `release` when the job is over.
        """
        while self._slots:
            when, _, host = self._slots[0]
            if when > now:
                return when
            heapq.heappop(self._slots)
            if not host.pending and not host.again:
                continue
            ready = host.next_start()
            if not host.pending and not host.closed:
                ready = max(ready, host.again[0][0])
            if ready > now:
                self._push(ready, host)
                continue
            is_due = host.again and (host.closed or host.again[0][0] <= now)
            job = heapq.heappop(host.again)[2] if is_due else host.pending.popleft()
            host.reserve(now)
            self._running += 1
            return host, job
        return None

    def retry(self, host: Host[Job], job: Job, when: float) -> None:
        """Have a job taken again, not before `when`; to be called before its `release`."""
        heapq.heappush(host.again, (when, next(self._numbers), job))

    def release(self, host: Host[Job]) -> None:
        """A job that was taken is over."""
        self._running -= 1
        self._push(host.next_start(), host)

    def _push(self, when: float, host: Host[Job]) -> None:
        heapq.heappush(self._slots, (when, next(self._numbers), host))
