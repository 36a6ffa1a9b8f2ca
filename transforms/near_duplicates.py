"""Whether two texts are one voice: signatures of texts, how much two of them share, and the rule that decides.

A signature holds the text's word shingles as hashes, which of them carry a fact (a name or a number), the facts with
the words around them, and bands of a MinHash by which texts that share much are found among many (`transforms.stories`
does). MinHash and banding: Broder, On the resemblance and containment of documents (1997); Leskovec, Rajaraman and
Ullman, Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

SHINGLE_WORDS = 4
"""Words of a shingle: fewer survive more edits, more are shared by chance less often."""

N_BANDS = 64
ROWS_PER_BAND = 2
"""Two texts of Jaccard similarity J have a band in common with probability 1 - (1 - J^rows)^bands: 0.98 at 0.25."""

SEED = 20240229

OPENING_SHINGLES = 40
"""How many shingles the opening of a text has, about two sentences."""

LEAST_SHARED = 12
"""Shingles that two texts must share, about 15 words in a row: less is a phrase."""

LEAST_CONTAINMENT = 0.45
"""Share of the shorter text's shingles: half of its sentences, less what light editing breaks."""

LEAST_OPENING = 0.3
"""Share of an opening that the other text must have."""

LEAST_KEPT = 30
"""Facts between the same words in both texts that make up for openings that differ: few footers name so many."""

MOST_CHANGED = 0.15
"""Share of changed facts among those between the same words: corrections change few, forms most."""

REISSUED_AFTER_DAYS = 90
"""From here on a text that comes again with any changed fact is a new issue of a form, not a reprint."""

LEAST_KINSHIP = 0.25
MOST_CHANGED_OF_KIN = 0.3
"""The same limits towards the first text of a story, for what belongs to it by way of others."""

METHOD_VERSION = f"1-{SHINGLE_WORDS}-{N_BANDS}x{ROWS_PER_BAND}"
"""Names how signatures are made. Raise the first number when the code changes what they are; a test shows when."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What is kept of a text to compare it with others."""

    bands: Hashes
    """One hash per band of the MinHash."""
    shingles: Hashes
    """Hashes of the distinct shingles, ascending."""
    is_opening: NDArray[np.bool_]
    """Of each shingle, whether it is among the first of the text."""
    contexts: Hashes
    """Hashes of the words around each fact, ascending and distinct."""
    facts: Hashes
    """Of each context, the hash of the fact that stands in it; the first where there are several."""


@dataclass(frozen=True, slots=True)
class Resemblance:
    """What two texts share; the shares are of the one that has fewer shingles, from 0 to 1."""

    n_shared: int
    """Shingles in both."""
    containment: float
    """Share of shingles in both."""
    jaccard: float
    """Shingles in both by shingles in either."""
    opening: float
    """Share of the shingles of one text's opening that are in the other; of the two shares the larger one."""
    n_kept: int
    """Contexts that both texts have, with the same fact in them."""
    n_changed: int
    """Contexts that both texts have, with different facts in them."""


def signatures(texts: Iterable[str]) -> Iterator[Signature]:
    """The signature of each text, in order; without any shingle for a text that is shorter than one."""
    plain = MinHash(num_perm=N_BANDS * ROWS_PER_BAND, seed=SEED, hashfunc=int, scheme="affine32")
    for text in texts:
        yield _signature(text, plain)


def resemblance(one: Signature, other: Signature) -> Resemblance:
    """What two texts share. It does not matter which comes first."""
    short, long = (one, other) if len(one.shingles) <= len(other.shingles) else (other, one)
    if not len(short.shingles):
        return Resemblance(0, 0.0, 0.0, 0.0, 0, 0)
    places = _places(short.shingles, long.shingles)
    is_shared = long.shingles[places] == short.shingles
    n_shared = int(np.count_nonzero(is_shared))
    n_kept, n_changed = _compare_facts(short, long)
    return Resemblance(
        n_shared,
        n_shared / len(short.shingles),
        n_shared / (len(short.shingles) + len(long.shingles) - n_shared),
        max(
            int(np.count_nonzero(is_shared & short.is_opening)) / int(np.count_nonzero(short.is_opening)),
            int(np.count_nonzero(long.is_opening[places[is_shared]])) / int(np.count_nonzero(long.is_opening)),
        ),
        n_kept,
        n_changed,
    )


def is_one_voice(shared: Resemblance, days_apart: int | None = None) -> bool:
    """Whether one text repeats the other, whole or cut, with its own lead or lightly edited.

    Most of the shorter text must stand in the longer one. Two texts that only end alike, in what an outlet puts under
    each of its pages, neither begin alike nor have many facts in common; and of two notices in the same form, other
    names and numbers stand between the same words. `days_apart` is the time between the two, where it is known.
    """
    if days_apart is not None and days_apart > REISSUED_AFTER_DAYS and shared.n_changed:
        return False
    return (
        shared.n_shared >= LEAST_SHARED
        and shared.containment >= LEAST_CONTAINMENT
        and (shared.opening >= LEAST_OPENING or shared.n_kept >= LEAST_KEPT)
        and shared.n_changed <= MOST_CHANGED * (shared.n_kept + shared.n_changed)
    )


def is_kin(shared: Resemblance) -> bool:
    """Whether a text may belong to a story by way of others, given what it shares with the story's first text.

    A weaker condition than `is_one_voice`. It keeps a digest of two stories from making one of them.
    """
    return shared.containment >= LEAST_KINSHIP and shared.n_changed <= MOST_CHANGED_OF_KIN * (
        shared.n_kept + shared.n_changed
    )


def rule_version() -> str:
    """Names the rule by which signatures are compared; another rule may make other stories of the same signatures."""
    limits = (LEAST_SHARED, LEAST_CONTAINMENT, LEAST_OPENING, LEAST_KEPT, MOST_CHANGED, REISSUED_AFTER_DAYS)
    return "1-" + "-".join(map(str, (*limits, LEAST_KINSHIP, MOST_CHANGED_OF_KIN)))


def _places(some: Hashes, others: Hashes) -> NDArray[np.intp]:
    """Where each of some hashes stands among the others if it does, else any place; both ascending and distinct."""
    places = np.searchsorted(others, some)
    places[places == len(others)] = 0
    return places


def _compare_facts(one: Signature, other: Signature) -> tuple[int, int]:
    if not len(one.contexts) or not len(other.contexts):
        return 0, 0
    places = _places(one.contexts, other.contexts)
    is_common = other.contexts[places] == one.contexts
    is_same = other.facts[places][is_common] == one.facts[is_common]
    n_kept = int(is_same.sum())
    return n_kept, int(is_common.sum()) - n_kept


# ---------------------------------------------------------------------------------------------------------- signatures

# Scripts without spaces between words count by the character.
_TOKEN = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)*)"
    r"|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"
    r"|[^\W\d_]+"
)
# What a sentence begins after; a hyphen or a dash only with a space behind it.
_BEGINNING = re.compile(r"(?:^|[.!?:\"'”“’‘«»„|\n]|[-–—•*]\s)\s*\Z")

# A MinHash needs some kilobytes of memory for each of them.
_HASHED_TOGETHER = 10_000

_SLOT = np.uint64(0x5107)
_EDGE = np.uint64(0xED6E)


def _signature(text: str, plain: MinHash) -> Signature:
    hashes, is_fact = _tokens(text)
    shingles, is_opening = _shingles(hashes)
    contexts, facts = _facts(hashes, is_fact)
    if not len(shingles):
        return Signature(np.zeros(N_BANDS, np.uint32), shingles, is_opening, contexts, facts)
    minhash = plain.copy()
    for start in range(0, len(shingles), _HASHED_TOGETHER):
        minhash.update_batch(shingles[start : start + _HASHED_TOGETHER].tolist())
    rows = minhash.hashvalues.astype(np.uint64).reshape(N_BANDS, ROWS_PER_BAND)
    return Signature(_folded(rows.T), shingles, is_opening, contexts, facts)


def _tokens(text: str) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Hashes of the words in lower case, and which of them are names or numbers.

    A word with a capital letter is taken for a name unless it begins a sentence.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    hashes, is_fact = [], []
    for match in _TOKEN.finditer(text):
        word = match.group()
        if match["number"] is not None:
            word = word.replace(",", "")
            fact = True
        elif word[0].isupper():
            start = match.start()
            fact = not _BEGINNING.search(text[max(0, start - 3) : start])
        else:
            fact = False
        hashes.append(zlib.crc32(word.casefold().encode()))
        is_fact.append(fact)
    return np.array(hashes, np.uint64), np.array(is_fact, np.bool_)


def _shingles(hashes: NDArray[np.uint64]) -> tuple[Hashes, NDArray[np.bool_]]:
    count = len(hashes) - SHINGLE_WORDS + 1
    if count < 1:
        return np.empty(0, np.uint32), np.empty(0, np.bool_)
    in_order = _folded([hashes[start : start + count] for start in range(SHINGLE_WORDS)])
    shingles, places = np.unique(in_order, return_index=True)
    return shingles, places < OPENING_SHINGLES


def _facts(hashes: NDArray[np.uint64], is_fact: NDArray[np.bool_]) -> tuple[Hashes, Hashes]:
    """Each run of names and numbers, with the two words before and after it; another run there counts as a blank."""
    if not is_fact.any():
        return np.empty(0, np.uint32), np.empty(0, np.uint32)
    begins = is_fact & ~np.concatenate(([False], is_fact[:-1]))
    is_kept = ~is_fact | begins
    values = np.add.reduceat(np.where(is_fact, hashes, np.uint64(0)), np.flatnonzero(is_kept))
    is_slot = begins[is_kept]
    words = np.where(is_slot, _SLOT, hashes[is_kept])
    padded = np.concatenate(([_EDGE, _EDGE], words, [_EDGE, _EDGE]))
    slots = np.flatnonzero(is_slot)
    keys = _folded([padded[slots + offset] for offset in (0, 1, 3, 4)])
    contexts, places = np.unique(keys, return_index=True)
    return contexts, _folded([values[slots]])[places]


def _folded(columns: Iterable[NDArray[np.uint64]]) -> Hashes:
    """One 32-bit hash per row of the columns; the finaliser is that of SplitMix64 (Steele, Lea and Flood, 2014)."""
    total: NDArray[np.uint64] | None = None
    for column in columns:
        total = column if total is None else total * np.uint64(0x9E3779B97F4A7C15) + column
        total = (total ^ (total >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        total = (total ^ (total >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        total = total ^ (total >> np.uint64(31))
    assert total is not None
    return (total >> np.uint64(32)).astype(np.uint32)
