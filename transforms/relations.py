"""Relation claims: what one actor does toward another, other than a transfer (PLOVER 2.0 event types)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from spacy.tokens import Token

from transforms.attribution import attribute
from transforms.claims import DocumentFacts, render_marks
from transforms.context import Context, actors_of
from transforms.dates import DateMention
from transforms.factuality import read
from transforms.frames import party_id
from transforms.grammar import agents, antecedent, is_passive, objects, prepositions, subjects, with_conjuncts
from transforms.mentions import ActorMention, ParsedSentence
from transforms.reference import Reference, RelationPredicate
from transforms.rows import RelationClaim, content_id

MUTUAL = frozenset({"agree", "consult", "cooperate"})
"""Relations that hold both ways; their claim is stored once, with the ids in alphabetical order."""

Ends = tuple[ActorMention, ActorMention]
"""Who does it, and to whom."""

_PARTS_OF_SPEECH = {"VERB": "verb", "NOUN": "noun", "ADJ": "adj"}
_MODIFIERS = frozenset({"poss", "amod", "compound", "nmod"})
_TROOPS_TO = frozenset({"to", "into", "in", "near", "against", "off"})
_ABOUT = frozenset({"about", "over", "at", "of", "by", "that"})
_TROOP_VERBS = frozenset({"send", "deploy", "dispatch", "move", "station", "commit"})
# More actors than this on one side are a list of members, not of doers.
_MAX_ENDS = 6
_STEPS = 8


def find_relations(
    sentence: ParsedSentence,
    document: DocumentFacts,
    reference: Reference,
    context: Context,
    dates: Sequence[DateMention],
) -> list[RelationClaim]:
    """The relation claims of one sentence; `dates` are its time expressions, with offsets in the document."""
    reader = _Reader(sentence, reference, context)
    claims: list[RelationClaim] = []
    for token in sentence.doc:
        for predicate in _predicates(token, reference):
            pairs = reader.noun_pairs(token, predicate) if token.pos_ == "NOUN" else reader.verb_pairs(token, predicate)
            claims.extend(_claims(token, predicate.relation, pairs, reader, document, dates))
        if token.lemma_ in _TROOP_VERBS and token.pos_ == "VERB":
            claims.extend(_claims(token, "mobilize", reader.troop_pairs(token), reader, document, dates))
    return claims


def _predicates(token: Token, reference: Reference) -> tuple[RelationPredicate, ...]:
    particle = next((c.lower_ for c in token.children if c.dep_ == "prt"), "")
    pos = _PARTS_OF_SPEECH.get(token.pos_, "")
    return reference.relation_predicates.get((token.lemma_.lower(), pos, particle), ())


@dataclass(frozen=True)
class _Reader:
    """A sentence with what is needed to say who its noun phrases are."""

    sentence: ParsedSentence
    reference: Reference
    context: Context

    def who(self, tokens: Iterable[Token]) -> list[ActorMention]:
        """The actors that the noun phrases with these heads stand for."""
        return [m for t in tokens for m in actors_of(t, self.sentence, self.context)]

    def who_or_whose(self, token: Token) -> list[ActorMention]:
        """The actor that a noun phrase is, else whose it is: 'against Ukrainian cities'."""
        return self.who([token]) or self.owners(token)

    def owners(self, thing: Token) -> list[ActorMention]:
        """Whose a thing is. Not of arms: 'shot down North Korean missiles' hits whoever fired them, not the maker."""
        if any(thing.i in {item.head.i, item.top.i} for item in self.sentence.items):
            return []
        names = self.sentence.names
        before = [t for c in thing.children if c.i < thing.i and c.dep_ in _MODIFIERS for t in (c, *c.children)]
        after = [noun for name, noun in prepositions(thing) if name in {"in", "of", "on"}]
        return [names[t.i] for t in [*before, *after] if t.i in names and names[t.i].actor.kind != "media"]

    def doers(self, verb: Token) -> list[ActorMention]:
        """Who does what a verb or adjective says."""
        if verb.pos_ == "ADJ":
            return self.who(subjects(verb.head)) if verb.dep_ in {"acomp", "oprd"} else []
        return self.who(agents(verb) if is_passive(verb) else subjects(verb))

    def verb_pairs(self, verb: Token, predicate: RelationPredicate) -> list[Ends]:
        """Who does it to whom by a verb or an adjective."""
        doers = self.doers(verb)
        done_to = [m for via in predicate.object_via for m in _VIAS.get(via, _by_preposition)(self, verb, via)]
        if predicate.relation == "cooperate" and verb.lemma_ == "train":
            # 'Ukrainian crews train in Germany', 'recruits have been trained in the UK'.
            trained = [m for t in objects(verb) or subjects(verb) for m in [*self.who([t]), *self.owners(t)]]
            hosts = self.after(verb, {"in"})
            doers, done_to = [m for m in doers if m not in trained] or hosts, [*done_to, *trained]
        if predicate.relation in {"agree", "consult"} and not done_to:
            # 'X and Y met', 'X and Y signed a treaty'
            treaty = any(o.lemma_.lower() in self.reference.words["treaty"] for o in objects(verb))
            both = _distinct(doers)
            return [(both[0], both[1])] if len(both) == 2 and (treaty or predicate.relation == "consult") else []
        return _across(doers, done_to)

    def noun_pairs(self, noun: Token, predicate: RelationPredicate) -> list[Ends]:
        """Who does it to whom by a noun: 'Russia's invasion of Ukraine', 'is under U.S. sanctions'."""
        whose = self.owners_before(noun)
        found = [m for via in predicate.object_via for m in _by_preposition(self, noun, via)]
        governor = _governor(noun)
        if governor is not None and noun.dep_ == "pobj" and noun.head.lower_ == "under" and whose:
            return _across(whose, self.who(subjects(governor)) if governor.pos_ in {"VERB", "AUX"} else [])
        acting = self.doers(governor) if governor is not None and governor.pos_ == "VERB" else []
        if predicate.relation in MUTUAL:
            both = _distinct([*whose, *found])
            if len(both) == 2:
                return [(both[0], both[1])]
            meeting = governor is not None and governor.lemma_ in self.reference.words["meeting"]
            parties = _distinct(acting)
            if not found and meeting and len(parties) == 2:
                return [(parties[0], parties[1])]
            return _across(acting, found)
        return _across(whose or acting, found)

    def troop_pairs(self, verb: Token) -> list[Ends]:
        """'plans to send troops to X' is to mobilize, not to transfer."""
        things = objects(verb)
        if not any(t.lemma_.lower() in self.reference.words["troops"] for t in things):
            return []
        doers = self.doers(verb) or [m for t in things for m in self.who_or_whose(t)][:1]
        places = [m for source in [verb, *things] for m in self.after(source, _TROOPS_TO)]
        return _across(doers, _distinct(places)[:1])

    def owners_before(self, noun: Token) -> list[ActorMention]:
        """The possessors and modifiers of a noun: 'his talks', 'U.S. sanctions'; a city before it is only a place."""
        names = self.sentence.names
        children = [c for c in noun.children if c.i < noun.i and c.dep_ in _MODIFIERS]
        named = [names[t.i] for c in children for t in (c, *c.children) if t.i in names and names[t.i].form != "place"]
        return named or self.who(c for c in children if c.dep_ == "poss" and c.pos_ == "PRON")

    def after(self, token: Token, names: Iterable[str]) -> list[ActorMention]:
        """The actors, or the owners of the things, that a token's prepositions govern."""
        return [m for name, noun in prepositions(token) if name in names for m in self.who_or_whose(noun)]


def _by_preposition(reader: _Reader, token: Token, via: str) -> list[ActorMention]:
    """The actors behind a preposition of the predicate, or of its object: 'signed deals with Turkish companies'."""
    found = reader.after(token, {via})
    if not found and token.pos_ == "VERB" and via == "with":
        found = [m for o in objects(token) for m in reader.after(o, {via})]
    return found


def _by_object(reader: _Reader, verb: Token, via: str) -> list[ActorMention]:
    things = objects(verb)
    return [*reader.who(things), *(m for t in things for m in reader.owners(t))]


def _by_person(reader: _Reader, verb: Token, via: str) -> list[ActorMention]:
    return [m for m in reader.who(objects(verb)) if m.actor.kind in {"person", "state"}]


def _by_clause(reader: _Reader, verb: Token, via: str) -> list[ActorMention]:
    """'wants Beijing to talk', 'help the United States strengthen …': who is to do it."""
    clauses = [c for c in verb.children if c.dep_ in {"ccomp", "xcomp"}]
    return reader.who([s for c in clauses for s in c.children if s.dep_ == "nsubj"] or objects(verb))


def _by_topic(reader: _Reader, verb: Token, via: str) -> list[ActorMention]:
    """'maintains an embargo on Sudan', 'reaffirmed support for Ukraine': the predicate lies in the object."""
    things = [o for o in objects(verb) if o.lemma_.lower() in reader.reference.words[via]]
    return [m for o in things for m in reader.after(o, {"for", "to", "with", "against", "on"})]


def _by_concern(reader: _Reader, token: Token, via: str) -> list[ActorMention]:
    """'expressed concern about the possibility of Pyongyang sending troops': the first actor below the concern."""
    things = objects(token) if token.pos_ == "VERB" else [token]
    if token.pos_ == "VERB" and not any(o.lemma_ in reader.reference.words["concern"] for o in things):
        return []
    topic = next((t.i for t in token.subtree if t.i > token.i and t.lower_ in _ABOUT), token.i)
    for below in token.subtree:
        if below.i > topic and below.dep_ in {"pobj", "nsubj", "poss"}:
            found = reader.who([antecedent(below)])
            if found:
                return found
    return []


_VIAS: dict[str, Callable[[_Reader, Token, str], list[ActorMention]]] = {
    "dobj": _by_object,
    "person": _by_person,
    "clause": _by_clause,
    "embargo": _by_topic,
    "support": _by_topic,
    "war": _by_topic,
    "concern": _by_concern,
}
"""How `object_via` of relation_predicates.csv leads to the object; every other value is a preposition."""


def _governor(noun: Token) -> Token | None:
    """The word that a noun depends on, a preposition passed over."""
    if noun.dep_ not in {"dobj", "pobj", "nsubjpass"}:
        return None
    return noun.head.head if noun.head.pos_ == "ADP" else noun.head


def _across(doers: Sequence[ActorMention], done_to: Sequence[ActorMention]) -> list[Ends]:
    return [(a, b) for a in _distinct(doers) for b in _distinct(done_to) if _apart(a, b)]


def _apart(subject: ActorMention, other: ActorMention) -> bool:
    """Whether two actors are not the same, nor one a part of the other."""
    a, b = party_id(subject), party_id(other)
    return a != b and subject.actor.country != b and other.actor.country != a


def _distinct(mentions: Iterable[ActorMention]) -> list[ActorMention]:
    kept: dict[str, ActorMention] = {}
    for mention in mentions:
        end = party_id(mention)
        if end is not None:
            kept.setdefault(end, mention)
    return list(kept.values())[:_MAX_ENDS]


def _claims(
    token: Token,
    relation: str,
    pairs: Sequence[Ends],
    reader: _Reader,
    document: DocumentFacts,
    dates: Sequence[DateMention],
) -> list[RelationClaim]:
    if not pairs:
        return []
    sentence = reader.sentence
    reading = read(token, "", reader.reference)
    will = any(c.dep_ == "aux" and c.lower_ in {"will", "'ll"} for c in token.children)
    planned = will or any(operator.status == "planned" for _, operator in reading.operators)
    sources, places = attribute(reading.reports, sentence, reader.reference, reader.context)
    when = _date(token, sentence, dates, reading.reports)
    claims = []
    for pair in pairs:
        subject, other = sorted(pair, key=lambda m: party_id(m) or "") if relation in MUTUAL else pair
        marks = [("relation", *sentence.span(token, token))]
        marks += [(role, m.start, m.end) for role, m in (("subject", subject), ("object", other)) if m.end > m.start]
        marks += [("attribution", start, end) for start, end in places]
        marks += [("date", d.start, d.end) for d in (when,) if d is not None]
        claim = RelationClaim(
            claim_id="",
            extraction_key=document.extraction_key,
            document_id=document.document_id,
            subject_id=party_id(subject) or "",
            relation=relation,
            object_id=party_id(other) or "",
            status="planned" if planned else None,
            factuality=reading.factuality,
            date_start=when.date_start if when else None,
            date_end=when.date_end if when else None,
            date_precision=when.precision if when else None,
            date_text=document.text[when.start : when.end] if when else None,
            attribution=" > ".join(sources) or None,
            evidence=document.text[sentence.start : sentence.end],
            evidence_start=sentence.start,
            evidence_end=sentence.end,
            evidence_marks=render_marks(marks),
        )
        claims.append(replace(claim, claim_id=_claim_id(claim)))
    return claims


def _claim_id(claim: RelationClaim) -> str:
    """Content id of the document, what the claim says and where it says it: the same in every run."""
    return content_id(
        "relation", claim.document_id, claim.subject_id, claim.relation, claim.object_id, claim.status,
        claim.factuality, claim.date_start, claim.date_end, claim.evidence_start,
    )  # fmt: skip


def _date(
    token: Token, sentence: ParsedSentence, dates: Sequence[DateMention], reports: Sequence[Token]
) -> DateMention | None:
    """The first time expression that hangs on the predicate."""
    conjuncts = with_conjuncts(token)
    for mention in dates:
        span = sentence.tokens_at(mention.start, mention.end)
        if mention.kind != "date" or span is None:
            continue
        above = span.root
        for _ in range(_STEPS):
            if above in conjuncts:
                return mention
            if above in reports or above.head == above:
                break
            above = above.head
    return None
