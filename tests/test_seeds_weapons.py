"""The reference tables of materiel: weapons, their aliases, generic nouns, counting units, currencies."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

SEEDS = Path(__file__).resolve().parent.parent / "seeds"

CATEGORIES = {
    *("battle_tank", "armoured_vehicle", "artillery", "combat_aircraft", "uav", "helicopter", "other_aircraft"),
    *("warship", "missile", "air_defence", "anti_tank", "small_arms", "ammunition", "sensor", "vehicle"),
    *("personal_equipment", "components", "technology", "funding", "unspecified"),
}

HEADERS = {
    "weapons": "weapon category unit producer_id family source licence",
    "weapon_aliases": "alias weapon ambiguity source licence",
    "materiel_nouns": "noun plural category unit strength source licence",
    "units": "unit plural holds source licence",
    "currencies": "token currency country source licence",
    "materiel_categories": "category unroca description source licence",
}


@cache
def seed(table: str) -> tuple[dict[str, str], ...]:
    """The rows of one seed table."""
    with (SEEDS / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def repeated(values: list[str]) -> list[str]:
    return sorted(value for value, count in Counter(values).items() if count > 1)


@pytest.mark.parametrize("table", HEADERS)
def test_table_is_well_formed(table: str) -> None:
    content = (SEEDS / f"{table}.csv").read_bytes()
    assert b"\r" not in content and content.endswith(b"\n")
    rows = seed(table)
    assert list(rows[0]) == HEADERS[table].split()
    untrimmed = [row for row in rows if any(value is None or value != value.strip() for value in row.values())]
    assert untrimmed == []
    keys = [tuple(row.values())[:2] for row in rows]
    assert keys == sorted(keys)
    assert len(keys) == len(set(keys))
    assert {row["licence"] for row in rows} <= {"Apache-2.0", "MIT", "SISO"}
    assert {row["source"] for row in rows} <= {"curated", "oryx", "siso"}


def test_categories_are_those_of_the_fact_model() -> None:
    assert sorted(row["category"] for row in seed("materiel_categories")) == sorted(CATEGORIES)


def test_weapons() -> None:
    rows = seed("weapons")
    names = {row["weapon"] for row in rows}
    assert len(rows) >= 450
    assert repeated([row["weapon"].casefold() for row in rows]) == []
    assert {row["category"] for row in rows} <= CATEGORIES - {"technology", "funding", "unspecified"}
    agents = {row["weapon"] for row in rows if not row["unit"]}
    assert agents == {"Mustard gas", "Novichok", "Sarin", "Tabun", "VX"}
    assert [
        row for row in rows if row["family"] and (row["family"] not in names or row["family"] == row["weapon"])
    ] == []
    assert [row for row in rows if not re.fullmatch(r"([A-Z]{3})?", row["producer_id"])] == []


@pytest.mark.skipif(not (SEEDS / "actors.csv").exists(), reason="seeds/actors.csv is not there")
def test_producers_are_known_actors() -> None:
    actors = {row["actor_id"] for row in seed("actors")}
    assert {row["producer_id"] for row in seed("weapons")} - {""} - actors == set()


def test_aliases_lead_to_one_weapon_or_are_marked() -> None:
    rows = seed("weapon_aliases")
    weapons = {row["weapon"] for row in seed("weapons")}
    assert {row["weapon"] for row in rows} == weapons
    assert weapons - {row["alias"] for row in rows if row["alias"] == row["weapon"]} == set()
    assert {row["ambiguity"] for row in rows} == {"", "common"}
    targets = defaultdict(list)
    for row in rows:
        targets[row["alias"]].append(row)
    unmarked = [a for a, found in targets.items() if len(found) > 1 and any(row["ambiguity"] == "" for row in found)]
    assert unmarked == []


def test_short_designations_need_context() -> None:
    """One letter and a digit is also a road, a room or a vitamin."""
    safe = {row["alias"] for row in seed("weapon_aliases") if row["ambiguity"] == ""}
    assert {alias for alias in safe if re.fullmatch(r"[A-Z]\d|[A-Z]{1,2}|\d+", alias)} == set()


def test_nouns() -> None:
    rows = seed("materiel_nouns")
    assert len(rows) >= 350
    assert repeated([row["noun"] for row in rows]) == []
    assert [row["noun"] for row in rows if row["noun"] != row["noun"].lower()] == []
    assert {row["category"] for row in rows} == {*CATEGORIES, "none"}
    assert {row["strength"] for row in rows} == {"strong", "weak"}
    assert sum(row["category"] == "none" for row in rows) >= 120
    assert [row for row in rows if row["category"] == "none" and (row["unit"] or row["strength"] != "strong")] == []
    assert [row["noun"] for row in rows if row["unit"] and not row["plural"]] == []


def test_a_form_has_one_meaning() -> None:
    """No plural may be the singular of a row with another category: the matcher would have to choose."""
    category = {row["noun"]: row["category"] for row in seed("materiel_nouns")}
    clash = [
        row["noun"] for row in seed("materiel_nouns") if category.get(row["plural"], row["category"]) != row["category"]
    ]
    assert clash == []


def test_spelling_variants_come_in_pairs() -> None:
    category = {row["noun"]: row["category"] for row in seed("materiel_nouns")}
    for british, american in (("armoured", "armored"), ("refuelling", "refueling"), ("body armour", "body armor")):
        for noun, kind in category.items():
            if kind != "none" and re.search(rf"\b{british}\b", noun):
                assert category.get(noun.replace(british, american), kind) == kind


def test_units() -> None:
    rows = seed("units")
    assert len(rows) >= 60
    assert repeated([row["unit"] for row in rows]) == []
    assert [row["unit"] for row in rows if not row["plural"] or not row["holds"]] == []
    assert {"container", "round", "tonne", "battery", "squadron", "shipment", "piece", "flight", "licence"} <= {
        row["unit"] for row in rows
    }


def test_currencies() -> None:
    rows = seed("currencies")
    assert len(rows) >= 120
    assert repeated([row["token"] for row in rows]) == []
    assert [row for row in rows if not re.fullmatch(r"[A-Z]{3}", row["currency"])] == []
    assert [row for row in rows if not re.fullmatch(r"([A-Z]{3})?", row["country"])] == []


WEAPON_CHECKS = {
    "F-16C/D": ("F-16", "combat_aircraft"),
    "F-16 Block 70": ("F-16", "combat_aircraft"),
    "M1A1 Abrams": ("Abrams", "battle_tank"),
    "Leopard 2A6": ("Leopard 2", "battle_tank"),
    "Panzerhaubitze 2000": ("PzH 2000", "artillery"),
    "M142 HIMARS": ("HIMARS", "artillery"),
    "K239 Chunmoo": ("Chunmoo", "artillery"),
    "CAESAR": ("CAESAR", "artillery"),
    "MGM-140 ATACMS": ("ATACMS", "missile"),
    "AGM-114 Hellfire": ("Hellfire", "missile"),
    "SCALP-EG": ("SCALP", "missile"),
    "Iskander-M": ("Iskander", "missile"),
    "Hwasong-11A": ("KN-23", "missile"),
    "MM40 Exocet": ("Exocet", "missile"),
    "R-17": ("Scud", "missile"),
    "HY-2": ("Silkworm", "missile"),
    "Fateh 110": ("Fateh-110", "missile"),
    "FGM-148 Javelin": ("Javelin", "anti_tank"),
    "BGM-71 TOW": ("TOW", "anti_tank"),
    "RPG-7": ("RPG-7", "anti_tank"),
    "PAC-3 MSE": ("PAC-3", "air_defence"),
    "S-300PMU-2": ("S-300", "air_defence"),
    "FIM-92 Stinger": ("Stinger", "air_defence"),
    "Pantsir-S1": ("Pantsir", "air_defence"),
    "SA-7": ("Strela-2", "air_defence"),
    "Geran-2": ("Shahed-136", "uav"),
    "TB2": ("Bayraktar TB2", "uav"),
    "Mohajer 6": ("Mohajer-6", "uav"),
    "Sukhoi Su-35": ("Su-35", "combat_aircraft"),
    "Su-30MKI": ("Su-30", "combat_aircraft"),
    "Mig-29": ("MiG-29", "combat_aircraft"),
    "JAS 39 Gripen": ("Gripen", "combat_aircraft"),
    "FA-50PL": ("FA-50", "combat_aircraft"),
    "JF-17 Thunder": ("JF-17", "combat_aircraft"),
    "AH-64E Apache": ("AH-64", "helicopter"),
    "UH-60 Black Hawk": ("UH-60", "helicopter"),
    "C-130 Hercules": ("C-130", "other_aircraft"),
    "Kilo-class": ("Kilo-class", "warship"),
    "Scorpene": ("Scorpène", "warship"),
    "AKM": ("AK-47", "small_arms"),
    "Small Diameter Bomb": ("GBU-39", "ammunition"),
    "BTR-82A": ("BTR-82", "armoured_vehicle"),
}


@pytest.mark.parametrize("alias", WEAPON_CHECKS)
def test_designation(alias: str) -> None:
    category = {row["weapon"]: row["category"] for row in seed("weapons")}
    found = [(row["weapon"], category[row["weapon"]]) for row in seed("weapon_aliases") if row["alias"] == alias]
    assert found == [WEAPON_CHECKS[alias]]


@pytest.mark.parametrize("alias", ["Patriot", "Leopard", "Puma", "Hawk", "Grad", "Tiger", "Taurus", "Abrams", "Dana"])
def test_common_word(alias: str) -> None:
    assert {row["ambiguity"] for row in seed("weapon_aliases") if row["alias"] == alias} == {"common"}


@pytest.mark.parametrize(
    ("alias", "weapon"),
    [
        ("J79", "J79"),
        ("RD-93", "RD-93"),
        ("F135", "F135"),
        ("TV3-117", "TV3-117"),
        ("LITENING", "LITENING"),
        ("PMN mine", "PMN"),
        ("M107 round", "M107 shell"),
        ("Toyota Hilux", "Toyota Hilux"),
        ("CB90", "CB90"),
        ("Blekinge class", "Blekinge-class"),
        ("Barracuda class", "Suffren-class"),
        ("Project 75", "Scorpène"),
        ("Hwasal-1", "Hwasal-1"),
        ("MQ-1C Gray Eagle", "MQ-1C"),
        ("Massive Ordnance Air Blast", "GBU-43"),
        ("Mk 19 automatic grenade launcher", "Mk 19"),
        ("Super Galeb", "G-4 Super Galeb"),
        ("FCAS", "FCAS fighter"),
        ("TPS-77", "AN/TPS-77"),
    ],
)
def test_a_weapon_is_no_alias_of_its_carrier_or_neighbour(alias: str, weapon: str) -> None:
    assert {row["weapon"] for row in seed("weapon_aliases") if row["alias"] == alias} == {weapon}


@pytest.mark.parametrize(
    "name",
    ["Cobra", "Lynx", "Senator", "Barak", "Tamara", "Dakota", "Derby", "Fahd", "Quds", "Dokdo", "6x6", "358", "Yuan"],
)
def test_a_bare_name_of_several_things_is_no_alias(name: str) -> None:
    assert [row for row in seed("weapon_aliases") if row["alias"] == name] == []


@pytest.mark.skipif(not (SEEDS / "actor_aliases.csv").exists(), reason="seeds/actor_aliases.csv is not there")
def test_a_companys_name_is_its_weapons_name_only_with_a_context() -> None:
    companies = {row["actor_id"] for row in seed("actors") if row["kind"] == "company"}
    named = {row["alias"] for row in seed("actor_aliases") if row["actor_id"] in companies}
    safe = {row["alias"] for row in seed("weapon_aliases") if row["ambiguity"] == ""}
    assert named & safe - {"Starlink"} == set()


@pytest.mark.parametrize(
    ("noun", "category"),
    [
        ("tank shell", "ammunition"),
        ("helicopter engine", "components"),
        ("missile boat", "warship"),
        ("missile technology", "technology"),
        ("drone boat", "uav"),
        ("rocket artillery", "artillery"),
        ("air defence radar", "sensor"),
        ("air defense missile", "air_defence"),
        ("aircraft carrier", "warship"),
        ("body armor", "personal_equipment"),
        ("foreign military financing", "funding"),
        ("nuclear weapon", "unspecified"),
        ("think tank", "none"),
        ("arms race", "none"),
        ("drone strike", "none"),
        ("round of talks", "none"),
    ],
)
def test_most_specific_word(noun: str, category: str) -> None:
    assert [row["category"] for row in seed("materiel_nouns") if row["noun"] == noun] == [category]


@pytest.mark.parametrize(
    ("token", "currency"),
    [
        ("$", "USD"),
        ("A$", "AUD"),
        ("€", "EUR"),
        ("rouble", "RUB"),
        ("Czech crowns", "CZK"),
        ("₩", "KRW"),
        ("DM", "DEM"),
    ],
)
def test_currency_token(token: str, currency: str) -> None:
    assert [row["currency"] for row in seed("currencies") if row["token"] == token] == [currency]
