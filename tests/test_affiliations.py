"""Affiliations: who holds which post, where, and whether still. All persons are invented."""

from __future__ import annotations

import pytest
from extracting import extract

OFFICES = [
    ("Pentagon press secretary Alan Brooks declined to comment.", "alan-brooks", "press secretary", "pentagon", True),
    ("French President Paul Marchand arrived in Cairo.", "paul-marchand", "President", "FRA", True),
    ("Lockheed Martin spokeswoman Carla Diaz said so.", "carla-diaz", "spokeswoman", "lockheed-martin", True),
    ("NATO Secretary General Anna Vries said so.", "anna-vries", "Secretary General", "nato", True),
    ("Hans Weber, chief executive of Rheinmetall, resigned.", "hans-weber", "chief executive", "rheinmetall", True),
    ("Maria Lind, a former Swedish foreign minister, doubted it.", "maria-lind", "foreign minister", "SWE", False),
    ("The late Polish prime minister Adam Zielinski signed it.", "adam-zielinski", "prime minister", "POL", False),
    ("Ex-president Carlos Mendez of Peru spoke.", "carlos-mendez", "president", "PER", False),
    ("President Kim Nam-su of North Korea sent rockets to Russia.", "kim-nam-su", "President", "PRK", True),
    ("General Tomas Berg, commander of the Norwegian army, retired.", "tomas-berg", "commander", "NOR", True),
    (
        "Amira Haddad, the Lebanese army's chief of staff, spoke.",
        "amira-haddad", "chief of staff", "lebanese-armed-forces", True,
    ),
    (
        "Kim Tae-jin, a spokesman for South Korea's defence ministry, said so.",
        "kim-tae-jin", "spokesman", "KOR", True,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "person", "title", "actor", "is_current"), OFFICES)
def test_office(text: str, person: str, title: str, actor: str, is_current: bool) -> None:
    (row,) = extract(text).affiliations
    assert (row.person_id, row.title, row.actor_id, row.is_current) == (person, title, actor, is_current)
    assert row.evidence == text


def test_name_as_written() -> None:
    text = "Czech Prime Minister Jiří Dvořák spoke."
    (row,) = extract(text).affiliations
    assert (row.person_id, row.person_name) == ("jiri-dvorak", "Jiří Dvořák")


def test_two_persons_in_one_sentence() -> None:
    text = "French President Paul Marchand met Lockheed Martin spokeswoman Carla Diaz."
    rows = extract(text).affiliations
    assert {(r.person_id, r.actor_id) for r in rows} == {("paul-marchand", "FRA"), ("carla-diaz", "lockheed-martin")}


def test_an_office_told_twice_is_one_row() -> None:
    text = "French President Paul Marchand arrived. Later French President Paul Marchand left."
    assert len(extract(text).affiliations) == 1


def test_the_office_of_a_state_that_only_the_dateline_names() -> None:
    text = "WARSAW (Agency) - Defence Minister Jan Nowak welcomed the tanks."
    assert {(r.person_id, r.actor_id) for r in extract(text).affiliations} == {("jan-nowak", "POL")}


def test_the_person_is_among_the_actors_of_the_document() -> None:
    text = "Hans Weber, chief executive of Rheinmetall, resigned."
    mentions = {m.actor_id: (m.name, m.kind) for m in extract(text).actor_mentions}
    assert mentions == {"hans-weber": ("Hans Weber", "person"), "rheinmetall": ("Rheinmetall", "company")}


@pytest.mark.parametrize(
    "text",
    [
        "Mr Sato and Ms Lee met in Seoul.",
        "The defence minister of Sweden spoke.",
        "A teacher named Joan Fitch won the prize.",
        "Emma Stone-Hill, an analyst at a bank, said so.",
        "Norway has a new prime minister.",
        "The President Hotel in Moscow was closed.",
        "Officials from France and Spain met.",
    ],
)
def test_no_office(text: str) -> None:
    assert extract(text).affiliations == []
