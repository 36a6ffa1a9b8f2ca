"""The actor tables under seeds/ keep the rules that the matcher and the data model rest on."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

SEEDS = Path(__file__).parents[1] / "seeds"
KINDS = {"state", "state_organ", "armed_group", "intergovernmental", "company", "media", "person", "other"}
FORMS = {"name", "official_name", "abbreviation", "adjective", "demonym", "metonym"}
FORMER_STATES = {"SUN", "YUG", "SCG", "CSK", "DDR", "VDR", "YMD", "ANT"}
ISO_3166_1_CODES = """
    ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM BLR
    BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM CYP
    CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB GIN GLP GMB
    GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA JAM JEY JOR JPN
    KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD
    MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN
    PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR SOM
    SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR
    UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE
    """
ISO_3166_1 = frozenset(ISO_3166_1_CODES.split())


def read(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ACTORS = {row["actor_id"]: row for row in read("actors.csv")}
ALIASES = read("actor_aliases.csv")
TITLES = read("titles.csv")
ACTORS_OF = defaultdict(set)
for _row in ALIASES:
    ACTORS_OF[_row["alias"]].add((_row["actor_id"], _row["ambiguity"]))


def test_ids_are_unique_and_sorted() -> None:
    ids = [row["actor_id"] for row in read("actors.csv")]
    assert ids == sorted(set(ids))
    keys = [(row["alias"], row["actor_id"]) for row in ALIASES]
    assert keys == sorted(set(keys))
    titles = [row["title"] for row in TITLES]
    assert titles == sorted(set(titles))


def test_every_row_names_source_and_licence() -> None:
    assert [row for row in (*ACTORS.values(), *ALIASES, *TITLES) if not row["source"] or not row["licence"]] == []


def test_sources_are_named_in_the_notice() -> None:
    notice = (SEEDS.parent / "NOTICE").read_text(encoding="utf-8")
    sources = {row["source"] for row in (*ACTORS.values(), *ALIASES, *TITLES)}
    assert {source for source in sources if source not in notice} == set()


def test_no_cell_has_surrounding_blanks_or_curly_apostrophes() -> None:
    cells = {cell for row in (*ACTORS.values(), *ALIASES, *TITLES) for cell in row.values()}
    assert {cell for cell in cells if cell != " ".join(cell.split()) or "’" in cell} == set()


def test_all_iso_states_and_the_agreed_others_are_present() -> None:
    states = {actor_id for actor_id, row in ACTORS.items() if row["kind"] == "state"}
    assert len(ISO_3166_1) == 249
    assert {actor_id for actor_id in states if actor_id.isupper()} == ISO_3166_1 | FORMER_STATES | {"XKX"}
    assert {"transnistria", "abkhazia", "south-ossetia", "somaliland", "northern-cyprus"} <= states


def test_ids_are_codes_for_states_and_slugs_for_everyone_else() -> None:
    for actor_id, row in ACTORS.items():
        if row["kind"] == "state" and len(actor_id) == 3:
            assert re.fullmatch("[A-Z]{3}", actor_id)
        else:
            assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", actor_id), actor_id


def test_kinds_forms_ambiguities_and_ranks_are_known_words() -> None:
    assert {row["kind"] for row in ACTORS.values()} == KINDS
    assert {row["form"] for row in ALIASES} == FORMS
    assert {row["ambiguity"] for row in ALIASES} == {"", "place", "common"}
    assert {row["rank"] for row in TITLES} == {"state", "organ", "military", "private"}


def test_countries_are_states_of_the_table() -> None:
    for actor_id, row in ACTORS.items():
        if len(actor_id) == 3 and actor_id.isupper():
            assert row["country"] == actor_id
        elif row["country"]:
            assert ACTORS[row["country"]]["kind"] == "state", actor_id
        else:
            assert row["kind"] != "state_organ", f"{actor_id} is an organ of no state"


def test_every_actor_is_found_by_its_name() -> None:
    named = {(row["alias"], row["actor_id"]) for row in ALIASES}
    assert [actor_id for actor_id, row in ACTORS.items() if (row["name"], actor_id) not in named] == []
    assert {row["actor_id"] for row in ALIASES} == set(ACTORS)


def test_an_alias_of_two_actors_is_marked_common() -> None:
    shared = {alias: found for alias, found in ACTORS_OF.items() if len(found) > 1}
    assert {alias for alias, found in shared.items() if {ambiguity for _, ambiguity in found} != {"common"}} == set()


def test_capitals_of_an_alias_do_not_spell_another_actors_safe_alias() -> None:
    clashes = []
    for alias, found in ACTORS_OF.items():
        others = {actor_id for actor_id, ambiguity in ACTORS_OF.get(alias.upper(), set()) if ambiguity == ""}
        if len(alias) >= 4 and alias != alias.upper() and others - {actor_id for actor_id, _ in found}:
            clashes.append(alias)
    assert clashes == []


def test_aliases_have_no_leading_article() -> None:
    assert [row["alias"] for row in ALIASES if row["alias"].lower().startswith("the ")] == []


def test_titles_are_lower_case_with_their_plural() -> None:
    assert len(TITLES) >= 150
    assert [row["title"] for row in TITLES if row["title"] != row["title"].lower() or not row["plural"]] == []


@pytest.mark.parametrize(
    ("alias", "actor_id", "ambiguity"),
    [
        ("U.S.", "USA", ""),
        ("Britain", "GBR", ""),
        ("Emirati", "ARE", ""),
        ("DPRK", "PRK", ""),
        ("South Korean", "KOR", ""),
        ("Türkiye", "TUR", ""),
        ("Turkey", "TUR", "common"),
        ("Jordan", "JOR", "common"),
        ("Georgia", "GEO", "common"),
        ("Saudis", "SAU", ""),
        ("Czechia", "CZE", ""),
        ("Cote d'Ivoire", "CIV", ""),
        ("Burmese", "MMR", ""),
        ("Kosovo", "XKX", ""),
        ("Taiwan", "TWN", ""),
        ("Palestinian Authority", "PSE", ""),
        ("Soviets", "SUN", ""),
        ("Teheran", "IRN", "place"),
        ("Pyongyang", "PRK", "place"),
        ("Tel Aviv", "ISR", "place"),
        ("Brussels", "european-union", "place"),
        ("Downing Street", "GBR", ""),
        ("Kremlin", "kremlin", ""),
        ("Pentagon", "pentagon", ""),
        ("Defense Department", "pentagon", "common"),
        ("IRGC", "islamic-revolutionary-guard-corps", ""),
        ("RSF", "rapid-support-forces", ""),
        ("Ansar Allah", "houthis", ""),
        ("Nato", "nato", ""),
        ("Washington Post", "washington-post", ""),
        ("Times", "the-times", "common"),
        ("Rosoboronexport", "rosoboronexport", ""),
        ("Hanwha Aerospace", "hanwha-aerospace", ""),
        ("Zelenskiy", "volodymyr-zelensky", ""),
        ("Tayyip Erdogan", "recep-tayyip-erdogan", ""),
    ],
)
def test_names_of_the_news(alias: str, actor_id: str, ambiguity: str) -> None:
    assert ACTORS_OF[alias] == {(actor_id, ambiguity)}


@pytest.mark.parametrize(
    ("alias", "actors"), [("Korea", {"KOR", "PRK"}), ("Congo", {"COD", "COG"}), ("Congolese", {"COD", "COG"})]
)
def test_names_of_two_states_lead_to_both(alias: str, actors: set[str]) -> None:
    assert {actor_id for actor_id, _ in ACTORS_OF[alias]} == actors


def test_no_wrong_adjective_of_the_name_lists_slipped_in() -> None:
    assert {"Emirian", "Welsh", "Antiguans and Barbudans"} & set(ACTORS_OF) == set()


def test_enough_actors_of_each_kind_are_named() -> None:
    """The sizes that the project asked of its tables."""
    counts = Counter(row["kind"] for row in ACTORS.values())
    asked = {"armed_group": 250, "intergovernmental": 60, "company": 300, "media": 250, "person": 400}
    assert {kind for kind, size in asked.items() if counts[kind] < size} == set()


def test_at_least_65_states_have_the_organs_that_news_names() -> None:
    organs = defaultdict(set)
    for actor_id, row in ACTORS.items():
        if row["kind"] == "state_organ":
            organs[row["country"]].add(actor_id)
    assert sum(len(found) >= 5 for found in organs.values()) >= 65


@pytest.mark.parametrize(
    ("alias", "actor_id"),
    [
        ("Polish Defence Ministry", "polish-ministry-of-defence"),
        ("Ukraine's defense ministry", "ukrainian-ministry-of-defence"),
        ("Iranian foreign ministry", "iranian-foreign-ministry"),
        ("German Foreign Ministry", "federal-foreign-office"),
        ("Hellenic Air Force", "hellenic-air-force"),
        ("Greek air force", "hellenic-air-force"),
        ("Milli Majlis", "milli-majlis"),
        ("UNITA", "unita"),
        ("Kamajors", "kamajors"),
        ("PUK", "patriotic-union-of-kurdistan"),
        ("Janjaweed", "janjaweed"),
        ("Nusra Front", "nusra-front"),
        ("ECOMOG", "ecomog"),
        ("HDW", "howaldtswerke-deutsche-werft"),
        ("GRSE", "garden-reach-shipbuilders"),
        ("Goa Shipyard", "goa-shipyard"),
    ],
)
def test_organs_groups_and_yards(alias: str, actor_id: str) -> None:
    assert ACTORS_OF[alias] == {(actor_id, "")}
