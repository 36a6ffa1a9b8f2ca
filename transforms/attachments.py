"""Which number, sum of money and date of a sentence belong to an item and its transfer."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import date

from spacy.tokens import Token

from transforms.dates import DateMention
from transforms.frames import Frame
from transforms.mentions import ItemMention, ParsedSentence
from transforms.quantities import Money, Quantity

EXPECTED = frozenset({"requested", "offered", "planned", "negotiated", "ordered", "approved"})
"""Of these statuses the date is when the transfer is expected; of the others, the day of the event itself."""

# How far above a number its noun may stand, and how far above a date its verb.
_STEPS_TO_NOUN = 4
_STEPS_TO_VERB = 10
# Characters that may stand between the left edge of an item's phrase and its number, for parses that lose the number.
_SLACK = 12
_INSIDE_PHRASE = frozenset({"nummod", "quantmod", "compound", "amod", "nmod", "pobj", "prep", "advmod", "appos"})
_BEGINNING = frozenset({"start", "begin"})


def quantity_of(item: ItemMention, sentence: ParsedSentence, quantities: Sequence[Quantity]) -> Quantity | None:
    """The number in the item's own phrase, the nearest before its noun; offsets count within the sentence.

    A name with a number in it ('Falcon 900') counts nothing.
    """
    left = min(item.top.left_edge.idx, item.head.left_edge.idx)
    right = max(_end(item.head), _end(item.top))
    tokens = {t.i for part in (item.top, item.head) for t in part.subtree}
    text, item_start = sentence.doc.text, item.start - sentence.start
    fitting = []
    for quantity in quantities:
        if "number" in item.doubts and quantity.start <= item_start < quantity.end:
            # 'Sixteen arrived in May': the item is its own number.
            return quantity
        span = sentence.tokens_at(sentence.start + quantity.start, sentence.start + quantity.end)
        is_inside = left - _SLACK <= quantity.start and left < quantity.end <= right
        if span is not None and is_inside and any(t.i in tokens for t in span) and _counts(span.root, item):
            fitting.append(quantity)
        elif quantity.end < item_start and not text[quantity.end : item_start].strip():
            # Right before the item's words, whatever the parse makes of it: 'up to 50 tanks'.
            fitting.append(quantity)
    return fitting[-1] if fitting else None


def is_single(item: ItemMention) -> bool:
    """Whether an item counts one: 'a battery', 'a second battery' do; a plural, a mass noun, 'a package' do not."""
    head = item.top
    return (
        item.unit is not None
        and item.materiel.category != "unspecified"
        and head.tag_ in {"NN", "NNP"}
        and any(
            (c.dep_ == "det" and c.lower_ in {"a", "an", "another"})
            or (c.dep_ == "amod" and c.ent_type_ == "ORDINAL" and c.lower_ != "first")
            for c in head.children
        )
        and head.lemma_.lower() == item.unit
    )


def money_of(frame: Frame, frames: Sequence[Frame], sentence: ParsedSentence, money: Sequence[Money]) -> Money | None:
    """The money told for a frame's item: in its phrase, or the only money of a sentence with one item."""
    tokens = {t.i for part in (frame.item.top, frame.item.head) for t in part.subtree}
    for amount in money:
        span = sentence.tokens_at(sentence.start + amount.start, sentence.start + amount.end)
        if span is not None and any(t.i in tokens for t in span):
            return amount
    alone = len(money) == 1 and len({f.item.start for f in frames}) == 1
    return money[0] if alone else None


def date_of(
    frame: Frame,
    sentence: ParsedSentence,
    dates: Sequence[DateMention],
    published_on: date | None,
    reporting_verbs: Container[str],
) -> DateMention | None:
    """The time expression that hangs on the transfer itself, not on the words of its report or decision.

    'signed in August' does not date what is only ordered by it; what is expected is never dated before publication.
    An inferred transfer has no date: the day of the sighting is not its own.
    """
    if frame.basis == "inferred":
        return None
    ranked = []
    for mention in dates:
        span = sentence.tokens_at(mention.start, mention.end)
        if mention.kind == "date" and span is not None:
            distance, goes_on = _distance(span.root, frame, reporting_verbs)
            if distance is not None and not (frame.reading.status in EXPECTED and _is_past(mention, published_on)):
                ranked.append((distance, replace(mention, date_end=None) if goes_on else mention))
    return min(ranked, key=lambda r: r[0])[1] if ranked else None


def _is_past(mention: DateMention, published_on: date | None) -> bool:
    last = mention.date_end or mention.date_start
    return published_on is not None and last is not None and last <= published_on


def _distance(token: Token, frame: Frame, reporting_verbs: Container[str]) -> tuple[int | None, bool]:
    """Steps from a date up to the transfer, None where it hangs on something else; and whether it began then."""
    own = {frame.predicate.i, frame.item.top.i, frame.item.head.i}
    operators = {t.i for t, _ in frame.reading.operators}
    begins = False
    for steps in range(_STEPS_TO_VERB):
        begins = begins or token.lemma_ in _BEGINNING
        if token.i in own:
            return steps, begins
        if token.i in operators:
            return (None if frame.reading.status in EXPECTED else steps + 2), begins
        if token in frame.reading.reports or (token.pos_ == "VERB" and token.lemma_.lower() in reporting_verbs):
            # 'X will send tanks, Y reported on Thursday'
            return None, begins
        if token.head == token:
            return (None if frame.reading.reports else _STEPS_TO_VERB), begins
        token = token.head
    return _STEPS_TO_VERB, begins


def _counts(token: Token, item: ItemMention) -> bool:
    """Whether a number's token modifies the item's noun, directly or inside its phrase."""
    if token.head.i in {item.top.i, item.head.i}:
        return True
    for _ in range(_STEPS_TO_NOUN):
        if token.i in {item.top.i, item.head.i}:
            return True
        if token.dep_ not in _INSIDE_PHRASE:
            return False
        token = token.head
    return False


def _end(token: Token) -> int:
    return token.idx + len(token.text)
