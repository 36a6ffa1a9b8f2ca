"""What a run shows while it goes on, on standard error: a live view on a terminal, one line per stage elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.lake import Lake

if TYPE_CHECKING:
    from rich.console import Console

Listener = Callable[[str, Mapping[str, Any] | None], None]

POLL_SECONDS = 1.0


@contextmanager
def progress(lake: Path, note: Callable[[str, Mapping[str, Any]], str]) -> Iterator[Listener]:
    """Yield what the pipeline calls when a stage begins (figures: None) and ends; `note` puts its figures in words."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    view = _live if console.is_terminal and not console.is_dumb_terminal else _lines
    with view(console, lake, note) as listener:
        yield listener


@contextmanager
def _lines(console: Console, _lake: Path, note: Callable[[str, Mapping[str, Any]], str]) -> Iterator[Listener]:
    def tell(stage: str, figures: Mapping[str, Any] | None) -> None:
        if figures is not None:
            console.print(_done(stage, figures, note), soft_wrap=True, markup=False)

    yield tell


@contextmanager
def _live(console: Console, lake: Path, note: Callable[[str, Mapping[str, Any]], str]) -> Iterator[Listener]:
    started = time.monotonic()
    stopped = threading.Event()
    stage_now = ["start"]

    with console.status("") as status:

        def tell(stage: str, figures: Mapping[str, Any] | None) -> None:
            if figures is None:
                stage_now[0] = stage
                status.update(_now(stage, started))
            else:
                console.print(_done(stage, figures, note), markup=False)

        def refresh() -> None:
            count: Callable[[], str] | None = None
            while True:
                count = (count or _document_counter(lake)) if stage_now[0] == "extract" else None
                status.update(_now(stage_now[0], started, count() if count else ""))
                if stopped.wait(POLL_SECONDS):
                    return

        watcher = threading.Thread(target=refresh, daemon=True)
        watcher.start()
        try:
            yield tell
        finally:
            stopped.set()
            watcher.join()


def _now(stage: str, started: float, detail: str = "") -> str:
    return f"{stage:<8} {time.monotonic() - started:>6.0f} s  {detail}"


def _done(stage: str, figures: Mapping[str, Any], note: Callable[[str, Mapping[str, Any]], str]) -> str:
    return f"{stage:<8} {figures['seconds']:>6.1f} s  {note(stage, figures)}"


def _document_counter(root: Path) -> Callable[[], str]:
    """Tells how many of the documents that wait now have been read since.

    It looks into the lake: wherever the workers are, what they finish is there, one batch at a time.
    """
    from flows.extract import extracted_keys, pending
    from flows.reference import extractor_version

    lake, version = Lake(root), extractor_version()
    waiting = {key for key, _ in pending(lake, version)}

    def count() -> str:
        return f"{len(waiting & extracted_keys(lake, version)):,} of {len(waiting):,} documents" if waiting else ""

    return count
