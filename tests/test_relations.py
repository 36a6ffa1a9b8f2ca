"""Relation claims: what one actor does toward another besides transfers, in the event types of PLOVER 2.0."""

from __future__ import annotations

from datetime import date

import pytest
from extracting import extract

from transforms.relations import MUTUAL


def relations(text: str) -> set[tuple[str, str, str]]:
    return {(r.subject_id, r.relation, r.object_id) for r in extract(text).relation_claims}


TOLD = [
    ("India and France signed an agreement on fighter jets.", ("FRA", "agree", "IND")),
    ("India signed an agreement with France on fighter jets.", ("FRA", "agree", "IND")),
    ("The Turkish foreign minister visited Armenia on Sunday to talk about missiles.", ("ARM", "consult", "TUR")),
    ("Sweden's king met the president of Finland to discuss tanks.", ("FIN", "consult", "SWE")),
    ("Turkey and Greece held talks on tanks in Athens.", ("GRC", "consult", "TUR")),
    ("Italy opened talks with Egypt about frigates.", ("EGY", "consult", "ITA")),
    ("Japan and Australia held joint naval exercises with missiles in May.", ("AUS", "cooperate", "JPN")),
    ("British troops trained Ukrainian crews on the new tanks.", ("GBR", "cooperate", "UKR")),
    ("Poland praised Lithuania after it bought tanks.", ("POL", "support", "LTU")),
    ("Ukraine urged France to close its airspace to missiles.", ("UKR", "request", "FRA")),
    ("Poland asked South Korea for 200 howitzers.", ("POL", "request", "KOR")),
    ("Sudan accused Chad of supplying weapons to rebels.", ("SDN", "accuse", "TCD")),
    ("France condemned North Korea's launch of a ballistic missile.", ("FRA", "accuse", "PRK")),
    ("South Korea expressed concern about North Korea's missiles.", ("KOR", "accuse", "PRK")),
    ("India rejected a Pakistani demand over missiles.", ("IND", "reject", "PAK")),
    ("Iran threatened Israel with missiles.", ("IRN", "threaten", "ISR")),
    ("Israel warned Lebanon against firing rockets.", ("ISR", "threaten", "LBN")),
    ("The European Union imposed sanctions on Belarus over arms exports.", ("european-union", "sanction", "BLR")),
    ("The United States imposed sanctions on Iran over its ballistic missiles.", ("USA", "sanction", "IRN")),
    ("Germany deployed soldiers to Lithuania with 20 tanks.", ("DEU", "mobilize", "LTU")),
    ("Italian police arrested two Libyan citizens over weapons.", ("ITA", "coerce", "LBY")),
    ("Israel attacked Hezbollah positions with missiles.", ("ISR", "assault", "hezbollah")),
    ("Russia fired 40 missiles at Kyiv.", ("RUS", "assault", "UKR")),
    ("Hamas fired rockets at Israel.", ("hamas", "assault", "ISR")),
    ("Israel bombed Iranian missile depots.", ("ISR", "assault", "IRN")),
]


@pytest.mark.parametrize(("text", "expected"), TOLD)
def test_relation(text: str, expected: tuple[str, str, str]) -> None:
    assert relations(text) == {expected}


def test_mutual_relations_are_stored_once_in_alphabetical_order() -> None:
    there = relations("Finland signed a treaty with Sweden on missiles.")
    back = relations("Sweden signed a treaty with Finland on missiles.")
    assert there == back == {("FIN", "agree", "SWE")}
    for text, (subject, relation, object_) in TOLD:
        assert relation not in MUTUAL or subject < object_, text


@pytest.mark.parametrize(
    ("text", "relation", "factuality"),
    [
        ("Poland did not attack Belarus with missiles.", "assault", "CT-"),
        ("Poland may deploy troops to Lithuania with tanks.", "mobilize", "PS+"),
        ("Russia attacked Ukraine with 40 missiles.", "assault", "CT+"),
    ],
)
def test_factuality(text: str, relation: str, factuality: str) -> None:
    assert {(r.relation, r.factuality) for r in extract(text).relation_claims} == {(relation, factuality)}


def test_plan() -> None:
    (claim,) = extract("North Korea plans to send troops to Russia, which has lost many tanks.").relation_claims
    assert (claim.subject_id, claim.relation, claim.object_id) == ("PRK", "mobilize", "RUS")
    assert (claim.status, claim.factuality) == ("planned", "CT+")


def test_source() -> None:
    (claim,) = extract("Reuters reported that Iran had threatened Israel with missiles.").relation_claims
    assert claim.attribution == "reuters"


def test_date() -> None:
    (claim,) = extract("In May 2024 Russia attacked Ukraine with 40 missiles.").relation_claims
    assert (claim.date_start, claim.date_end, claim.date_precision) == (date(2024, 5, 1), date(2024, 5, 31), "month")


def test_marks_show_the_parties() -> None:
    text = "Tanks rolled. Iran threatened Israel with missiles."
    (claim,) = extract(text).relation_claims
    marks = dict(mark.split("=") for mark in claim.evidence_marks.split(";"))
    told = {name: text[slice(*map(int, span.split(":")))] for name, span in marks.items()}
    assert told == {"subject": "Iran", "relation": "threatened", "object": "Israel"}
    assert claim.evidence == "Iran threatened Israel with missiles."


NOTHING = [
    # Nobody else is the object.
    "Iran test-fired a ballistic missile on Friday.",
    "Chile held a parade with 30 tanks.",
    "The minister attacked his critics in a speech about missiles.",
    # What is shot down belongs to whoever fired it, not to its maker.
    "Ukraine shot down 30 Iranian drones over Odesa.",
    # A state and its own people.
    "Russian police arrested two Russian officers over missing rifles.",
    # Transfers are no relations.
    "Sweden delivered 12 howitzers to Estonia.",
    "Norway will send tanks to Ukraine.",
]


@pytest.mark.parametrize("text", NOTHING)
def test_no_relation(text: str) -> None:
    assert relations(text) == set()
