"""What a run shows while it goes on, on standard error: a bar per stage on a terminal, one line per stage elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

Listener = Callable[[str, Mapping[str, Any] | None], None]
Note = Callable[[str, Mapping[str, Any]], str]

_steps: list[Callable[[str, int, int], None]] = []
"""Who listens to the steps inside a stage; the flows of a run are all in one process."""


def tell_progress(what: str, done: int, total: int) -> None:
    """Say how many things of a step are done, such as `tell_progress("parsed", 200, 1400)`."""
    for listener in _steps:
        listener(what, done, total)


@contextmanager
def progress(note: Note) -> Iterator[Listener]:
    """Yield what the pipeline calls when a stage begins (figures: None) and ends; `note` puts its figures in words."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    view = _live if console.is_terminal and not console.is_dumb_terminal else _lines
    with view(console, note) as listener:
        yield listener


@contextmanager
def _lines(console: Console, note: Note) -> Iterator[Listener]:
    def tell(stage: str, figures: Mapping[str, Any] | None) -> None:
        if figures is not None:
            console.print(_done(stage, figures, note), soft_wrap=True, markup=False)

    yield tell


@contextmanager
def _live(console: Console, note: Note) -> Iterator[Listener]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.fields[stage]:<8}"),
        TimeElapsedColumn(),
        BarColumn(),
        TextColumn("{task.fields[step]}"),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("", total=None, stage="start", step="")

        def tell(stage: str, figures: Mapping[str, Any] | None) -> None:
            if figures is None:
                bars.reset(bar, total=None, stage=stage, step="")
            else:
                console.print(_done(stage, figures, note), markup=False)

        def step(what: str, done: int, total: int) -> None:
            bars.update(bar, completed=done, total=total, step=f"{done:,} of {total:,} {what}")

        _steps.append(step)
        try:
            yield tell
        finally:
            _steps.remove(step)


def _done(stage: str, figures: Mapping[str, Any], note: Note) -> str:
    return f"{stage:<8} {figures['seconds']:>6.1f} s  {note(stage, figures)}"
