"""Who and what a parsed sentence speaks of: actor mentions and item mentions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from spacy.tokens import Doc, Token

from transforms.grammar import PARTITIVES, with_conjuncts
from transforms.reference import Actor, ActorAlias, Match, Materiel, Reference
from transforms.text import slug

# Nouns for the organs through which a state acts; with a state's name or adjective before them they mean the state.
ORGAN_NOUNS = frozenset(
    """government authority administration cabinet regime leadership leader president presidency minister ministry
    premier official officials army navy military force forces troop troops air marines soldier serviceman defender
    parliament lawmaker legislator congress senate bundestag kremlin state side people capital intelligence
    service general commander command police guard department secretary chancellor king emir sheikh monarch
    defence defense treasury coalition delegation negotiator client envoy diplomat ambassador spokesman spokesperson
    spokeswoman ally neighbour neighbor partner counterpart country nation republic kingdom fleet airforce
    taxpayer buyer customer pilot crew gunner fighter unit brigade regiment colony junta ruler prince
    federation island territory firm company manufacturer maker contractor producer industry factory supplier monarchy emirate
    sultanate republic warplane artillery gunman infantry""".split()
)
_PLACE_PREPOSITIONS = frozenset({"in", "at", "near", "inside", "outside", "across", "over", "around", "within", "throughout", "into"})
# Nouns that name a delivery as well as what is in it.
_BUNDLES = frozenset({"package"})
# Characters between two members of one list, at most.
_SAME_LIST = 40
# 'the regime', with nothing that says whose.
_RULERS = frozenset("regime government junta military army monarchy".split())
# 'its ally' is somebody else than the owner of 'its'.
_COUNTERPARTS = frozenset("ally neighbour neighbor partner counterpart buyer customer client".split())
_DEFINITE_COUNTRY = re.compile(
    r"(?:the|that|this|its|their) (?:\w+ ){0,2}(?:country|kingdom|republic|nation|island|monarchy|emirate|sultanate|state)$", re.I
)


@dataclass(frozen=True, slots=True)
class ActorMention:
    """Characters of the document that name an actor."""

    actor: Actor
    start: int
    end: int
    form: str = "name"


@dataclass(frozen=True, slots=True)
class ItemMention:
    """Materiel that a sentence speaks of. `top` governs the whole phrase ('containers' in 'containers of munitions')."""

    top: Token
    head: Token
    materiel: Materiel
    start: int
    end: int
    """Characters of the document that name the item, determiners and numbers left out."""
    unit: str | None
    maker: ActorMention | None = None
    made_in: bool = False
    """Whether the maker stands in words that say so ('Iranian-made'), not in an adjective that may say whose it is."""


@dataclass
class ParsedSentence:
    """A sentence with its parse, its names and its offset in the document."""

    doc: Doc
    start: int
    index: int
    paragraph: int
    names: dict[int, ActorMention] = field(default_factory=dict)
    """Actor mentions by the index of every token that they cover."""
    items: list[ItemMention] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.start + len(self.doc.text)

    def span(self, first: Token, last: Token) -> tuple[int, int]:
        """Document offsets from the first token's first to the last token's last character."""
        return self.start + first.idx, self.start + last.idx + len(last.text)


def place_names(sentence: ParsedSentence, matches: Sequence[Match], reference: Reference, settled: Mapping[str, Actor]) -> None:
    """Tie the names found in a sentence to its tokens, settling ambiguous ones by their company, and add unknown ones.

    `settled` maps surnames and short forms that the document has introduced to their actors.
    """
    doc = sentence.doc
    for match in matches:
        if not match.actors:
            continue
        span = doc.char_span(match.start - sentence.start, match.end - sentence.start, alignment_mode="expand")
        if span is None:
            continue
        alias = _settle(match.actors, span, settled)
        if alias is None:
            continue
        form = "place" if alias.ambiguity == "place" else alias.form
        mention = ActorMention(alias.actor, match.start, match.end, form)
        for token in span:
            sentence.names.setdefault(token.i, mention)
    things = [(m.start - sentence.start, m.end - sentence.start) for m in matches if m.materiel is not None]
    for ent in doc.ents:
        if ent.label_ not in {"PERSON", "ORG"} or any(t.i in sentence.names for t in ent):
            continue
        if any(start < ent.end_char and ent.start_char < end for start, end in things):
            continue
        tokens = [t for t in ent if not (t.is_punct or t.lower_ in {"the", "'s"})]
        if not tokens:
            continue
        name = doc[tokens[0].i : tokens[-1].i + 1].text
        actor = settled.get(name) or settled.get(name.split()[-1])
        if actor is None:
            if not re.match(r"[A-Z]", name) or len(name) < 3:
                continue
            if len(tokens) < 2 or any(c.isdigit() for c in name):
                continue
            if ent.label_ == "ORG" and tokens[-1].lower_ in ORGAN_NOUNS:
                # 'the Air Force', 'the Defence Ministry': an organ, whose state its company tells.
                continue
            kind = "person" if ent.label_ == "PERSON" else "other"
            if re.search(r"\b(?:Inc|Corp|Corporation|Ltd|Limited|LLC|Company|Co|Industries|Systems|Aerospace|GmbH|AG|SA|Group|Holding|Shipyards?)\b", name):
                kind = "company"
            actor = Actor(slug(name), name, kind, None)
            if not actor.actor_id:
                continue
        start, end = sentence.span(tokens[0], tokens[-1])
        mention = ActorMention(actor, start, end, "entity")
        for token in tokens:
            sentence.names[token.i] = mention


def _settle(aliases: Sequence[ActorAlias], span: Sequence[Token], settled: Mapping[str, Actor]) -> ActorAlias | None:
    """The meaning of a name here, or None where it is not an actor's."""
    alias = next((a for a in aliases if a.actor.actor_id in {x.actor_id for x in settled.values()}), aliases[0])
    text = span.text if hasattr(span, "text") else ""
    if alias.ambiguity == "common":
        labels = {t.ent_type_ for t in span}
        if alias.actor.kind == "state":
            # 'Jordan' the country is a GPE to the tagger, the footballer a PERSON.
            if not labels & {"GPE", "NORP", "LOC"}:
                return None
        elif not (labels & {"ORG", "NORP", "PERSON", "GPE", "PRODUCT"}) and text not in settled:
            return None
    return alias


def actors_of(token: Token, sentence: ParsedSentence, context: Context) -> list[ActorMention]:
    """The actors that a noun phrase with this head stands for; several for 'the two countries'; none for a place or a thing."""
    mention = sentence.names.get(token.i)
    if mention is not None and (mention.form != "adjective" or token.pos_ in {"NOUN", "PROPN"}):
        if mention.form == "adjective" and token.dep_ in {"amod", "compound"}:
            return []
        return [mention]
    if token.pos_ == "PRON" or (token.dep_ == "poss" and token.lower_ in {"its", "their", "his", "her"}):
        return context.pronoun(token, sentence)
    lemma = token.lemma_.lower()
    if lemma in ORGAN_NOUNS or token.lower_ in ORGAN_NOUNS:
        for child in sorted(token.children, key=lambda c: -c.i):
            if child.dep_ in {"amod", "compound", "nmod", "poss"} and child.i < token.i:
                for part in [child, *(c for c in child.children if c.dep_ in {"amod", "compound"})]:
                    inner = sentence.names.get(part.i)
                    if inner is not None and inner.actor.kind in {"state", "state_organ", "armed_group", "intergovernmental"}:
                        return [_widen(inner, token, sentence)]
        for child in token.children:
            if child.dep_ == "prep" and child.lower_ == "of":
                for noun in child.children:
                    inner = sentence.names.get(noun.i)
                    if inner is not None and inner.actor.kind == "state":
                        return [inner]
        for child in token.children:
            if child.dep_ == "appos" and child.i in sentence.names:
                return [sentence.names[child.i]]
        start, end = sentence.span(token.left_edge, token)
        phrase = sentence.doc.text[start - sentence.start : end - sentence.start]
        if re.match(r"(?:the|these|both|all) (?:two|both) ", phrase, re.I) or phrase.lower().startswith("both "):
            return context.pair(sentence, token)
        if _DEFINITE_COUNTRY.match(phrase):
            return context.topic(start, end, _described(phrase, context.reference))
        owner = next((c for c in token.children if c.dep_ == "poss" and c.pos_ == "PRON"), None)
        if owner is not None:
            owners = context.pronoun(owner, sentence)
            if lemma in _COUNTERPARTS:
                return context.counterpart(owners, start, end)
            return owners
        if token.pos_ == "PROPN" and context.home is not None and token.text[0].isupper() and phrase.lower().startswith("the "):
            return [ActorMention(context.home.actor, start, end, "organ")]
        if lemma in _RULERS and phrase.lower().startswith("the "):
            return context.latest(token, sentence, start, end)
    return []


def _widen(mention: ActorMention, head: Token, sentence: ParsedSentence) -> ActorMention:
    return ActorMention(mention.actor, mention.start, max(mention.end, sentence.start + head.idx + len(head.text)), "organ")


class Context:
    """What earlier sentences of a document make known: who was spoken of last, who spoke, which persons act for whom."""

    def __init__(self, reference: Reference, home: ActorMention | None = None) -> None:
        self.reference = reference
        self.home = home
        self.subjects: list[ActorMention] = []
        self.mentioned: list[ActorMention] = []
        self.persons: list[ActorMention] = []
        self.speaker: tuple[str, ...] = ()
        self.offices: dict[str, str] = {}

    def note(self, sentence: ParsedSentence) -> None:
        """Remember a sentence's actors after it has been read."""
        seen = set()
        for index in sorted(sentence.names):
            mention = sentence.names[index]
            if mention in seen:
                continue
            seen.add(mention)
            self.mentioned.append(mention)
            if mention.actor.kind == "person":
                self.persons.append(mention)
            token = sentence.doc[index]
            while token.dep_ in {"compound", "amod", "poss", "nmod"} and token.head is not token:
                token = token.head
            if token.dep_ in {"nsubj", "nsubjpass"} and mention.actor.kind != "media":
                self.subjects.append(mention)

    def pronoun(self, token: Token, sentence: ParsedSentence) -> list[ActorMention]:
        """Who a personal or possessive pronoun stands for: the last fitting actor before it."""
        word = token.lower_
        before = [
            (i, m) for i, m in sorted(sentence.names.items()) if i < token.i and m.actor.kind != "media"
        ]
        start, end = sentence.span(token, token)
        if word in {"he", "she", "his", "her", "him", "i", "my"}:
            people = [m for _, m in before if m.actor.kind == "person"] or self.persons
            return [ActorMention(people[-1].actor, start, end, "pronoun")] if people else []
        if word in {"we", "our", "us", "ours"}:
            speaker = self.persons[-1:] if _quoted(token) else []
            spoken_for = [p for p in speaker if p.actor.country]
            mention = spoken_for[0] if spoken_for else self.home
            return [ActorMention(mention.actor, start, end, "pronoun")] if mention is not None else []
        if word in {"it", "its", "itself", "they", "their", "them"}:
            here = [m for i, m in before if _is_subject(sentence.doc[i]) and m.actor.kind != "person"]
            candidates = here or [m for m in self.subjects if m.actor.kind != "person"][-1:]
            return [ActorMention(candidates[-1].actor, start, end, "pronoun")] if candidates else []
        return []

    def pair(self, sentence: ParsedSentence, token: Token) -> list[ActorMention]:
        """The two states last spoken of before a token; officials stand for their states."""
        found: list[ActorMention] = []
        here = [m for i, m in sorted(sentence.names.items()) if i < token.i]
        for mention in reversed([*self.mentioned, *here]):
            if mention.actor.kind == "state" and mention.actor.actor_id not in {m.actor.actor_id for m in found}:
                found.append(mention)
            if len(found) == 2:
                return found
        return []

    def latest(self, token: Token, sentence: ParsedSentence, start: int, end: int) -> list[ActorMention]:
        """The state named last before a token."""
        here = [m for i, m in sorted(sentence.names.items()) if i < token.i]
        states = [m for m in [*self.mentioned, *here] if m.actor.kind == "state"]
        return [ActorMention(states[-1].actor, start, end, "description")] if states else []

    def counterpart(self, owners: Sequence[ActorMention], start: int, end: int) -> list[ActorMention]:
        """The state last named that is not the owner: whom 'its partner' means."""
        own = {m.actor.country or m.actor.actor_id for m in owners}
        others = [m for m in self.mentioned if m.actor.kind == "state" and m.actor.actor_id not in own]
        return [ActorMention(others[-1].actor, start, end, "description")] if owners and others else []

    def topic(self, start: int, end: int, among: frozenset[str] | None = None) -> list[ActorMention]:
        """The state that 'the country' stands for: the last one that was a subject, else the last one named.

        `among` are the states that the description fits ('the kingdom'), or None where it fits all.
        """
        states = [m for m in self.subjects if m.actor.kind == "state"]
        if among is not None or not states:
            states = [m for m in self.mentioned if m.actor.kind == "state" and (among is None or m.actor.actor_id in among)]
        return [ActorMention(states[-1].actor, start, end, "description")] if states else []


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
    while token.dep_ in {"compound", "amod", "poss", "nmod", "appos"} and token.head is not token:
        token = token.head
    return token.dep_ in {"nsubj", "nsubjpass", "conj"}


def find_items(sentence: ParsedSentence, matches: Sequence[Match], reference: Reference, *, loose: bool) -> list[ItemMention]:
    """The item mentions of a sentence; weak nouns ('system', 'aircraft') only where `loose`: arms are the topic."""
    doc = sentence.doc
    by_head: dict[int, list[tuple[Match, Token]]] = {}
    for match in matches:
        if match.materiel is None or match.materiel.category == "none":
            continue
        span = doc.char_span(match.start - sentence.start, match.end - sentence.start, alignment_mode="expand")
        if span is None:
            continue
        head = span.root
        if head.pos_ not in {"NOUN", "PROPN", "NUM", "ADJ", "X"}:
            continue
        while head.dep_ in {"compound", "nmod", "amod", "nummod"} and head.head.i > head.i and head.head.pos_ in {"NOUN", "PROPN"}:
            head = head.head
        by_head.setdefault(head.i, []).append((match, span.root))
    items = []
    for index, found in sorted(by_head.items()):
        item = _item(doc[index], found, sentence, reference, loose)
        if item is not None:
            items.append(item)
    items = [_as_interceptor(i, items) for i in items if not _is_part_of(i, items)]
    return [i for i in items if i.materiel.strong or not _beside_strong(i, items)]


def _as_interceptor(item: ItemMention, items: Sequence[ItemMention]) -> ItemMention:
    """'two THAAD batteries and 96 missiles': missiles listed with an air-defence system are its interceptors."""
    if item.materiel.weapon is None and item.materiel.category == "missile" and item.head.lemma_.lower() == "missile":
        listed = [o for o in items if o is not item and o.materiel.category == "air_defence" and o.end < item.start]
        if listed and item.start - listed[-1].end < _SAME_LIST:
            return replace(item, materiel=replace(item.materiel, category="air_defence"))
    return item


def _beside_strong(item: ItemMention, items: Sequence[ItemMention]) -> bool:
    """'missiles, training and support': what is weak by itself is no item in a list of arms."""
    return any(other.materiel.strong and item in coordinated(other, items) for other in items)


def _item(head: Token, found: list[tuple[Match, Token]], sentence: ParsedSentence, reference: Reference, loose: bool) -> ItemMention | None:
    at_head = [m for m, root in found if root.i == head.i]
    lemma = head.lemma_.lower()
    is_predicate = (lemma, "noun", "") in reference.transfer_predicates or (lemma, "noun") in reference.operators
    if not at_head and not is_predicate and head.lower_ not in reference.units:
        return None
    materiels = [m.materiel for m, _ in found if m.materiel]
    if is_predicate and all(not m.weapon and not m.strong for m in materiels) and lemma not in _BUNDLES:
        return None
    strong = [m for m in materiels if m.strong]
    if not strong and any(m.category in {"unspecified", "funding"} for m in materiels) and not loose:
        # 'support', 'equipment': materiel only where the sentence speaks of arms.
        return None
    weapon = next((m for m in materiels if m.weapon), None)
    noun = next((m.materiel for m in at_head if m.materiel and not m.materiel.weapon), None)
    if noun is None:
        noun = next((m for m in reversed(materiels) if not m.weapon), None)
    if weapon is not None and noun is not None and noun.category in {"components", "technology", "ammunition"} and (noun.strong or at_head):
        chosen = Materiel(weapon.weapon, noun.category, noun.unit, True, weapon.producer_id)
    else:
        chosen = weapon or noun or materiels[-1]
    unit = (noun.unit if noun is not None else None) or chosen.unit
    top = _climb_partitives(head, reference)
    if top is not head and top.lower_ in reference.units:
        unit = reference.units[top.lower_]
    elif head.lower_ in reference.units and not at_head:
        unit = reference.units[head.lower_]
    maker, made_in = _maker(head, sentence)
    start, end = _extent(head, found, sentence)
    if top is not head and top.lower_ in reference.units:
        start = sentence.start + top.idx
    return ItemMention(top, head, chosen, start, end, unit, maker, made_in)


def _climb_partitives(head: Token, reference: Reference) -> Token:
    """From 'munitions' to 'containers' in 'containers of munitions', to 'hundreds' in 'hundreds of tanks'."""
    token = head
    for _ in range(3):
        anchor = token
        while anchor.dep_ == "conj" and anchor.head.i < anchor.i:
            anchor = anchor.head
        if anchor.dep_ == "pobj" and anchor.head.lower_ == "of":
            above = anchor.head.head
            if above.lemma_.lower() in PARTITIVES or above.lower_ in reference.units or above.pos_ == "NUM":
                if (above.lemma_.lower(), "noun", "") in reference.transfer_predicates and above.lower_ not in reference.units:
                    return token
                token = above
                continue
        return token
    return token


def _is_part_of(item: ItemMention, items: Sequence[ItemMention]) -> bool:
    """'Patriot batteries' in 'missiles for Patriot batteries' says what the missiles are for: no item of its own."""
    token = item.top
    while token.dep_ == "conj" and token.head.i < token.i:
        token = token.head
    if token.dep_ != "pobj" or token.head.lower_ not in {"for", "of", "in", "on", "to"}:
        return False
    above = token.head.head
    return any(other is not item and above.i in {other.head.i, other.top.i} for other in items)


def _is_aid_for(mention: ActorMention, head: Token) -> bool:
    """'Ukraine aid' goes to Ukraine; 'U.S. aid' comes from there."""
    return mention.form == "name" and head.lemma_.lower() in {"aid", "assistance", "package", "support", "funding"}


def receiver_in_phrase(head: Token, verb: Token, sentence: ParsedSentence) -> ActorMention | None:
    """'sent Ukraine helmets': a state's name right after the verb receives, though the parser ties it to the item."""
    for token in head.lefts:
        if token.dep_ in {"compound", "nmod", "nsubj", "poss"} and token.left_edge.i in {verb.i + 1, verb.i + 2} and token.left_edge.i > verb.i:
            mention = sentence.names.get(token.i)
            if mention is not None and mention.form in {"name", "place", "abbreviation"} and mention.actor.kind == "state":
                return mention
    return None


def _maker(head: Token, sentence: ParsedSentence) -> tuple[ActorMention | None, bool]:
    """Who made the item, where a modifier tells: 'Iranian-made drones', 'North Korean missiles', 'Boeing AH-6'."""
    left = head.left_edge
    for token in sentence.doc[left.i : head.i]:
        mention = sentence.names.get(token.i)
        if mention is None or token.head.pos_ not in {"NOUN", "PROPN", "VERB", "ADJ"}:
            continue
        after = sentence.doc.text[mention.end - sentence.start :][:14].lower()
        if re.match(r"[- ](?:made|built|supplied|produced|designed|manufactured|developed|origin)\b", after):
            return mention, True
        if mention.actor.kind in {"state", "company"} and not after.startswith("'s") and not _is_aid_for(mention, head):
            return mention, False
    made = [c for c in head.children if c.dep_ == "acl"] + ([head.head] if head.dep_ == "nsubjpass" else [])
    for child in made:
        if child.lemma_ in {"make", "build", "produce", "manufacture", "design", "develop"}:
            for preposition in child.children:
                if preposition.lower_ in {"by", "in"}:
                    for noun in preposition.children:
                        if noun.i in sentence.names:
                            return sentence.names[noun.i], True
    return None, False


def _extent(head: Token, found: list[tuple[Match, Token]], sentence: ParsedSentence) -> tuple[int, int]:
    start = min(m.start for m, _ in found)
    end = max(max(m.end for m, _ in found), sentence.start + head.idx + len(head.text))
    for token in head.lefts:
        if token.dep_ in {"amod", "compound", "nmod"} and sentence.start + token.left_edge.idx < start:
            start = min(start, sentence.start + token.left_edge.idx)
    return start, end


def coordinated(item: ItemMention, items: Sequence[ItemMention]) -> list[ItemMention]:
    """The items listed together with this one, itself included, those after 'including' and 'such as' too."""
    tops = {t.i for t in with_conjuncts(item.top)}
    return [other for other in items if other.top.i in tops]
