"""Rejects of inputs that could not be had at all: each distinct one is one row."""

from __future__ import annotations

from collections.abc import Sequence

from flows.lake import Lake, values_where, write_rows
from transforms.rows import Reject, content_id

_NAMES = ("source_uri", "step", "reason", "detail")


def store_rejects(lake: Lake, rejects: Sequence[Reject]) -> int:
    """Store the rejects that the lake does not have; returns how many these are."""
    uris = {reject.source_uri for reject in rejects}
    known = {Reject(*row) for row in values_where(lake.rejects, _NAMES, "source_uri", uris)}  # type: ignore[arg-type]
    new = sorted(set(rejects) - known, key=lambda reject: [getattr(reject, name) for name in _NAMES])
    if new:
        name = content_id(*(getattr(reject, name) for reject in new for name in _NAMES))
        write_rows(lake.rejects / f"{name}.parquet", Reject, new)
    return len(new)
