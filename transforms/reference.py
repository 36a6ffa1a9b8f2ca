"""The reference tables as the extractor sees them, built from the rows of `seeds/*.csv`."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import ahocorasick

from transforms.quantities import NumberTables, build_number_tables
from transforms.text import lower, normalise

Row = Mapping[str, str]
Tables = Mapping[str, Iterable[Row]]


@dataclass(frozen=True, slots=True)
class Actor:
    """A row of actors.csv, or an actor that a document names and no table knows."""

    actor_id: str
    name: str
    kind: str
    country: str | None


@dataclass(frozen=True, slots=True)
class Materiel:
    """What a name or noun of materiel says: a canonical `weapon` or None, category, counted noun, strength."""

    weapon: str | None
    category: str
    unit: str | None
    strong: bool
    producer_id: str | None = None


@dataclass(frozen=True, slots=True)
class ActorAlias:
    """One meaning of an actor's name."""

    actor: Actor
    form: str
    ambiguity: str


@dataclass(frozen=True, slots=True)
class Match:
    """A name found in a text: characters start to end, and what it may mean."""

    start: int
    end: int
    actors: tuple[ActorAlias, ...] = ()
    materiel: Materiel | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class TransferPredicate:
    """A row of transfer_predicates.csv."""

    subject_role: str
    object_actor_role: str
    status: str
    needs_parties: bool
    """Whether both parties must stand beside the word: 'build' and 'get' tell of a transfer only then."""
    light: bool
    """Whether the word tells of a transfer only with a noun of transfer as its object: 'took delivery of'."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A row of claim_operators.csv: what a word above a transfer makes of its status and factuality."""

    status: str
    factuality: str
    control: str


@dataclass(frozen=True, slots=True)
class RelationPredicate:
    """A row of relation_predicates.csv."""

    relation: str
    object_via: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """All reference tables; immutable, shared by all documents of a process."""

    actors: Mapping[str, Actor]
    names: ahocorasick.Automaton
    numbers: NumberTables
    units: Mapping[str, str]
    transfer_predicates: Mapping[tuple[str, str, str], TransferPredicate]
    operators: Mapping[tuple[str, str], Operator]
    reporting_verbs: Mapping[str, str]
    hedges: Mapping[str, str]
    relation_predicates: Mapping[tuple[str, str, str], tuple[RelationPredicate, ...]]
    titles: Mapping[str, str]
    title_states: Mapping[str, str]
    """For a title that few states but one give, the id of that state: 'chief cabinet secretary'."""
    words: Mapping[str, frozenset[str]]
    """Lemmas by the class that word_classes.csv puts them in: `organ`, `partitive`, `troops`, …"""
    successions: Mapping[str, tuple[date, Actor]]
    """For a state's id, the last day of its predecessor, and the predecessor."""
    descriptions: Mapping[str, frozenset[str]]
    """State ids by what a state may be called: 'kingdom', 'West African nation'."""
    anaphors: Mapping[str, frozenset[str]]
    """For a noun that may stand for materiel named before, the categories that it may stand for; empty for all."""
    arsenals: Mapping[str, int]
    """How large a part of the weapons of weapons.csv a maker makes, from 1 (next to none) to 10 (all of them)."""


def _arsenals(makers: Iterable[str]) -> dict[str, int]:
    """The makers' shares in powers of two: steps so large that a few more rows of the table move nobody."""
    counts = Counter(makers)
    return {maker: math.ceil(math.log2(1 + 1_000 * count / counts.total())) for maker, count in counts.items()}


def build_reference(tables: Tables) -> Reference:
    """Build the look-ups. `tables` maps a table's name (`actors`, `weapons`, …) to its rows."""
    actors = {
        r["actor_id"]: Actor(r["actor_id"], r["name"], r["kind"], r["country"] or _own_country(r))
        for r in tables["actors"]
    }
    titles: dict[str, str] = {}
    for r in tables["titles"]:
        for form in (r["title"], r["plural"]):
            if form:
                titles[form] = r["rank"]
    predicates = {
        (r["lemma"], r["pos"], r["particle"]): TransferPredicate(
            r["subject_role"],
            r["object_actor_role"],
            r["status"],
            r["governs"] == "item_and_parties",
            r["governs"] == "noun",
        )
        for r in tables["transfer_predicates"]
    }
    relations: dict[tuple[str, str, str], list[RelationPredicate]] = defaultdict(list)
    for r in tables["relation_predicates"]:
        relations[r["lemma"], r["pos"], r["particle"]].append(
            RelationPredicate(r["relation"], tuple(r["object_via"].split(";")))
        )
    return Reference(
        actors=actors,
        names=_names(tables, actors, titles),
        numbers=build_number_tables(tables["number_words"], tables["currencies"]),
        units={form: r["unit"] for r in tables["units"] for form in (r["unit"], r["plural"]) if form},
        transfer_predicates=predicates,
        operators={
            (r["lemma"], r["pos"]): Operator(r["status"], r["factuality"], r["control"])
            for r in tables["claim_operators"]
        },
        reporting_verbs={r["lemma"]: r["factuality"] for r in tables["reporting_verbs"]},
        hedges={r["word"]: r["factuality"] for r in tables["hedges"]},
        relation_predicates={key: tuple(rows) for key, rows in relations.items()},
        titles=titles,
        title_states={r["title"]: r["country"] for r in tables["titles"] if r.get("country")},
        words=_grouped(tables["word_classes"], "word_class", "lemma"),
        successions={
            r["successor_id"]: (date.fromisoformat(r["until"]), actors[r["predecessor_id"]])
            for r in tables["state_successions"]
        },
        descriptions=_grouped(tables["state_descriptions"], "description", "actor_id"),
        anaphors={n: c - {"any"} for n, c in _grouped(tables["anaphors"], "noun", "category").items()},
        arsenals=_arsenals(r["producer_id"] for r in tables["weapons"]),
    )


def _grouped(rows: Iterable[Row], key: str, value: str) -> dict[str, frozenset[str]]:
    groups: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        groups[row[key]].add(row[value])
    return {name: frozenset(values) for name, values in groups.items()}


def _own_country(row: Row) -> str | None:
    return row["actor_id"] if row["kind"] == "state" else None


def _names(tables: Tables, actors: Mapping[str, Actor], titles: Mapping[str, str]) -> ahocorasick.Automaton:
    """One automaton for all names, keyed in lower case; each value lists (spelling or None for any case, meaning)."""
    meanings: dict[str, list[tuple[str | None, ActorAlias | Materiel | str]]] = defaultdict(list)
    for r in tables["actor_aliases"]:
        alias = ActorAlias(actors[r["actor_id"]], r["form"], r["ambiguity"])
        spelled = normalise(r["alias"])
        meanings[lower(spelled)].append((spelled, alias))
    weapons = {
        r["weapon"]: Materiel(r["weapon"], r["category"], r["unit"] or None, True, r["producer_id"] or None)
        for r in tables["weapons"]
    }
    for r in tables["weapon_aliases"]:
        weapon = weapons[r["weapon"]]
        spelled = normalise(r["alias"])
        if r["ambiguity"]:
            weapon = Materiel(weapon.weapon, weapon.category, weapon.unit, False, weapon.producer_id)
        meanings[lower(spelled)].append((spelled, weapon))
    for r in tables["materiel_nouns"]:
        noun = Materiel(None, r["category"], r["unit"] or None, r["strength"] == "strong")
        for form in {r["noun"], r["plural"]} - {""}:
            meanings[form].append((None, noun))
    for r in tables["stop_phrases"]:
        # The longest name wins, so that 'South China Sea' hides China; one with capitals counts only as spelled.
        is_spelled = r["phrase"] != lower(r["phrase"])
        nothing = Materiel(None, "none", None, True)
        meanings[lower(r["phrase"])].append((r["phrase"] if is_spelled else None, nothing))
    for title in titles:
        meanings[title].append((None, title))
    automaton = ahocorasick.Automaton()
    for key, values in meanings.items():
        automaton.add_word(key, (len(key), tuple(values)))
    automaton.make_automaton()
    return automaton
