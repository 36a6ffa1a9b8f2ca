"""The look-ups that the extractor reads, built from small tables, and the identity of a set of tables."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from flows import reference as loading
from transforms.gazetteer import find_names
from transforms.reference import Reference, _arsenals, build_reference


def table(text: str) -> list[dict[str, str]]:
    """Rows written as lines of values under a line of names."""
    header, *lines = [line.split(",") for line in text.strip().splitlines()]
    return [dict(zip(header, line, strict=True)) for line in lines]


def small(**changed: str) -> Reference:
    tables = {
        "actors": "actor_id,name,kind,country\nNOR,Norway,state,\nacme-arms,Acme Arms,company,NOR",
        "actor_aliases": "alias,actor_id,form,ambiguity\nNorway,NOR,name,\nAcme,acme-arms,name,common",
        "weapons": "weapon,category,unit,producer_id\nBolt,missile,missile,NOR",
        "weapon_aliases": "alias,weapon,ambiguity\nBolt Mk 1,Bolt,\nBolt,Bolt,common",
        "materiel_nouns": "noun,plural,category,unit,strength\nbolt,bolts,components,,weak\n"
        "tank,tanks,battle_tank,tank,strong",
        "stop_phrases": "phrase\nfish tank",
        "titles": "title,plural,rank\nminister,ministers,state",
        "transfer_predicates": "lemma,pos,particle,subject_role,object_actor_role,status,governs\n"
        "get,verb,,recipient,supplier,delivered,item_and_parties\ntake,verb,,recipient,supplier,delivered,noun",
        "claim_operators": "lemma,pos,status,factuality,control\ndeny,verb,,CT-,subject",
        "reporting_verbs": "lemma,factuality\nsay,",
        "hedges": "word,factuality\nperhaps,PS+",
        "relation_predicates": "lemma,pos,particle,relation,object_via\n"
        "meet,verb,,consult,with;dobj\nmeet,verb,,agree,on",
        "word_classes": "word_class,lemma\norgan,army\norgan,navy\ndeal,sale",
        "state_descriptions": "description,actor_id\nkingdom,NOR",
        "state_successions": "predecessor_id,successor_id,until",
        "anaphors": "noun,category\naircraft,helicopter\naircraft,uav\nbatch,any",
        "units": "unit,plural\ncrate,crates",
        "number_words": "word,low,high,role",
        "currencies": "token,currency,country",
    } | changed
    return build_reference({name: table(text) for name, text in tables.items()})


@pytest.fixture(scope="module")
def reference() -> Reference:
    return small()


def test_a_state_is_of_its_own_country(reference: Reference) -> None:
    assert reference.actors["NOR"].country == "NOR"
    assert reference.actors["acme-arms"].country == "NOR"


def test_what_a_noun_may_stand_for(reference: Reference) -> None:
    assert reference.anaphors == {"aircraft": {"helicopter", "uav"}, "batch": frozenset()}


def test_arsenals_are_steps_of_shares() -> None:
    makers = ["USA"] * 500 + ["NOR"] * 20 + ["SWE"] * 21 + ["MLT"]
    assert _arsenals(makers) == {"USA": 10, "NOR": 6, "SWE": 6, "MLT": 2}
    assert _arsenals([*makers, *["NOR"] * 2, *["FRA"] * 30])["NOR"] == 6


def test_plurals_are_known(reference: Reference) -> None:
    assert reference.units == {"crate": "crate", "crates": "crate"}
    assert reference.titles == {"minister": "state", "ministers": "state"}


def test_predicates_say_what_they_govern(reference: Reference) -> None:
    get, take = (reference.transfer_predicates[lemma, "verb", ""] for lemma in ("get", "take"))
    assert (get.needs_parties, get.light, take.needs_parties, take.light) == (True, False, False, True)


def test_a_verb_may_tell_of_several_relations(reference: Reference) -> None:
    rows = reference.relation_predicates["meet", "verb", ""]
    assert [(row.relation, row.object_via) for row in rows] == [("consult", ("with", "dobj")), ("agree", ("on",))]


def test_words_are_grouped(reference: Reference) -> None:
    assert reference.words == {"organ": {"army", "navy"}, "deal": {"sale"}}
    assert reference.descriptions == {"kingdom": {"NOR"}}


@pytest.mark.parametrize(
    ("text", "weapon", "category", "strong"),
    [
        ("a Bolt Mk 1", "Bolt", "missile", True),
        # A name that is also a word is weak; in lower case it is only the word.
        ("a Bolt", "Bolt", "missile", False),
        ("a bolt", None, "components", False),
        ("two tanks", None, "battle_tank", True),
        ("a fish tank", None, "none", True),
    ],
)
def test_meaning_of_a_name(reference: Reference, text: str, weapon: str | None, category: str, strong: bool) -> None:
    (match,) = [m for m in find_names(text, reference) if m.materiel]
    assert match.materiel is not None
    assert (match.materiel.weapon, match.materiel.category, match.materiel.strong) == (weapon, category, strong)


def test_an_alias_of_an_unknown_actor_is_an_error() -> None:
    with pytest.raises(KeyError, match="nobody"):
        small(actor_aliases="alias,actor_id,form,ambiguity\nNobody,nobody,name,")


def test_the_extractor_is_loaded_once() -> None:
    assert loading.load_extractor() is loading.load_extractor()


def test_all_tables_are_there_with_rows() -> None:
    assert [name for name in loading.TABLES if not loading.read_table(name)] == []


def test_a_missing_table_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no_such_table\.csv"):
        loading.read_table("no_such_table")


def test_no_language_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="pip install en-core-web-sm"):
        loading.model_name()


def version_of(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(loading, "ROOT", root)
    monkeypatch.setattr(loading, "SEEDS", root / "seeds")
    return loading.extractor_version.__wrapped__()


def test_version_follows_code_and_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "transforms").mkdir()
    (tmp_path / "seeds").mkdir()
    code, seed = tmp_path / "transforms" / "text.py", tmp_path / "seeds" / "actors.csv"
    code.write_text("one\n")
    for name in loading.TABLES:
        (tmp_path / "seeds" / f"{name}.csv").write_text("a,b\n")
    first = version_of(tmp_path, monkeypatch)
    assert version_of(tmp_path, monkeypatch) == first
    code.write_text("two\n")
    second = version_of(tmp_path, monkeypatch)
    seed.write_text("a,b\n1,2\n")
    third = version_of(tmp_path, monkeypatch)
    (tmp_path / "seeds" / "materiel_categories.csv").write_text("not read by the extractor\n")
    assert len({first, second, third}) == 3
    assert version_of(tmp_path, monkeypatch) == third
