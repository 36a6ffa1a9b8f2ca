"""Who supplies what to whom, decided by a model trained on labelled documents; rules and tables propose and describe.

Two steps. First each party of a document is scored as supplier and as recipient of each item that is spoken of. Then
each pair of the best of both, one side perhaps left out, is scored as a claim: the result is the claim's confidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transforms.candidates import (
    ANCHOR_NAMES,
    PARTY_NAMES,
    PLACE_NAMES,
    Scene,
    anchor_features,
    nearest_place,
    party_features,
)
from transforms.clues import anchor_clues, hashed, party_clues, status_clues
from transforms.drafts import Draft
from transforms.frames import NO_PREDICATE, may_deal

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
Completed = Sequence[frozenset[tuple[str, str]]]
"""For each draft, the roles that the rules give, as (role, party)."""

MOST_CANDIDATES = 4
"""Parties looked at for one side of one item, at most."""
LEAST_SCORE = 0.02
"""A party with a lower score is looked at only where it is the best one."""

VOTE_OF_RULES = 0.45
"""How much of the probability of a status goes to what the rules read from a word of transfer."""

TALK = 3
"""Items from which on a text may be mere talk of arms."""

QUESTIONS = ("supplier", "recipient")
LEXICAL = (*QUESTIONS, "anchor")
PARTY_COLUMNS = (*ANCHOR_NAMES, *PARTY_NAMES, *PLACE_NAMES, *(f"clues_{name}" for name in LEXICAL))
_COPIED = (
    "is_here", "from_item", "path_to_item", "path_to_predicate", "before_predicate", "before_item", "kind_state",
    "kind_company", "is_entity", "rank", "arsenal", "is_producer", "is_maker", "role_supplier", "role_recipient",
    "completed_supplier", "completed_recipient", "in_title", "is_home", "supplies_elsewhere", "receives_elsewhere",
    "sentences_since", "is_source", "in_list", "count", "subject_of_predicate", "modifies_item",
)  # fmt: skip
_COPIED_AT = [PARTY_COLUMNS.index(name) for name in _COPIED]
_SCORES = (
    "supplier", "recipient", "supplier_as_recipient", "recipient_as_supplier", "product", "supplier_place",
    "recipient_place", "no_supplier", "no_recipient", "behind_best_supplier", "behind_best_recipient", "supplier_sum",
    "recipient_sum", "second_supplier", "second_recipient", "best_elsewhere", "best_elsewhere_in_category",
    "sum_elsewhere", "best_reversed", "n_elsewhere", "supplier_mean", "supplier_max", "recipient_mean",
    "recipient_max", "supplier_mean_as_recipient", "recipient_mean_as_supplier", "same_country", "foes",
    "paired_by_rules", "n_paired_by_rules", "n_parties",
)  # fmt: skip
PAIR_COLUMNS = (
    *ANCHOR_NAMES, "clues_anchor", *_SCORES, *(f"supplier_{n}" for n in _COPIED), *(f"recipient_{n}" for n in _COPIED),
)  # fmt: skip


@dataclass(frozen=True)
class Forest:
    """Gradient-boosted trees of binary log-loss as flat arrays, all trees behind one another."""

    baseline: float
    depth: int
    """Steps from a root to the deepest leaf."""
    roots: NDArray[np.int32]
    column: NDArray[np.int32]
    """Of a node: the column that it asks; 0 for a leaf."""
    threshold: Floats
    """Of a node: values up to it go left, others right; infinite for a leaf."""
    children: NDArray[np.int32]
    """The left and the right successor of each node in turn; a leaf is its own."""
    value: Floats
    """Of a leaf: what it adds to the log-odds."""

    def probabilities(self, rows: Floats) -> Floats:
        """The probability of each row."""
        values = np.ascontiguousarray(rows).ravel()
        start = (np.arange(len(rows), dtype=np.int32) * np.int32(rows.shape[1]))[:, None]
        at = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        for _ in range(self.depth):
            goes_right = values.take(start + self.column.take(at)) > self.threshold.take(at)
            at = self.children.take(2 * at + goes_right)
        return sigmoid(self.baseline + self.value.take(at).sum(axis=1, dtype=np.float64))


@dataclass(frozen=True)
class Thresholds:
    """The least confidence of a claim, by what the rules say of its pair; chosen by the scores of measuring sets."""

    agreed: float = 0.16
    """The rules read the same pair."""
    open: float = 0.25
    """The rules read no pair."""
    contradicted: float = 0.7
    """The rules read another pair."""
    document: float = 0.48
    """The surest claim of a document that speaks of several items: where none is this sure, it only talks of arms."""


@dataclass(frozen=True)
class Decisions:
    """The trained model."""

    forests: Mapping[str, Forest]
    """`supplier`, `recipient` and `claim`."""
    lexical: Mapping[str, Floats]
    """One weight per bucket of clues, the last the intercept; for `supplier`, `recipient` and `anchor`."""
    statuses: tuple[str, ...]
    status: Floats
    """For each of the statuses one weight per bucket, the last the intercept."""
    thresholds: Thresholds


def to_arrays(model: Decisions) -> dict[str, NDArray[Any]]:
    """The model as named arrays, for a file."""
    arrays: dict[str, NDArray[Any]] = {
        "columns": np.array([*PARTY_COLUMNS, "|", *PAIR_COLUMNS]),
        "statuses": np.array(model.statuses),
        "status": model.status.astype(np.float16),
        "thresholds": np.array(astuple(model.thresholds)),
    }
    for name, weights in model.lexical.items():
        arrays[f"lexical {name}"] = weights.astype(np.float16)
    for name, forest in model.forests.items():
        for field in fields(forest):
            arrays[f"forest {name} {field.name}"] = np.asarray(getattr(forest, field.name))
    return arrays


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Decisions:
    """The model that `to_arrays` wrote. Raises ValueError where it was trained for other columns than these."""
    if list(arrays["columns"]) != [*PARTY_COLUMNS, "|", *PAIR_COLUMNS]:
        raise ValueError("the weights were trained for other features; run `materiel train`")
    forests = {}
    for name in (*QUESTIONS, "claim"):
        baseline, depth, *nodes = (arrays[f"forest {name} {field.name}"] for field in fields(Forest))
        forests[name] = Forest(float(baseline), int(depth), *nodes)
    return Decisions(
        forests,
        {name: arrays[f"lexical {name}"].astype(np.float32) for name in LEXICAL},
        tuple(map(str, arrays["statuses"])),
        arrays["status"].astype(np.float32),
        Thresholds(*map(float, arrays["thresholds"])),
    )


@dataclass(frozen=True)
class Candidates:
    """The parties of a document as candidates for each of its drafts: one row per draft and party."""

    parties: list[str]
    """The same for each draft: row `d * len(parties) + p` is draft d and party p."""
    features: Floats
    clues: list[Indices]
    """The buckets of each row's clues."""
    anchor_clues: list[Indices]
    """The same of each draft."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of a supplier and a recipient for the drafts of a document, None for a side that is left out."""

    keys: list[tuple[int, str | None, str | None]]
    features: Floats


def sigmoid(score: NDArray[np.float64]) -> Floats:
    """From log-odds to probabilities."""
    return (1 / (1 + np.exp(-score))).astype(np.float32)


def candidates(scene: Scene, completed: Completed) -> Candidates:
    """Describe each party as a candidate for each draft, but for the lexical scores."""
    parties = list(scene.parties)
    rows: list[list[float]] = []
    clues: list[Indices] = []
    for draft, roles in zip(scene.drafts, completed, strict=True):
        anchor = anchor_features(draft, scene)
        for party in parties:
            place = nearest_place(draft, party, scene)
            rows.append(anchor + party_features(draft, party, place, scene, roles))
            clues.append(hashed("party", party_clues(draft, place)))
    return Candidates(
        parties,
        np.array(rows, dtype=np.float32).reshape(len(rows), len(PARTY_COLUMNS) - len(LEXICAL)),
        clues,
        [hashed("anchor", anchor_clues(draft)) for draft in scene.drafts],
    )


def lexical_scores(found: Candidates, lexical: Mapping[str, Floats]) -> Floats:
    """The three columns that the clues give: log-odds as supplier, as recipient, and of the draft as a claim."""
    by_party = [[lexical[q][c].sum() + lexical[q][-1] for c in found.clues] for q in QUESTIONS]
    anchors = [lexical["anchor"][c].sum() + lexical["anchor"][-1] for c in found.anchor_clues]
    return np.array([*by_party, np.repeat(anchors, len(found.parties))], dtype=np.float32).T


def pairs(
    scene: Scene, completed: Completed, found: Candidates, rows: Floats, supplier: Floats, recipient: Floats
) -> Pairs:
    """Describe the pairs of the likeliest parties of each draft.

    `rows` are the candidates' features with their lexical scores; `supplier` and `recipient` their probabilities.
    """
    if not len(rows):
        return Pairs([], np.zeros((0, len(PAIR_COLUMNS)), dtype=np.float32))
    n = len(found.parties)
    as_supplier, as_recipient = supplier.reshape(-1, n), recipient.reshape(-1, n)
    over = {
        "s_mean": as_supplier.mean(0), "s_max": as_supplier.max(0),
        "r_mean": as_recipient.mean(0), "r_max": as_recipient.max(0),
    }  # fmt: skip
    best = _products(scene, as_supplier, as_recipient)
    keys: list[tuple[int, str | None, str | None]] = []
    features: list[list[float]] = []
    copied = rows[:, _COPIED_AT].tolist()
    anchors = rows[::n, [*range(len(ANCHOR_NAMES)), PARTY_COLUMNS.index("clues_anchor")]].tolist()
    nothing = [0.0] * len(_COPIED)
    for d, draft in enumerate(scene.drafts):
        s, r = as_supplier[d], as_recipient[d]
        suppliers, recipients = _likeliest(s), _likeliest(r)
        s_best, r_best = np.sort(s)[::-1], np.sort(r)[::-1]
        s_second, r_second = (float(b[1]) if n > 1 else 0.0 for b in (s_best, r_best))
        paired = _paired(completed[d])
        category = draft.frame.item.materiel.category
        for s_rank, a in enumerate([*suppliers, None]):
            for r_rank, b in enumerate([*recipients, None]):
                if a == b or not _may_deal(scene, found.parties, a, b):
                    continue
                pair = (None if a is None else found.parties[a], None if b is None else found.parties[b])
                elsewhere = [(v, c) for v, c, k in best.get((a, b), ()) if k != d]
                here_s, here_r = (0.0 if a is None else float(s[a])), (0.0 if b is None else float(r[b]))
                features.append(
                    [
                        *anchors[d],
                        here_s,
                        here_r,
                        0.0 if a is None else float(r[a]),
                        0.0 if b is None else float(s[b]),
                        here_s * here_r,
                        s_rank,
                        r_rank,
                        a is None,
                        b is None,
                        float(s_best[0]) - here_s,
                        float(r_best[0]) - here_r,
                        float(s.sum()),
                        float(r.sum()),
                        s_second,
                        r_second,
                        max((v for v, _ in elsewhere), default=0.0),
                        max((v for v, c in elsewhere if c == category), default=0.0),
                        sum(v for v, _ in elsewhere),
                        max((v for v, _, _ in best.get((b, a), ())), default=0.0),
                        len(elsewhere),
                        *((0.0, 0.0) if a is None else (float(over["s_mean"][a]), float(over["s_max"][a]))),
                        *((0.0, 0.0) if b is None else (float(over["r_mean"][b]), float(over["r_max"][b]))),
                        0.0 if a is None else float(over["r_mean"][a]),
                        0.0 if b is None else float(over["s_mean"][b]),
                        _same_country(scene, pair),
                        frozenset(pair) in scene.foes,
                        pair in paired,
                        len(paired),
                        n,
                        *(nothing if a is None else copied[d * n + a]),
                        *(nothing if b is None else copied[d * n + b]),
                    ]
                )
                keys.append((d, *pair))
    return Pairs(keys, np.array(features, dtype=np.float32).reshape(len(keys), len(PAIR_COLUMNS)))


@dataclass(frozen=True, slots=True)
class Decision:
    """A claim that the model makes of a draft."""

    draft: int
    supplier: str | None
    recipient: str | None
    status: str
    confidence: float
    """The probability that the document tells of this pair and this item."""
    status_confidence: float
    """The probability that it does so with this status."""


def decide(scene: Scene, completed: Completed, model: Decisions) -> list[Decision]:
    """The claims of a document in the order of its drafts, those below their threshold left out."""
    found = candidates(scene, completed)
    if not len(found.features):
        return []
    rows = np.hstack([found.features, lexical_scores(found, model.lexical)])
    supplier, recipient = (model.forests[q].probabilities(rows) for q in QUESTIONS)
    told = pairs(scene, completed, found, rows, supplier, recipient)
    confidence = model.forests["claim"].probabilities(told.features)
    decisions = []
    statuses: dict[int, tuple[str, float]] = {}
    is_enough = enough(told, confidence, model.thresholds)
    kept: dict[int, list[tuple[str | None, str | None]]] = defaultdict(list)
    is_enough &= tells_of_transfers(scene, told, confidence, is_enough, model.thresholds)
    surest_first = np.argsort(-confidence, kind="stable").tolist()
    for index in sorted(i for i in surest_first if is_enough[i] and _is_new(told.keys[i], kept, scene)):
        draft, a, b = told.keys[index]
        sure = float(confidence[index])
        if draft not in statuses:
            statuses[draft] = status_of(scene.drafts[draft], scene.document.published_on, model)
        status, share = statuses[draft]
        decisions.append(Decision(draft, a, b, status, sure, sure * share))
    return decisions


def _is_new(
    key: tuple[int, str | None, str | None], kept: dict[int, list[tuple[str | None, str | None]]], scene: Scene
) -> bool:
    """Whether a pair is not that of a surer one with a state in place of its company, or the other way round.

    Notes the pairs that are new in `kept`, by draft.
    """
    draft, supplier, recipient = key
    for other_supplier, other_recipient in kept[draft]:
        if recipient == other_recipient and _are_kin(supplier, other_supplier, scene):
            return False
        if supplier == other_supplier and _are_kin(recipient, other_recipient, scene):
            return False
    kept[draft].append((supplier, recipient))
    return True


def _are_kin(a: str | None, b: str | None, scene: Scene) -> bool:
    """Whether of two parties one is a state and the other a company of its."""
    if a is None or b is None:
        return False
    kinds = {scene.parties[p].actor.kind for p in (a, b)}
    return kinds == {"state", "company"} and scene.parties[a].actor.country == scene.parties[b].actor.country


def enough(told: Pairs, confidence: Floats, least: Thresholds) -> NDArray[np.bool_]:
    """Whether each pair's confidence makes it a claim.

    What the rules infer from use ('Iranian-made drones fired by Russia') is always one: the model has seen few such.
    """
    columns = ("paired_by_rules", "n_paired_by_rules", "inferred")
    agreed, n_paired, inferred = (told.features[:, PAIR_COLUMNS.index(c)] > 0 for c in columns)
    needed = np.where(agreed, least.agreed, np.where(n_paired, least.contradicted, least.open))
    return (confidence >= needed) | (agreed & inferred)


def tells_of_transfers(
    scene: Scene, told: Pairs, confidence: Floats, is_enough: NDArray[np.bool_], least: Thresholds
) -> bool:
    """Whether a document has a claim that is sure by itself.

    In much talk of arms some pair always looks a little like a transfer, so claims that are all unsure are none. What
    the rules infer from use is exempt, and so is a short text, where the item at hand is what it is about.
    """
    if len(scene.drafts) < TALK:
        return True
    agreed, inferred = (told.features[:, PAIR_COLUMNS.index(c)] > 0 for c in ("paired_by_rules", "inferred"))
    return bool((is_enough & ((confidence >= least.document) | (agreed & inferred))).any())


def status_of(draft: Draft, published_on: date | None, model: Decisions) -> tuple[str, float]:
    """The likeliest status of a draft and its probability; what is inferred has been delivered."""
    if draft.frame.basis == "inferred":
        return "delivered", 1.0
    clues = hashed("status", status_clues(draft, published_on))
    scores = model.status[:, clues].sum(axis=1) + model.status[:, -1]
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    read = draft.frame.reading.status
    has_word = draft.frame.lexeme is not NO_PREDICATE or bool(draft.frame.reading.operators)
    if has_word and read in model.statuses:
        shares *= 1 - VOTE_OF_RULES
        shares[model.statuses.index(read)] += VOTE_OF_RULES
    best = int(shares.argmax())
    return model.statuses[best], float(shares[best])


def _likeliest(scores: Floats) -> list[int]:
    order = np.argsort(-scores, kind="stable")[:MOST_CANDIDATES]
    return [int(i) for rank, i in enumerate(order) if rank == 0 or scores[i] >= LEAST_SCORE]


def _products(
    scene: Scene, as_supplier: Floats, as_recipient: Floats
) -> dict[tuple[int | None, int | None], list[tuple[float, str, int]]]:
    """For each pair, what every draft gives it: the product of both scores, the draft's category, the draft."""
    best: dict[tuple[int | None, int | None], list[tuple[float, str, int]]] = defaultdict(list)
    for d, draft in enumerate(scene.drafts):
        category = draft.frame.item.materiel.category
        for a in _likeliest(as_supplier[d]):
            for b in _likeliest(as_recipient[d]):
                if a != b:
                    best[a, b].append((float(as_supplier[d, a] * as_recipient[d, b]), category, d))
    return best


def _paired(completed: Iterable[tuple[str, str]]) -> set[tuple[str | None, str | None]]:
    roles: dict[str, list[str]] = {q: [] for q in QUESTIONS}
    for role, party in completed:
        roles[role].append(party)
    return {(a, b) for a in roles["supplier"] for b in roles["recipient"]}


def _may_deal(scene: Scene, parties: Sequence[str], a: int | None, b: int | None) -> bool:
    """Whether two of the parties can be the two sides; one that is left out can deal with any."""
    return a is None or b is None or may_deal(scene.parties[parties[a]], scene.parties[parties[b]])


def _same_country(scene: Scene, pair: tuple[str | None, str | None]) -> bool:
    countries = [scene.parties[p].actor.country for p in pair if p is not None]
    return len(countries) == 2 and countries[0] is not None and countries[0] == countries[1]
