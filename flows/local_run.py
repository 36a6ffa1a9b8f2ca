"""A run of the flows from the terminal: its Prefect server, its interrupt, and what is shown while it goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from flows.terminal import INTERRUPTED, Failure, Interrupted, complain, debugging

INTERRUPTED_MESSAGE = "interrupted; what was finished is kept, run the same command again to go on"

INTERRUPT_SECONDS = 5
"""How long the flows may take to end after an interrupt."""


def run_flow(load: Callable[[], Callable[[], dict[str, Any]]]) -> dict[str, Any]:
    """Run a flow, on a server of its own where none is named. Raises Failure, and Interrupted after an interrupt.

    `load` imports the flow, while that server starts, and gives the call of it.
    """
    _check_api()
    with _interruptible():
        return _run(load)


def _run(load: Callable[[], Callable[[], dict[str, Any]]]) -> dict[str, Any]:
    from contextlib import nullcontext

    from flows.embedded_server import start_server
    from flows.progress import progress
    from flows.render import stage_note

    _quiet_prefect()
    server = None if "PREFECT_API_URL" in os.environ else start_server()
    with progress(stage_note) as listener:
        from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

        from flows.pipeline import stage_listener

        call = load()
        if server is not None:
            server.wait_until_ready()
        # A heartbeat tells a lasting server that a run is alive, and holds up the end of every flow by a second.
        quick = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}) if server else nullcontext()
        token = stage_listener.set(listener)
        try:
            with quick:
                return call()
        finally:
            stage_listener.reset(token)


def _check_api() -> None:
    """Raise Failure where PREFECT_API_URL names a server that does not answer, before Prefect tries for long."""
    import urllib.error
    import urllib.request

    url = os.environ.get("PREFECT_API_URL")
    if url is None:
        return
    try:
        urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=10).close()
    except urllib.error.HTTPError:
        # It answers; what it refuses here it may still allow to who has its key.
        return
    except (OSError, ValueError):
        raise Failure(
            f"no Prefect server answers at PREFECT_API_URL={url}; start it, correct the address, "
            "or unset it to use a server of the run's own"
        ) from None


def _quiet_prefect() -> None:
    level = "INFO" if debugging() else "CRITICAL"
    defaults = {
        "PREFECT_LOGGING_LEVEL": level,
        "PREFECT_LOGGING_ROOT_LEVEL": level,
        "PREFECT_LOGGING_INTERNAL_LEVEL": level,
        "DO_NOT_TRACK": "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    # Where a run is interrupted, Python's tracker tidies up behind it; that it had to is no news.
    tracker = "ignore::UserWarning:multiprocessing.resource_tracker"
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), tracker]))


@contextmanager
def _interruptible() -> Iterator[None]:
    """An interrupt ends the run at once: its workers are killed (what they have not finished is done again next time),
    and where the rest does not end by itself, or at a second interrupt, the process does.
    """
    import multiprocessing
    import signal
    import threading
    import warnings

    def interrupt(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, lambda _signal, _frame: os._exit(INTERRUPTED))
        # What an interrupt cuts off in the middle of an await is nobody's mistake.
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        for child in multiprocessing.active_children():
            child.kill()
        threading.Thread(target=leave, daemon=True).start()
        raise KeyboardInterrupt

    def leave() -> None:
        if not ended.wait(INTERRUPT_SECONDS):
            complain(INTERRUPTED_MESSAGE)
            os._exit(INTERRUPTED)

    ended = threading.Event()
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except (click.Abort, KeyboardInterrupt):
        raise Interrupted(INTERRUPTED_MESSAGE) from None
    finally:
        ended.set()
        signal.signal(signal.SIGINT, before)
