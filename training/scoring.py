"""How well the extractor reads labelled documents.

Answers are compared as sets per document, so that what is found twice counts once. A label may list alternatives
(`DEU|rheinmetall`, an empty one stands for null) and may be optional: then finding it is as right as missing it.
The attributes of a transfer are compared over pairs of a label and a claim with the same parties and category.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.labels import Label, Labelled
from transforms.extractor import Extracted, Extractor
from transforms.rows import Affiliation, RelationClaim, TransferClaim

MUTUAL = frozenset({"agree", "consult", "cooperate"})

Row = TransferClaim | RelationClaim | Affiliation
Answer = tuple[str, ...]
Options = tuple[tuple[str, ...], ...]
"""What a label admits in each place of an answer."""
Checks = Mapping[str, bool]
"""For each attribute, whether a claim has what its label says."""

# Words that say nothing of who a source is.
_EMPTY_WORDS = frozenset("a an the of and in s official officials source sources".split())


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


@dataclass(frozen=True)
class Share:
    """How often an attribute is right, over the required labels that have a claim of the same core."""

    right: int = 0
    of: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.right + other.right, self.of + other.of)

    @property
    def share(self) -> float | None:
        """The part that is right; None where there is nothing to compare."""
        return self.right / self.of if self.of else None


@dataclass(frozen=True)
class Error:
    """A label that was missed, a row that no label tells of, or a claim that differs from its label."""

    document: str
    """The id of the document in its set."""
    noun: str
    """`transfer`, `relation` or `affiliation`."""
    fault: str
    """`missed`, `invented`, or the attribute that is wrong."""
    label: Label | None
    row: Row | None
    sentence: str


@dataclass(frozen=True)
class Evaluation:
    """What a comparison of labelled documents with what was found in them gives; sums over documents and sets."""

    documents: int = 0
    scores: Mapping[str, Score] = field(default_factory=lambda: {kind: Score() for kind in KINDS})
    attributes: Mapping[str, Share] = field(default_factory=lambda: {name: Share() for name in ATTRIBUTES})
    errors: tuple[Error, ...] = ()

    def __add__(self, other: Evaluation) -> Evaluation:
        return Evaluation(
            self.documents + other.documents,
            {kind: score + other.scores[kind] for kind, score in self.scores.items()},
            {name: share + other.attributes[name] for name, share in self.attributes.items()},
            self.errors + other.errors,
        )

    def figures(self) -> dict[str, Any]:
        """All figures as plain values, shares in four decimals."""
        kinds = {
            kind: {
                **{name: round(getattr(score, name), 4) for name in ("precision", "recall", "f1")},
                **{name: getattr(score, name) for name in ("found", "missed", "right", "invented")},
            }
            for kind, score in self.scores.items()
        }
        attributes = {
            name: {"right": a.right, "of": a.of, "share": None if a.share is None else round(a.share, 4)}
            for name, a in self.attributes.items()
        }
        return {"documents": self.documents, **kinds, "attributes": attributes}


# Values


def plain(value: object) -> str:
    """An id or a word in the form in which answers are compared; null is the empty string."""
    return "" if value is None else "-".join(re.findall(r"[a-z0-9]+", str(value).lower()))


def options(value: object) -> tuple[str, ...]:
    """The alternatives that a label's value lists."""
    return tuple(plain(part) for part in str(value or "").split("|"))


def sign(factuality: str | None) -> str:
    """Whether a claim is told as true, as untrue or as open; of alternatives the last one counts."""
    if not factuality:
        return "+"
    return "u" if factuality.startswith("U") or factuality[-1] not in "+-" else factuality[-1]


def _required(label: Label) -> bool:
    return not label.get("optional")


# Kinds of answers


@dataclass(frozen=True)
class Kind:
    """One way to compare labels with rows."""

    noun: str
    """What it looks at: `transfer`, `relation` or `affiliation`."""
    admits: Callable[[Label], Options]
    answer: Callable[[Any], Answer]
    merges: bool = True
    """Whether labels that admit the same count as one."""

    def fits(self, admitted: Options, answer: Answer) -> bool:
        """Whether the answer is one that the label admits; relations that are mutual have no direction."""
        if all(value in options for value, options in zip(answer, admitted, strict=True)):
            return True
        if self.noun != "relation" or answer[0] not in MUTUAL:
            return False
        relation, subject, object_ = admitted
        return all(value in options for value, options in zip(answer, (relation, object_, subject), strict=True))


def _admits(*names: str) -> Callable[[Label], Options]:
    return lambda label: tuple(options(label.get(name)) for name in names)


def _columns(*names: str) -> Callable[[Any], Answer]:
    return lambda row: tuple(plain(getattr(row, name)) for name in names)


_CORE = ("supplier", "recipient", "category")
_CORE_COLUMNS = ("supplier_id", "recipient_id", "category")


def _full_admits(label: Label) -> Options:
    return *_admits(*_CORE, "status")(label), (sign(label.get("factuality")),)


def _full_answer(claim: TransferClaim) -> Answer:
    return *_columns(*_CORE_COLUMNS, "status")(claim), sign(claim.factuality)


def _relation_answer(claim: RelationClaim) -> Answer:
    ends = [plain(claim.subject_id), plain(claim.object_id)]
    return claim.relation, *(sorted(ends) if claim.relation in MUTUAL else ends)


def _post_admits(label: Label) -> Options:
    return *_admits("person", "actor_id")(label), (str(bool(label.get("is_current", True))),)


def _post_answer(post: Affiliation) -> Answer:
    return *_columns("person_id", "actor_id")(post), str(post.is_current)


KINDS: dict[str, Kind] = {
    "pair": Kind("transfer", _admits(*_CORE[:2]), _columns(*_CORE_COLUMNS[:2])),
    "core": Kind("transfer", _admits(*_CORE), _columns(*_CORE_COLUMNS)),
    "full": Kind("transfer", _full_admits, _full_answer),
    "relations": Kind("relation", _admits("relation", "subject", "object"), _relation_answer),
    # A person's second office with the same actor is a label of its own.
    "affiliations": Kind("affiliation", _post_admits, _post_answer, merges=False),
}
"""From the loosest comparison of transfers to the strictest; then the other tables."""

SHOWN = ("core", "relations", "affiliations")
"""The kinds whose misses and inventions are listed as errors: one for each table."""


@dataclass(frozen=True)
class Compared:
    """What comparing one document's rows with its labels gives."""

    score: Score
    missed: list[Label]
    invented: list[Any]


def compare(kind: Kind, labels: Iterable[Label], rows: Iterable[Any]) -> Compared:
    """Compare one document's rows with its labels."""
    wanted = _distinct_labels(kind, labels)
    answers: dict[Answer, Any] = {}
    for row in rows:
        answers.setdefault(kind.answer(row), row)
    required = [(admitted, label) for admitted, label in wanted if _required(label)]
    missed = [label for admitted, label in required if not any(kind.fits(admitted, a) for a in answers)]
    invented = [row for a, row in answers.items() if not any(kind.fits(admitted, a) for admitted, _ in wanted)]
    right = sum(any(kind.fits(admitted, a) for admitted, _ in required) for a in answers)
    return Compared(Score(len(required) - len(missed), len(missed), right, len(invented)), missed, invented)


def _distinct_labels(kind: Kind, labels: Iterable[Label]) -> list[tuple[Options, Label]]:
    """The labels with what they admit; of those that admit the same, one that is required if any is."""
    read = [(kind.admits(label), label) for label in labels]
    if not kind.merges:
        return read
    merged: dict[Options, Label] = {}
    for admitted, label in read:
        if admitted not in merged or (_required(label) and not _required(merged[admitted])):
            merged[admitted] = label
    return list(merged.items())


# Attributes of transfers

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "status": ("status",),
    "factuality": ("factuality",),
    "weapon": ("weapon",),
    "quantity": ("quantity_low", "quantity_high"),
    "value": ("value_amount", "value_currency"),
    "date": ("date_start", "date_end"),
    "intermediaries": ("intermediary_ids",),
    "attribution": ("attribution",),
    "evidence": ("evidence",),
}
"""The attributes that are compared, each with the columns that hold it."""

_CLOSENESS = ("status", "factuality", "weapon", "quantity", "value", "date")
_IDENTITY = (
    "supplier_id", "recipient_id", "category", "weapon", "status", "quantity_low", "quantity_high", "value_amount",
    "date_start", "date_end",
)  # fmt: skip


def check(label: Label, claim: TransferClaim, text: str) -> Checks:
    """Whether each attribute of a claim is what the label says; `text` is the document's."""
    quantity, value, when = (label.get(name) or {} for name in ("quantity", "value", "date"))
    return {
        "status": plain(claim.status) in options(label.get("status")),
        "factuality": sign(claim.factuality) == sign(label.get("factuality")),
        "weapon": plain(claim.weapon) in options(label.get("weapon")),
        "quantity": _numbers(quantity.get("low"), quantity.get("high"))
        == _numbers(claim.quantity_low, claim.quantity_high),
        "value": (_numbers(value.get("amount")), value.get("currency"))
        == (_numbers(claim.value_amount), claim.value_currency or None),
        "date": _days(when.get("start"), when.get("end")) == _days(claim.date_start, claim.date_end),
        "intermediaries": {plain(actor) for actor in label.get("intermediaries") or ()}
        == {plain(actor) for actor in (claim.intermediary_ids or "").split(";") if actor},
        "attribution": _is_attributed(label.get("attribution") or (), claim.attribution),
        "evidence": bool(claim.evidence) and text[claim.evidence_start : claim.evidence_end] == claim.evidence,
    }


def _numbers(*values: object) -> list[float | None]:
    return [None if value is None else round(float(str(value)), 2) for value in values]


def _days(*values: object) -> list[str | None]:
    return [str(value)[:10] if value else None for value in values]


def _is_attributed(links: Sequence[str], attribution: str | None) -> bool:
    """Whether a chain of sources has a word of every link of the label's, and none where the label has none.

    Without a source, links with an empty alternative ('reporter|') are right as well.
    """
    told = _source_words(attribution)
    if not links:
        return not told
    for link in links:
        words = _source_words(link)
        may_lack = not told and "" in link.split("|")
        if words and not words & told and not may_lack:
            return False
    return True


def _source_words(sources: str | None) -> set[str]:
    return set(plain(sources).split("-")) - _EMPTY_WORDS - {""}


def pair_up(labels: Sequence[Label], claims: Sequence[TransferClaim], text: str) -> list[tuple[int, int, Checks]]:
    """Give each label at most one claim of the same core, as indices of both with what is right of the claim.

    As many labels as possible get one; the required ones choose first, and of the pairs the closest.
    """
    core = KINDS["core"]
    checks = {
        (i, j): check(label, claim, text)
        for i, label in enumerate(labels)
        for j, claim in enumerate(claims)
        if core.fits(core.admits(label), core.answer(claim))
    }
    closeness = {pair: sum(checked[name] for name in _CLOSENESS) for pair, checked in checks.items()}
    label_of: dict[int, int] = {}
    for i, j in sorted(checks, key=lambda pair: (not _required(labels[pair[0]]), -closeness[pair], pair)):
        if j not in label_of and i not in label_of.values():
            label_of[j] = i
    choices: dict[int, list[int]] = {i: [] for i in range(len(labels))}
    for i, j in sorted(checks, key=lambda pair: (-closeness[pair], pair)):
        choices[i].append(j)
    for i in sorted(set(choices) - set(label_of.values())):
        _make_room(i, choices, label_of, set())
    return sorted(((i, j, checks[i, j]) for j, i in label_of.items()), key=lambda pair: pair[:2])


def _make_room(label: int, choices: Mapping[int, Sequence[int]], label_of: dict[int, int], tried: set[int]) -> bool:
    """Give the label a claim, and its present owner another one; False where that cannot be."""
    for claim in choices[label]:
        if claim not in tried:
            tried.add(claim)
            if claim not in label_of or _make_room(label_of[claim], choices, label_of, tried):
                label_of[claim] = label
                return True
    return False


def _distinct_claims(claims: Iterable[TransferClaim]) -> list[TransferClaim]:
    """The claims without those that say the same of a transfer as an earlier one."""
    kept: dict[tuple[str, ...], TransferClaim] = {}
    for claim in claims:
        kept.setdefault((claim.factuality, *_columns(*_IDENTITY)(claim)), claim)
    return list(kept.values())


# Documents


def evaluate_document(found: Extracted, labelled: Labelled) -> Evaluation:
    """Compare what was found in one document with its labels."""
    claims = _distinct_claims(found.transfer_claims)
    rows: dict[str, Sequence[Row]] = {
        "transfer": claims,
        "relation": found.relation_claims,
        "affiliation": found.affiliations,
    }
    labels = {noun: labelled.label.get(f"{noun}s") or [] for noun in rows}
    compared = {name: compare(kind, labels[kind.noun], rows[kind.noun]) for name, kind in KINDS.items()}
    document = str(labelled.label["id"])
    errors = [error for name in SHOWN for error in _differences(document, KINDS[name].noun, compared[name])]
    shares = {name: Share() for name in ATTRIBUTES}
    for i, j, checks in pair_up(labels["transfer"], claims, labelled.document.text):
        label = labels["transfer"][i]
        if _required(label):
            shares = {name: share + Share(int(checks[name]), 1) for name, share in shares.items()}
            wrong = [name for name, is_right in checks.items() if not is_right]
            errors += [Error(document, "transfer", name, label, claims[j], _sentence(label)) for name in wrong]
    return Evaluation(1, {name: c.score for name, c in compared.items()}, shares, tuple(errors))


def _differences(document: str, noun: str, compared: Compared) -> list[Error]:
    missed = [Error(document, noun, "missed", label, None, _sentence(label)) for label in compared.missed]
    return missed + [Error(document, noun, "invented", None, row, row.evidence) for row in compared.invented]


def _sentence(label: Label) -> str:
    evidence = label.get("evidence") or ""
    return evidence if isinstance(evidence, str) else " … ".join(evidence)


def evaluate(documents: Iterable[Labelled], extractor: Extractor) -> Evaluation:
    """Read labelled documents and compare, all counted together."""
    return sum((evaluate_document(extractor.extract(d.document), d) for d in documents), Evaluation())


def score_documents(documents: Iterable[Labelled], extractor: Extractor) -> dict[str, Score]:
    """The scores of labelled documents by kind of answer."""
    return dict(evaluate(documents, extractor).scores)
