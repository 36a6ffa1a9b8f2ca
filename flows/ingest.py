"""Inputs to documents: read or fetch, archive the bytes as received, and parse what the archive has and no one read.

Both halves can be stopped at any moment. What is in the archive is not fetched again; what is in the archive and not
in the documents is read by the next run, whichever inputs that one has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import as_completed

from flows.archive import RawRecord, index_files
from flows.attempts import run_name, write_looks
from flows.collect import Collected, collect_files, collect_pages, collect_warc
from flows.inputs import InputUnit, expand
from flows.lake import Lake, iter_values, sweep
from flows.parsing import ParsedRecord, done_figures, parse_batch, parsed_records, parser_version, pending_records
from flows.progress import tell_progress
from flows.rejects import store_rejects
from flows.runners import task_runner
from flows.settings import Settings
from transforms.documents import Hints
from transforms.rows import Reject


@flow(
    name="ingest",
    description="Read inputs into the lake's documents.",
    log_prints=False,
    # For a deployment of this flow alone; the pipeline chooses for all.
    task_runner=task_runner(Settings.from_environment().runner),
)
def ingest(
    inputs: list[str],
    lake: str,
    published_on: date | None = None,
    batch_size: int | None = None,
    sources: str | None = None,
) -> dict[str, Any]:
    """Read the inputs into the lake: files, folders, globs, URLs, lists of URLs, `-` for standard input.

    `published_on` is the date of documents that state none; `sources` is a file of named sources (`sources.toml`) to
    read as well. Inputs that are in the lake already add nothing. Returns how many units were read, pages unchanged,
    documents found (new and seen before) and rejects, and the rejects by reason.
    """
    root = Path(lake).resolve()  # workers may have another working directory
    store = Lake(root)
    settings = Settings.from_environment().with_options(lake=root, batch_size=batch_size)
    run = run_name()
    sweep(root)
    n_known = 0
    units, unusable = expand(inputs, hints=_hints(published_on))
    if sources is not None:
        listed, faults, n_known = _discovered(store, Path(sources), settings, run)
        units, unusable = [*units, *listed], [*unusable, *faults]
    done = parsed_records(store, version := parser_version(settings))
    collected = Collected(rejects=list(unusable))
    for part in _collect(units, store, settings, run):
        collected.add(part)
    figures = Counter(units=len(units), unchanged=collected.unchanged + n_known)
    reasons = Counter(reject.reason for reject in collected.rejects)
    figures.update(rejects=len(collected.rejects), rejects_new=store_rejects(store, collected.rejects))
    _count_seen(collected, done, figures, reasons)
    parse_pending(store, version, settings, figures, reasons)
    names = ("units", "unchanged", "documents", "documents_new", "documents_seen", "rejects", "rejects_new")
    totals = {name: figures[name] for name in names}
    seen = {"documents_seen": totals["documents"] - totals["documents_new"]}
    seen["rejects_seen"] = totals["rejects"] - totals["rejects_new"]
    return {**totals, **seen, "rejects_by_reason": dict(sorted(reasons.items()))}


@flow(name="reparse", log_prints=False, task_runner=task_runner(Settings.from_environment().runner))
def reparse(lake: str, batch_size: int | None = None) -> dict[str, Any]:
    """Make the documents again from the archive, with no network, where the parser is another than it was.

    Returns the figures of what was read: documents, rejects, and the rejects by reason.
    """
    store = Lake(Path(lake).resolve())
    settings = Settings.from_environment().with_options(lake=store.root, batch_size=batch_size)
    sweep(store.root)
    figures: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    version = parser_version(settings)
    parse_pending(store, version, settings, figures, reasons)
    names = ("records", "documents", "rejects")
    return {**{name: figures[name] for name in names}, "rejects_by_reason": dict(sorted(reasons.items()))}


def _hints(published_on: date | None) -> Hints:
    return Hints(published_on=published_on, published_from="option") if published_on else Hints()


def _discovered(store: Lake, path: Path, settings: Settings, run: str) -> tuple[list[InputUnit], list[Reject], int]:
    """The units of named sources, what is wrong with a source, and how many pages the archive has already.

    What each source gave goes to the log.
    """
    from flows.discover import discover, fetch_units
    from flows.sources import load_sources

    known = {str(uri) for (uri,) in iter_values(index_files(store), ("source_uri",))}
    units, rejects, outcomes = discover(load_sources(path), fetch_units, settings, is_known=lambda url: url in known)
    write_looks(store, run, outcomes)
    return units, rejects, sum(outcome.excluded.get("known", 0) for outcome in outcomes)


# ------------------------------------------------------------------------------------------------------------- collect


def _collect(units: Sequence[InputUnit], lake: Lake, settings: Settings, run: str) -> Iterator[Collected]:
    """Bring the units into the archive. Pages wait for servers, which one process does best; files go to workers."""
    of_kind = {kind: [unit for unit in units if unit.kind == kind] for kind in ("stdin", "file", "warc", "url")}
    n_done = 0

    def told(part: Collected) -> Collected:
        nonlocal n_done
        n_done += len(part.record_ids) + len(part.rejects)
        tell_progress("collected", n_done, len(units))
        return part

    for part in _collect_in_workers(of_kind["stdin"], of_kind["file"], lake, settings, run):
        yield told(part)
    for unit in of_kind["warc"]:
        for part in collect_warc(unit, lake, settings, run):
            yield told(part)
    if of_kind["url"]:
        for part in collect_pages(of_kind["url"], lake, settings, run):
            yield told(part)


def _collect_in_workers(
    stdin: Sequence[InputUnit], files: Sequence[InputUnit], lake: Lake, settings: Settings, run: str
) -> Iterator[Collected]:
    """Standard input is this process's own, and one batch is not worth a worker."""
    if stdin:
        yield collect_files(stdin, str(lake.root), settings, run)
    batches = _chunks(files, settings.batch_size)
    yield from _spread(_collect_files, batches, lambda part: (part, str(lake.root), settings, run))


_collect_files = task(name="collect-files", persist_result=False, cache_policy=NO_CACHE)(collect_files)


# --------------------------------------------------------------------------------------------------------------- parse


def parse_pending(lake: Lake, version: str, settings: Settings, figures: Counter[str], reasons: Counter[str]) -> None:
    """Parse what no run has parsed with this version of the parser, and add it to the figures."""
    waiting = pending_records(lake, version)
    figures.update(records=len(waiting))
    n_done = 0
    batches = _chunks(waiting, settings.batch_size)
    for outcome in _spread(_parse_batch, batches, lambda part: (part, str(lake.root), version, settings)):
        figures.update(outcome["figures"])
        figures.update(rejects_new=outcome["figures"]["rejects"])
        reasons.update(outcome["reasons"])
        n_done += outcome["records"]
        tell_progress("parsed", n_done, len(waiting))
    get_run_logger().info("ingest: parsed %d records into %d documents", len(waiting), figures["documents_new"])


_parse_batch = task(name="parse-batch", persist_result=False, cache_policy=NO_CACHE)(parse_batch)


def _count_seen(
    collected: Collected, done: dict[str, ParsedRecord], figures: Counter[str], reasons: Counter[str]
) -> None:
    """Count what came of records that an earlier run has parsed."""
    seen_figures, seen_reasons = done_figures(set(collected.record_ids), done)
    figures.update(seen_figures)
    reasons.update(seen_reasons)


# ------------------------------------------------------------------------------------------------------------- workers


def _chunks(items: Sequence[Any], size: int) -> list[list[Any]]:
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def _spread(
    of_batch: Any, batches: Sequence[list[InputUnit] | list[RawRecord]], arguments: Callable[[Any], tuple[Any, ...]]
) -> Iterator[Any]:
    """What comes of each batch, as they end. A single batch is not worth a worker."""
    if len(batches) == 1:
        yield of_batch(*arguments(batches[0]))
        return
    for future in as_completed([of_batch.submit(*arguments(batch)) for batch in batches]):
        yield future.result()
