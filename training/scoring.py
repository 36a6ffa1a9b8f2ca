"""How well the extractor reads labelled documents: precision, recall and F1 per kind of answer.

Answers are compared as sets per document, so that what is found twice counts once. A label may list alternatives
(`DEU|rheinmetall`, an empty one stands for null) and may be optional: then finding it is as right as missing it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.labels import Label, Labelled
from transforms.extractor import Extracted, Extractor

MUTUAL = frozenset({"agree", "consult", "cooperate"})

KINDS = ("pair", "core", "full", "relations", "affiliations")

Answer = tuple[str, ...]
Options = tuple[tuple[str, ...], ...]
"""What a label admits in each place of an answer."""
Wanted = tuple[Options, bool]
"""A label, and whether it must be found."""


@dataclass(frozen=True)
class Score:
    """Counts of one kind of answer over all documents of a set."""

    found: int = 0
    missed: int = 0
    right: int = 0
    invented: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.found + other.found,
            self.missed + other.missed,
            self.right + other.right,
            self.invented + other.invented,
        )

    @property
    def precision(self) -> float:
        """Of the answers given that a label speaks of, the share that is right."""
        return self.right / (self.right + self.invented) if self.right + self.invented else 0.0

    @property
    def recall(self) -> float:
        """Of the labels required, the share that was found."""
        return self.found / (self.found + self.missed) if self.found + self.missed else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def plain(value: object) -> str:
    """An id or a word in the form in which answers are compared; null is the empty string."""
    return "-".join(re.findall(r"[a-z0-9]+", str(value or "").lower()))


def options(value: object) -> tuple[str, ...]:
    """The alternatives that a label's value lists."""
    return tuple(plain(part) for part in str(value or "").split("|"))


def sign(factuality: str | None) -> str:
    """Whether a claim is told as true, as untrue or as open."""
    return {"+": "+", "-": "-"}.get((factuality or "CT+")[-1], "u")


def compare(labels: Sequence[Wanted], answers: set[Answer], *, mutual: bool = False) -> Score:
    """Compare one document's answers with its labels."""
    fits = _fits_either_way if mutual else _fits
    missed = sum(must and not any(fits(label, a) for a in answers) for label, must in labels)
    right = sum(any(must and fits(label, a) for label, must in labels) for a in answers)
    invented = sum(not any(fits(label, a) for label, _ in labels) for a in answers)
    return Score(sum(must for _, must in labels) - missed, missed, right, invented)


def distinct(labels: Iterable[Wanted]) -> list[Wanted]:
    """Labels that admit the same as one, which must be found if any of them must."""
    merged: dict[Options, bool] = {}
    for admitted, must in labels:
        merged[admitted] = must or merged.get(admitted, False)
    return list(merged.items())


def _fits(label: Options, answer: Answer) -> bool:
    return all(value in admitted for admitted, value in zip(label, answer, strict=True))


def _fits_either_way(label: Options, answer: Answer) -> bool:
    relation, subject, object_ = answer
    return _fits(label, answer) or (relation in MUTUAL and _fits(label, (relation, object_, subject)))


def _wanted(claims: Iterable[Label], parts: Callable[[Label], Options]) -> list[Wanted]:
    return [(parts(claim), not claim.get("optional")) for claim in claims]


def score_document(found: Extracted, label: Label) -> dict[str, Score]:
    """The scores of one document by kind of answer: `pair`, `core`, `full`, `relations`, `affiliations`."""

    def pair(claim: Label) -> Options:
        return options(claim["supplier"]), options(claim["recipient"])

    def core(claim: Label) -> Options:
        return *pair(claim), options(claim["category"])

    def full(claim: Label) -> Options:
        return *core(claim), options(claim["status"]), (sign(claim.get("factuality")),)

    def relation(claim: Label) -> Options:
        return options(claim["relation"]), options(claim["subject"]), options(claim["object"])

    def office(claim: Label) -> Options:
        return options(claim["person"]), options(claim["actor_id"]), (str(bool(claim.get("is_current", True))),)

    claims = {
        (*map(plain, (c.supplier_id, c.recipient_id, c.category, c.status)), sign(c.factuality))
        for c in found.transfer_claims
    }
    relations = {(r.relation, *_ends(r.relation, r.subject_id, r.object_id)) for r in found.relation_claims}
    offices = {(plain(a.person_id), plain(a.actor_id), str(a.is_current)) for a in found.affiliations}
    transfers = label["transfers"]
    return {
        "pair": compare(distinct(_wanted(transfers, pair)), {c[:2] for c in claims}),
        "core": compare(distinct(_wanted(transfers, core)), {c[:3] for c in claims}),
        "full": compare(distinct(_wanted(transfers, full)), claims),
        "relations": compare(distinct(_wanted(label["relations"], relation)), relations, mutual=True),
        # A person's second office is an answer of its own.
        "affiliations": compare(_wanted(label["affiliations"], office), offices),
    }


def _ends(relation: str, subject: str, object_: str) -> tuple[str, str]:
    ends = (plain(subject), plain(object_))
    first, second = sorted(ends) if relation in MUTUAL else ends
    return first, second


def score_documents(documents: Iterable[Labelled], extractor: Extractor) -> dict[str, Score]:
    """The scores of labelled documents, all counted together."""
    total: dict[str, Score] = {kind: Score() for kind in KINDS}
    for labelled in documents:
        for kind, score in score_document(extractor.extract(labelled.document), labelled.label).items():
            total[kind] += score
    return total
