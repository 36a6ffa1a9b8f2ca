"""What one sentence tells of transfers: frames with their numbers, dates and sources, parties perhaps missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spacy.tokens import Token

from transforms.attachments import date_of, money_of, quantity_of
from transforms.attribution import attribute
from transforms.claims import DocumentFacts
from transforms.context import Context
from transforms.dates import DateMention
from transforms.factuality import Reading
from transforms.frames import NO_PREDICATE, Frame, bare_frame, find_frames, party_id
from transforms.mentions import ActorMention, ParsedSentence
from transforms.predicates import list_head
from transforms.quantities import Money, Quantity, find_money, find_quantities
from transforms.reference import Reference

REACH = 2
"""How many parsed sentences further a list, or a sentence that names no party, may go on with a transfer."""

FAR_REACH = 6
"""The same for sentences that speak of 'the package' or 'the sale' by name."""


@dataclass(frozen=True, slots=True)
class Deal:
    """The transfer that a document is telling of, which lists and sentences like 'It includes …' go on with."""

    frame: Frame
    suppliers: tuple[ActorMention, ...]
    recipients: tuple[ActorMention, ...]
    sentence: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A frame with all that its sentence tells of it."""

    frame: Frame
    sentence: ParsedSentence
    suppliers: tuple[ActorMention, ...]
    recipients: tuple[ActorMention, ...]
    quantity: Quantity | None
    value: Money | None
    when: DateMention | None
    dates: tuple[DateMention, ...]
    """The time expressions of the sentence, of which `when` is the transfer's."""
    sources: tuple[str, ...]
    """Who says so, outermost first."""
    source_places: tuple[tuple[int, int], ...]


def draft_transfers(
    sentence: ParsedSentence,
    document: DocumentFacts,
    reference: Reference,
    context: Context,
    dates: Sequence[DateMention],
    deal: Deal | None,
) -> tuple[list[Draft], Deal | None]:
    """The transfers of a sentence, and the one that later sentences may go on with.

    `dates` are the time expressions of the sentence, with offsets in the document; `deal` is the one told before.
    """
    frames = find_frames(sentence, reference, context)
    frames += _continued(sentence, frames, deal, reference)
    told_items = {id(f.item) for f in frames}
    frames += [bare_frame(item, sentence, reference, context) for item in sentence.items if id(item) not in told_items]
    if not frames:
        return [], deal
    quantities = find_quantities(sentence.doc.text, reference.numbers)
    money = find_money(sentence.doc.text, reference.numbers, document.home.actor.country if document.home else None)
    drafts = []
    for frame in _best_frames(frames):
        sources, places = attribute(frame.reading.reports, sentence, reference, context, frame.predicate)
        draft = Draft(
            frame,
            sentence,
            tuple(frame.roles.get("supplier", ())),
            tuple(frame.roles.get("recipient", ())),
            quantity_of(frame.item, sentence, quantities),
            money_of(frame, frames, sentence, money),
            date_of(frame, sentence, dates, document.published_on, reference.reporting_verbs),
            tuple(dates),
            tuple(sources),
            tuple(places),
        )
        drafts.append(draft)
        if frame.lexeme is not NO_PREDICATE:
            deal = _deal_after(draft, deal, reference)
    return drafts, deal


def _deal_after(draft: Draft, deal: Deal | None, reference: Reference) -> Deal | None:
    """The transfer that is open after a draft: the draft's own where it is whole, else the one that it goes on with."""
    goes_on = draft.frame.predicate.lemma_.lower() in reference.words["containing"]
    if draft.suppliers and draft.recipients and draft.frame.basis == "stated" and not goes_on:
        return Deal(draft.frame, draft.suppliers, draft.recipients, draft.sentence.index)
    if deal is not None and (goes_on or draft.frame.predicate == draft.frame.item.head):
        return replace(deal, sentence=draft.sentence.index)
    return deal


def _continued(sentence: ParsedSentence, frames: list[Frame], deal: Deal | None, reference: Reference) -> list[Frame]:
    """Items that go on with the transfer told before: members of a list, or 'The package also includes …'."""
    holding = [t for t in sentence.doc if _holds(t, reference)]
    by_name = any(s.lemma_.lower() in reference.words["deal"] for t in holding for s in t.children if s.dep_ == "nsubj")
    if deal is None or sentence.index - deal.sentence > (FAR_REACH if by_name else REACH):
        return []
    if not holding and not _is_fragment(sentence):
        return []
    told = {id(f.item) for f in frames if f.has("supplier") or f.has("recipient")}
    found = []
    for item in sentence.items:
        if id(item) in told or (holding and not any(_held(item.top, verb) for verb in holding)):
            continue
        found.append(
            Frame(
                holding[0] if holding else item.head,
                deal.frame.lexeme,
                item,
                Reading(deal.frame.reading.status, deal.frame.reading.factuality),
                roles={"supplier": list(deal.suppliers), "recipient": list(deal.recipients)},
            )
        )
    return found


def _is_fragment(sentence: ParsedSentence) -> bool:
    """Whether a sentence is a member of a list: a noun phrase without a subject."""
    root = sentence.doc[:].root
    return root.pos_ in {"NOUN", "PROPN", "NUM", "X"} and not any(t.dep_ == "nsubj" for t in root.children)


def _holds(token: Token, reference: Reference) -> bool:
    """'The package includes', 'it covers': a verb of containing whose subject is a deal or stands for one."""
    if token.pos_ not in {"VERB", "AUX"} or token.lemma_.lower() not in reference.words["containing"]:
        return False
    subjects = [c for c in token.children if c.dep_ in {"nsubj", "nsubjpass"}]
    return any(s.lemma_.lower() in reference.words["deal"] or s.lower_ in {"it", "they", "which"} for s in subjects)


def _held(top: Token, verb: Token) -> bool:
    """Whether an item is what 'includes' includes, not something in a clause further below."""
    token = list_head(top)
    while token.dep_ in {"pobj", "prep"} and token.head != verb:
        token = token.head
    return token.head == verb and token.i > verb.i


def _best_frames(frames: list[Frame]) -> list[Frame]:
    """Per item the frame that tells most parties, and others only where they tell of other parties."""
    kept: list[Frame] = []
    for frame in sorted(frames, key=lambda f: -(f.has("supplier") + f.has("recipient"))):
        if all(_adds(frame, k) for k in kept if k.item is frame.item):
            kept.append(frame)
    return sorted(kept, key=lambda f: (f.item.start, f.predicate.i))


def _adds(frame: Frame, kept: Frame) -> bool:
    mine, theirs = _ids(frame), _ids(kept)
    if not all(mine):
        return False
    if frame.basis != kept.basis:
        return mine != theirs
    return any(not own <= other for own, other in zip(mine, theirs, strict=True))


def _ids(frame: Frame) -> tuple[set[str | None], set[str | None]]:
    """Suppliers and recipients of a frame, by id."""
    return (
        {party_id(m) for m in frame.roles.get("supplier", [])},
        {party_id(m) for m in frame.roles.get("recipient", [])},
    )
