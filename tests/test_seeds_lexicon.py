"""The tables of words for transfers, stages, relations and reports: keys, and values that the code knows."""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ROOT / "seeds"

# Table: key columns, then the others.
TABLES = {
    "anaphors": ("noun category", ""),
    "claim_operators": ("lemma pos status", "factuality control"),
    "hedges": ("word", "factuality"),
    "relation_predicates": ("lemma pos particle relation object_via", "status"),
    "reporting_verbs": ("lemma", "factuality"),
    "state_descriptions": ("description actor_id", ""),
    "state_successions": ("predecessor_id successor_id", "until"),
    "stop_phrases": ("phrase", "reason"),
    "transfer_predicates": ("lemma pos particle subject_role object_actor_role", "status governs"),
    "word_classes": ("word_class lemma", ""),
}
STATUSES = {
    *("requested", "offered", "planned", "negotiated", "ordered", "approved"),
    *("in_transit", "delivered", "suspended", "cancelled", "seized"),
}
FACTUALITIES = {"CT+", "PR+", "PS+", "CT-", "PR-", "PS-", "Uu"}
RELATIONS = {
    *("agree", "consult", "support", "cooperate", "aid", "concede", "request", "accuse", "reject", "threaten"),
    *("protest", "sanction", "mobilize", "coerce", "assault"),
}
MUTUAL = {"agree", "consult", "cooperate"}
# Who the subject of a predicate is: a party, the item itself, or someone who tells of a transfer otherwise.
ROLES = {"supplier", "recipient", "agent_supplier", "agent_recipient", "item", "user", "found", "seizer", "carrier"}
GOVERNS = {"item", "item_and_parties", "noun"}


@cache
def seed(table: str) -> tuple[dict[str, str], ...]:
    """The rows of one seed table."""
    with (SEEDS / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def values(table: str, column: str) -> set[str]:
    return {row[column] for row in seed(table)}


@pytest.mark.parametrize("table", TABLES)
def test_table_is_well_formed(table: str) -> None:
    content = (SEEDS / f"{table}.csv").read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"\n")
    key, others = (columns.split() for columns in TABLES[table])
    rows = seed(table)
    assert list(rows[0]) == [*key, *others, "source", "licence"]
    assert [row for row in rows if any(value is None or value != value.strip() for value in row.values())] == []
    keys = [tuple(row[column] for column in key) for row in rows]
    assert keys == sorted(keys)
    assert [key for key, count in Counter(keys).items() if count > 1] == []
    assert values(table, "licence") == {"Apache-2.0"}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("anaphors", "noun"),
        ("claim_operators", "lemma"),
        ("hedges", "word"),
        ("relation_predicates", "lemma"),
        ("reporting_verbs", "lemma"),
        ("state_descriptions", "description"),
        ("transfer_predicates", "lemma"),
        ("transfer_predicates", "particle"),
        ("word_classes", "lemma"),
    ],
)
def test_words_are_lower_case(table: str, column: str) -> None:
    assert [word for word in values(table, column) if word != word.lower() or "  " in word] == []


@pytest.mark.parametrize("table", ["claim_operators", "transfer_predicates", "relation_predicates"])
def test_statuses(table: str) -> None:
    assert values(table, "status") <= STATUSES | {""}


@pytest.mark.parametrize("table", ["claim_operators", "hedges", "reporting_verbs"])
def test_factualities(table: str) -> None:
    assert values(table, "factuality") <= FACTUALITIES | {""}


def test_anaphors_stand_for_categories() -> None:
    assert values("anaphors", "category") - values("materiel_categories", "category") == {"any"}
    several = {row["noun"] for row in seed("anaphors") if row["category"] != "any"}
    assert several & {row["noun"] for row in seed("anaphors") if row["category"] == "any"} == set()


def test_operators() -> None:
    assert values("claim_operators", "pos") == {"verb", "noun", "adj"}
    assert values("claim_operators", "control") <= {"subject", "object"}


def test_hedges_lower_certainty() -> None:
    assert values("hedges", "factuality") <= {"PR+", "PS+"}


def test_transfer_predicates() -> None:
    rows = seed("transfer_predicates")
    assert values("transfer_predicates", "pos") == {"verb", "noun"}
    assert values("transfer_predicates", "subject_role") <= ROLES
    assert values("transfer_predicates", "object_actor_role") <= {"supplier", "recipient", ""}
    assert values("transfer_predicates", "governs") <= GOVERNS
    assert [row["lemma"] for row in rows if not row["status"]] == []
    # The two sides of a transfer are two.
    assert [row["lemma"] for row in rows if row["subject_role"] == row["object_actor_role"]] == []
    assert [
        row["lemma"] for row in rows if row["pos"] == "noun" and (row["object_actor_role"] or row["particle"])
    ] == []


def test_relation_predicates() -> None:
    assert values("relation_predicates", "relation") <= RELATIONS
    assert values("relation_predicates", "pos") <= {"verb", "noun", "adj"}
    empty = [row for row in seed("relation_predicates") if "" in row["object_via"].split(";")]
    assert empty == []


def test_every_relation_can_be_told() -> None:
    # A street protest needs no other actor; what has none is not stored.
    assert RELATIONS - values("relation_predicates", "relation") <= {"protest"}


def test_descriptions_are_of_known_states() -> None:
    states = {row["actor_id"] for row in seed("actors") if row["kind"] == "state"}
    assert values("state_descriptions", "actor_id") - states == set()


def test_successions_are_of_known_states() -> None:
    states = {row["actor_id"] for row in seed("actors") if row["kind"] == "state"}
    assert values("state_successions", "predecessor_id") | values("state_successions", "successor_id") <= states


def test_stop_phrases_do_not_stand_in_the_way_of_a_name() -> None:
    """A stop phrase hides what it spells: it must be the name of no actor and no weapon."""
    names = {row["alias"].lower() for table in ("actor_aliases", "weapon_aliases") for row in seed(table)}
    assert values("stop_phrases", "phrase") & names == set()


def word_classes_in_code() -> set[str]:
    """The classes that the code asks for by name: `words["organ"]`."""
    asked = set()
    for path in (ROOT / "transforms").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Subscript) and re.search(r"\bwords$", ast.unparse(node.value)):
                asked |= {
                    c.value for c in ast.walk(node.slice) if isinstance(c, ast.Constant) and isinstance(c.value, str)
                }
    return asked


def test_the_code_finds_its_word_classes() -> None:
    asked = word_classes_in_code()
    assert {"organ", "partitive", "light_verb"} <= asked
    assert asked - values("word_classes", "word_class") == set()


def test_every_word_class_is_used() -> None:
    """By name in the code, or by a relation's way to its object."""
    ways = {way for row in seed("relation_predicates") for way in row["object_via"].split(";")}
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "transforms").glob("*.py"))
    spelled = {name for name in values("word_classes", "word_class") if f'"{name}"' in code}
    assert values("word_classes", "word_class") - spelled - ways == set()


def test_every_table_of_the_extractor_is_tested() -> None:
    """The word lists here, the tables of actors and of materiel beside this module."""
    from flows.reference import TABLES as loaded

    elsewhere = {"actors", "actor_aliases", "titles", "currencies", "materiel_nouns", "number_words"}
    elsewhere |= {"units", "weapons", "weapon_aliases"}
    assert set(loaded) == set(TABLES) | elsewhere
