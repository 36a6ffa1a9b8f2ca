"""Items: the materiel that a sentence speaks of, with the noun that counts it and who made it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from spacy.tokens import Token

from transforms.grammar import first_conjunct, with_conjuncts
from transforms.mentions import ActorMention, ItemMention, ParsedSentence
from transforms.predicates import MAKING
from transforms.reference import Match, Reference

# Characters between two members of one list, at most.
_SAME_LIST = 40
_NOMINAL = frozenset({"NOUN", "PROPN", "NUM", "ADJ", "X"})
_MODIFIERS = frozenset({"compound", "nmod", "amod", "nummod"})
# Between a name and the noun that it made: '-made', ' supplied heavy', '-built air defence'.
_MADE = re.compile(
    r"[- ](?:made|built|supplied|produced|designed|manufactured|developed|provided|origin)\b(?: [\w-]+){0,3} $", re.I
)
# What of a weapon is no longer the weapon: 'Patriot spare parts', 'HIMARS ammunition'.
_OF_A_WEAPON = frozenset({"components", "technology", "ammunition"})


def find_items(
    sentence: ParsedSentence, matches: Sequence[Match], reference: Reference, *, speaks_of_arms: bool
) -> list[ItemMention]:
    """The item mentions of a sentence of a document about arms; doubtful ones say why."""
    doc = sentence.doc
    by_head: dict[int, list[tuple[Match, Token]]] = {}
    for match in matches:
        if match.materiel is None or match.materiel.category == "none":
            continue
        span = sentence.tokens_at(match.start, match.end)
        if span is None or any(t.i in sentence.names and sentence.names[t.i].form == "entity" for t in span):
            # 'Marstal Arms' is a firm.
            continue
        head = span.root
        if head.pos_ not in _NOMINAL and not (match.materiel.weapon and match.materiel.strong):
            # The tagger may take a designation for anything; a word only for what it is.
            continue
        while head.dep_ in _MODIFIERS and head.head.i > head.i and head.head.pos_ in {"NOUN", "PROPN"}:
            head = head.head
        by_head.setdefault(head.i, []).append((match, span.root))
    items = []
    for index, found in sorted(by_head.items()):
        item = _item(doc[index], found, sentence, reference)
        if item is not None:
            items.append(item)
    return [replace(_as_interceptor(i, items), doubts=_doubts(i, items, speaks_of_arms)) for i in items]


def _doubts(item: ItemMention, items: Sequence[ItemMention], speaks_of_arms: bool) -> frozenset[str]:
    """Why a mention may be no item of its own."""
    doubts = {
        "weak_sentence": not speaks_of_arms and not item.materiel.strong,
        "part_of": _is_part_of(item, items),
        "beside_strong": not item.materiel.strong and _beside_strong(item, items),
    }
    return frozenset(name for name, holds in doubts.items() if holds)


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


def _item(
    head: Token,
    found: list[tuple[Match, Token]],
    sentence: ParsedSentence,
    reference: Reference,
) -> ItemMention | None:
    """The item of a noun phrase with this head and these names in it; None where the phrase is not of materiel."""
    names = [m.materiel for m, _ in found if m.materiel]
    at_head = [m.materiel for m, root in found if m.materiel and root.i == head.i]
    is_unit = head.lower_ in reference.units
    moves = _is_predicate(head, reference)
    if not at_head and not moves and not is_unit:
        # 'tank crews', 'missile factory': of arms, but no arms.
        return None
    is_bundle = head.lemma_.lower() in reference.words["bundle"]
    if moves and not is_bundle and not any(m.strong or m.weapon for m in names):
        return None
    weapon = next((m for m in names if m.weapon), None)
    noun = next((m for m in [*at_head, *reversed(names)] if not m.weapon), None)
    chosen = weapon or noun or names[-1]
    if weapon is not None and noun is not None and noun.category in _OF_A_WEAPON and (noun.strong or at_head):
        chosen = replace(noun, weapon=weapon.weapon, strong=True, producer_id=weapon.producer_id)
    top = _climb_partitives(head, reference)
    counted = reference.units.get(top.lower_) if top != head or not at_head else None
    formation = reference.units.get(head.lower_) if weapon is not None else None
    unit = counted or (noun.unit if noun is not None else None) or formation or chosen.unit
    start, end = _extent(head, found, sentence)
    if top != head and counted:
        start = sentence.start + top.idx
    maker, made_in = _maker(head, sentence)
    return ItemMention(top, head, chosen, start, end, unit, maker, made_in)


def _is_predicate(noun: Token, reference: Reference) -> bool:
    """Whether a noun tells of a transfer or of a stage of one: 'sale', 'order', 'suspension'."""
    lemma = noun.lemma_.lower()
    return (lemma, "noun", "") in reference.transfer_predicates or (lemma, "noun") in reference.operators


def _climb_partitives(head: Token, reference: Reference) -> Token:
    """From 'munitions' to 'containers' in 'containers of munitions', to 'hundreds' in 'hundreds of tanks'."""
    token = head
    for _ in range(3):
        anchor = first_conjunct(token)
        if anchor.dep_ != "pobj" or anchor.head.lower_ != "of":
            return token
        above = anchor.head.head
        lemma, is_unit = above.lemma_.lower(), above.lower_ in reference.units
        counts = is_unit or above.pos_ == "NUM" or lemma in reference.words["partitive"]
        if not counts or (not is_unit and (lemma, "noun", "") in reference.transfer_predicates):
            return token
        token = above
    return token


def _is_part_of(item: ItemMention, items: Sequence[ItemMention]) -> bool:
    """'Patriot batteries' in 'missiles for Patriot batteries' says what the missiles are for: no item of its own."""
    token = first_conjunct(item.top)
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
        mention = sentence.names.get(token.i)
        if mention is None or mention.actor.kind != "state" or mention.form not in {"name", "place", "abbreviation"}:
            continue
        if token.dep_ in {"compound", "nmod", "nsubj", "poss"} and 0 < token.left_edge.i - verb.i <= 2:
            return mention
    return None


def _outright_maker(head: Token, sentence: ParsedSentence) -> ActorMention | None:
    """The name before 'made', 'supplied' or the like that stands right before an item, whatever the parse says."""
    end = sentence.start + head.idx
    for mention in sorted(set(sentence.names.values()), key=lambda m: (m.start, m.end), reverse=True):
        between = sentence.doc.text[mention.end - sentence.start : head.idx] if mention.end <= end else ""
        if between and _MADE.match(between):
            return mention
    return None


def _maker(head: Token, sentence: ParsedSentence) -> tuple[ActorMention | None, bool]:
    """Who made the item, where a modifier tells, and whether it says so outright.

    'Iranian-made drones' and 'missiles built in Iran' do; 'North Korean missiles' and 'Boeing AH-6' may also say whose.
    """
    outright = _outright_maker(head, sentence)
    if outright is not None:
        return outright, True
    for token in sentence.doc[head.left_edge.i : head.i]:
        mention = sentence.names.get(token.i)
        if mention is None or token.head.pos_ not in {"NOUN", "PROPN", "VERB", "ADJ"}:
            continue
        after = sentence.doc.text[mention.end - sentence.start :][:2]
        if mention.actor.kind in {"state", "company"} and not after.startswith("'s") and not _is_aid_for(mention, head):
            return mention, False
    verbs = [c for c in head.children if c.dep_ == "acl"] + ([head.head] if head.dep_ == "nsubjpass" else [])
    for verb in verbs:
        if verb.lemma_ in MAKING:
            for preposition in verb.children:
                for noun in preposition.children if preposition.lower_ in {"by", "in"} else ():
                    if noun.i in sentence.names:
                        return sentence.names[noun.i], True
    return None, False


def _extent(head: Token, found: list[tuple[Match, Token]], sentence: ParsedSentence) -> tuple[int, int]:
    start = min(m.start for m, _ in found)
    end = max(max(m.end for m, _ in found), sentence.start + head.idx + len(head.text))
    for token in reversed(list(head.lefts)):
        if token.dep_ not in {"amod", "compound", "nmod"} or any(t.like_num for t in token.subtree):
            # A number, and what the parser ties to it, is no part of the name.
            break
        start = min(start, sentence.start + token.left_edge.idx)
    return start, end


def coordinated(item: ItemMention, items: Sequence[ItemMention]) -> list[ItemMention]:
    """The items listed together with this one, itself included, those after 'including' and 'such as' too."""
    tops = {t.i for t in with_conjuncts(item.top)}
    return [other for other in items if other.top.i in tops]
