"""How `object_via` of relation_predicates.csv leads from the word of a relation to its object."""

from __future__ import annotations

from collections.abc import Callable

from spacy.tokens import Token

from transforms.grammar import antecedent, objects, prepositions, subjects
from transforms.mentions import ActorMention
from transforms.relation_phrases import Reader, apart, inside

_TOPIC_TO = ("with", "to", "for", "from", "against", "on", "over", "of", "in", "about", "at")
_QUANTIFYING = frozenset({"over", "about", "around", "than"})
_AGAINST = frozenset({"against", "over", "at", "about"})
_MANNED = frozenset({"combat_aircraft", "helicopter", "other_aircraft", "warship"})
_ABOUT = frozenset({"about", "over", "at", "of", "by", "that"})
_VISITED = frozenset({"in", "to", "for", "from", "at"})
_DEFINITE = frozenset({"the", "this", "that", "these", "those", "such"})
_ANAPHORIC = frozenset({"it", "this", "that", "them", "which", "so", "these", "those"})


def _by_preposition(reader: Reader, token: Token, via: str) -> list[ActorMention]:
    """The actors behind a preposition of the predicate, or of its object: 'signed deals with Turkish companies'."""
    found = reader.after(token, {via})
    if not found and token.pos_ == "VERB":
        found = [m for o in objects(token) for m in reader.after(o, {via})]
    return found


def _by_object(reader: Reader, verb: Token, via: str) -> list[ActorMention]:
    return [m for t in reader.things(verb) for m in reader.who_or_whose(t)]


def _by_cargo(reader: Reader, verb: Token, via: str) -> list[ActorMention]:
    """'detained a British lorry', 'protested against the German tanks': whose the arms or the vehicle are."""
    things = [*objects(verb), *(noun for name, noun in prepositions(verb) if name in _AGAINST)]
    return [m for t in things if reader.is_item(t) for m in reader.modifiers(t)]


def _by_aircraft(reader: Reader, verb: Token, via: str) -> list[ActorMention]:
    """'shot down a Turkish Phantom': a manned aircraft is of whoever flies it."""
    flown = {item.head.i for item in reader.sentence.items if item.materiel.category in _MANNED}
    return [m for t in objects(verb) if t.i in flown for m in reader.modifiers(t)]


def _by_person(reader: Reader, verb: Token, via: str) -> list[ActorMention]:
    """Persons, states and their organs; nobody receives a thing in this sense."""
    people = [
        t for t in reader.things(verb) if _is_person(reader, t) or reader.is_of("envoy", t) or reader.is_of("organ", t)
    ]
    return [m for t in people if not reader.is_item(t) for m in reader.who_or_whose(t)]


def _by_clause(reader: Reader, verb: Token, via: str) -> list[ActorMention]:
    """'wants Beijing to talk', 'demands that Russia withdraw': who is to do it."""
    clauses = [c for c in verb.children if c.dep_ in {"ccomp", "xcomp"}]
    return [m for c in clauses for s in c.children if s.dep_ == "nsubj" for m in reader.who_or_whose(s)]


def _by_topic(reader: Reader, verb: Token, via: str) -> list[ActorMention]:
    """'threatened to block Kyiv's talks': the first actor below the verb that is not the doer."""
    doers = reader.doers(verb)
    for below in verb.subtree:
        if below.i > verb.i and below.dep_ in {
            "pobj",
            "nsubj",
            "nsubjpass",
            "poss",
            "dobj",
            "amod",
            "compound",
            "dative",
        }:
            named = reader.sentence.names.get(below.i)
            found = [m for m in [named] if m and m.actor.kind != "media" and any(apart(d, m) for d in doers)]
            if found:
                return found
    return []


def _by_class(reader: Reader, verb: Token, via: str) -> list[ActorMention]:
    """'recalled its ambassador from X', 'broke off relations with X', 'sent X food': the object tells of what."""
    counted = [n for name, n in prepositions(verb) if name in _QUANTIFYING]
    things = [*reader.things(verb), *counted]
    told = [
        o for o in things if any(reader.is_of(via, t) for t in (_cargo(reader, o) if via == "relief" else inside(o)))
    ]
    if not told:
        return []
    found = [m for o in things if o not in told for m in reader.who_or_whose(o)]
    sources = [*told, *(t for o in told for t in o.subtree if t != o and t.pos_ == "NOUN"), verb]
    found = found or next((f for s in sources if (f := reader.after(s, _TOPIC_TO))), [])
    found = found or [m for o in told for m in reader.modifiers(o)]
    return found or (reader.here() if via == "relief" else [])


def _by_concern(reader: Reader, token: Token, via: str) -> list[ActorMention]:
    """'expressed concern about the possibility of Pyongyang sending troops': the first actor below the concern."""
    things = objects(token) if token.pos_ == "VERB" else [token]
    if token.pos_ == "VERB" and not any(reader.is_of("concern", o) for o in things):
        return []
    told = [m for t in [token, *things] for m in reader.after(t, {"to", "with"})]
    if told:
        # 'raised with Beijing its concern about …'
        return told
    topic = next((t.i for t in token.subtree if t.i > token.i and t.lower_ in _ABOUT), token.i)
    for below in token.subtree:
        if below.i > topic and below.dep_ in {"pobj", "nsubj", "poss", "amod", "compound"}:
            names = reader.sentence.names
            found = [names[below.i]] if below.i in names else reader.who([antecedent(below)])
            if found:
                return found
    return []


def _by_context(reader: Reader, verb: Token, via: str) -> list[ActorMention]:
    """'rejected the charge', 'denies it': where the object points back, whoever was spoken of last beside the doer."""
    asked = [s for c in verb.children if c.dep_ == "ccomp" for s in c.children if s.dep_ in {"nsubj", "nsubjpass"}]
    things = [t for t in [*objects(verb), *asked] if not reader.is_item(t)]
    pointing = [t for t in things if t.lower_ in _ANAPHORIC or any(_points_back(c) for c in t.children)]
    pointing += [verb] if verb.dep_ == "relcl" else []
    return reader.other_party(verb, answer=via == "answer") if pointing else []


def _by_teller(reader: Reader, verb: Token, via: str) -> list[ActorMention]:
    """'Pakistan said that Afghan jets had bombed a village': who tells of an attack has suffered it."""
    if verb.dep_ != "ccomp" or verb.head.lemma_.lower() not in reader.reference.reporting_verbs:
        return []
    return [m for m in reader.who(subjects(verb.head)) if m.actor.kind == "state" or m.actor.country]


def _points_back(token: Token) -> bool:
    return token.lower_ in _DEFINITE or (token.dep_ == "poss" and token.pos_ == "PRON")


def _by_journey(reader: Reader, verb: Token, via: str) -> list[ActorMention]:
    """'the minister flew to X', 'a delegation is in X': people of rank and where they go."""
    travellers = [t for t in subjects(verb) if reader.is_of("envoy", t) or _is_person(reader, t)]
    return [m for m in reader.after(verb, _VISITED) if m.actor.kind == "state"] if travellers else []


def _is_person(reader: Reader, token: Token) -> bool:
    return any(m.actor.kind == "person" and m.actor.country for m in reader.who([token]))


def _by_verdict(reader: Reader, verb: Token, via: str) -> list[ActorMention]:
    """'called the plan a provocation', 'described the charges as baseless': the verdict says what it is."""
    verdicts = [
        t
        for c in verb.children
        if c.dep_ in {"oprd", "ccomp", "xcomp", "attr", "dobj", "acomp", "prep", "advcl"} and c.i > verb.i
        for t in (c, *c.children)
        if reader.is_of(via, t)
    ]
    if not verdicts:
        return []
    judged = [
        c
        for c in [*verb.children, *(b for v in verdicts for b in (*v.children, *v.head.children))]
        if c.dep_ in {"dobj", "nsubj", "nsubjpass"} and c not in verdicts and (c.dep_ != "nsubj" or c.head != verb)
    ]
    judged += [t for t in objects(verb) if t not in judged and t not in verdicts]
    found = [m for t in judged for m in reader.who_or_whose(t) or reader.modifiers(t) if m.form != "pronoun"]
    return found or reader.other_party(verb, answer=via == "denial")


def _cargo(reader: Reader, noun: Token) -> list[Token]:
    """Everything that a phrase of goods names: '£5 million for food and shelter'; nothing where it names arms."""
    found, rest = [], [noun]
    while rest:
        token = rest.pop()
        found.append(token)
        rest += [c for c in token.children if c.dep_ in {"prep", "pobj", "conj", "compound", "nmod", "amod", "appos"}]
    return [] if any(reader.is_item(t) for t in found) else found


_VIAS: dict[str, Callable[[Reader, Token, str], list[ActorMention]]] = {
    "dobj": _by_object,
    "aircraft": _by_aircraft,
    "cargo": _by_cargo,
    "person": _by_person,
    "clause": _by_clause,
    "topic": _by_topic,
    "concern": _by_concern,
    "context": _by_context,
    "answer": _by_context,
    "teller": _by_teller,
    "journey": _by_journey,
    "blame": _by_verdict,
    "denial": _by_verdict,
    "praise": _by_verdict,
}
"""The ways that have a name; every other value of `object_via` is a word class or a preposition."""


def objects_by(reader: Reader, token: Token, via: str) -> list[ActorMention]:
    """The actors that a way of `object_via` leads to: a way by name, a word class of the object, or a preposition."""
    way = _VIAS.get(via, _by_class if via in reader.reference.words else _by_preposition)
    return way(reader, token, via)
