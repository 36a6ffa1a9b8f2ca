"""Who stands at the two ends of a relation: the constructions of verbs and nouns that tell of one."""

from __future__ import annotations

from dataclasses import dataclass

from spacy.tokens import Token

from transforms.grammar import agents, is_passive, objects, prepositions, subjects, surface_subjects
from transforms.mentions import ActorMention
from transforms.reference import RelationPredicate
from transforms.relation_phrases import Ends, Reader, across, apart, distinct, inside, mutual
from transforms.relation_ways import objects_by

MUTUAL = frozenset({"agree", "consult", "cooperate"})
"""Relations that hold both ways; their claim is stored once, with the ids in alphabetical order."""
_TROOPS_TO = frozenset(
    {"to", "into", "in", "near", "against", "off", "around", "at", "toward", "towards", "outside", "across", "on"}
)
# What a noun hangs on where a verb performs what it says: 'answered with strikes'; not 'met over the war'.
_PERFORMED = frozenset({"with", "under", "on", "to", "of"})
_EACH_OTHER = frozenset({"each", "another"})
_TOGETHER = frozenset({"jointly", "together"})
_FOR_GOODS = frozenset({"for", "about"})
_OF_A_MATTER = frozenset({"of", "for"})
# Relations that may be to a person or a body without a state of its own.
_PERSONAL = frozenset({"coerce", "accuse", "sanction"})
_PRIVATE = frozenset({"person", "other"})


@dataclass(frozen=True)
class PairReader(Reader):
    """A sentence read for who does what to whom."""

    def verb_pairs(self, verb: Token, predicate: RelationPredicate) -> list[Ends]:
        """Who does it to whom by a verb or an adjective."""
        doers = distinct(self.doers(verb))
        if predicate.relation == "cooperate" and verb.lemma_ == "train":
            return self._training_pairs(verb, doers)
        if any(o.lower_ in _EACH_OTHER or o.lower_ == "other" for o in _complements(verb)):
            # 'X and Y are shooting at each other', 'each accused the other'
            single = [t for t in subjects(verb) if t.lower_ in _EACH_OTHER]
            both = distinct(self.context.pair(self.sentence, single[0])) if single else doers
            if len(both) == 2:
                return across(both, both)
        if predicate.relation == "support" and verb.dep_ in {"acl", "amod"}:
            # 'troops backed by air strikes'
            return []
        goods = [n for name, n in prepositions(verb) if name in _FOR_GOODS and self.is_item(n)]
        if predicate.relation == "request" and goods:
            # 'asked X for missiles' is told by the transfer.
            return []
        done_to: list[ActorMention] = []
        for via in predicate.object_via:
            found = distinct(objects_by(self, verb, via))
            done_to = [m for m in found if any(apart(d, m) for d in doers)] if doers else found
            if done_to:
                break
        if predicate.relation == "agree" and any(self.is_of("purchase", o) for o in objects(verb)):
            return []
        if predicate.relation in MUTUAL and not done_to and len(doers) > 1 and self.is_of("reciprocal", verb):
            # 'X and Y met', 'X and Y signed a treaty'; not 'X and Y spoke of concern'
            treaty = any(self.is_of("treaty", o) for o in objects(verb))
            bare = not any(name in _OF_A_MATTER for name, _ in prepositions(verb))
            return mutual(doers) if treaty or verb.lemma_ == "agree" or (predicate.relation != "agree" and bare) else []
        return across(doers, [m for m in done_to if _may_stand(m, predicate.relation)])

    def _training_pairs(self, verb: Token, doers: list[ActorMention]) -> list[Ends]:
        """'X trains Y's crews', 'Ukrainian crews train in Germany', 'recruits have been trained in the UK'."""
        things = objects(verb) or subjects(verb)
        trained = distinct([m for t in things for m in self.who_or_whose(t)])
        hosts = distinct([m for m in doers if m not in trained] or self.after(verb, {"in", "at", "with", "by"}))
        return across(hosts, trained or self.after(verb, {"with"}))

    def noun_pairs(self, noun: Token, predicate: RelationPredicate) -> list[Ends]:
        """Who does it to whom by a noun: 'Russia's invasion of Ukraine', 'is under U.S. sanctions'."""
        if noun.dep_ == "compound" and noun.head.pos_ in {"NOUN", "PROPN"} and noun.head.i > noun.i:
            # 'on its sanctions list', 'an attack plan'
            whose, noun = self.modifiers(noun, places=False) or self.modifiers(noun.head, places=False), noun.head
        else:
            whose = self.modifiers(noun, places=False)
        governor = _governor(noun)
        clauses = [c for c in noun.children if c.dep_ in {"acl", "relcl"} and self._performs(c)]
        whose = whose or self.after(noun, {"by"})
        whose = whose or [m for c in clauses for m in self.acting(agents(c) if is_passive(c) else subjects(c))]
        found: list[ActorMention] = []
        for via in predicate.object_via:
            found = found or distinct(m for t in [noun, *clauses] for m in self.after(t, {via}))
        tied = noun.dep_ != "pobj" or noun.head.lower_ in _PERFORMED
        performs = governor is not None and governor.pos_ in {"VERB", "AUX"} and tied and self._performs(governor)
        if predicate.relation in {"consult", "cooperate"} and governor is not None and self.is_of("ending", governor):
            return []
        if performs and governor is not None and not found:
            behind = [
                n for name, n in prepositions(governor) if name in predicate.object_via and name not in {"of", "in"}
            ]
            found = distinct(m for n in behind if n != noun for m in self.who_or_whose(n))
        if governor is not None and not found and predicate.relation == "sanction":
            found = self._put_under(noun, governor)
        acting = self._above(noun, predicate, performs=performs) if not whose or predicate.relation in MUTUAL else []
        if predicate.relation in MUTUAL:
            theirs = any(c.dep_ == "poss" and c.pos_ == "PRON" for c in noun.children) and len(distinct(acting)) > 1
            if theirs and not found:
                # 'X and Y left their talks'
                return mutual(acting)
            both = distinct([*whose, *found])
            between = bool(self.after(noun, {"between", "of"}))
            if len(both) > 1 and (whose or between):
                return across(whose, found) or mutual(both)
            if not acting and self.context.home is not None and (governor is None or is_passive(governor)):
                # 'Consultations are being held with Indonesia'
                acting = [self.context.home]
            if not found:
                return mutual(distinct(acting)) if governor is not None and self.is_of("meeting", governor) else []
            return across(acting, found)
        return across([m for w in (whose or acting) for m in self._as_state(w)], found)

    def _performs(self, verb: Token) -> bool:
        return self.is_of("performing", verb) or self.is_of("meeting", verb) or self.is_of("light_verb", verb)

    def _put_under(self, noun: Token, governor: Token) -> list[ActorMention]:
        """'X is under sanctions', 'placed X under sanctions', 'put X on its blacklist'."""
        if noun.dep_ != "pobj" or noun.head.lower_ not in {"under", "on", "to", "with"}:
            return []
        if governor.pos_ not in {"VERB", "AUX"}:
            return distinct(self.who_or_whose(governor)) if noun.head.lower_ == "under" else []
        things = objects(governor) or (surface_subjects(governor) if noun.head.lower_ == "under" else [])
        return distinct(m for o in things for t in inside(o) for m in self.who_or_whose(t))

    def _above(self, noun: Token, predicate: RelationPredicate, *, performs: bool) -> list[ActorMention]:
        """The subject of the verb that performs what the noun says; of any verb where the relation is mutual."""
        verb = _governor(noun)
        steps = 0
        while verb is not None and verb.pos_ not in {"VERB", "AUX"} and steps < 3:
            verb, steps = _governor(verb), steps + 1
        if verb is None or not (performs or predicate.relation in MUTUAL):
            return []
        if is_passive(verb):
            return self.acting(agents(verb)) or (
                self.acting(surface_subjects(verb)) if predicate.relation in MUTUAL else []
            )
        return self.acting(subjects(verb))

    def troop_pairs(self, verb: Token) -> list[Ends]:
        """'plans to send troops to X' is to mobilize, not to transfer; so is 'X's soldiers are in Y'."""
        things = objects(verb)
        soldiers = [t for o in things for t in inside(o) if self._are_sent(t, verb)]
        if soldiers:
            doers = self.doers(verb) or [m for t in soldiers for m in self.acting([t])]
        elif not is_passive(verb):
            doing = [t for s in subjects(verb) for t in inside(s)]
            soldiers = [t for t in doing if self.is_of("troops", t) or self.is_of("fleet", t)]
            doers = self.acting(soldiers)
        else:
            return []
        if not soldiers:
            return []
        goals = [n for source in [verb, *soldiers] for name, n in prepositions(source) if name in _TROOPS_TO]
        goals += [c for c in verb.children if c.dep_ == "dative" and c.pos_ != "ADP"]
        places = [m for n in goals for m in self.who_or_whose(n) if m.form != "description"]
        if not places and any(self.is_of("place", n) for n in goals):
            # 'has 2,900 soldiers in the province'
            places = self.here()
        return across(doers, [m for m in distinct(places) if _is_ground(m) and any(apart(d, m) for d in doers)][:2])

    def _are_sent(self, noun: Token, verb: Token) -> bool:
        """Whether soldiers are what is sent, or ships and aircraft where the verb does not tell of a transfer."""
        return self.is_of("troops", noun) or (self.is_of("fleet", noun) and self.is_of("deploying", verb))

    def joint_pairs(self, verb: Token) -> list[Ends]:
        """'builds it jointly with X', 'together with X, Y is developing …'."""
        beside = [c for c in verb.children if c.lower_ in _TOGETHER]
        partners = [m for c in [*beside, verb] for m in self.after(c, {"with"})]
        return across(self.doers(verb), partners) if beside else []


def _complements(verb: Token) -> list[Token]:
    return [*objects(verb), *(noun for _, noun in prepositions(verb)), *(c for o in objects(verb) for c in o.children)]


def _governor(noun: Token) -> Token | None:
    """The word that a noun depends on, a preposition passed over."""
    while noun.dep_ == "conj" and noun.head.i < noun.i:
        noun = noun.head
    if noun.dep_ not in {"dobj", "pobj", "nsubjpass", "attr"}:
        return None
    above = noun.head.head if noun.head.pos_ in {"ADP", "SCONJ"} else noun.head
    if noun.head.lower_ == "of" and above.pos_ == "NOUN" and above.dep_ in {"dobj", "pobj", "nsubjpass"}:
        # 'a round of talks'
        return _governor(above)
    return above


def _is_ground(mention: ActorMention) -> bool:
    """Whether an actor is where troops may be, or who they are sent against."""
    return mention.actor.kind in {"state", "armed_group"}


def _may_stand(mention: ActorMention, relation: str) -> bool:
    """Whether an actor may be the object: a firm or a private person only where the law is after it."""
    private = mention.actor.kind in _PRIVATE and mention.actor.country is None
    return relation in _PERSONAL or not (private or mention.actor.kind == "company")
