"""The sample documents and the labelled sets: what they say of themselves, that they fit together, what they show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gold.make_samples import DOCUMENTS, LABELLED, ROOT, labelled_documents, sample_files

GOLD = Path(__file__).parent / "gold"
SETS = sorted(path.parent.name for path in GOLD.glob("*/labels.jsonl"))
INVENTED = "written for the tests of materiel; the story is invented"

STATUSES = {"requested", "offered", "planned", "negotiated", "ordered", "approved", "in_transit", "delivered"}
STATUSES |= {"suspended", "cancelled", "seized"}
FACTUALITIES = {"CT+", "PR+", "PS+", "CT-", "PR-", "PS-", "Uu"}
CATEGORIES = {"battle_tank", "armoured_vehicle", "artillery", "combat_aircraft", "uav", "helicopter", "other_aircraft"}
CATEGORIES |= {"warship", "missile", "air_defence", "anti_tank", "small_arms", "ammunition", "sensor", "vehicle"}
CATEGORIES |= {"personal_equipment", "components", "technology", "funding", "unspecified"}
RELATIONS = {"agree", "consult", "support", "cooperate", "aid", "concede", "request", "accuse", "reject", "threaten"}
RELATIONS |= {"protest", "sanction", "mobilize", "coerce", "assault"}


def _records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _labels(name: str) -> dict[str, dict[str, Any]]:
    return {label["id"]: label for label in _records(GOLD / name / "labels.jsonl")}


def _texts(name: str) -> dict[str, str]:
    return {record["id"]: record["text"] for record in _records(GOLD / name / "documents.jsonl")}


def _words(claim: dict[str, Any], field: str) -> set[str]:
    return set(str(claim[field]).split("|"))


@pytest.fixture(scope="module")
def required() -> list[dict[str, Any]]:
    """Transfers of the samples that an extractor has to find."""
    return [t for label in _labels("samples").values() for t in label["transfers"] if not t.get("optional")]


@pytest.fixture(scope="module")
def relations() -> set[str]:
    """Relation types of the samples that an extractor has to find."""
    return {r["relation"] for label in _labels("samples").values() for r in label["relations"] if not r.get("optional")}


def test_every_sample_says_that_it_is_invented() -> None:
    readme = (DOCUMENTS / "README.md").read_text(encoding="utf-8")
    assert "Nothing in them is true" in readme
    for path in sample_files():
        assert f"`{path.name}`" in readme, f"{path.name} is not in the README"
        if path.suffix == ".html":
            assert f'<meta name="generator" content="{INVENTED}">' in path.read_text(encoding="utf-8"), path.name
        if path.suffix == ".jsonl":
            assert all(record["note"] == INVENTED for record in _records(path))


def test_there_are_enough_of_each_format() -> None:
    suffixes = [path.suffix for path in sample_files()]
    assert suffixes.count(".txt") >= 4
    assert suffixes.count(".html") >= 6
    records = [r for path in sample_files() if path.suffix == ".jsonl" for r in _records(path)]
    assert len(records) >= 5
    assert sum("html" in record for record in records) == 1


def test_labelled_samples_are_what_the_parser_reads() -> None:
    assert _records(LABELLED) == labelled_documents(), "run tests/gold/make_samples.py and check the labels"


def test_page_furniture_is_not_read_as_text() -> None:
    furniture = ("cookie", "advertis", "subscribe", "500 tanks", "laos sold", "read next", "most read", "unsubscribe")
    for document in labelled_documents():
        found = [word for word in furniture if word in str(document["text"]).lower()]
        assert not found, (document["id"], found)


def test_dates_of_pages() -> None:
    published = {d["id"]: d["published_on"] for d in labelled_documents()}
    assert published["ministry_release_uruguay"] == "2025-10-07"
    assert "2025-10-07" not in (DOCUMENTS / "ministry_release_uruguay.html").read_text(encoding="utf-8")
    assert published["valley_herald_taiwan_himars"] == "2025-06-19"
    assert published["trench_notes_blog"] is None


def test_reprint_is_equal_and_rewrite_differs_in_one_sentence() -> None:
    texts = _texts("samples")
    wire = texts["harbour_wire_taiwan_himars"]
    assert texts["coast_daily_taiwan_himars"] == wire
    first, *rest = wire.splitlines()
    rewritten, *kept = texts["valley_herald_taiwan_himars"].splitlines()
    assert rewritten != first
    assert kept == rest


@pytest.mark.parametrize("name", SETS)
def test_labels_fit_their_documents(name: str) -> None:
    texts, labels = _texts(name), _labels(name)
    assert texts.keys() == labels.keys()
    for key, label in labels.items():
        for claim in [*label["transfers"], *label["relations"]]:
            assert claim["evidence"] and claim["evidence"] in texts[key], (key, claim)
        for claim in label["affiliations"]:  # some of the older labels go without evidence here
            assert claim.get("evidence", "") in texts[key], (key, claim)


@pytest.mark.parametrize("name", SETS)
def test_labels_use_the_words_of_the_model(name: str) -> None:
    for label in _labels(name).values():
        for claim in label["transfers"]:
            assert _words(claim, "status") <= STATUSES, claim
            assert _words(claim, "factuality") <= FACTUALITIES, claim
            assert _words(claim, "category") <= CATEGORIES, claim
            assert _words(claim, "basis") <= {"stated", "inferred"}, claim
        for claim in label["relations"]:
            assert _words(claim, "relation") <= RELATIONS, claim


def test_samples_show_every_status_and_shade(required: list[dict[str, Any]]) -> None:
    assert {t["status"] for t in required} >= STATUSES
    assert {t["factuality"] for t in required} >= {"CT+", "CT-", "PR+", "PR-", "PS+", "Uu"}
    assert {t["basis"] for t in required} == {"stated", "inferred"}


def test_samples_show_every_field(required: list[dict[str, Any]]) -> None:
    assert any(t["intermediaries"] for t in required)
    assert any(t["approved_by"] for t in required)
    assert any(t["origin"] for t in required)
    assert any(len(t["attribution"]) > 1 for t in required)
    assert {t["value"]["currency"] for t in required if t["value"]} >= {"USD", "EUR", "CAD", "NOK"}
    bounds = [(t["quantity"]["low"], t["quantity"]["high"]) for t in required if t["quantity"]]
    assert any(high is None for _, high in bounds), "at least"
    assert any(low is None for low, _ in bounds), "up to"
    assert (24, 99) in bounds, "dozens"
    assert (10, 15) in bounds, "a range"
    assert any(t["date"] and "last" in t["date"]["text"] for t in required), "a relative date"


def test_samples_show_relations_and_affiliations(relations: set[str]) -> None:
    assert relations >= {"agree", "sanction", "accuse", "cooperate", "coerce", "consult", "assault", "mobilize"}
    current = {a["is_current"] for label in _labels("samples").values() for a in label["affiliations"]}
    assert current == {True, False}


def test_a_plan_becomes_a_delivery_months_later() -> None:
    labels, dates = _labels("samples"), {d["id"]: d["published_on"] for d in _records(LABELLED)}
    plan, arrival = "meridian_post_iris_t_pledge", "harbour_wire_iris_t_arrives"
    assert str(dates[plan])[:7] < str(dates[arrival])[:7]
    assert ("planned", "IRIS-T") in {(t["status"], str(t["weapon"])[:6]) for t in labels[plan]["transfers"]}
    assert ("delivered", "IRIS-T") in {(t["status"], str(t["weapon"])[:6]) for t in labels[arrival]["transfers"]}


def test_one_outlet_claims_what_another_denies() -> None:
    labels = _labels("samples")
    claim = labels["nile_ledger_tb2_claim"]["transfers"][0]
    denial = labels["bosphorus_standard_tb2_denial"]["transfers"][0]
    assert (claim["factuality"], denial["factuality"]) == ("CT+", "CT-")
    assert all(claim[field] == denial[field] for field in ("supplier", "recipient", "category", "status"))


def test_some_samples_hold_no_transfer_at_all() -> None:
    empty = {key for key, label in _labels("samples").items() if not label["transfers"]}
    assert empty >= {"saturday_football", "pelican_freight_results", "overnight_attack_kharkiv", "brief-7"}


def test_uris_lead_to_files_of_the_project() -> None:
    for record in _records(LABELLED):
        assert record["uri"].startswith("sample://") or (ROOT / record["uri"]).is_file(), record["uri"]
