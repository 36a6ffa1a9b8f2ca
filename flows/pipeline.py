"""The whole way as one flow: ingest, extract, model, publish."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from flows.extract import extract
from flows.ingest import ingest
from flows.lake import Lake
from flows.model import model
from flows.publish import publish
from flows.render import stage_note
from flows.runners import task_runner
from flows.settings import Settings
from flows.status import source_statuses, status_markdown

STAGES = ("ingest", "extract", "model", "publish")

Listener = Callable[[str, Mapping[str, Any] | None], None]

stage_listener: ContextVar[Listener | None] = ContextVar("stage_listener", default=None)
"""Called with the name of a stage when it begins (figures: None) and when it has ended (its figures)."""


@flow(name="pipeline", log_prints=False)
def pipeline(
    inputs: list[str],
    lake: str | None = None,
    published_on: date | None = None,
    runner: str | None = None,
    batch_size: int | None = None,
    sources: str | None = None,
) -> dict[str, Any]:
    """Read the inputs, extract their claims, build the tables and publish them as the lake's current release.

    `sources` is a file of named sources (`sources.toml`) to read as well. What is left out comes from the `MATERIEL_*`
    settings. Returns the figures of each stage, with its seconds.
    """
    settings = Settings.from_environment().with_options(
        lake=Path(lake) if lake else None, runner=runner, batch_size=batch_size
    )
    # Workers may have another working directory.
    root = str(settings.lake.resolve())
    workers = task_runner(settings.runner)
    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "ingest": lambda: ingest.with_options(task_runner=workers)(
            inputs, root, published_on=published_on, batch_size=settings.batch_size, sources=sources
        ),
        "extract": lambda: extract.with_options(task_runner=workers)(root, batch_size=settings.batch_size),
        "model": lambda: model(root),
        "publish": lambda: publish(root),
    }
    figures: dict[str, Any] = {}
    for stage in STAGES:
        figures[stage] = _timed(stage, steps[stage])
    create_markdown_artifact(
        key="materiel-run", markdown=report(figures), description="Figures of one run of the pipeline"
    )
    create_markdown_artifact(
        key="materiel-sources",
        markdown=status_markdown(source_statuses(Lake(settings.lake))),
        description="What came of each source in its last run",
    )
    return figures


def _timed(stage: str, step: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    tell = stage_listener.get() or (lambda _stage, _figures: None)
    tell(stage, None)
    started = time.perf_counter()
    figures = dict(step())
    figures["seconds"] = round(time.perf_counter() - started, 3)
    tell(stage, figures)
    return figures


def report(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures of a run as Markdown."""
    seconds = {stage: float(figures[stage]["seconds"]) for stage in STAGES}
    total, extraction = sum(seconds.values()), seconds["extract"]
    extracted = figures["extract"].get("documents", 0)
    rate = f"{extracted / extraction:.1f}" if extracted and extraction else "–"
    tables = figures["publish"]["tables"]
    lines = [
        "# materiel run",
        "",
        f"Release `{figures['publish']['release_id']}`, "
        f"{'new' if figures['publish']['written'] else 'unchanged'}; {total:.1f} s in all; "
        f"{rate} documents per second extracted.",
        "",
        "| stage | seconds | figures |",
        "|---|---:|---|",
        *(f"| {stage} | {seconds[stage]:.1f} | {stage_note(stage, figures[stage])} |" for stage in STAGES),
        "",
        "| table | rows |",
        "|---|---:|",
        *(f"| {table} | {rows:,} |" for table, rows in tables.items()),
    ]
    if reasons := figures["ingest"].get("rejects_by_reason"):
        lines += ["", "| rejects | inputs |", "|---|---:|", *(f"| {name} | {n:,} |" for name, n in reasons.items())]
    return "\n".join(lines) + "\n"
