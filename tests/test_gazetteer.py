"""Names in a text: whole words, right case, the longest of overlapping ones."""

from __future__ import annotations

import pytest
from extracting import extract
from hypothesis import given
from hypothesis import strategies as st

from flows.reference import load_extractor
from transforms.gazetteer import find_names
from transforms.reference import Match
from transforms.text import normalise


def names(text: str) -> list[Match]:
    return find_names(normalise(text), load_extractor().reference)


def actors(text: str) -> list[str]:
    return [m.actors[0].actor.actor_id for m in names(text) if m.actors]


def materiel(text: str) -> list[tuple[str, str]]:
    """The words that name arms, with the weapon or else the category."""
    return [
        (text[m.start : m.end], m.materiel.weapon or m.materiel.category)
        for m in names(text)
        if m.materiel is not None and m.materiel.category != "none"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The longest name wins.
        ("Guinea-Bissau, Equatorial Guinea, Papua New Guinea, Guinea", ["GNB", "GNQ", "PNG", "GIN"]),
        ("Democratic Republic of the Congo", ["COD"]),
        ("North Korea and South Korea", ["PRK", "KOR"]),
        ("South Sudan and Sudan", ["SSD", "SDN"]),
        # Whole words.
        ("Niger and Nigeria", ["NER", "NGA"]),
        ("Ukrainek, Iranesque, Xiran", []),
        ("Ukraine's tanks", ["UKR"]),
        ("Polish and polish", ["POL"]),
        # Case: as written, or in capitals throughout.
        ("IRAN sold arms to SAUDI ARABIA", ["IRN", "SAU"]),
        ("iran and a jordan shoe and the turkey", []),
        ("US and U.S. and us", ["USA", "USA"]),
        # The same actor by other names.
        ("Pyongyang, the White House and the Pentagon", ["PRK", "white-house", "pentagon"]),
        ("the Houthis, Huthi and Houthi", ["houthis", "houthis", "houthis"]),
        ("Türkiye and Turkiye", ["TUR", "TUR"]),
        ("Côte d’Ivoire", ["CIV"]),
        # What only seems to name a state.
        ("the South China Sea, the East China Sea and the Sea of Japan", []),
        ("the Korean peninsula and the Korean War", []),
        ("Latin America and South American coasts", []),
        ("New Mexico and New England", []),
        ("pro-Russian, anti-Iranian and non-NATO forces", []),
    ],
)
def test_actors(text: str, expected: list[str]) -> None:
    assert actors(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("F-16s, an F-16, XF-16s and F-16ish", [("F-16s", "F-16"), ("F-16", "F-16")]),
        ("HIMARSes and HIMARS", [("HIMARSes", "HIMARS"), ("HIMARS", "HIMARS")]),
        ("Shahed-136 or Shahed 136", [("Shahed-136", "Shahed-136"), ("Shahed 136", "Shahed-136")]),
        ("Patriots and patriots", [("Patriots", "Patriot")]),
        ("a tank, TANKS, tankers", [("tank", "battle_tank"), ("TANKS", "battle_tank")]),
        ("an anti-tank missile", [("anti-tank missile", "anti_tank")]),
        ("a ballistic missile", [("ballistic missile", "missile")]),
        ("a fuel tank and a think tank", []),
        ("the supply chain and the supply lines", []),
        ("the defence minister", []),
    ],
)
def test_materiel(text: str, expected: list[tuple[str, str]]) -> None:
    assert materiel(text) == expected


def test_an_actor_of_many_names_is_one_and_ambiguous_ones_say_so() -> None:
    (jordan,) = names("Jordan")
    assert [(a.actor.actor_id, a.ambiguity) for a in jordan.actors] == [("JOR", "common")]
    (moscow,) = names("Moscow")
    assert (moscow.actors[0].actor.actor_id, moscow.actors[0].ambiguity) == ("RUS", "place")


def test_an_ambiguous_name_is_no_state_where_it_names_a_person() -> None:
    text = "Michael Jordan bought two old tanks from Norway."
    assert all("JOR" not in {c.supplier_id, c.recipient_id} for c in extract(text).transfer_claims)


def test_a_capital_is_a_place_where_something_only_happens_there() -> None:
    text = "The delegations met in Paris. Norway sent tanks to Ukraine."
    assert {(c.supplier_id, c.recipient_id) for c in extract(text).transfer_claims} == {("NOR", "UKR")}


FRAGMENTS = (
    "Iran",
    "Guinea",
    "Papua New Guinea",
    "F-16",
    "tank",
    "s",
    "-",
    " ",
    "'s",
    "é",
    "\u0301",
    "😀",
    "South",
    "Sea",
)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))
def test_names_are_whole_words_in_order_without_overlap(text: str) -> None:
    normal = normalise(text)
    found = find_names(normal, load_extractor().reference)
    end = 0
    for match in (m for m in found if m.title is None):
        assert end <= match.start < match.end <= len(normal)
        assert not (normal[match.start - 1 : match.start] if match.start else "").isalnum()
        assert not normal[match.end : match.end + 1].isalnum()
        end = match.end
