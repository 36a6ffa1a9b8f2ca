"""The gate: what the extractor finds in the labelled sets may not get worse.

After an improvement, `.venv/bin/python -m training.baseline --write` raises the bar.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows.reference import load_extractor
from training.baseline import OTHERS, SETS, documents_of, fallen, floor, is_there, read_baseline, renewed
from training.labels import GOLD, read_set
from training.scoring import KINDS, Score, compare, evaluate_document, options, pair_up, plain, score_documents, sign
from transforms.extractor import Extracted
from transforms.rows import Extraction, TransferClaim

FOLDERS = sorted({*(path.parent for path in GOLD.glob("*/labels.jsonl")), *OTHERS.values()})


@cache
def scores_of(name: str) -> dict[str, float]:
    if not is_there(name):
        pytest.skip(f"the labelled set {name} is not there")
    return {kind: score.f1 for kind, score in score_documents(documents_of(name), load_extractor()).items()}


@pytest.mark.parametrize("name", SETS)
def test_scores_do_not_fall(name: str) -> None:
    scores, bar = scores_of(name), read_baseline()[name]
    assert set(bar) == set(scores) == set(KINDS)
    below = {kind: (round(scores[kind], 4), bar[kind]) for kind in KINDS if scores[kind] < bar[kind]}
    assert below == {}, "score and bar by kind of answer"


def test_the_baseline_has_all_sets_and_no_other() -> None:
    assert set(read_baseline()) == set(SETS)


def test_the_first_story_is_read_right() -> None:
    scores = scores_of("seed")
    assert scores["core"] == 1.0
    assert scores["full"] >= 0.85
    assert scores["relations"] >= 0.85
    assert scores["affiliations"] == 1.0


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_labels_are_of_their_documents(folder: Path) -> None:
    """What is compared must be comparable: every label has its evidence in the text, every document its labels."""
    if not folder.is_dir():
        pytest.skip(f"the labelled set {folder.name} is not there")
    for labelled in read_set(folder):
        for claim in [*labelled.label["transfers"], *labelled.label["relations"]]:
            told = claim["evidence"]
            assert all(part in labelled.document.text for part in ([told] if isinstance(told, str) else told))


def test_a_baseline_keeps_sets_that_are_not_there_and_tells_what_it_lowers() -> None:
    bars = {"seed": {"core": 0.9}, "dev_a": {"core": 0.5, "full": 0.2}, "gone": {"core": 0.1}}
    new = renewed(bars, {"dev_a": {"core": Score(1, 3, 1, 0), "full": Score(1, 0, 1, 0)}})
    assert new["seed"] == {"core": 0.9}
    assert new["dev_a"] == {"core": 0.395, "full": 0.995}
    assert "gone" not in new
    assert fallen(bars, new) == ["dev_a core: 0.5 -> 0.395"]


# What counts as right


def parties(*names: str | None) -> SimpleNamespace:
    supplier, recipient = names
    return SimpleNamespace(supplier_id=supplier, recipient_id=recipient)


WANTED = {"supplier": "DEU|acme", "recipient": "UKR"}
OPTIONAL = {"supplier": "FRA", "recipient": "UKR|", "optional": True}


@pytest.mark.parametrize(
    ("rows", "found", "missed", "right", "invented"),
    [
        ([], 0, 1, 0, 0),
        ([parties("DEU", "UKR"), parties("DEU", "UKR")], 1, 0, 1, 0),
        # Two alternatives of one label are both right.
        ([parties("DEU", "UKR"), parties("acme", "UKR")], 1, 0, 2, 0),
        # What only an optional label knows counts neither way.
        ([parties("FRA", None)], 0, 1, 0, 0),
        ([parties("FRA", "DEU")], 0, 1, 0, 1),
        ([parties("DEU", None)], 0, 1, 0, 1),
    ],
)
def test_counting(rows: list[SimpleNamespace], found: int, missed: int, right: int, invented: int) -> None:
    compared = compare(KINDS["pair"], [WANTED, OPTIONAL], rows)
    assert compared.score == Score(found, missed, right, invented)
    assert compared.missed == [WANTED] * missed
    assert len(compared.invented) == invented


def test_labels_alike_are_one_that_must_be_found_if_any_must() -> None:
    twice = [{**WANTED, "optional": True}, WANTED, {**WANTED, "optional": True}]
    assert compare(KINDS["pair"], twice, []).score == Score(missed=1)
    posts = [{"person": "pat-ryder", "actor_id": "USA", "title": title} for title in ("general", "secretary")]
    assert compare(KINDS["affiliations"], posts, []).score == Score(missed=2)


@pytest.mark.parametrize(("relation", "fits"), [("consult", True), ("accuse", False)])
def test_mutual_relations_have_no_direction(relation: str, fits: bool) -> None:
    label = {"relation": relation, "subject": "USA", "object": "FRA"}
    row = SimpleNamespace(relation=relation, subject_id="FRA", object_id="USA")
    assert bool(compare(KINDS["relations"], [label], [row]).score.found) is fits


def test_precision_recall_and_f1() -> None:
    score = Score(found=3, missed=1, right=2, invented=2)
    assert (score.precision, score.recall) == (0.5, 0.75)
    assert score.f1 == pytest.approx(0.6)
    assert Score().f1 == 0.0
    assert score + score == Score(6, 2, 4, 4)


def test_forms_compared() -> None:
    assert plain("Lockheed_Martin ") == "lockheed-martin"
    assert plain(None) == ""
    assert options(None) == ("",)
    assert [sign(f) for f in ("CT+", "PR-", "Uu", None, "CT+|PS-", "Uu|CT+")] == ["+", "-", "u", "+", "-", "u"]
    assert [floor(f1) for f1 in (0.7459, 1.0, 0.001)] == [0.74, 0.995, 0.0]


# Attributes


TEXT = "Berlin will send Kyiv 18 tanks."


def claim(**fields: Any) -> TransferClaim:
    """A claim of this text, with these fields."""
    empty: dict[str, Any] = dict.fromkeys(TransferClaim.__dataclass_fields__)
    told = {
        "supplier_id": "DEU", "recipient_id": "UKR", "category": "battle_tank", "status": "planned",
        "factuality": "CT+", "evidence": TEXT, "evidence_start": 0, "evidence_end": len(TEXT),
    }  # fmt: skip
    return TransferClaim(**empty | told | fields)


def label(**fields: Any) -> dict[str, Any]:
    """A label of this text, with these fields."""
    told = {
        "supplier": "DEU", "recipient": "UKR", "category": "battle_tank", "status": "planned", "factuality": "CT+",
        "evidence": TEXT,
    }  # fmt: skip
    return told | fields


@pytest.mark.parametrize(
    ("wanted", "told", "wrong"),
    [
        ({}, {}, []),
        ({"status": "planned|ordered"}, {"status": "ordered"}, []),
        ({}, {"status": "delivered", "factuality": "CT-"}, ["status", "factuality"]),
        ({"weapon": "Leopard 2|"}, {}, []),
        ({"quantity": {"low": 18, "high": 18}}, {"quantity_low": 18.0, "quantity_high": 18.0}, []),
        ({"quantity": {"low": 18, "high": None}}, {"quantity_low": 18.0, "quantity_high": 18.0}, ["quantity"]),
        ({"value": {"amount": 5, "currency": "EUR"}}, {"value_amount": 5.0, "value_currency": "USD"}, ["value"]),
        ({"date": {"start": None, "end": "2025-12-31"}}, {}, ["date"]),
        ({"intermediaries": ["POL", "CZE"]}, {"intermediary_ids": "CZE;POL"}, []),
        ({"attribution": ["reuters", "two officials"]}, {"attribution": "reuters > officials"}, ["attribution"]),
        ({"attribution": ["reuters|afp", "two officials"]}, {"attribution": "afp > two men"}, []),
        ({"attribution": ["reporter|"]}, {}, []),
        ({}, {"attribution": "reuters"}, ["attribution"]),
        ({}, {"evidence_end": 3}, ["evidence"]),
    ],
)
def test_attributes(wanted: dict[str, Any], told: dict[str, Any], wrong: list[str]) -> None:
    [(_, _, checks)] = pair_up([label(**wanted)], [claim(**told)], TEXT)
    assert [name for name, is_right in checks.items() if not is_right] == wrong


def test_labels_and_claims_are_paired_so_that_most_have_one_and_the_closest_find_each_other() -> None:
    ten, eighteen = {"quantity_low": 10.0, "quantity_high": 10.0}, {"quantity_low": 18.0, "quantity_high": 18.0}
    labels = [label(quantity={"low": 18, "high": 18}), label(supplier="DEU|POL", quantity={"low": 18, "high": 18})]
    claims = [claim(**ten), claim(**eighteen)]
    assert [pair[:2] for pair in pair_up(labels, claims, TEXT)] == [(0, 1), (1, 0)]
    # The second label fits the Polish claim as well, and leaves the German one to the first.
    one_polish = [claim(**eighteen), claim(**ten, supplier_id="POL")]
    assert [pair[:2] for pair in pair_up(labels[::-1], one_polish, TEXT)] == [(0, 1), (1, 0)]
    optional = label(optional=True)
    assert [pair[:2] for pair in pair_up([optional, label()], [claim()], TEXT)] == [(1, 0)]


def test_an_evaluation_lists_every_error_with_its_sentence() -> None:
    [story] = [d for d in read_set(GOLD / "samples") if d.label["transfers"]][:1]
    found = Extracted(Extraction("", "", 1, 1), [claim(supplier_id="FJI")])
    result = evaluate_document(found, story)
    assert {e.fault for e in result.errors if e.noun == "transfer"} == {"missed", "invented"}
    assert {e.document for e in result.errors} == {story.label["id"]}
    [invented] = [e for e in result.errors if e.fault == "invented"]
    assert invented.sentence == TEXT
    missed = [e for e in result.errors if e.noun == "transfer" and e.fault == "missed"]
    assert len(missed) == result.scores["core"].missed
    assert all(e.sentence in story.document.text for e in missed)
    assert (result + result).documents == 2
    assert (result + result).figures()["core"]["missed"] == 2 * len(missed)
