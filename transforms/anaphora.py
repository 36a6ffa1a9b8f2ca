"""Words that stand for materiel named before: 'sixteen more', 'the first batch', 'them', 'the aircraft'."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from spacy.tokens import Token

from transforms.mentions import ItemMention, ParsedSentence
from transforms.predicates import governors
from transforms.reference import Reference

_ARGUMENTS = frozenset({"nsubj", "nsubjpass", "dobj", "pobj", "conj", "attr", "ROOT", "appos", "dep", "npadvmod"})
_PRONOUNS = frozenset({"it", "them", "they", "these", "those", "both", "all", "some", "none"})
_REMAINDERS = frozenset({"more", "another", "others", "ones", "dozen", "dozens", "hundreds", "thousands"})
_YEAR = re.compile(r"(?:1[89]|20)\d\d$")
_NO_COUNT = frozenset({"DATE", "TIME", "MONEY", "PERCENT", "GPE", "PERSON", "ORG", "NORP"})


def find_anaphors(sentence: ParsedSentence, before: Sequence[ItemMention], reference: Reference) -> list[ItemMention]:
    """Mentions without a name of their own, each with the materiel of what they most likely stand for.

    `before` are the items of earlier sentences in the order of the text. A noun of a kind ('the aircraft') stands for
    the last item of that kind, any other word for the last item that is one by name.
    """
    found = []
    known = {t.i for item in sentence.items for t in (item.top, item.head)}
    for token in sentence.doc:
        fitting = _categories(token, reference)
        if fitting is None or (token.i in known and not _is_generic(token, sentence)):
            continue
        earlier = [*before, *(i for i in sentence.items if i.head.i < token.i)]
        antecedent = next((i for i in reversed(earlier) if _fits(i, fitting) and i.head is not token), None)
        if antecedent is None:
            continue
        item = ItemMention(
            token,
            token,
            replace(antecedent.materiel, strong=False),
            *sentence.span(token, token),
            antecedent.unit,
            doubts=frozenset({"anaphor", _form(token)}),
        )
        if _form(token) == "pronoun" and not governors(item, sentence, reference):
            continue
        found.append(item)
    return found


def _form(token: Token) -> str:
    if token.pos_ == "NUM" or token.lower_ in _REMAINDERS:
        return "number"
    return "pronoun" if token.lower_ in _PRONOUNS else "noun"


def _categories(token: Token, reference: Reference) -> frozenset[str] | None:
    """What a word may stand for: categories, an empty set for any, None where it is no such word."""
    if token.dep_ not in _ARGUMENTS:
        return None
    if token.lower_ in _PRONOUNS and token.pos_ in {"PRON", "DET"}:
        return frozenset()
    if token.lower_ in _REMAINDERS:
        return frozenset()
    if token.pos_ == "NUM":
        is_count = token.ent_type_ not in _NO_COUNT and not _YEAR.match(token.text) and token.text != "%"
        return frozenset() if is_count else None
    return reference.anaphors.get(token.lemma_.lower()) if token.pos_ == "NOUN" else None


def _is_generic(token: Token, sentence: ParsedSentence) -> bool:
    """Whether an item at this word is one only by a noun of a kind: 'the aircraft', 'a shipment'."""
    item = next(i for i in sentence.items if token.i in {i.top.i, i.head.i})
    return item.materiel.weapon is None and item.head.i == token.i and item.start == sentence.start + token.idx


def _fits(item: ItemMention, categories: frozenset[str]) -> bool:
    materiel = item.materiel
    if "anaphor" in item.doubts:
        return False
    if not categories:
        return materiel.strong and materiel.category != "unspecified"
    return materiel.category in categories and (materiel.strong or materiel.weapon is not None)
