"""Fit the model of `transforms.decisions` to labelled documents, with scikit-learn.

The second step learns from what the first says of documents that it has not seen: the training documents are cut into
folds, and each fold is scored by a model of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from training.labels import Label, Labelled
from training.scoring import options, plain
from transforms.candidates import Scene
from transforms.clues import BUCKETS, hashed, status_clues
from transforms.decisions import (
    LEXICAL,
    QUESTIONS,
    Candidates,
    Completed,
    Decisions,
    Floats,
    Forest,
    Indices,
    Pairs,
    Thresholds,
    candidates,
    pairs,
)
from transforms.extractor import Extractor
from transforms.transfers import roles_by_rules

FOLDS = 5
SEED = 20
# Chosen by cross-validation on the training documents.
_TREES = {"max_iter": 140, "learning_rate": 0.08, "max_leaf_nodes": 15, "min_samples_leaf": 20, "max_depth": 8}
# As many models, which differ by their random choice of columns, decide together: one alone depends on its luck.
MEMBERS = 3
_LEXICAL_STRENGTH = 0.1
_STATUS_STRENGTH = 0.3
# A party that plays the role for such an item elsewhere in the document is half an answer.
_ELSEWHERE = 0.5

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Example:
    """A labelled document with its candidates, and which labels each of its drafts tells."""

    scene: Scene
    completed: Completed
    found: Candidates
    here: list[list[Label]]
    """For each draft the labels of its category whose evidence is its sentence."""
    elsewhere: list[list[Label]]
    """For each draft the labels of its category."""


def example(labelled: Labelled, extractor: Extractor) -> Example:
    """Read a labelled document and tie its labels to its drafts."""
    told = extractor.read(labelled.document)
    completed = roles_by_rules(told.scene, told.headline)
    here, elsewhere = [], []
    text = labelled.document.text
    spans = [(label, text.find(label["evidence"])) for label in labelled.label["transfers"]]
    for draft in told.scene.drafts:
        category = plain(draft.frame.item.materiel.category)
        fitting = [(label, at) for label, at in spans if category in options(label["category"])]
        elsewhere.append([label for label, _ in fitting])
        start, end = draft.sentence.start, draft.sentence.end
        here.append([label for label, at in fitting if at < end and at + len(label["evidence"]) > start])
    return Example(told.scene, completed, candidates(told.scene, completed), here, elsewhere)


def fit(
    examples: Sequence[Example], report: Callable[[str], None] = lambda _: None, members: int = MEMBERS
) -> Decisions:
    """Train on examples; the same examples in the same order give the same weights.

    `report` is told what is done.
    """
    decisions, _ = fit_with_confidence(examples, report, members)
    return decisions


def fit_with_confidence(
    examples: Sequence[Example], report: Callable[[str], None] = lambda _: None, members: int = MEMBERS
) -> tuple[Decisions, list[tuple[Pairs, Floats]]]:
    """The model, and for each example its pairs with the confidence that a model without its fold gives them."""
    used = [e for e in examples if len(e.found.features)]
    fold_of = np.random.RandomState(SEED).randint(0, FOLDS, len(used))
    counts = [len(e.found.features) for e in used]
    fold = np.repeat(fold_of, counts)
    report(f"{len(examples)} documents, {sum(len(e.scene.drafts) for e in used)} items, {sum(counts)} candidates")
    answers = {q: _join([_party_answers(e, q) for e in used]) for q in QUESTIONS}
    anchor = _join([_anchor_answers(e) for e in used])
    clues = {q: _matrix([c for e in used for c in e.found.clues]) for q in QUESTIONS}
    anchor_clues = _matrix([c for e in used for c in e.found.anchor_clues])
    anchor_fold = np.repeat(fold_of, [len(e.scene.drafts) for e in used])
    lexical: dict[str, Floats] = {}
    columns = []
    for question in LEXICAL:
        report(f"words: {question}")
        matrix, (is_so, weight), folds = (
            (anchor_clues, anchor, anchor_fold) if question == "anchor" else (clues[question], answers[question], fold)
        )
        lexical[question], score = _fit_lexical(matrix, is_so, weight, folds)
        columns.append(score)
    columns[-1] = np.concatenate(
        [
            np.repeat(part, len(e.found.parties))
            for e, part in zip(used, _cut(columns[-1], [len(e.scene.drafts) for e in used]), strict=True)
        ]
    )
    rows = np.hstack([np.vstack([e.found.features for e in used]), np.array(columns, dtype=np.float32).T])
    forests: dict[str, Forest] = {}
    scores: dict[str, list[Floats]] = {}
    for question in QUESTIONS:
        report(f"parties: {question}")
        forests[question], score = _fit_forest(rows, *answers[question], fold, members)
        scores[question] = _cut(score, counts)
    told = [
        pairs(e.scene, e.completed, e.found, part, s, r)
        for e, part, s, r in zip(used, _cut(rows, counts), scores["supplier"], scores["recipient"], strict=True)
    ]
    report("claims")
    sizes = [len(t.keys) for t in told]
    is_so, weight = _join([_pair_answers(e, t) for e, t in zip(used, told, strict=True)])
    forests["claim"], confidence = _fit_forest(
        np.vstack([t.features for t in told]), is_so, weight, np.repeat(fold_of, sizes), members
    )
    by_example = dict(zip(map(id, used), zip(told, _cut(confidence, sizes), strict=True), strict=True))
    nothing = (Pairs([], np.zeros((0, 0), dtype=np.float32)), np.zeros(0, dtype=np.float32))
    report("statuses")
    statuses, status = _fit_status(used)
    told_of = [by_example.get(id(e), nothing) for e in examples]
    return Decisions(forests, lexical, statuses, status, Thresholds()), told_of


def _party_answers(told: Example, question: str) -> tuple[Bools, Floats]:
    """Whether each candidate plays the role in a label, and how much that counts; what is optional does not."""
    is_so, weight = [], []
    for here, elsewhere in zip(told.here, told.elsewhere, strict=True):
        for party in map(plain, told.found.parties):
            fitting = [label for label in here if party in options(label[question])]
            required = any(not label.get("optional") for label in fitting)
            is_so.append(required)
            if required or not any(party in options(label[question]) for label in elsewhere):
                weight.append(1.0)
            else:
                weight.append(0.0 if fitting else _ELSEWHERE)
    return np.array(is_so, dtype=bool), np.array(weight, dtype=np.float32)


def _anchor_answers(told: Example) -> tuple[Bools, Floats]:
    """Whether a draft tells a required label."""
    is_so = [any(not label.get("optional") for label in here) for here in told.here]
    return np.array(is_so, dtype=bool), np.ones(len(is_so), dtype=np.float32)


def _pair_answers(told: Example, found: Pairs) -> tuple[Bools, Floats]:
    """Whether each pair is that of a required label; one that an optional or a distant label has does not count."""
    is_so, weight = [], []
    for draft, supplier, recipient in found.keys:

        def fits(label: Label, pair: tuple[str, str] = (plain(supplier), plain(recipient))) -> bool:
            return pair[0] in options(label["supplier"]) and pair[1] in options(label["recipient"])

        required = any(fits(label) and not label.get("optional") for label in told.here[draft])
        is_so.append(required)
        weight.append(1.0 if required or not any(fits(label) for label in told.elsewhere[draft]) else 0.0)
    return np.array(is_so, dtype=bool), np.array(weight, dtype=np.float32)


def _fit_status(examples: Sequence[Example]) -> tuple[tuple[str, ...], Floats]:
    """The statuses and a weight for each and every bucket, the last the intercept."""
    clues, answers = [], []
    for told in examples:
        for draft, here in zip(told.scene.drafts, told.here, strict=True):
            admitted = [s for label in here if not label.get("optional") for s in label["status"].split("|")]
            if admitted and draft.frame.basis == "stated":
                clues.append(hashed("status", status_clues(draft, told.scene.document.published_on)))
                read = draft.frame.reading.status
                answers.append(read if read in admitted else admitted[0])
    model = LogisticRegression(C=_STATUS_STRENGTH, max_iter=500, random_state=SEED).fit(_matrix(clues), answers)
    weights = np.hstack([model.coef_, model.intercept_[:, None]])
    return tuple(map(str, model.classes_)), weights.astype(np.float16).astype(np.float32)


def _fit_lexical(
    matrix: sparse.csr_matrix, is_so: Bools, weight: Floats, fold: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """A weight per bucket and the intercept; and the log-odds of each row by a model without its fold."""

    def model(rows: Bools) -> LogisticRegression:
        chosen = LogisticRegression(C=_LEXICAL_STRENGTH, solver="liblinear", max_iter=300, random_state=SEED)
        return chosen.fit(matrix[rows], is_so[rows], sample_weight=weight[rows])

    score = np.zeros(len(is_so), dtype=np.float32)
    for k in range(FOLDS):
        score[fold == k] = model((fold != k) & (weight > 0)).decision_function(matrix[fold == k])
    whole = model(weight > 0)
    return np.append(whole.coef_[0], whole.intercept_).astype(np.float16).astype(np.float32), score


def _fit_forest(
    rows: Floats, is_so: Bools, weight: Floats, fold: NDArray[np.int64], members: int
) -> tuple[Forest, Floats]:
    """The trees; and the probability of each row by trees without its fold."""

    def model(chosen: Bools, member: int = 0) -> HistGradientBoostingClassifier:
        trees = HistGradientBoostingClassifier(
            **_TREES, l2_regularization=3.0, max_features=0.4, early_stopping=False, random_state=SEED + member
        )
        return trees.fit(rows[chosen], is_so[chosen], sample_weight=weight[chosen])

    score = np.zeros(len(is_so), dtype=np.float32)
    for k in range(FOLDS):
        if (fold == k).any():
            score[fold == k] = model((fold != k) & (weight > 0)).predict_proba(rows[fold == k])[:, 1]
    return _forest([model(weight > 0, member) for member in range(members)]), score


def _forest(models: Sequence[HistGradientBoostingClassifier]) -> Forest:
    """The trees of models whose log-odds are averaged, as arrays.

    They lie in attributes that scikit-learn keeps to itself; a test compares.
    """
    nodes: list[Any] = [stage[0].nodes for model in models for stage in model._predictors]
    roots = np.cumsum([0, *(len(n) for n in nodes)])[:-1].astype(np.int32)
    joined = np.concatenate(nodes)
    offset = np.repeat(roots, [len(n) for n in nodes])
    own = np.arange(len(joined), dtype=np.int32)
    is_leaf = joined["is_leaf"].astype(bool)
    left, right = (np.where(is_leaf, own, joined[side] + offset) for side in ("left", "right"))
    return Forest(
        float(np.mean([model._baseline_prediction.ravel()[0] for model in models])),
        int(joined["depth"].max()),
        roots,
        np.where(is_leaf, 0, joined["feature_idx"]).astype(np.int32),
        np.where(is_leaf, np.inf, joined["num_threshold"]).astype(np.float32),
        np.stack([left, right], axis=1).ravel().astype(np.int32),
        np.where(is_leaf, joined["value"] / len(models), 0).astype(np.float32),
    )


def _matrix(clues: Sequence[Indices]) -> sparse.csr_matrix:
    ends = np.cumsum([0, *(len(c) for c in clues)])
    columns = np.concatenate(clues) if clues else np.zeros(0, dtype=np.int64)
    return sparse.csr_matrix((np.ones(len(columns), dtype=np.float32), columns, ends), shape=(len(clues), BUCKETS))


def _join(parts: Sequence[tuple[Bools, Floats]]) -> tuple[Bools, Floats]:
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _cut(column: Floats, sizes: Sequence[int]) -> list[Floats]:
    return np.split(column, np.cumsum(sizes)[:-1])
