"""The extract flow: documents in, claims out, in batches that each land whole or not at all."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.futures import as_completed

from flows.isolation import Isolated, IsolationError
from flows.lake import Lake, iter_rows, iter_values, write_rows, written_aside
from flows.parsing import fence_reject, parser_version
from flows.progress import tell_progress
from flows.reference import extractor_version, load_extractor
from flows.runners import task_runner
from flows.settings import Settings
from transforms.extractor import Extracted
from transforms.language import LANGUAGES_READ
from transforms.rows import (
    ActorMention,
    Affiliation,
    Document,
    Extraction,
    Reject,
    RelationClaim,
    TransferClaim,
    content_id,
)

CLAIM_TABLES: dict[str, type] = {
    "transfer_claims": TransferClaim,
    "relation_claims": RelationClaim,
    "affiliations": Affiliation,
    "actor_mentions": ActorMention,
}
CHARACTERS_PER_LIMIT = 100_000
"""A text may take the limit of time once for so many characters of it."""

_UNDATED = date.max
# A worker process takes about as long to start as this many documents to read.
_WORTH_A_WORKER = 25


def pending(lake: Lake, version: str, parser: str) -> list[tuple[str, Path]]:
    """What is left to read of this parser's documents: extraction keys, each with its document's file, in order.

    Of the sightings of one text only the representative is read: the earliest dated, then the smallest source and key.
    """
    chosen: dict[str, tuple[tuple[date, str, str], str, Path]] = {}
    for path in (batch / "documents.parquet" for batch in lake.document_batches(parser)):
        columns = ("document_id", "published_on", "source_uri", "extraction_key")
        for document_id, published_on, source_uri, key in iter_values(path, columns):
            dated = published_on if isinstance(published_on, date) else _UNDATED
            rank = (dated, str(source_uri), str(key))
            if str(document_id) not in chosen or rank < chosen[str(document_id)][0]:
                chosen[str(document_id)] = (rank, str(key), path)
    done = extracted_keys(lake, version)
    return sorted(((key, path) for _, key, path in chosen.values() if key not in done), key=lambda p: (str(p[1]), p[0]))


def extracted_keys(lake: Lake, version: str) -> set[str]:
    """The extraction keys that this version of the extractor has read already."""
    files = [batch / "extractions.parquet" for batch in lake.claim_batches(version)]
    return {str(key) for (key,) in iter_values(files, ("extraction_key",))}


def extract_batch(
    keys: Sequence[str], files: Sequence[str], root: str, version: str, settings: Settings
) -> dict[str, int]:
    """Read the documents with these extraction keys from these files and write their claims as one batch.

    Each document is read in a fence (`flows.isolation`). One that is in another language, that makes the extractor
    fail, or that passes its limits of time or memory, becomes a reject and is not tried again by the same version.
    """
    lake = Lake(Path(root))
    target = lake.claims / version / content_id(*sorted(keys))
    figures = {"documents": 0, "rejects": 0, **dict.fromkeys(CLAIM_TABLES, 0)}
    if target.is_dir():
        return figures
    wanted = set(keys)
    extractions: list[Extraction] = []
    rows: dict[str, list[Any]] = {table: [] for table in CLAIM_TABLES}
    rejects: list[Reject] = []
    with Isolated[Document, Extracted]("flows.extract:read_document", settings.document_megabytes) as call:
        for document in _documents((Path(f) for f in files), wanted):
            found = Extracted(Extraction(document.extraction_key, document.document_id, 0, 0))
            if document.language not in LANGUAGES_READ:
                rejects.append(_other_language(document))
            else:
                try:
                    found = call(document, _seconds(document, settings))
                except Exception as error:
                    rejects.append(_reject(document, error, settings))
            extractions.append(found.extraction)
            for table in CLAIM_TABLES:
                rows[table].extend(getattr(found, table))
    if rejects:
        write_rows(lake.rejects / f"extract-{version}-{target.name}.parquet", Reject, rejects)
    with written_aside(target) as aside:
        aside.mkdir()
        write_rows(aside / "extractions.parquet", Extraction, extractions)
        for table, row_type in CLAIM_TABLES.items():
            write_rows(aside / f"{table}.parquet", row_type, rows[table])
    figures |= {"documents": len(extractions), "rejects": len(rejects)}
    return figures | {table: len(rows[table]) for table in CLAIM_TABLES}


def _documents(files: Iterable[Path], wanted: set[str]) -> Iterable[Document]:
    """The wanted documents, each once, though several sightings may have the same key."""
    for document in iter_rows(files, Document):
        if document.extraction_key in wanted:
            wanted.discard(document.extraction_key)
            yield document


def read_document(document: Document) -> Extracted:
    """What the child process does for each document."""
    return load_extractor().extract(document)


def _seconds(document: Document, settings: Settings) -> float:
    return settings.document_seconds * math.ceil(max(1, len(document.text)) / CHARACTERS_PER_LIMIT)


def _other_language(document: Document) -> Reject:
    return Reject(
        source_uri=document.source_uri,
        step="extract",
        reason="other_language",
        detail=f"The text is in another language ({document.language}) than English; the document is stored, not read.",
    )


def _reject(document: Document, error: Exception, settings: Settings) -> Reject:
    if isinstance(error, IsolationError):
        return fence_reject(document.source_uri, "extract", error, settings)
    return Reject(
        source_uri=document.source_uri,
        step="extract",
        reason="extractor_error",
        detail=f"The extractor failed with {type(error).__name__}; nothing was taken, please report it.",
    )


def _batch_size(waiting: int, largest: int) -> int:
    """Documents per batch: no more than asked, and fewer where all cores would not be busy to the end otherwise."""
    even = math.ceil(waiting / (2 * (os.cpu_count() or 1)))
    return min(largest, max(_WORTH_A_WORKER, even))


def _run(
    batches: Sequence[Sequence[tuple[str, Path]]], root: str, version: str, settings: Settings
) -> Iterator[dict[str, int]]:
    """The figures of the batches as they come; a single one is not worth a worker."""
    calls = [([key for key, _ in batch], sorted({str(path) for _, path in batch})) for batch in batches]
    if len(calls) == 1:
        yield extract_batch_task(*calls[0], root, version, settings)
        return
    futures = [extract_batch_task.submit(keys, files, root, version, settings) for keys, files in calls]
    for future in as_completed(futures):
        yield future.result()


extract_batch_task = task(name="extract-batch", task_run_name="extract {version}")(extract_batch)


@flow(name="extract", log_prints=False, task_runner=task_runner(Settings.from_environment().runner))
def extract(lake: str | None = None, batch_size: int | None = None) -> dict[str, Any]:
    """Read every document that this version of the extractor has not read yet, in batches that run side by side.

    Returns the figures of what was read: documents, rejects, and rows per table.
    """
    settings = Settings.from_environment().with_options(lake=Path(lake) if lake else None, batch_size=batch_size)
    store = Lake(settings.lake.resolve())
    version = extractor_version()
    waiting = pending(store, version, parser_version(settings))
    size = _batch_size(len(waiting), settings.batch_size)
    batches = [waiting[start : start + size] for start in range(0, len(waiting), size)]
    figures: dict[str, Any] = {"documents": 0, "rejects": 0, **dict.fromkeys(CLAIM_TABLES, 0)}
    for counts in _run(batches, str(store.root), version, settings):
        for name, count in counts.items():
            figures[name] += count
        tell_progress("read", figures["documents"], len(waiting))
    get_run_logger().info("read %s documents with extractor %s", figures["documents"], version)
    return {**figures, "extractor_version": version}
