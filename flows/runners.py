"""Where the tasks of a flow run: worker processes, threads or a Dask cluster, chosen by one setting."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from prefect.task_runners import TaskRunner

DEFAULT = "processes"

_LOCAL = re.compile(r"(?P<kind>processes|threads)(?::(?P<workers>[1-9]\d{0,3}))?")
_LOOPBACK = {"localhost", "::1"}


class RunnerError(ValueError):
    """The runner cannot be used; the message says which forms there are or what is missing."""


def task_runner(spec: str | None = None) -> TaskRunner[Any]:
    """The task runner that a setting names: `processes[:N]` (the default), `threads[:N]` or a Dask scheduler's address.

    N is the number of workers, one per core where it is left out. Raises RunnerError for anything else.
    """
    check_runner(spec)
    spec = spec or DEFAULT
    if match := _LOCAL.fullmatch(spec):
        workers = int(match["workers"] or _cores())
        return _processes(workers) if match["kind"] == "processes" else _threads(workers)
    from prefect_dask.task_runners import DaskTaskRunner

    return DaskTaskRunner(address=spec)


def check_runner(spec: str | None) -> None:
    """Raise RunnerError where the setting names no runner; imports nothing."""
    if spec and not _LOCAL.fullmatch(spec) and not is_dask_address(spec):
        raise RunnerError(
            f"runner {spec!r} is not known; use processes, processes:N, threads, threads:N or tcp://host:port "
            "(a Dask scheduler)"
        )


def check_scheduler(spec: str | None, timeout: float = 10.0) -> None:
    """Raise RunnerError where the setting is a Dask address at which nothing answers within so many seconds."""
    if spec is None or not is_dask_address(spec):
        return
    parts = urlsplit(spec)
    try:
        socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RunnerError(
            f"no Dask scheduler answers at {spec} ({reason}); start it, correct the address, or use processes"
        ) from error


def is_dask_address(spec: str) -> bool:
    """Whether the setting is the address of a Dask scheduler."""
    parts = urlsplit(spec)
    try:
        return parts.scheme in ("tcp", "tls") and bool(parts.hostname) and parts.port is not None
    except ValueError:
        return False


def needs_shared_server(spec: str | None) -> bool:
    """Whether tasks run on other machines, which cannot reach a Prefect server that listens on loopback only."""
    if spec is None or not is_dask_address(spec):
        return False
    host = urlsplit(spec).hostname or ""
    return not (host in _LOOPBACK or host.startswith("127."))


def _cores() -> int:
    """Cores this process may use, which is fewer than the machine has inside many containers."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processes(workers: int) -> TaskRunner[Any]:
    from flows.workers import WorkerProcesses

    return WorkerProcesses(workers)


def _threads(workers: int) -> TaskRunner[Any]:
    from prefect.task_runners import ThreadPoolTaskRunner

    return ThreadPoolTaskRunner(max_workers=workers)
