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
    (
        "General Tomas Berg, commander of the Norwegian army, retired.",
        "tomas-berg", "commander", "norwegian-army", True,
    ),
    (
        "Amira Haddad, the Lebanese army's chief of staff, spoke.",
        "amira-haddad", "chief of staff", "lebanese-armed-forces", True,
    ),
    (
        "Kim Tae-jin, a spokesman for South Korea's defence ministry, said so.",
        "kim-tae-jin", "spokesman", "south-korean-ministry-of-defence", True,
    ),
]  # fmt: skip

# One sentence for each construction: text, person, title as written, whose, still held.
CONSTRUCTIONS = [
    # modifiers and ranks that no table lists
    ("Polish Vice-Minister Ewa Nowak spoke.", "ewa-nowak", "Vice-Minister", "POL", True),
    ("Hamas chief spokesman Omar Saleh spoke.", "omar-saleh", "chief spokesman", "hamas", True),
    ("French shadow foreign minister Luc Morel spoke.", "luc-morel", "shadow foreign minister", "FRA", True),
    # names with particles, initials, honorifics, other alphabets
    ("Kuwaiti defence minister Hamad Al-Mudhaf spoke.", "hamad-al-mudhaf", "defence minister", "KWT", True),
    ("Dutch defence minister Piet van der Berg spoke.", "piet-van-der-berg", "defence minister", "NLD", True),
    ("Indian defence minister, Mr. P. K. Sundaram, spoke.", "p-k-sundaram", "defence minister", "IND", True),
    ("Slovak state secretary Ľudovít Šimko spoke.", "ludovit-simko", "state secretary", "SVK", True),
    ("An Iranian lawmaker, Hojatoleslam Ali Sadeqi, spoke.", "ali-sadeqi", "lawmaker", "IRN", True),
    ("In Moscow Yegor Belin, a Russian lawmaker, spoke.", "yegor-belin", "lawmaker", "RUS", True),
    # a name after a title and its complement
    ("The defence minister of Norway, Nils Berg, spoke.", "nils-berg", "defence minister", "NOR", True),
    ("Iran's consul in Yerevan, Behrouz Kian, spoke.", "behrouz-kian", "consul", "IRN", True),
    ("US ambassador to Ankara Jack Frost spoke.", "jack-frost", "ambassador", "USA", True),
    ("The Polish defence minister (Adam Lis): I agree.", "adam-lis", "defence minister", "POL", True),
    ("The former Peruvian army commander who paid, Gen. Luis Paz, left.", "luis-paz", "army commander", "PER", False),
    ("Counsellor Leyla Aydin of Turkey spoke.", "leyla-aydin", "Counsellor", "TUR", True),
    # a title after a name
    ("Olga Kim, a lecturer at Hanok University, spoke.", "olga-kim", "lecturer", "hanok-university", True),
    ("Lev Orlin, an analyst at the Moscow brokerage Neva Kap, spoke.", "lev-orlin", "analyst", "neva-kap", True),
    ("Eva Lind, a consultant with Malabar Advisory, spoke.", "eva-lind", "consultant", "malabar-advisory", True),
    ("Eva Lind, 52, head of sales at Saab, spoke.", "eva-lind", "head of sales", "saab", True),
    ("Eva Lind (head of sales at Saab): Yes.", "eva-lind", "head of sales", "saab", True),
    ("Lachlan Hart is Australia's trade minister.", "lachlan-hart", "trade minister", "AUS", True),
    ("Ivo Petrov was Bulgaria's defence minister.", "ivo-petrov", "defence minister", "BGR", False),
    ("Ann Fox, who stepped down as chair of NATO, spoke.", "ann-fox", "chair", "nato", False),
    ("Ann Fox, the American ambassador in Paris until May, spoke.", "ann-fox", "ambassador", "USA", False),
    ("Ann Fox, American ambassador until tomorrow, spoke.", "ann-fox", "ambassador", "USA", True),
    ("Professor Eva Lind of the Madras Institute spoke.", "eva-lind", "Professor", "madras-institute", True),
    # a post without a title
    ("Eva Lind, who heads Saab, spoke.", "eva-lind", "heads Saab", "saab", True),
    ("Lawyer Luis Paz, who chairs Saab, spoke.", "luis-paz", "chairs Saab", "saab", True),
    ("Eva Lind, who ran Saab, spoke.", "eva-lind", "ran Saab", "saab", False),
    ("Captain Omar Jasem of the Lebanese army spoke.", "omar-jasem", "Captain", "lebanese-armed-forces", True),
    ("Lena Brandt of SIPRI spoke.", "lena-brandt", "SIPRI", "sipri", True),
    ("Lena Brandt, once of SIPRI, spoke.", "lena-brandt", "SIPRI", "sipri", False),
]  # fmt: skip

# An owner that stands elsewhere in the document.
OWNERS = [
    ("Saab has sold six, said its director, Eva Lind.", "eva-lind", "saab"),
    ("Saab, whose president, Eva Lind, is 24, won.", "eva-lind", "saab"),
    ("Saab won. It was cheap, said the company's director, Eva Lind.", "eva-lind", "saab"),
    ("Saab won. We hope for more, chief executive Eva Lind said.", "eva-lind", "saab"),
    ("Saab signed on Monday, spokeswoman Eva Lind said.", "eva-lind", "saab"),
    ("MANILA - A navy team left, spokesman Capt. Jose Reyes said.", "jose-reyes", "PHL"),
    ("MANILA - \"It stays,\" said General Jose Reyes, chief of staff.", "jose-reyes", "PHL"),
    ("MANILA - Navy spokesman Jose Reyes knows of no contract.", "jose-reyes", "PHL"),
    ("MANILA, Sept. 18 (Wire) - Japan gave nothing, Foreign Minister Jose Reyes said.", "jose-reyes", "PHL"),
    ("Norway has none. Sofia says no. It is late, said trade minister Ivo Petrov in Sofia.", "ivo-petrov", "BGR"),
    ("A committee of Japan met. Britain was silent; Foreign Secretary Ann Fox left.", "ann-fox", "GBR"),
    ("MANILA - Bulgaria says no. Ivo Petrov, the visiting defence minister, left.", "ivo-petrov", "BGR"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "person", "title", "actor", "is_current"), CONSTRUCTIONS)
def test_construction(text: str, person: str, title: str, actor: str, is_current: bool) -> None:
    rows = {(r.person_id, r.title, r.actor_id, r.is_current) for r in extract(text).affiliations}
    assert rows == {(person, title, actor, is_current)}


@pytest.mark.parametrize(("text", "person", "actor"), OWNERS)
def test_owner_elsewhere(text: str, person: str, actor: str) -> None:
    assert {(r.person_id, r.actor_id) for r in extract(text).affiliations} == {(person, actor)}


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
        "Ambassador Lucas Ferrer spoke.",
        "The Permanent Mission of NATO did not reply.",
        "Soldiers of the Jamaica Defence Force met in Spain.",
        "General Lucas Ferrer left Spain.",
        "Saab, as general contractor, was paid by Spain.",
    ],
)
def test_no_office(text: str) -> None:
    assert extract(text).affiliations == []


def test_a_state_that_is_as_likely_as_another_is_not_guessed() -> None:
    assert extract("France paid. When Spain was silent, trade minister Ann Fox spoke.").affiliations == []
