"""From signatures to stories: which pairs of texts are worth comparing, and which texts make one story.

Nothing here depends on the order in which texts came in: a text is known by its rank, 0 for the one that was published
first, and every choice is made by rank or by content.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from transforms.near_duplicates import Hashes

SMALL_GROUP = 17
"""Up to so many texts that share a band are all compared to each other."""

WINDOW = 4
"""Neighbours to which a text is compared within a band that more texts share; it has as many for each such band."""

_MERGED_TOGETHER = 4_000_000
"""Pairs of several bands that are held before those found twice are dropped."""

Pairs = NDArray[np.int64]


def candidate_pairs(bands: Hashes) -> Pairs:
    """Pairs of ranks, the lower one first, whose texts have a band in common; `bands` has a row for each rank.

    All pairs of a band that up to SMALL_GROUP texts share. In a larger group, which one phrase used by everybody may
    make, each text is paired with the WINDOW that follow it when the group is sorted by further bands: what shares much
    stands together there, if not in one band, then in another.
    """
    n_texts, n_bands = bands.shape
    found: Pairs = np.empty(0, np.int64)
    waiting: list[Pairs] = []
    for band in range(n_bands):
        order, column, is_large = _grouped(bands, band)
        for distance in range(1, min(SMALL_GROUP, n_texts)):
            is_pair = column[distance:] == column[:-distance]
            if distance > WINDOW:
                is_pair &= ~is_large[:-distance]
            if not is_pair.any():
                break
            one, other = order[:-distance][is_pair], order[distance:][is_pair]
            waiting.append(np.minimum(one, other) * n_texts + np.maximum(one, other))
        if band == n_bands - 1 or sum(map(len, waiting)) > max(len(found), _MERGED_TOGETHER):
            found = np.unique(np.concatenate([found, *waiting]))
            waiting = []
    return np.stack([found // n_texts, found % n_texts], axis=1) if len(found) else found.reshape(0, 2)


def _grouped(bands: Hashes, band: int) -> tuple[Pairs, Hashes, NDArray[np.bool_]]:
    """The ranks sorted by a band, large groups by those that follow it; their hashes; which are in a large group."""
    column = np.ascontiguousarray(bands[:, band])
    order = np.argsort(column, kind="stable")
    column = column[order]
    begins = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    sizes = np.diff(np.append(begins, len(column)))
    is_large = np.repeat(sizes > SMALL_GROUP, sizes)
    if is_large.any():
        members = order[is_large]
        further = [bands[members, (band + step) % bands.shape[1]] for step in (3, 2, 1, 0)]
        order[is_large] = members[np.lexsort([members, *further])]
    return order, column, is_large


def group(n_texts: int, pairs: Iterable[tuple[int, int]], is_kin: Callable[[int, int], bool]) -> list[int]:
    """Of each rank, the rank of the first text of its story; of a text by itself, its own.

    `pairs` are one voice. The first text that has no story yet begins one; it gathers what can be reached over pairs,
    as long as `is_kin(first, text)` holds. What is left out begins stories of its own.
    """
    neighbours: dict[int, list[int]] = {}
    for one, other in pairs:
        neighbours.setdefault(one, []).append(other)
        neighbours.setdefault(other, []).append(one)
    stories = [-1] * n_texts
    for first in range(n_texts):
        if stories[first] >= 0:
            continue
        stories[first] = first
        strangers: set[int] = set()
        queue = deque(neighbours.get(first, ()))
        while queue:
            text = queue.popleft()
            if stories[text] >= 0 or text in strangers:
                continue
            if is_kin(first, text):
                stories[text] = first
                queue.extend(neighbours[text])
            else:
                strangers.add(text)
    return stories
