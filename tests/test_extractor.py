"""What holds of the extractor's rows whatever the text: offsets, vocabulary, order, and that nothing is remembered."""

from __future__ import annotations

import csv
import random
from dataclasses import asdict, fields, replace
from functools import cache

import pytest
from extracting import document, extract
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.reference import SEEDS, load_extractor
from transforms.extractor import Extracted
from transforms.relations import MUTUAL
from transforms.rows import Document, RelationClaim, TransferClaim

STATUSES = {
    *("requested", "offered", "planned", "negotiated", "ordered", "approved"),
    *("in_transit", "delivered", "suspended", "cancelled", "seized"),
}
FACTUALITIES = {"CT+", "PR+", "PS+", "CT-", "PR-", "PS-", "Uu"}
PRECISIONS = {"day", "month", "season", "year", "span"}
RELATIONS = {
    *("agree", "consult", "support", "cooperate", "aid", "concede", "request", "accuse", "reject", "threaten"),
    *("protest", "sanction", "mobilize", "coerce", "assault"),
}
TRANSFER_MARKS = {
    *("supplier", "recipient", "intermediary", "origin", "approved_by", "materiel", "quantity", "value"),
    *("date", "status", "attribution"),
}
RELATION_MARKS = {"subject", "relation", "object", "date", "attribution"}

SENTENCES = (
    "Sweden delivered 12 howitzers to Estonia on 3 May 2025.",
    "Germany and Poland will send 10 tanks and 4 howitzers to Ukraine by the end of 2027.",
    "According to Reuters, Iran has shipped between 20 and 30 ballistic missiles to Russia since last fall.",
    "Pentagon press secretary Alan Brooks said: “We will provide $400 million in military aid to Ukraine.”",
    "It also includes up to 50 HIMARS launchers and 6,000 rounds of 155 mm ammunition.",
    "North Korean missiles used by Russia hit Kyiv on Monday.",
    "The two countries denied it.",
    "The kingdom bought €1.5bn worth of F-16s from the United States through Jordan.",
    "South Korea expressed concern about the treaty between Russia and North Korea.",
    "THE HOUTHIS RECEIVED SHAHED-136 DRONES FROM IRAN",
    "Saab sold its partner a radar.",
    "Its parliament rejected the sale.",
    "A shipment of rifles bound for Libya was seized off Malta, the Greek navy said.",
)
PIECES = (
    *("Iran", "Russia", "Turkey", "the United Kingdom", "Hezbollah", "its ally", "they", "Lockheed Martin", "Kyiv"),
    *("20", "F-16s", "tanks", "$3 million", "missiles", "sent", "sold to", "from", "and", "which", "may have", "not"),
    *(".", ",", ";", "\"", "“", "’s", "(", ")", "—", "-", "/", ":", "?", "!", "…", "%"),
    *(" ", "  ", "\n", "\r\n", "\n\n", "\t", "\x00", "\u00a0", "\u200b", "\ufeff", "\u2028", "\u0301", "e\u0301"),
    *("😀", "🇺🇦", "İ", "ß", "ﬁ", "Ǆ", "ｉｒａｎ", "Київ", "北朝鮮", "إيران", "\ud83d", "\U0010ffff", "a" * 300),
)  # fmt: skip
TEXTS = st.lists(
    st.sampled_from(SENTENCES) | st.sampled_from(PIECES) | st.text(max_size=8), min_size=1, max_size=14
).flatmap(lambda parts: st.sampled_from(["", " "]).map(lambda gap: gap.join(parts)))
DAYS = st.none() | st.sampled_from(["2025-06-11", "2024-02-29", "1987-01-01"])
PATIENT = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def categories() -> set[str]:
    with (SEEDS / "materiel_categories.csv").open(encoding="utf-8", newline="") as file:
        return {row["category"] for row in csv.DictReader(file)}


def check_evidence(row: object, text: str) -> None:
    values = {name: getattr(row, name) for name in ("evidence", "evidence_start", "evidence_end")}
    assert 0 <= values["evidence_start"] < values["evidence_end"] <= len(text)
    assert text[values["evidence_start"] : values["evidence_end"]] == values["evidence"]


def check_marks(marks: str, text: str, allowed: set[str]) -> None:
    spans = []
    for mark in marks.split(";"):
        name, _, span = mark.partition("=")
        start, end = map(int, span.split(":"))
        assert name in allowed
        assert 0 <= start < end <= len(text)
        spans.append((start, end))
    assert spans == sorted(spans)


def check_date(claim: TransferClaim | RelationClaim) -> None:
    if claim.date_start and claim.date_end:
        assert claim.date_start <= claim.date_end
    assert (claim.date_precision in PRECISIONS) if claim.date_start or claim.date_end else True
    assert claim.date_text is None or claim.date_text.strip()


def check_transfer(claim: TransferClaim, text: str) -> None:
    check_evidence(claim, text)
    check_marks(claim.evidence_marks, text, TRANSFER_MARKS)
    check_date(claim)
    assert claim.supplier_id != claim.recipient_id
    assert claim.category in categories()
    assert claim.status in STATUSES
    assert claim.factuality in FACTUALITIES
    assert claim.basis in {"stated", "inferred"}
    assert claim.materiel.strip()
    assert claim.materiel in text
    if claim.quantity_low is not None and claim.quantity_high is not None:
        assert claim.quantity_low <= claim.quantity_high
    assert (claim.value_amount is None) == (claim.value_currency is None)
    for listed in (claim.intermediary_ids, claim.attribution):
        assert listed is None or listed.strip()
    between = (claim.intermediary_ids or "").split(";")
    assert between == sorted(set(between))
    assert claim.confidence is None or (0 <= claim.confidence <= 1 and claim.confidence == round(claim.confidence, 4))


def check_relation(claim: RelationClaim, text: str) -> None:
    check_evidence(claim, text)
    check_marks(claim.evidence_marks, text, RELATION_MARKS)
    check_date(claim)
    assert claim.subject_id != claim.object_id
    assert claim.relation in RELATIONS
    assert claim.relation not in MUTUAL or claim.subject_id < claim.object_id
    assert claim.status is None or claim.status in STATUSES
    assert claim.factuality in FACTUALITIES


def check(found: Extracted, source: Document) -> None:
    for transfer in found.transfer_claims:
        check_transfer(transfer, source.text)
    for relation in found.relation_claims:
        check_relation(relation, source.text)
    for affiliation in found.affiliations:
        check_evidence(affiliation, source.text)
        assert affiliation.person_id
        assert affiliation.title in source.text
    ids = [c.claim_id for c in [*found.transfer_claims, *found.relation_claims]]
    assert len(ids) == len(set(ids))
    offices = [a.affiliation_id for a in found.affiliations]
    assert len(offices) == len(set(offices))
    check_actors(found)
    for row in [*found.transfer_claims, *found.relation_claims, *found.affiliations, *found.actor_mentions]:
        assert (row.document_id, row.extraction_key) == (source.document_id, source.extraction_key)
    assert 0 <= found.extraction.n_sentences_parsed <= found.extraction.n_sentences


def check_actors(found: Extracted) -> None:
    """Every actor that a row refers to is described, each once."""
    mentioned = [m.actor_id for m in found.actor_mentions]
    assert len(mentioned) == len(set(mentioned))
    used = {r.subject_id for r in found.relation_claims} | {r.object_id for r in found.relation_claims}
    used |= {i for a in found.affiliations for i in (a.person_id, a.actor_id)}
    for claim in found.transfer_claims:
        used |= {claim.supplier_id, claim.recipient_id, claim.origin_id, claim.approved_by_id} - {None}
        used |= set((claim.intermediary_ids or "").split(";")) - {""}
    assert used <= set(mentioned)
    assert all(m.actor_id and m.name.strip() for m in found.actor_mentions)


@PATIENT
@given(TEXTS, DAYS)
def test_any_text(text: str, published_on: str | None) -> None:
    source = document(text, published_on)
    found = load_extractor().extract(source)
    check(found, source)
    assert load_extractor().extract(source) == found


@pytest.mark.parametrize("text", SENTENCES)
def test_every_sentence_alone(text: str) -> None:
    source = document(text)
    check(load_extractor().extract(source), source)


def test_what_was_read_before_makes_no_difference() -> None:
    extractor = load_extractor()
    sources = [document(" ".join(SENTENCES[start : start + 3])) for start in range(0, len(SENTENCES), 3)]
    first = [extractor.extract(source) for source in sources]
    order = list(range(len(sources)))
    random.Random(7).shuffle(order)
    again = {index: extractor.extract(sources[index]) for index in order}
    assert [again[index] for index in range(len(sources))] == first
    assert any(found.transfer_claims for found in first)


def test_the_title_is_read_as_well() -> None:
    source = document("Estonia received eight howitzers.", title="Sweden sends howitzers to Estonia")
    (claim,) = load_extractor().extract(source).transfer_claims
    assert (claim.supplier_id, claim.recipient_id) == ("SWE", "EST")
    check_evidence(claim, source.text)


@pytest.mark.parametrize("text", ["", " ", "\n\r\n\t ", "\x00", "\ufeff", ".", "...", "\u200b", "😀"])
def test_nothing_to_read(text: str) -> None:
    found = extract(text)
    assert [found.transfer_claims, found.relation_claims, found.affiliations, found.actor_mentions] == [[], [], [], []]
    assert found.extraction.n_sentences_parsed == 0


def test_one_sentence_without_a_full_stop() -> None:
    (claim,) = extract("Sweden delivered 12 howitzers to Estonia").transfer_claims
    assert claim.evidence == "Sweden delivered 12 howitzers to Estonia"


@pytest.mark.parametrize(
    "text",
    [
        "Sweden\u00a0delivered 12\u00a0howitzers to\u00a0Estonia.",
        "Sweden delivered 12 howitzers\r\nto Estonia.",
        "😀 Sweden delivered 12 howitzers to Estonia. 😀",
        "Sweden delivered\u200b 12 howitzers to Estonia.",
        "«Привіт» Sweden delivered 12 howitzers to Estonia.",
    ],
)
def test_odd_characters_do_not_hide_a_claim(text: str) -> None:
    source = document(text)
    found = load_extractor().extract(source)
    check(found, source)
    assert {(c.supplier_id, c.recipient_id, c.quantity_low) for c in found.transfer_claims} == {("SWE", "EST", 12)}


def test_a_document_without_arms_is_not_parsed() -> None:
    found = extract("The home side won the derby in Norway on Saturday. Sweden watched.")
    assert found.extraction.n_sentences == 2
    assert found.extraction.n_sentences_parsed == 0


def test_a_long_document_is_read_to_its_end() -> None:
    filler = "The weather in the valley was mild and the harvest was good, as farmers had hoped all year. " * 2000
    text = f"{filler}Sweden delivered 12 howitzers to Estonia."
    source = document(text)
    found = load_extractor().extract(source)
    check(found, source)
    (claim,) = found.transfer_claims
    assert claim.evidence_end == len(text)


def test_one_very_long_line() -> None:
    source = document("Sweden sent tanks and radars to Estonia and " * 400)
    check(load_extractor().extract(source), source)


def test_rows_hold_plain_values() -> None:
    """What a Parquet column can hold: no spaCy token or enumeration slips into a row."""
    found = extract(" ".join(SENTENCES))
    plain = {"str", "int", "float", "bool", "date", "NoneType"}
    for row in [*found.transfer_claims, *found.relation_claims, *found.affiliations, *found.actor_mentions]:
        assert {type(value).__name__ for value in asdict(row).values()} <= plain
        assert [f.name for f in fields(row)] == list(asdict(row))


def test_the_model_gives_a_confidence_and_rules_alone_give_none() -> None:
    text = "Germany delivered 18 Leopard 2 tanks to Ukraine."
    by_rules = replace(load_extractor(), decisions=None).extract(document(text)).transfer_claims
    assert [claim.confidence for claim in by_rules] == [None]
    [decided] = extract(text).transfer_claims
    assert decided.confidence is not None
    # The id tells what is claimed, not how surely.
    assert decided.claim_id == by_rules[0].claim_id
