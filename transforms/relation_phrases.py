"""Who the noun phrases of a sentence are for a relation: actors, their people and things, and whom a pronoun means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from spacy.tokens import Token

from transforms.context import Context, actors_of
from transforms.frames import party_id
from transforms.grammar import agents, antecedent, is_passive, objects, prepositions, subjects, with_conjuncts
from transforms.mentions import ActorMention, ParsedSentence
from transforms.reference import Actor, Reference

Ends = tuple[ActorMention, ActorMention]
"""Who does it, and to whom."""

_MODIFIERS = frozenset({"poss", "amod", "compound", "nmod"})
_PLACED = frozenset(
    {"in", "of", "on", "at", "near", "outside", "inside", "around", "over", "from", "by", "off", "along", "across"}
)
_PEOPLE = ("organ", "troops", "fleet", "envoy", "office")
_OBJECTS = frozenset({"it", "them"})
_AT_HOME = frozenset({"of", "from", "in", "at"})
_TOGETHER = frozenset({"jointly", "together"})
_OURS = frozenset({"we", "our", "ours", "us"})
_ACTING = frozenset({"state", "state_organ", "armed_group", "intergovernmental"})
# More actors than this on one side are a list of members, not of doers.
_MAX_ENDS = 7
_MAX_MUTUAL = 4


@dataclass(frozen=True)
class Reader:
    """A sentence with what is needed to say who its noun phrases are."""

    sentence: ParsedSentence
    reference: Reference
    context: Context
    voice: ActorMention | None = None
    """The state that says 'we' in a transcript."""

    def is_of(self, word_class: str, token: Token) -> bool:
        """Whether a word belongs to a class of word_classes.csv."""
        return token.lemma_.lower() in self.reference.words[word_class]

    # Noun phrases

    def who(self, tokens: Iterable[Token]) -> list[ActorMention]:
        """The actors that the noun phrases with these heads stand for."""
        return [m for t in tokens for m in self._actors(t)]

    def _actors(self, token: Token) -> list[ActorMention]:
        if self.voice is not None and token.lower_ in _OURS and token.i not in self.sentence.names:
            return [ActorMention(self.voice.actor, *self.sentence.span(token, token), "pronoun")]
        found = actors_of(antecedent(token), self.sentence, self.context)
        if self.voice is not None and found and found[0].actor is self._home() and self._is_bare_office(token):
            # 'The President spoke …': the speaker's own.
            return [replace(found[0], actor=self.voice.actor)]
        if token.lower_ in _OBJECTS and token.dep_ in {"dobj", "pobj", "dative"} and found:
            # 'Cairo, which recognised Sudan and sold it rifles': who does it is not 'it'.
            verb = next((t for t in token.ancestors if t.pos_ == "VERB"), token)
            doers = [m for t in subjects(verb) for m in actors_of(t, self.sentence, self.context)]
            if any(not apart(d, m) for d in doers for m in found):
                named = [m for i, m in sorted(self.sentence.names.items()) if i < token.i]
                return [m for m in named if m.actor.kind in _ACTING and all(apart(d, m) for d in doers)][-1:]
        return found

    def _is_bare_office(self, token: Token) -> bool:
        return self.is_of("office", token) and not any(t.i in self.sentence.names for t in token.subtree)

    def _home(self) -> Actor | None:
        return self.context.home.actor if self.context.home is not None else None

    def who_or_whose(self, token: Token) -> list[ActorMention]:
        """The actor that a noun phrase is, else whose it is: 'against Ukrainian cities'."""
        return self._listed(token) or self.who([token]) or self.owners(token)

    def _listed(self, noun: Token) -> list[ActorMention]:
        """Several whose people a plural means: 'Venezuelan and Colombian ministers'."""
        if noun.tag_ not in {"NNS", "NNPS"} or noun.i in self.sentence.names:
            return []
        beside = self.modifiers(noun)
        if len(distinct(beside)) < 2 and any(self.is_of(c, noun) for c in _PEOPLE):
            beside = [m for name, n in prepositions(noun) if name in {"of", "from"} for m in self.who([n])]
        return beside if len(distinct(beside)) > 1 else []

    def is_item(self, thing: Token) -> bool:
        """Whether a noun names materiel."""
        return any(thing.i in {item.head.i, item.top.i} for item in self.sentence.items)

    def owners(self, thing: Token) -> list[ActorMention]:
        """Whose a thing is. Not of arms: 'shot down North Korean missiles' hits whoever fired them, not the maker."""
        if self.is_item(thing):
            return []
        return self.modifiers(thing) or [
            m
            for name, noun in prepositions(thing)
            if name in _PLACED
            for m in (self.who([noun]) or self.modifiers(noun))
        ]

    def modifiers(self, noun: Token, *, places: bool = True) -> list[ActorMention]:
        """The possessors and modifiers of a noun: 'his', 'U.S.', 'Chinese and Cambodian'."""
        names = self.sentence.names
        children = [c for c in noun.children if c.i < noun.i and c.dep_ in _MODIFIERS]
        beside = [t for c in children for t in (*with_conjuncts(c), *(b for b in c.children if b.dep_ in _MODIFIERS))]
        named = [names[t.i] for t in beside if t.i in names and names[t.i].actor.kind != "media"]
        named = named if places else [m for m in named if m.form != "place"]
        pronouns = [c for c in children if c.dep_ == "poss" and c.i not in names]
        return named or self.who(t for c in pronouns for t in (_whose(c) if c.lower_ == "whose" else [c]))

    def after(self, token: Token, names: Iterable[str]) -> list[ActorMention]:
        """The actors, or the owners of the things, that a token's prepositions govern."""
        more = [
            (c.lower_, n)
            for p in token.children
            if p.dep_ == "prep"
            for c in p.children
            if c.dep_ == "conj"
            for n in c.children
        ]
        governed = [*prepositions(token), *more]
        return [m for name, noun in governed if name in names for m in self.who_or_whose(noun)]

    def acting(self, nouns: Iterable[Token]) -> list[ActorMention]:
        """Who acts where these are the subjects: the actors themselves, else those whose people or arms they are."""
        found: list[ActorMention] = []
        for noun in nouns:
            mentions = self._listed(noun) or self.who([noun]) or self.modifiers(noun)
            mentions = mentions or self.who(c for c in noun.children if c.dep_ == "appos")
            people = any(self.is_of(c, noun) for c in _PEOPLE)
            found += mentions or (self.after(noun, _AT_HOME) if people else []) or self._home_office(noun)
            found += self.after(noun, {"alongside"})
        return [m for mention in found for m in self._as_state(mention)]

    def _as_state(self, mention: ActorMention) -> list[ActorMention]:
        """A person of whom no state is known speaks for the one that the document is written from."""
        if mention.actor.kind != "person" or mention.actor.country:
            return [mention]
        home = self.voice or self.context.home
        return [ActorMention(home.actor, mention.start, mention.end, "person")] if home is not None else []

    def _home_office(self, noun: Token) -> list[ActorMention]:
        """'the Foreign Secretary', 'the defence ministry': an office is where the sentence says, else at home."""
        if not self.is_of("office", noun) or noun.tag_ in {"NNS", "NNPS"}:
            return []
        there = [
            n for name, n in prepositions(noun.head) if name == "in" and n.i < noun.i and n.i in self.sentence.names
        ]
        if there:
            return [self.sentence.names[there[0].i]]
        home = self.voice or self.context.home
        if home is None:
            return []
        return [ActorMention(home.actor, *self.sentence.span(noun, noun), "organ")]

    # Predicates

    def doers(self, verb: Token) -> list[ActorMention]:
        """Who does what a verb or adjective says."""
        if verb.pos_ == "ADJ":
            return self.acting(subjects(verb.head)) if verb.dep_ in {"acomp", "oprd", "conj"} else []
        if is_passive(verb):
            return self.acting(agents(verb))
        together = [m for c in verb.children if c.lower_ in _TOGETHER for m in self.after(c, {"with"})]
        # The tagger takes a name before the verb for a circumstance: 'Beijing, for its part, sanctioned …'.
        return [*self.acting(subjects(verb) or self._beside(verb)), *together]

    def _beside(self, verb: Token) -> list[Token]:
        """The name that the tagger has taken for a circumstance: 'In 2021 Taiwan donated …'."""
        if verb.tag_ not in {"VBD", "VBZ", "VBP"} and verb.dep_ != "ROOT":
            return []
        before = [c for c in verb.children if c.i < verb.i]
        before += [n for c in before if c.lower_ in {"in", "on", "since"} for n in c.children]
        before += [n for c in before if c.dep_ == "pobj" and c.ent_type_ == "DATE" for n in c.children]
        kept = [t for t in before if t.i in self.sentence.names and t.dep_ in {"npadvmod", "dep", "pobj", "appos"}]
        return kept[-1:]

    def things(self, verb: Token) -> list[Token]:
        """What is done to: the objects, those of a particle taken for a preposition ('called in the ambassador')."""
        particles = [c for c in verb.children if c.dep_ == "prep" and c.i == verb.i + 1]
        lemma = verb.lemma_.lower()
        split = [p for p in particles if (lemma, "verb", p.lower_) in self.reference.relation_predicates]
        behind = [
            c for c in verb.children if c.i > verb.i and c.dep_ in {"npadvmod", "dep"} and c.i in self.sentence.names
        ]
        return objects(verb) or [n for p in split for n in p.children if n.dep_ == "pobj"] or behind

    def other_party(self, verb: Token, *, answer: bool) -> list[ActorMention]:
        """Whom a word without a name is about: who acted before it in the sentence, else who last turned on the doer.

        If it is no `answer`, then failing that whoever is named before it, or the state that the document is about.
        """
        doers = self.doers(verb)
        here = [m for t in self.sentence.doc[: verb.i] if t.dep_ in {"nsubj", "nsubjpass"} for m in self.who([t])]
        turned = [self.context.turned_on[p] for d in doers if (p := party_id(d)) in self.context.turned_on]
        before = [m for i, m in sorted(self.sentence.names.items()) if i < verb.i]
        home = [] if answer else self.here()
        for mentions in (here, [] if answer else before, turned, home):
            others = [m for m in mentions if m.actor.kind in _ACTING and all(apart(d, m) for d in doers)]
            if doers and others:
                return others[-1:]
        return []

    def here(self) -> list[ActorMention]:
        """The state that the document is about: where a place without a name lies."""
        return [self.context.home] if self.context.home is not None else []


def _whose(pronoun: Token) -> list[Token]:
    """The nouns that 'whose' stands for."""
    clause = next((t for t in pronoun.ancestors if t.dep_ == "relcl"), pronoun)
    return [t for t in with_conjuncts(clause.head) if t.i < pronoun.i]


def inside(noun: Token) -> list[Token]:
    """A noun with what it counts or lists: 'tonnes of food and medicine', 'a shipment of rice'."""
    counted = [n for name, n in prepositions(noun) if name == "of"]
    return [t for n in [noun, *counted] for t in (*with_conjuncts(n), *(c for c in n.children if c.dep_ == "compound"))]


def across(doers: Sequence[ActorMention], done_to: Sequence[ActorMention]) -> list[Ends]:
    """Every doer with everyone that it is done to."""
    return [(a, b) for a in distinct(doers) for b in distinct(done_to) if apart(a, b)]


def mutual(parties: Sequence[ActorMention]) -> list[Ends]:
    """Every pair of those that do something together; of many, the first with each other."""
    several = distinct(parties)
    pairs = combinations(several, 2) if len(several) <= _MAX_MUTUAL else ((several[0], b) for b in several[1:])
    return [(a, b) for a, b in pairs if apart(a, b)]


def apart(subject: ActorMention, other: ActorMention) -> bool:
    """Whether two actors are not the same, nor one a part of the other."""
    a, b = party_id(subject), party_id(other)
    if a == b:
        return False
    return (subject.actor.country != b or _rebels(subject)) and (other.actor.country != a or _rebels(other))


def _rebels(mention: ActorMention) -> bool:
    """Whether an actor may be against the state that it is from."""
    return mention.actor.kind == "armed_group"


def distinct(mentions: Iterable[ActorMention]) -> list[ActorMention]:
    """The mentions without those that name a party once more."""
    kept: dict[str, ActorMention] = {}
    for mention in mentions:
        end = party_id(mention)
        if end is not None:
            kept.setdefault(end, mention)
    return list(kept.values())[:_MAX_ENDS]
