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
    ("Poland asked South Korea for more talks about howitzers.", ("POL", "request", "KOR")),
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
    # Passives, and whose people or arms act.
    ("The depot near Kyiv was hit by Russian missiles on Sunday.", ("RUS", "assault", "UKR")),
    ("Turkish jets struck a depot of rockets outside Baghdad.", ("TUR", "assault", "IRQ")),
    ("Israel, whose jets bombed Beirut with missiles, was silent.", ("ISR", "assault", "LBN")),
    ("Moscow's embassy protested against the German tanks.", ("RUS", "accuse", "DEU")),
    # What is done lies in a noun: of a light verb, with its maker before or behind it.
    ("Poland lodged a complaint with Slovakia over missiles.", ("POL", "accuse", "SVK")),
    ("Jets of Israel answered with strikes on Lebanon and its missiles.", ("ISR", "assault", "LBN")),
    ("The embargo that France imposed on Haiti covers tanks.", ("FRA", "sanction", "HTI")),
    ("Chad lives under a French embargo on tanks and rifles.", ("FRA", "sanction", "TCD")),
    ("Japan put a Russian maker of missiles on its blacklist.", ("JPN", "sanction", "RUS")),
    ("Norway opened a round of talks with Denmark about missiles.", ("DNK", "consult", "NOR")),
    # The object tells of what, and whose it is.
    ("Syria shot down a Turkish F-4 fighter.", ("SYR", "assault", "TUR")),
    ("Estonia expelled the Russian ambassador over missiles.", ("EST", "sanction", "RUS")),
    ("Peru broke off relations with Chile over tanks.", ("PER", "sanction", "CHL")),
    ("Malta sent Libya tents and medicine, but no rifles.", ("MLT", "aid", "LBY")),
    ("Norway deployed two frigates off Iceland with missiles.", ("NOR", "mobilize", "ISL")),
    ("Egypt has 5,000 soldiers in Sudan, and no tanks.", ("EGY", "mobilize", "SDN")),
    ("Panama seized a freighter with missiles on its way home from Cuba.", ("PAN", "coerce", "CUB")),
    # Verdicts.
    ("Iran called the Israeli missiles a provocation.", ("IRN", "accuse", "ISR")),
    ("Chad accused Libya of sending rifles, which Libya called a lie.", ("LBY", "reject", "TCD")),
    # Mutual relations of a list, of a plural and of what is built together.
    ("Norwegian and Danish ministers met over missiles.", ("DNK", "consult", "NOR")),
    ("A joint exercise of the Thai and Cambodian armies with tanks began.", ("KHM", "cooperate", "THA")),
    ("Brazil develops a missile jointly with South Africa.", ("BRA", "cooperate", "ZAF")),
    ("Norway's foreign minister flew to Finland with plans for tanks.", ("FIN", "consult", "NOR")),
    ("Ukrainian pilots train in Romania on fighter jets.", ("ROU", "cooperate", "UKR")),
    # Who does it is not 'it', and 'which' stands for a party.
    ("Japan criticised Iran and slapped sanctions on it over missiles.", ("JPN", "sanction", "IRN")),
    ("Chad, with which Sudan broke off relations, buys tanks.", ("SDN", "sanction", "TCD")),
    # Clauses.
    ("Ukraine demanded that Hungary open its border to tanks.", ("UKR", "request", "HUN")),
    ("Turkey threatened to block Sweden's purchase of missiles.", ("TUR", "threaten", "SWE")),
    ("Chad told reporters that Libyan jets had bombed a village with missiles.", ("LBY", "assault", "TCD")),
]


@pytest.mark.parametrize(("text", "expected"), TOLD)
def test_relation(text: str, expected: tuple[str, str, str]) -> None:
    assert expected in relations(text)


@pytest.mark.parametrize(("text", "expected"), TOLD[:25])
def test_nothing_else_is_told(text: str, expected: tuple[str, str, str]) -> None:
    assert relations(text) == {expected}


def test_list_of_parties_meets_in_pairs() -> None:
    pairs = {("DEU", "consult", "FRA"), ("DEU", "consult", "GBR"), ("FRA", "consult", "GBR")}
    assert relations("The leaders of Britain, France and Germany met to discuss missiles.") == pairs


def test_each_other() -> None:
    pairs = {("THA", "assault", "KHM"), ("KHM", "assault", "THA")}
    assert relations("Thailand and Cambodia fired rockets at each other.") == pairs


def test_accusation_of_an_attack_tells_of_both() -> None:
    pairs = {("UKR", "accuse", "RUS"), ("RUS", "assault", "MDA")}
    assert relations("Ukraine accused Russia of attacking Moldova with missiles.") == pairs


def test_answer_goes_to_who_turned_on_the_doer() -> None:
    text = "Chad accused Libya of sending rifles. Egypt was silent. Libya rejected the accusation."
    assert ("LBY", "reject", "TCD") in relations(text)


def test_transcript_speaks_for_the_state_of_its_beginning() -> None:
    text = "1:22 P.M. EDT\n\nMS. CARDEN: Good afternoon. We condemn Russia for the missiles that it fired at Kyiv."
    assert ("USA", "accuse", "RUS") in relations(text)
    text = "1:22 P.M. EDT\n\nMS. CARDEN: Russia fired missiles at Kyiv. The President spoke with the leader of Italy."
    assert ("ITA", "consult", "USA") in relations(text)


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
    # Who is backed by whom is told in passing.
    "Syrian troops backed by Russian tanks rested.",
    # A request for arms is told by the transfer.
    "Norway asked Sweden for 20 howitzers.",
    # A purchase is no treaty, and talks that end are no talks.
    "India signed a contract with France for 26 jets.",
    "Sweden called off talks on missiles with Norway.",
    # Transfers are no relations.
    "Sweden delivered 12 howitzers to Estonia.",
    "Norway will send tanks to Ukraine.",
]


@pytest.mark.parametrize("text", NOTHING)
def test_no_relation(text: str) -> None:
    assert relations(text) == set()
