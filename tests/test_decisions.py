"""What the model decides by: anaphors, features, clues, thresholds; and that its claims are put together."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest
from extracting import document, told

from flows.reference import load_extractor, load_rules
from transforms.candidates import (
    ANCHOR_NAMES,
    PARTY_NAMES,
    PLACE_NAMES,
    anchor_features,
    nearest_place,
    party_features,
    path_between,
)
from transforms.clues import BUCKETS, anchor_clues, hashed, party_clues, status_clues
from transforms.decisions import PAIR_COLUMNS, PARTY_COLUMNS, Pairs, Thresholds, candidates, enough, pairs
from transforms.drafts import Draft
from transforms.extractor import Told
from transforms.transfers import roles_by_rules


def read(text: str) -> Told:
    """What the sentences of a text tell before anything is decided."""
    return load_rules().read(document(text))


def anaphors(text: str) -> set[tuple[str, str]]:
    """The words that stand for an earlier item, with the category that they take over."""
    drafts = read(text).scene.drafts
    return {
        (d.frame.item.head.text, d.frame.item.materiel.category) for d in drafts if "anaphor" in d.frame.item.doubts
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Norway sent 12 howitzers to Latvia. Sixteen more were delivered to Riga in June.", ("Sixteen", "artillery")),
        ("Norway sent 12 howitzers to Latvia. The first batch arrived in May.", ("batch", "artillery")),
        ("Sweden sold 14 Gripens to Hungary. The aircraft were delivered in 2006.", ("aircraft", "combat_aircraft")),
        ("Norway sent 12 howitzers to Latvia. Riga has received them.", ("them", "artillery")),
        ("Norway promised 12 howitzers and Latvia has received four.", ("four", "artillery")),
    ],
)
def test_words_that_stand_for_an_earlier_item(text: str, expected: tuple[str, str]) -> None:
    assert expected in anaphors(text)


@pytest.mark.parametrize(
    "text",
    [
        "Latvia has received them.",
        # A ship is no howitzer; a year and a sum count nothing.
        "Norway sent 12 howitzers to Latvia. The vessel left Oslo.",
        "Norway sent 12 howitzers to Latvia. It did so in 2019.",
        "Norway sent 12 howitzers to Latvia. Oslo spent $40 million.",
    ],
)
def test_words_that_stand_for_nothing(text: str) -> None:
    assert anaphors(text) == set()


def test_a_number_that_stands_for_an_item_is_its_quantity() -> None:
    drafts = read("Norway promised 12 howitzers and Latvia has received four.").scene.drafts
    [counted] = [d for d in drafts if d.frame.item.head.text == "four"]
    assert counted.quantity is not None
    assert counted.quantity.low == counted.quantity.high == 4


def test_prepositions_give_roles_where_no_word_of_transfer_does() -> None:
    [draft] = read("Forty tanks rolled from Belarus to Russia.").scene.drafts
    assert {role: [m.actor.actor_id for m in found] for role, found in draft.frame.roles.items()} == {
        "supplier": ["BLR"],
        "recipient": ["RUS"],
    }


def one(text: str) -> tuple[Told, Draft]:
    found = read(text)
    [draft] = found.scene.drafts
    return found, draft


def test_features_have_names() -> None:
    found, draft = one("Norway sent 12 howitzers to Latvia.")
    completed = roles_by_rules(found.scene, found.headline)
    assert len(anchor_features(draft, found.scene)) == len(ANCHOR_NAMES)
    for party in [*found.scene.parties]:
        place = nearest_place(draft, party, found.scene)
        features = party_features(draft, party, place, found.scene, completed[0])
        assert len(features) == len(PARTY_NAMES) + len(PLACE_NAMES)
    away = party_features(draft, "LVA", None, found.scene, completed[0])
    assert dict(zip((*PARTY_NAMES, *PLACE_NAMES), away, strict=True))["is_here"] == 0
    assert len(set(PARTY_COLUMNS)) == len(PARTY_COLUMNS)
    assert len(set(PAIR_COLUMNS)) == len(PAIR_COLUMNS)


def test_features_say_how_a_party_stands_to_an_item() -> None:
    found, draft = one("Norway sent 12 howitzers to Latvia.")
    names = (*PARTY_NAMES, *PLACE_NAMES)
    roles = roles_by_rules(found.scene, found.headline)[0]

    def features(party: str) -> dict[str, float]:
        place = nearest_place(draft, party, found.scene)
        return dict(zip(names, party_features(draft, party, place, found.scene, roles), strict=True))

    giver, taker = features("NOR"), features("LVA")
    assert (giver["dep_nsubj"], giver["prep_to"], giver["role_supplier"], giver["before_item"]) == (1, 0, 1, 1)
    assert (taker["dep_pobj"], taker["prep_to"], taker["role_recipient"], taker["before_item"]) == (1, 1, 1, 0)


def test_ways_meet_at_the_lowest_word_above_both() -> None:
    _, draft = one("Norway sent 12 howitzers to Latvia.")
    doc = draft.sentence.doc
    up, down = path_between(doc[0], draft.frame.item.top)
    assert [t.text for t in up] == ["Norway"]
    assert [t.text for t in down] == ["howitzers"]


def test_clues_are_hashed_alike_everywhere() -> None:
    assert hashed("party", ["away", "away"]).tolist() == [zlib.crc32(b"party away") % BUCKETS]
    assert hashed("anchor", ["away"]).tolist() != hashed("party", ["away"]).tolist()


def test_clues_name_the_words_on_the_way() -> None:
    found, draft = one("Norway sent 12 howitzers to Latvia.")
    assert "predicate send VERB" in anchor_clues(draft)
    assert "head send pobj to" in party_clues(draft, nearest_place(draft, "LVA", found.scene))
    assert party_clues(draft, None) == ["away"]
    assert "read delivered send" in status_clues(draft, None)


def test_every_pair_of_two_parties_is_looked_at() -> None:
    found, _ = one("Norway sent 12 howitzers to Latvia.")
    completed = roles_by_rules(found.scene, found.headline)
    described = candidates(found.scene, completed)
    rows = np.hstack([described.features, np.zeros((len(described.features), 3), dtype=np.float32)])
    even = np.full(len(rows), 0.5, dtype=np.float32)
    told_pairs = pairs(found.scene, completed, described, rows, even, even)
    assert {key[1:] for key in told_pairs.keys} >= {("NOR", "LVA"), ("LVA", "NOR"), (None, "LVA"), ("NOR", None)}
    by_rules = dict(zip(told_pairs.keys, told_pairs.features[:, PAIR_COLUMNS.index("paired_by_rules")], strict=True))
    assert [key for key, is_paired in by_rules.items() if is_paired] == [(0, "NOR", "LVA")]


def test_less_is_enough_where_the_rules_agree() -> None:
    features = np.zeros((3, len(PAIR_COLUMNS)), dtype=np.float32)
    features[0, PAIR_COLUMNS.index("paired_by_rules")] = 1
    features[:2, PAIR_COLUMNS.index("n_paired_by_rules")] = 1
    found = Pairs([(0, "NOR", "LVA"), (0, "SWE", "LVA"), (1, "NOR", "LVA")], features)
    even = np.full(3, 0.4, dtype=np.float32)
    assert enough(found, even, Thresholds(agreed=0.1, open=0.3, contradicted=0.5)).tolist() == [True, False, True]


def test_claims_carry_a_confidence_only_where_the_model_decides() -> None:
    text = document("Norway sent 12 howitzers to Latvia.")
    [by_model] = load_extractor().extract(text).transfer_claims
    [by_rules] = replace(load_extractor(), decisions=None).extract(text).transfer_claims
    assert by_model.confidence is not None
    assert 0.5 < by_model.confidence <= 1
    assert by_rules.confidence is None
    assert (by_model.supplier_id, by_model.recipient_id) == (by_rules.supplier_id, by_rules.recipient_id)


def test_a_claim_told_twice_is_one() -> None:
    text = "Norway sent 12 howitzers to Latvia. Norway sent howitzers to Latvia, the ministry said."
    assert told(text, "supplier_id", "recipient_id", "quantity_low") == {("NOR", "LVA", 12.0)}
