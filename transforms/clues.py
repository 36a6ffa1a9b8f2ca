"""The words around an item and on the way from it to a party, as strings: what the model learns the language from."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Token

from transforms.candidates import Place, path_between
from transforms.drafts import Draft

BUCKETS = 1 << 15
"""Clues are hashed into so many buckets; the weights are one vector of this length per question."""

_CONTENT = frozenset({"VERB", "NOUN", "ADJ", "ADV", "AUX"})
_HELPERS = frozenset({"aux", "auxpass", "neg", "prt", "mark", "advmod"})
_DESCRIBERS = frozenset({"amod", "det", "compound"})
_QUOTE = '"'
_STEPS = 5
_BESIDE = 4
# Words between a party and an item count as clues only where they stand this close.
_NEAR = 12


def hashed(kind: str, clues: Iterable[str]) -> NDArray[np.int64]:
    """The buckets of a set of clues; the same in every process and on every machine."""
    return np.fromiter({zlib.crc32(f"{kind} {clue}".encode()) % BUCKETS for clue in clues}, dtype=np.int64)


def anchor_clues(draft: Draft) -> list[str]:
    """The words of a sentence as they stand to an item and to the word of transfer."""
    item, predicate, doc = draft.frame.item, draft.frame.predicate, draft.sentence.doc
    lemma = predicate.lemma_.lower()
    clues = [
        f"predicate {lemma} {predicate.pos_}",
        f"item {item.top.lemma_.lower()}",
        f"item as {item.top.dep_} {item.top.head.lemma_.lower()}",
        f"predicate with {lemma} {item.top.dep_}",
        f"category {item.materiel.category}",
    ]
    token = item.top
    for _ in range(_STEPS):
        if token.head == token:
            break
        above = token.head.lemma_.lower()
        clues += [f"above as {token.dep_} {above}", f"above {above}"]
        token = token.head
    clues += [f"word {t.lemma_.lower()}" for t in doc if t.pos_ in _CONTENT]
    clues += [f"beside {t.lower_}" for t in doc[max(0, item.top.i - _BESIDE) : item.top.i + _BESIDE + 1]]
    clues += [f"helper {c.lower_}" for c in predicate.children if c.dep_ in _HELPERS]
    return clues


def party_clues(draft: Draft, place: Place | None) -> list[str]:
    """The way through the parse from a party to an item, and the words beside the party."""
    if place is None:
        return ["away"]
    item, predicate, doc = draft.frame.item.top, draft.frame.predicate, draft.sentence.doc
    up, down = path_between(place.phrase, item)
    top = (up[-1].head if up else place.phrase).lemma_.lower()
    first, last = up[-1].dep_ if up else "", down[-1].dep_ if down else ""
    above, preposition = _head(place.phrase)
    head, dependency = above.lemma_.lower(), place.phrase.dep_
    at, before = place.token.i, place.token.i < item.i
    clues = [
        f"way {'>'.join(t.dep_ for t in up)}^{'<'.join(t.dep_ for t in reversed(down))}",
        f"top {top}",
        f"top with {top} {first} {last}",
        f"head {head} {dependency} {preposition}",
        f"predicate {predicate.lemma_.lower()} {dependency} {preposition} {above == predicate}",
        f"preposition {preposition} {before}",
        *(f"{name} {doc[i].lower_ if 0 <= i < len(doc) else ''}" for name, i in _neighbours(at)),
    ]
    for name, way in (("up", up), ("down", down)):
        clues += [f"{name} as {t.dep_} {t.head.lemma_.lower()}" for t in way]
        clues += [f"{name} {t.lemma_.lower()}" for t in way[1:]]
    low, high = sorted((at, item.i))
    if high - low < _NEAR:
        clues += [f"between {t.lemma_.lower()} {before}" for t in doc[low + 1 : high]]
    return clues


def _head(phrase: Token) -> tuple[Token, str]:
    """What a phrase hangs on, and by which preposition."""
    if phrase.dep_ == "pobj":
        return phrase.head.head, phrase.head.lower_
    return phrase.head, ""


def _neighbours(at: int) -> list[tuple[str, int]]:
    return [("next", at + 1), ("second next", at + 2), ("last", at - 1), ("second last", at - 2)]


def status_clues(draft: Draft, published_on: date | None) -> list[str]:
    """What tells how far a transfer has come: the rules' reading, the verbs and their helpers, the date."""
    item, predicate, doc, reading = draft.frame.item, draft.frame.predicate, draft.sentence.doc, draft.frame.reading
    lemma, lexeme = predicate.lemma_.lower(), draft.frame.lexeme
    clues = [
        f"read {reading.status}",
        f"read {reading.status} {lemma}",
        f"read {reading.status} {draft.frame.basis}",
        f"certain {reading.factuality}",
        f"lexeme {lexeme.status} {lexeme.subject_role}",
        f"predicate {lemma}",
        f"predicate {lemma} {predicate.tag_}",
        f"tag {predicate.tag_}",
        f"date {_when(draft, published_on)}",
        f"doubts {' '.join(sorted(item.doubts))}",
        f"category {item.materiel.category}",
        f"quoted {sum(t.text == _QUOTE for t in doc[: predicate.i]) % 2}",
    ]
    for token, operator in reading.operators:
        clues += [f"operator {token.lemma_.lower()}", f"stage {operator.status}"]
    clues += [f"chain {t.lemma_.lower()} {t.tag_}" for t in reading.chain[:_BESIDE]]
    clues += [f"report {t.lemma_.lower()}" for t in reading.reports]
    for child in predicate.children:
        if child.dep_ in _HELPERS or child.dep_ in _DESCRIBERS:
            clues += [f"helper {child.lower_}", f"helper {child.lower_} {predicate.tag_}"]
    for name, start in (("over predicate", predicate), ("over item", item.top)):
        token = start
        for step in range(_BESIDE):
            if token.head == token:
                break
            clues += [f"{name} {min(step, 1)} {token.head.lemma_.lower()}", f"{name} {token.head.tag_}"]
            token = token.head
            clues += [f"{name} helper {c.lower_}" for c in token.children if c.dep_ in _HELPERS]
    clues += [f"word {t.lemma_.lower()}" for t in doc if t.pos_ in _CONTENT]
    verbal = {"AUX", "VERB", "PART"}
    clues += [f"words {a.lower_} {b.lower_}" for a, b in pairwise(doc) if {a.pos_, b.pos_} & verbal]
    low, high = sorted((item.top.i, predicate.i))
    return clues + [f"near {t.lemma_.lower()}" for t in doc[max(0, low - _BESIDE) : high + _BESIDE + 1]]


def _when(draft: Draft, published_on: date | None) -> str:
    if draft.when is None or published_on is None:
        return "none" if draft.when is None else "unknown"
    first, last = draft.when.date_start or draft.when.date_end, draft.when.date_end or draft.when.date_start
    if last is not None and last < published_on:
        return "past"
    return "future" if first is not None and first > published_on else "present"
