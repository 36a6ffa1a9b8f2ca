"""Near-duplicates over the lake: each distinct text is signed once, and stories are made anew from all signatures.

Signatures are kept per version of the method. The stories are a function of the texts, their dates and the method
alone: the order in which documents came in, and how often this ran, make no difference.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from numpy.typing import NDArray

from flows.lake import ROWS_PER_GROUP, Lake, LakeError, arrow_schema, iter_values, parquet_files, written_aside
from transforms.near_duplicates import (
    METHOD_VERSION,
    N_BANDS,
    Resemblance,
    Signature,
    is_kin,
    is_one_voice,
    resemblance,
    rule_version,
    signatures,
)
from transforms.rows import StoryMember, content_id
from transforms.stories import candidate_pairs, group

SIGNED_TOGETHER = 5_000
"""Texts whose signatures are written to one file."""

SIGNATURE_SCHEMA = pa.schema(
    [
        pa.field("document_id", pa.string(), nullable=False),
        pa.field("n_shingles", pa.int32(), nullable=False),
        pa.field("bands", pa.binary(4 * N_BANDS), nullable=False),
        pa.field("shingles", pa.large_binary(), nullable=False),
        pa.field("is_opening", pa.large_binary(), nullable=False),
        pa.field("contexts", pa.large_binary(), nullable=False),
        pa.field("facts", pa.large_binary(), nullable=False),
    ]
)
"""Numbers are stored as little-endian unsigned 32-bit integers, flags as one byte each."""

_HASH = np.dtype("<u4")
_KEY = b"materiel"


def cluster_documents(lake_root: Path | str, parser_version: str) -> dict[str, int]:
    """Write the table of stories of a lake, `Lake.stories`: one row for each distinct text of this parser.

    Returns how many distinct texts there are (`documents`), how many were signed now (`signed`), how many stories have
    several texts (`stories`), and how many texts repeat the first one of their story (`reprints`). If neither the texts
    nor their dates nor the method have changed since the last time, nothing is compared or written. Raises LakeError.
    """
    lake = Lake(Path(lake_root))
    folder = lake.signatures / METHOD_VERSION
    files = [batch / "documents.parquet" for batch in lake.document_batches(parser_version)]
    texts = _texts(files)
    n_signed = _sign(files, folder, texts["document_id"])
    inputs = _digest(texts)
    figures = _known_figures(lake.stories, inputs)
    if figures is None:
        members = list(_members(folder, texts))
        repeating = [member.story_id for member in members if member.document_id != member.story_id]
        figures = {"documents": len(members), "stories": len(set(repeating)), "reprints": len(repeating)}
        _write_stories(lake.stories, members, {"inputs": inputs, "figures": figures})
    return {**figures, "signed": n_signed}


def _texts(files: Sequence[Path]) -> pa.Table:
    """Distinct texts with their earliest date, in order of rank: by date, undated last, then by id."""
    if not files:
        return pa.table({"document_id": pa.array([], pa.string()), "published_on": pa.array([], pa.date32())})
    try:
        sightings = ds.dataset([str(path) for path in files], format="parquet").to_table(
            columns=["document_id", "published_on"]
        )
    except (pa.ArrowInvalid, KeyError) as error:
        raise LakeError(f"the documents cannot be read ({error}); delete the broken file and run again") from error
    texts = sightings.group_by("document_id").aggregate([("published_on", "min")])
    texts = texts.rename_columns({"published_on_min": "published_on"}).select(["document_id", "published_on"])
    order = pc.sort_indices(texts, sort_keys=[("published_on", "ascending"), ("document_id", "ascending")])
    return texts.take(order).combine_chunks()


def _digest(texts: pa.Table) -> str:
    digest = hashlib.sha256(f"{METHOD_VERSION} {rule_version()}".encode())
    for name in ("document_id", "published_on"):
        digest.update(json.dumps([str(value) for value in texts[name].to_pylist()]).encode())
    return digest.hexdigest()


# ------------------------------------------------------------------------------------------------------------- signing


def _sign(files: Sequence[Path], folder: Path, document_ids: pa.ChunkedArray) -> int:
    """Sign the texts that this version of the method has not signed yet; returns how many."""
    signed = {str(name) for (name,) in iter_values(folder, ["document_id"])}
    waiting = set(document_ids.to_pylist()) - signed
    count = len(waiting)
    texts = _waiting_texts(files, waiting)
    while batch := list(islice(texts, SIGNED_TOGETHER)):
        name = content_id(*sorted(document_id for document_id, _ in batch))
        rows = zip((document_id for document_id, _ in batch), signatures(text for _, text in batch), strict=True)
        with written_aside(folder / f"{name}.parquet") as aside:
            pq.write_table(_signature_table(rows), aside, compression="zstd", row_group_size=ROWS_PER_GROUP)
    return count


def _waiting_texts(files: Sequence[Path], waiting: set[str]) -> Iterator[tuple[str, str]]:
    for path in files:
        if not waiting:
            return
        if any(str(document_id) in waiting for (document_id,) in iter_values(path, ["document_id"])):
            for document_id, text in iter_values(path, ["document_id", "text"]):
                if str(document_id) in waiting:
                    waiting.discard(str(document_id))
                    yield str(document_id), str(text)


def _signature_table(rows: Iterable[tuple[str, Signature]]) -> pa.Table:
    columns: dict[str, list[object]] = {name: [] for name in SIGNATURE_SCHEMA.names}
    for document_id, signature in rows:
        columns["document_id"].append(document_id)
        columns["n_shingles"].append(len(signature.shingles))
        columns["is_opening"].append(signature.is_opening.tobytes())
        for name in ("bands", "shingles", "contexts", "facts"):
            columns[name].append(getattr(signature, name).astype(_HASH).tobytes())
    return pa.table(columns, schema=SIGNATURE_SCHEMA)


# ------------------------------------------------------------------------------------------------------------- stories


def _members(folder: Path, texts: pa.Table) -> Iterator[StoryMember]:
    """A row for each text, in order of its id."""
    document_ids: list[str] = texts["document_id"].to_pylist()
    pairs = _candidates(folder, texts["document_id"])
    compare = _comparison(folder, texts["document_id"], np.unique(pairs))
    days = texts["published_on"].cast(pa.int32()).to_pylist()

    def confirmed() -> Iterator[tuple[int, int]]:
        for start in range(0, len(pairs), ROWS_PER_GROUP):
            for one, other in pairs[start : start + ROWS_PER_GROUP].tolist():
                day, other_day = days[one], days[other]
                days_apart = None if day is None or other_day is None else abs(other_day - day)
                if is_one_voice(compare(one, other), days_apart):
                    yield one, other

    stories = group(len(document_ids), confirmed(), lambda first, text: is_kin(compare(first, text)))
    for rank in sorted(range(len(document_ids)), key=document_ids.__getitem__):
        first = stories[rank]
        shared = compare(first, rank) if first != rank else None
        yield StoryMember(
            document_id=document_ids[rank],
            story_id=document_ids[first],
            containment=round(shared.containment, 4) if shared else 1.0,
            jaccard=round(shared.jaccard, 4) if shared else 1.0,
            method=METHOD_VERSION,
        )


def _candidates(folder: Path, document_ids: pa.ChunkedArray) -> NDArray[np.int64]:
    """Pairs of ranks that are worth comparing."""
    none = np.empty((0, 2), np.int64)
    files = [str(path) for path in parquet_files(folder)]
    if not files:
        return none
    columns = ["document_id", "bands"]
    stored = ds.dataset(files, format="parquet").to_table(columns=columns, filter=ds.field("n_shingles") > 0)
    places = pc.index_in(document_ids, value_set=stored["document_id"]).combine_chunks()
    ranks = np.flatnonzero(places.is_valid().to_numpy(zero_copy_only=False))
    if len(ranks) < 2:
        return none
    taken = stored["bands"].combine_chunks().take(places.drop_null())
    bands = np.frombuffer(taken.buffers()[1], _HASH, count=len(taken) * N_BANDS, offset=taken.offset * 4 * N_BANDS)
    return ranks[candidate_pairs(bands.reshape(-1, N_BANDS))]


def _comparison(
    folder: Path, document_ids: pa.ChunkedArray, ranks: NDArray[np.int64]
) -> Callable[[int, int], Resemblance]:
    """A function that compares texts by their ranks, of those ranks whose signatures are needed."""
    files = [str(path) for path in parquet_files(folder)]
    wanted = document_ids.take(pa.array(ranks))
    if not len(wanted):
        return lambda one, other: Resemblance(0, 0.0, 0.0, 0.0, 0, 0)
    names = ["document_id", "shingles", "is_opening", "contexts", "facts"]
    is_wanted = ds.field("document_id").isin(wanted.combine_chunks())
    stored = ds.dataset(files, format="parquet").to_table(columns=names, filter=is_wanted).combine_chunks()
    places = pc.index_in(wanted, value_set=stored["document_id"]).to_pylist()
    place_of = dict(zip(ranks.tolist(), places, strict=True))
    values = {name: stored[name].chunk(0) for name in names[1:]}
    no_bands = np.empty(0, np.uint32)

    @lru_cache(maxsize=10_000)
    def signature(rank: int) -> Signature:
        place = place_of[rank]
        shingles, contexts, facts = (
            np.frombuffer(values[name][place].as_buffer(), _HASH) for name in ("shingles", "contexts", "facts")
        )
        return Signature(
            no_bands, shingles, np.frombuffer(values["is_opening"][place].as_buffer(), np.bool_), contexts, facts
        )

    return lambda one, other: resemblance(signature(one), signature(other))


def _known_figures(path: Path, inputs: str) -> dict[str, int] | None:
    """The figures of the stories that are stored, if they were made of the same inputs."""
    if not path.is_file():
        return None
    try:
        known = json.loads((pq.read_schema(path).metadata or {}).get(_KEY, b"{}"))
    except pa.ArrowInvalid as error:
        raise LakeError(f"{path}: not a readable Parquet file; delete it and run again") from error
    figures: dict[str, int] | None = known.get("figures") if known.get("inputs") == inputs else None
    return figures


def _write_stories(path: Path, members: list[StoryMember], made_of: dict[str, Any]) -> None:
    schema = arrow_schema(StoryMember).with_metadata({_KEY: json.dumps(made_of, sort_keys=True).encode()})
    columns = {name: [getattr(member, name) for member in members] for name in schema.names}
    with written_aside(path) as aside:
        pq.write_table(pa.table(columns, schema=schema), aside, compression="zstd", row_group_size=ROWS_PER_GROUP)
