"""Who a noun phrase or a pronoun stands for, from the sentence and from what the document told before."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spacy.tokens import Token

from transforms.grammar import first_conjunct, governing_verb, subjects, with_conjuncts
from transforms.mentions import ActorMention, ParsedSentence
from transforms.reference import Reference

_TWO_OF_THEM = re.compile(r"(?:both|(?:the|these|all) (?:two|both)) ", re.I)
_DEFINITE_COUNTRY = re.compile(
    r"(?:the|that|this|its|their) (?:\w+ ){0,2}"
    r"(?:country|kingdom|republic|nation|island|monarchy|emirate|sultanate|state)$",
    re.I,
)
_FIRMS = frozenset(
    "firm company manufacturer maker contractor producer industry supplier seller exporter vendor".split()
)
_BEFORE_NOUN = frozenset({"amod", "compound", "nmod", "poss"})
_ACTING_KINDS = frozenset({"state", "state_organ", "armed_group", "intergovernmental"})


class Context:
    """What earlier sentences of a document make known: who was spoken of last, and who spoke."""

    def __init__(self, reference: Reference, home: ActorMention | None = None) -> None:
        self.reference = reference
        self.home = home
        self.subjects: list[ActorMention] = []
        self.mentioned: list[ActorMention] = []
        self.persons: list[ActorMention] = []
        self.last_subjects: list[ActorMention] = []
        """The actors that were subjects in the last sentence that had such."""
        self.last_named: list[ActorMention] = []
        """The states of the last sentence that named one."""
        self.speaker: tuple[str, ...] = ()
        self.introduced: tuple[int, str] | None = None
        """The person whom the last sentence without a quotation speaks of, with its index: who may speak next."""
        self.voice: ActorMention | None = None
        """The state that says 'we' in a transcript."""
        self.turned_on: dict[str, ActorMention] = {}
        """For a party, by id, who last accused it, asked it for something or threatened it: whom it answers."""

    def note(self, sentence: ParsedSentence) -> None:
        """Remember a sentence's actors after it has been read."""
        seen: set[ActorMention] = set()
        acting: list[ActorMention] = []
        for index in sorted(sentence.names):
            mention = sentence.names[index]
            if mention in seen:
                continue
            seen.add(mention)
            self.mentioned.append(mention)
            if mention.actor.kind == "person":
                self.persons.append(mention)
            token = _phrase_head(sentence.doc[index], _BEFORE_NOUN)
            if first_conjunct(token).dep_ in {"nsubj", "nsubjpass"} and mention.actor.kind != "media":
                acting.append(mention)
                if token.dep_ != "conj":
                    self.subjects.append(mention)
        self.last_subjects = acting or self.last_subjects
        states = [m for m in seen if m.actor.kind == "state"]
        if states:
            self.last_named = sorted(states, key=lambda m: (m.start, m.end))

    def pronoun(self, token: Token, sentence: ParsedSentence) -> list[ActorMention]:
        """Who a personal or possessive pronoun stands for: the last fitting actor before it."""
        word = token.lower_
        before = [(i, m) for i, m in sorted(sentence.names.items()) if i < token.i and m.actor.kind != "media"]
        start, end = sentence.span(token, token)
        if word in {"he", "she", "his", "her", "him", "i", "my"}:
            people = [m for _, m in before if m.actor.kind == "person"] or self.persons
            return [ActorMention(people[-1].actor, start, end, "pronoun")] if people else []
        if word in {"we", "our", "us", "ours"}:
            here = [m for m in sentence.names.values() if m.actor.kind == "person"]
            spoken_for = [p for p in (here or self.persons)[-1:] if p.actor.country and _quoted(token)]
            if not here and _quoted(token):
                spoken_for = _whose_speaker(sentence) or spoken_for
            mention = spoken_for[0] if spoken_for else self.home
            return [ActorMention(mention.actor, start, end, "pronoun")] if mention is not None else []
        if word in {"it", "its", "itself", "they", "their", "them"}:
            # 'Germany has supplied them': not Germany.
            doers = subjects(governing_verb(token)) if token.dep_ in {"dobj", "dative"} else []
            other = {sentence.names[t.i].actor.actor_id for t in doers if t.i in sentence.names}
            here = [m for i, m in before if _is_subject(sentence.doc[i]) and m.actor.kind != "person"]
            here = [m for m in here if m.actor.actor_id not in other]
            if word in {"they", "their", "them"} and not here and len(self.last_subjects) > 1:
                return [ActorMention(m.actor, start, end, "pronoun") for m in self.last_subjects]
            if other and word == "it" and not here:
                return []
            earlier = (m for m in reversed(self.subjects) if m.actor.kind != "person")
            candidates = here or [m for m in earlier if m.actor.actor_id not in other][:1]
            return [ActorMention(candidates[-1].actor, start, end, "pronoun")] if candidates else []
        return []

    def pair(self, sentence: ParsedSentence, token: Token) -> list[ActorMention]:
        """The two states that 'both countries' means: those named before it in the sentence, else in the last one.

        None where other than two are named there; office holders stand for their states.
        """
        here = [m for i, m in sorted(sentence.names.items()) if i < token.i and m.actor.kind in {"state", "person"}]
        acting = [m for m in self.last_subjects if m.actor.kind == "state"]
        for mentions in (here, acting, self.last_named):
            states = {m.actor.country: m for m in mentions if m.actor.country}
            if len(states) == 2:
                return [
                    ActorMention(self.reference.actors[state], m.start, m.end, "description")
                    for state, m in states.items()
                ]
        return []

    def latest(self, token: Token, sentence: ParsedSentence, start: int, end: int) -> list[ActorMention]:
        """The state named last before a token."""
        acting = [
            m for i, m in sorted(sentence.names.items()) if m.actor.kind == "state" and _is_subject(sentence.doc[i])
        ]
        if acting and token.dep_ == "nsubj":
            # 'Mali has bought drones, the government said.'
            return [ActorMention(acting[0].actor, start, end, "description")]
        states = self._states_before(token, sentence) or ([self.home] if self.home is not None else [])
        return [ActorMention(states[-1].actor, start, end, "description")] if states else []

    def _states_before(self, token: Token, sentence: ParsedSentence) -> list[ActorMention]:
        here = [m for i, m in sorted(sentence.names.items()) if i < token.i]
        return [m for m in [*self.mentioned, *here] if m.actor.kind == "state"]

    def counterpart(self, owners: Sequence[ActorMention], start: int, end: int) -> list[ActorMention]:
        """The state last named that is not the owner: whom 'its partner' means."""
        own = {m.actor.country or m.actor.actor_id for m in owners}
        others = [m for m in self.mentioned if m.actor.kind == "state" and m.actor.actor_id not in own]
        return [ActorMention(others[-1].actor, start, end, "description")] if owners and others else []

    def topic(self, start: int, end: int, among: frozenset[str] | None = None) -> list[ActorMention]:
        """The state that 'the country' stands for: the last one that was a subject, else the last one named.

        `among` are the states that the description fits ('the kingdom'), or None where it fits all.
        """
        fitting = [
            [m for m in mentions if m.actor.kind == "state" and (among is None or m.actor.actor_id in among)]
            for mentions in (self.subjects, self.mentioned)
        ]
        states = fitting[0] or fitting[1]
        return [ActorMention(states[-1].actor, start, end, "description")] if states else []


def actors_of(token: Token, sentence: ParsedSentence, context: Context) -> list[ActorMention]:
    """The actors that a noun phrase with this head stands for.

    Several for 'the two countries', none for a place or a thing.
    """
    mention = sentence.names.get(token.i)
    if mention is not None and mention.form == "adjective" and token.dep_ in {"amod", "compound"}:
        return []
    if mention is not None and (mention.form != "adjective" or token.pos_ in {"NOUN", "PROPN"}):
        return [mention]
    if token.pos_ == "PRON" or (token.dep_ == "poss" and token.lower_ in {"its", "their", "his", "her"}):
        return context.pronoun(token, sentence)
    organs = context.reference.words["organ"]
    if token.lemma_.lower() in organs or token.lower_ in organs:
        listed = _listed_after(token, sentence)
        if listed:
            return listed
        named = _named_beside(token, sentence)
        return [named] if named is not None else _described_actors(token, sentence, context)
    return []


def _listed_after(noun: Token, sentence: ParsedSentence) -> list[ActorMention]:
    """The members that a plural names after it: 'powers, notably the US and France', 'allies such as Poland'."""
    if noun.tag_ not in {"NNS", "NNPS"}:
        return []
    first = [c for c in noun.children if c.dep_ == "appos"]
    first += [n for c in noun.children if c.lower_ in {"including", "as", "like", "notably"} for n in c.children]
    members = [m for f in first for m in with_conjuncts(f)]
    return [sentence.names[m.i] for m in members if m.i in sentence.names and sentence.names[m.i].form != "adjective"]


def _named_beside(organ: Token, sentence: ParsedSentence) -> ActorMention | None:
    """Whose organ it is, where the phrase says so: 'Ukrainian authorities', 'the government of Mali'."""
    for child in sorted(organ.children, key=lambda c: -c.i):
        if child.dep_ in _BEFORE_NOUN and child.i < organ.i:
            for part in [child, *(c for c in child.children if c.dep_ in {"amod", "compound"})]:
                owner = sentence.names.get(part.i)
                in_office = owner is not None and owner.actor.kind == "person" and owner.actor.country is not None
                if owner is not None and (in_office or owner.actor.kind in _ACTING_KINDS):
                    end = max(owner.end, sentence.start + organ.idx + len(organ.text))
                    return ActorMention(owner.actor, owner.start, end, "firm" if organ.lemma_ in _FIRMS else "organ")
    after = [n for c in organ.children if c.dep_ == "prep" and c.lower_ == "of" for n in c.children]
    for noun in [n for n in after if n.i in sentence.names and sentence.names[n.i].actor.kind == "state"]:
        return sentence.names[noun.i]
    return next((sentence.names[c.i] for c in organ.children if c.dep_ == "appos" and c.i in sentence.names), None)


def _described_actors(organ: Token, sentence: ParsedSentence, context: Context) -> list[ActorMention]:
    """Whom a description without a name means: 'both countries', 'the kingdom', 'its ally', 'the regime'."""
    start, end = sentence.span(organ.left_edge, organ)
    phrase = sentence.doc.text[start - sentence.start : end - sentence.start]
    lemma, words = organ.lemma_.lower(), context.reference.words
    if _TWO_OF_THEM.match(phrase):
        return context.pair(sentence, organ)
    if _DEFINITE_COUNTRY.match(phrase):
        return context.topic(start, end, _described(phrase, context.reference))
    pronoun = next((c for c in organ.children if c.dep_ == "poss" and c.pos_ == "PRON"), None)
    if pronoun is not None:
        owners = context.pronoun(pronoun, sentence)
        return context.counterpart(owners, start, end) if lemma in words["counterpart"] else owners
    if not phrase.lower().startswith("the "):
        return []
    if organ.pos_ == "PROPN" and organ.text[0].isupper() and context.home is not None:
        # 'the Army', 'the Defence Ministry'
        return [ActorMention(context.home.actor, start, end, "organ")]
    return context.latest(organ, sentence, start, end) if lemma in words["ruler"] else []


def _whose_speaker(sentence: ParsedSentence) -> list[ActorMention]:
    """Whose a speaker without a name is: 'a Sudanese officer said'."""
    for token in sentence.doc:
        if token.dep_ == "nsubj" and token.pos_ == "NOUN" and token.head.lemma_ in {"say", "tell", "add"}:
            return [sentence.names[c.i] for c in token.lefts if c.i in sentence.names and c.dep_ in {"amod", "poss"}]
    return []


def _quoted(token: Token) -> bool:
    """Whether an odd number of quotation marks stands before the token in its sentence."""
    return sum(t.text.count('"') for t in token.doc[: token.i]) % 2 == 1


def _described(phrase: str, reference: Reference) -> frozenset[str] | None:
    """The states that a description like 'the Gulf kingdom' fits, or None where any state does."""
    words = phrase.lower().split()
    for size in (3, 2, 1):
        found = reference.descriptions.get(" ".join(words[-size:]))
        if found is not None:
            return found
    return None


def _is_subject(token: Token) -> bool:
    return _phrase_head(token, _BEFORE_NOUN | {"appos"}).dep_ in {"nsubj", "nsubjpass", "conj"}


def _phrase_head(token: Token, links: frozenset[str]) -> Token:
    while token.dep_ in links and token.head != token:
        token = token.head
    return token
