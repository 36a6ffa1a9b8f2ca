"""Predicates: which words of a sentence tell of the transfer of an item."""

from __future__ import annotations

from collections.abc import Iterator

from spacy.tokens import Token

from transforms.grammar import is_passive, objects, subjects, with_conjuncts
from transforms.mentions import ItemMention, ParsedSentence
from transforms.reference import Reference, TransferPredicate

Told = tuple[Token, TransferPredicate]
"""A word that tells of a transfer, with what the table says of it."""

MAKING = frozenset({"make", "build", "produce", "manufacture", "design", "develop"})
"""Verbs whose participle behind an item tells its origin."""

_ARGUMENTS = frozenset({"dobj", "nsubjpass", "attr", "dative", "oprd", "nsubj", "obj"})
_MODIFIERS = frozenset({"compound", "nmod", "amod"})
# How far above an item its predicate may stand, and how many tokens to its left one is looked for without a parse.
_STEPS = 5
_NEAR = 14
# Tokens between a verb and its particle, at most: 'handed the tanks over'.
_PARTICLE_REACH = 8
_NOT_NEAR = frozenset({"user", "found", "item", "seizer", "carrier"})


def lexeme_of(token: Token, reference: Reference) -> TransferPredicate | None:
    """What transfer_predicates.csv says of a word, with its particle where it has one, or None."""
    pos = {"NOUN": "noun", "PROPN": "noun", "VERB": "verb"}.get(token.pos_)
    if pos is None:
        return None
    lemma, table = token.lemma_.lower(), reference.transfer_predicates
    after = (c for c in token.children if c.dep_ in {"prt", "advmod"} and 0 < c.i - token.i < _PARTICLE_REACH)
    particle = next((c.lower_ for c in after), "")
    return table.get((lemma, pos, particle)) or table.get((lemma, pos, ""))


def governors(item: ItemMention, sentence: ParsedSentence, reference: Reference) -> list[Told]:
    """The predicates that an item is an argument of: its own noun, the clauses behind it, the word above it."""
    own = _told(item.head, reference)
    if own is not None:
        return [own]
    candidates = [*_in_clauses(item), *_above(item, sentence, reference)]
    found: dict[int, Told] = {}
    for token in candidates:
        told = _told(token, reference)
        if told is not None:
            found.setdefault(token.i, told)
    if not found and item.top != item.head:
        own = _told(item.top, reference)
        return [own] if own is not None else []
    return list(found.values())


def nearest_predicate(item: ItemMention, sentence: ParsedSentence, reference: Reference) -> list[Told]:
    """The nearest predicate to the left with no other verb between: for what a parser's slip leaves without one."""
    for token in reversed(sentence.doc[max(0, item.top.i - _NEAR) : item.top.i]):
        told = _told(token, reference)
        if told is not None and not told[1].needs_parties and told[1].subject_role not in _NOT_NEAR:
            return [told]
        if token.pos_ in {"VERB", "SCONJ"} or token.lower_ in {";", ":", "which", "who", "that"}:
            break
    return []


def _told(token: Token, reference: Reference) -> Told | None:
    lexeme = lexeme_of(token, reference)
    return (token, lexeme) if lexeme is not None and not lexeme.light else None


def _in_clauses(item: ItemMention) -> Iterator[Token]:
    """Verbs of the clauses behind an item: 'tanks sent by Poland', 'jets which Lima bought', 'shells it is to get'."""
    tops = [item.top] if item.top == item.head else [item.top, item.head]
    for top in tops:
        for clause in top.children:
            if clause.dep_ not in {"acl", "relcl"}:
                continue
            for verb in with_conjuncts(clause):
                if clause.dep_ == "acl" and verb.lemma_ in MAKING:
                    # 'jets made in the United States' tells who made them, not of a transfer.
                    continue
                if clause.dep_ == "acl" or top in [*objects(verb), *subjects(verb)]:
                    yield verb
                yield from (below for below in verb.children if below.dep_ in {"xcomp", "ccomp"})


def _above(item: ItemMention, sentence: ParsedSentence, reference: Reference) -> Iterator[Token]:
    """The word that governs an item, reached through lists, measures and prepositions."""
    token = item.top
    for _ in range(_STEPS):
        anchor = list_head(token)
        head = anchor.head
        if head == anchor:
            return
        if anchor.dep_ in _ARGUMENTS and head.pos_ in {"VERB", "AUX"}:
            yield from _of_verb(anchor, head, reference)
            return
        if anchor.dep_ in _MODIFIERS:
            yield head
            return
        if anchor.dep_ == "pobj":
            above = head.head
            if above.pos_ in {"VERB", "AUX"}:
                yield from _behind_preposition(head, above, reference)
                return
            yield above
            if _told(above, reference) is not None or not _measures(above, sentence, reference):
                return
            token = above
        elif anchor.dep_ in {"appos", "acl", "prep"}:
            token = head
        else:
            return


def _of_verb(argument: Token, verb: Token, reference: Reference) -> Iterator[Token]:
    """The verb that an item is subject or object of; 'tanks are to be delivered', 'missiles began arriving'."""
    lexeme = lexeme_of(verb, reference)
    is_subject = argument.dep_ == "nsubj"
    if lexeme is not None and (not is_subject or lexeme.subject_role == "item" or is_passive(verb)):
        yield verb
    elif is_subject:
        yield from (below for below in verb.children if below.dep_ == "xcomp")


def _behind_preposition(preposition: Token, verb: Token, reference: Reference) -> Iterator[Token]:
    """'signed a contract for tanks' is told by the contract, 'equipped Mali with tanks' by the verb."""
    nouns = [c for c in verb.children if c.dep_ in {"dobj", "nsubjpass", "attr"} and _told(c, reference) is not None]
    if nouns and preposition.lower_ in {"for", "of", "on", "with", "worth"}:
        yield nouns[0]
    elif preposition.lower_ in {"with", "for", "of", "on", "over"}:
        yield verb


def _measures(noun: Token, sentence: ParsedSentence, reference: Reference) -> bool:
    """Whether a noun only measures or holds what follows it.

    'hundreds of tanks', '$66 billion in weapons', 'missiles for the batteries', 'the sale to the island of 108 tanks'.
    """
    return (
        noun.pos_ in {"NUM", "SYM"}
        or noun.lower_ in reference.units
        or noun.lemma_.lower() in reference.words["partitive"]
        or noun.i in sentence.names
        or any(noun.i in {other.top.i, other.head.i} for other in sentence.items)
    )


def list_head(token: Token) -> Token:
    """The first member of the list that a noun stands in: coordination, apposition, 'including', 'such as'."""
    for _ in range(6):
        if (token.dep_ == "conj" and token.head.i < token.i) or token.dep_ == "appos":
            token = token.head
        elif (
            token.dep_ == "pobj"
            and token.head.lower_ in {"including", "as", "like"}
            and token.head.head.pos_ in {"NOUN", "PROPN"}
        ):
            token = token.head.head
        else:
            break
    return token
