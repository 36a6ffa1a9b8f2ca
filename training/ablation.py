"""What each kind of evidence is worth, and whether more documents would still pay: trains again and again.

    .venv/bin/python -m training.ablation        print the table of docs/evaluation.md (takes half an hour; one
                                                  model each time, where `materiel train` lets several decide together)

Scores are those of the test part of the training sets and of the sets for measuring, on supplier and recipient (pair)
and with the category (core).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from flows.reference import load_rules
from training import fit as training
from training.baseline import SETS, documents_of, is_there
from training.fit import Example, example, fit
from training.labels import Label, read_set, split, training_sets
from training.scoring import KINDS, Score, compare
from transforms.candidates import ANCHOR_NAMES, PARTY_NAMES, PLACE_NAMES
from transforms.decisions import QUESTIONS, Decisions, Pairs, Thresholds, enough, lexical_scores, pairs

RULES = "rules"
WORDS = "words"
_FROM_RULES = frozenset(
    "needs_parties inferred status not_certain detached reports supplies_elsewhere receives_elsewhere is_source "
    "transfer_words_here assault_words_here other_relation_words_here verb_is_assault verb_is_relation is_foe "
    "hangs_on_supplier_word hangs_on_recipient_word hangs_on_giving_word hangs_on_report hangs_on_operator "
    "hangs_on_chain document_share_told document_share_whole".split()
)
_OF_DOCUMENT = frozenset(
    "count share rank in_title is_home first_sentence sentences_since sentences_until recency sentence_index".split()
)
FAMILIES: dict[str, Callable[[str], bool]] = {
    RULES: lambda n: n.startswith(("role_", "completed_", "subject_role_")) or n in _FROM_RULES,
    WORDS: lambda n: False,
    "parse": lambda n: n in PLACE_NAMES and not n.startswith("form_"),
    "document": lambda n: n in _OF_DOCUMENT or n.startswith("document_"),
}
"""Families of evidence, each with its columns; `words` are the clues."""

_NAMES = (*ANCHOR_NAMES, *PARTY_NAMES, *PLACE_NAMES)


def without(examples: Iterable[Example], families: Sequence[str]) -> list[Example]:
    """The examples with some families of evidence blotted out."""
    blank = [i for i, name in enumerate(_NAMES) if any(FAMILIES[family](name) for family in families)]
    reduced = []
    for told in examples:
        features = told.found.features.copy()
        if len(features):
            features[:, blank] = 0
        found = replace(told.found, features=features)
        if WORDS in families:
            nothing = np.zeros(0, dtype=np.int64)
            found = replace(found, clues=[nothing] * len(found.clues), anchor_clues=[nothing] * len(found.anchor_clues))
        completed = [frozenset[tuple[str, str]]() for _ in told.completed] if RULES in families else told.completed
        reduced.append(replace(told, found=found, completed=completed))
    return reduced


@dataclass(frozen=True)
class Answer:
    """What is compared of a claim."""

    supplier_id: str | None
    recipient_id: str | None
    category: str


def scores(examples: Sequence[Example], labels: Sequence[Label], model: Decisions | None) -> dict[str, Score]:
    """Pair and core scores of examples by the model, or by the rules alone."""
    total = {"pair": Score(), "core": Score()}
    for told, label in zip(examples, labels, strict=True):
        answers = _by_model(told, model) if model is not None else _by_rules(told)
        for kind in total:
            total[kind] += compare(KINDS[kind], label["transfers"], answers).score
    return total


def _by_model(told: Example, model: Decisions) -> list[Answer]:
    if not len(told.found.features):
        return []
    rows = np.hstack([told.found.features, lexical_scores(told.found, model.lexical)])
    supplier, recipient = (model.forests[q].probabilities(rows) for q in QUESTIONS)
    found: Pairs = pairs(told.scene, told.completed, told.found, rows, supplier, recipient)
    kept = enough(found, model.forests["claim"].probabilities(found.features), model.thresholds)
    return [Answer(a, b, _category(told, d)) for (d, a, b), is_claim in zip(found.keys, kept, strict=True) if is_claim]


def _by_rules(told: Example) -> list[Answer]:
    return [
        Answer(supplier, recipient, _category(told, draft))
        for draft, roles in enumerate(told.completed)
        for role, supplier in sorted(roles)
        for other, recipient in sorted(roles)
        if role == "supplier" and other == "recipient" and supplier != recipient
    ]


def _category(told: Example, draft: int) -> str:
    return told.scene.drafts[draft].frame.item.materiel.category


def main() -> None:
    """Print the table."""
    # Fewer folds than `materiel train` takes: the rows are compared with each other.
    training.FOLDS = 3
    extractor = load_rules()
    train, _ = split(labelled for folder in training_sets() for labelled in read_set(folder))
    examples = [example(labelled, extractor) for labelled in train]
    sets = {name: documents_of(name) for name in SETS if is_there(name) and name not in {"samples", "seed"}}
    measured = {name: [example(d, extractor) for d in documents] for name, documents in sets.items()}
    order = np.random.RandomState(1).permutation(len(examples))

    def row(name: str, model: Decisions | None, families: Sequence[str] = ()) -> None:
        cells = []
        for key, documents in sets.items():
            found = scores(without(measured[key], families), [d.label for d in documents], model)
            cells.append(f"{found['pair'].f1:.3f} / {found['core'].f1:.3f}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)

    print(f"| evidence | {' | '.join(f'`{name}` pair / core' for name in sets)} |")
    print("|---|" + "---|" * len(sets))
    row("rules alone", None)
    row(f"both, all {len(examples)} documents", fit(examples, members=1))
    for share in (8, 4, 2):
        chosen = [examples[i] for i in order[: len(order) // share]]
        row(f"both, {len(chosen)} documents", fit(chosen, members=1))
    for family in FAMILIES:
        reduced = without(examples, [family])
        name = "model alone (without what the rules say)" if family == RULES else f"both, without {family}"
        model = fit(reduced, members=1)
        row(name, replace(model, thresholds=_even(model.thresholds)) if family == RULES else model, [family])


def _even(thresholds: Thresholds) -> Thresholds:
    """One threshold for all, where nothing is known of the rules."""
    return Thresholds(thresholds.open, thresholds.open, thresholds.open)


if __name__ == "__main__":
    main()
