"""From frames to transfer claims: roles completed from the document, quantities, money, dates, sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from spacy.tokens import Token

from transforms.attribution import attribute, own_act
from transforms.dates import DateMention
from transforms.factuality import Reading
from transforms.frames import Frame, find_frames, list_head, party_id
from transforms.mentions import ActorMention, Context, ItemMention, ParsedSentence
from transforms.quantities import Money, Quantity, find_money, find_quantities
from transforms.reference import Materiel, Reference
from transforms.rows import TransferClaim, content_id

# Of these, the date is when the transfer is expected; of the others, the day of the event itself.
_EXPECTED = frozenset({"requested", "offered", "planned", "negotiated", "ordered", "approved"})
_CONTAINING = frozenset("include comprise contain consist involve cover feature encompass be bring include".split())
_DEALS = frozenset(
    """package deal sale contract order aid shipment tranche delivery consignment agreement list batch cargo purchase
    assistance item support weapon arm equipment system announcement drawdown request transfer donation""".split()
)
# How many parsed sentences further a list may go on with a transfer.
_REACH = 2
_MAX_PARTIES = 12


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What a claim needs to know of its document."""

    document_id: str
    extraction_key: str
    published_on: date | None
    home: ActorMention | None = None
    """The state that the document is written from or about."""
    named: Mapping[str, ActorMention] = field(default_factory=dict)
    """The first mention of each state that the document names, and of each firm under its state."""


@dataclass(frozen=True, slots=True)
class Deal:
    """The transfer that a document is telling of, which lists and sentences like 'It includes …' go on with."""

    frame: Frame
    suppliers: tuple[ActorMention, ...]
    recipients: tuple[ActorMention, ...]
    chain: tuple[str, ...]
    sentence: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A frame with all that its sentence tells of it, its parties perhaps incomplete."""

    frame: Frame
    sentence: ParsedSentence
    suppliers: tuple[ActorMention, ...]
    recipients: tuple[ActorMention, ...]
    quantity: Quantity | None
    value: Money | None
    when: DateMention | None
    chain: tuple[str, ...]
    places: tuple[tuple[int, int], ...]


def draft_transfers(
    sentence: ParsedSentence,
    document: DocumentFacts,
    reference: Reference,
    context: Context,
    dates: Sequence[DateMention],
    deal: Deal | None,
) -> tuple[list[Draft], Deal | None]:
    """What one sentence tells of transfers, and the transfer that later sentences may go on with.

    `dates` are the time expressions of the sentence, with offsets in the document.
    """
    frames = find_frames(sentence, reference, context)
    frames += _continued(sentence, frames, deal)
    if not frames:
        return [], deal
    text = sentence.doc.text
    quantities = find_quantities(text, reference.numbers)
    money = find_money(text, reference.numbers)
    drafts: list[Draft] = []
    for frame in _best_frames(frames):
        suppliers, recipients = tuple(frame.roles.get("supplier", ())), tuple(frame.roles.get("recipient", ()))
        chain, places = attribute(frame.reading.reports, sentence, reference, context)
        if suppliers and recipients and frame.basis == "stated" and frame.predicate.lemma_.lower() not in _CONTAINING:
            deal = Deal(frame, suppliers, recipients, tuple(chain), sentence.index)
        elif deal is not None and (frame.predicate.lemma_.lower() in _CONTAINING or frame.predicate is frame.item.head):
            deal = replace(deal, sentence=sentence.index)
        drafts.append(
            Draft(
                frame,
                sentence,
                suppliers,
                recipients,
                _quantity(frame.item, sentence, quantities),
                _money(frame, frames, sentence, money),
                _date(frame, sentence, dates, document.published_on),
                tuple(chain),
                tuple(places),
            )
        )
    return drafts, deal


def complete(
    drafts: Sequence[Draft], headline: Sequence[tuple[ActorMention | None, ActorMention | None]], document: DocumentFacts
) -> list[TransferClaim]:
    """The claims of a document: parties that a sentence leaves out are taken from where the document tells them."""
    known = [d for d in drafts if d.suppliers and d.recipients and d.frame.basis == "stated" and not _by_maker(d)]
    claims: list[TransferClaim] = []
    for draft in drafts:
        suppliers, recipients = _parties(draft, known, headline, document)
        for supplier in suppliers[:_MAX_PARTIES]:
            for recipient in recipients[:_MAX_PARTIES]:
                if _plausible(draft.frame, supplier, recipient):
                    claims.append(_claim(draft, supplier, recipient, document))
    return claims


def _parties(
    draft: Draft,
    known: Sequence[Draft],
    headline: Sequence[tuple[ActorMention | None, ActorMention | None]],
    document: DocumentFacts,
) -> tuple[Sequence[ActorMention], Sequence[ActorMention]]:
    """The parties of a draft; a missing one is that which the nearest sentence gives the same counterpart."""
    suppliers, recipients = draft.suppliers, draft.recipients
    item = draft.frame.item.materiel
    complete_as_told = draft.frame.basis != "stated" or draft.frame.lexeme.needs_parties or not item.strong
    if complete_as_told or (suppliers and recipients):
        return suppliers, recipients
    category = item.category
    near = [
        k
        for k in known
        if k.frame.item.materiel.category == category or abs(k.sentence.index - draft.sentence.index) <= _REACH
    ]
    nearest = sorted(
        near,
        key=lambda k: (
            k.frame.item.materiel.category != category,
            k.sentence.index > draft.sentence.index,
            abs(k.sentence.index - draft.sentence.index),
        ),
    )
    if suppliers:
        ids = {party_id(s) for s in suppliers}
        for other in nearest:
            if ids & {party_id(s) for s in other.suppliers}:
                return suppliers, other.recipients
        for giver, taker in headline:
            if giver is not None and taker is not None and party_id(giver) in ids:
                return suppliers, [taker]
        if document.home is not None and party_id(document.home) not in ids | {s.actor.country for s in suppliers}:
            return suppliers, [document.home]
    elif recipients:
        ids = {party_id(r) for r in recipients}
        for other in nearest:
            if ids & {party_id(r) for r in other.recipients} and _fits(item, other):
                return other.suppliers, recipients
        for giver, taker in headline:
            if giver is not None and taker is not None and party_id(taker) in ids:
                return [giver], recipients
        if item.producer_id in document.named and item.producer_id not in ids:
            return [document.named[item.producer_id]], recipients
        if (
            document.home is not None
            and category != "unspecified"
            and party_id(document.home) not in ids
            and item.producer_id in {None, party_id(document.home)}
        ):
            return [document.home], recipients
    else:
        for other in nearest:
            distance = draft.sentence.index - other.sentence.index
            if other.frame.item.materiel.category == category and 0 <= distance <= _REACH:
                return other.suppliers, other.recipients
    return suppliers, recipients


def _by_maker(draft: Draft) -> bool:
    """Whether the supplier is only known as the maker of this very item."""
    maker = draft.frame.item.maker
    return maker is not None and maker in draft.suppliers and maker.actor.kind == "company"


def _fits(item: Materiel, other: Draft) -> bool:
    """Whether another sentence's suppliers can be those of an item: not where its maker is known to be another."""
    if item.weapon is None or item.weapon == other.frame.item.materiel.weapon or item.producer_id is None:
        return True
    return item.producer_id in {m.actor.country or m.actor.actor_id for m in other.suppliers}


def headline_pairs(
    sentence: ParsedSentence, reference: Reference, context: Context
) -> list[tuple[ActorMention | None, ActorMention | None]]:
    """Who supplies whom by a headline, for claims of the text that leave a party out."""
    pairs: list[tuple[ActorMention | None, ActorMention | None]] = []
    for frame in find_frames(sentence, reference, context):
        for supplier in frame.roles.get("supplier", [None]):
            for recipient in frame.roles.get("recipient", [None]):
                pairs.append((supplier, recipient))
    return pairs


def _continued(sentence: ParsedSentence, frames: list[Frame], deal: Deal | None) -> list[Frame]:
    """Items that go on with the transfer told before: members of a list, or 'The package also includes …'."""
    if deal is None or sentence.index - deal.sentence > _REACH:
        return []
    root = sentence.doc[:].root
    fragment = root.pos_ in {"NOUN", "PROPN", "NUM", "X"} and not any(t.dep_ == "nsubj" for t in root.children)
    holding = [
        t for t in sentence.doc if t.lemma_.lower() in _CONTAINING and (t.pos_ == "VERB" or t.dep_ == "prep")
        and any(c.dep_ in {"nsubj", "nsubjpass"} and _is_deal(c) for c in t.children)
    ]  # fmt: skip
    if not fragment and not holding:
        return []
    told = {id(f.item) for f in frames if f.has("supplier") or f.has("recipient")}
    found = []
    for item in sentence.items:
        if id(item) in told or not (fragment or any(_held(item.top, verb) for verb in holding)):
            continue
        predicate = holding[0] if holding else item.head
        reading = Reading(deal.frame.reading.status, deal.frame.reading.factuality)
        roles = {"supplier": list(deal.suppliers), "recipient": list(deal.recipients)}
        found.append(Frame(predicate, deal.frame.lexeme, item, reading, roles=roles))
    return found


def _held(top: Token, verb: Token) -> bool:
    """Whether an item is what 'includes' includes, not something in a clause further below."""
    token = list_head(top)
    while token.dep_ in {"pobj", "prep"} and token.head is not verb:
        token = token.head
    return token.head is verb and token.i > verb.i


def _is_deal(token: Token) -> bool:
    return token.lemma_.lower() in _DEALS or token.lower_ in {"it", "they", "this", "that", "which"}


def _best_frames(frames: list[Frame]) -> list[Frame]:
    """One frame per item and kind of basis, the one that tells more parties; more where they tell of other parties."""
    kept: list[Frame] = []
    for frame in sorted(frames, key=lambda f: -(f.has("supplier") + f.has("recipient"))):
        rivals = [k for k in kept if k.item is frame.item]
        if any(not _adds(frame, k) for k in rivals):
            continue
        kept.append(frame)
    return sorted(kept, key=lambda f: (f.item.start, f.predicate.i))


def _adds(frame: Frame, kept: Frame) -> bool:
    mine = {role: {party_id(m) for m in frame.roles.get(role, [])} for role in ("supplier", "recipient")}
    theirs = {role: {party_id(m) for m in kept.roles.get(role, [])} for role in ("supplier", "recipient")}
    if frame.basis != kept.basis:
        return bool(mine["supplier"] and mine["recipient"]) and mine != theirs
    return any(mine[role] and not mine[role] <= theirs[role] for role in mine) and all(mine.values())


def _plausible(frame: Frame, supplier: ActorMention, recipient: ActorMention) -> bool:
    giver, taker = party_id(supplier), party_id(recipient)
    if giver == taker:
        return False
    if "person" in {supplier.actor.kind, recipient.actor.kind} and giver is not None and taker is not None:
        unknown = [m for m in (supplier, recipient) if m.actor.kind == "person" and m.form == "entity" and not m.actor.country]
        if unknown:
            # A name that only the language model takes for a person's is no party.
            return False
    if supplier.actor.country == taker or recipient.actor.country == giver:
        # A state's purchase from its own industry, or issue to its own forces, is no transfer.
        return supplier.actor.kind in {"armed_group"} or recipient.actor.kind in {"armed_group"}
    if recipient.actor.kind == "intergovernmental" and supplier.actor.kind == "person":
        return False
    return True


def _claim(draft: Draft, supplier: ActorMention, recipient: ActorMention, document: DocumentFacts) -> TransferClaim:
    frame, sentence, quantity, value, when = draft.frame, draft.sentence, draft.quantity, draft.value, draft.when
    item, reading = frame.item, frame.reading
    chain, places = draft.chain, draft.places
    if own_act(chain, supplier, recipient, reading.status):
        chain, places = (), ()
    text = sentence.doc.text
    intermediaries = sorted({i for m in frame.roles.get("intermediary", []) if (i := party_id(m)) is not None})
    origin = frame.roles.get("origin", [None])[0]
    approver = frame.roles.get("approved_by", [None])[0]
    supplier_id, recipient_id = party_id(supplier), party_id(recipient)
    low = high = None
    unit = item.unit
    marks: list[tuple[str, int, int]] = [("materiel", item.start, item.end)]
    start, end = sentence.span(frame.predicate, frame.predicate)
    marks.append(("status", start, end))
    if quantity is not None:
        low, high = quantity.low, quantity.high
        marks.append(("quantity", sentence.start + quantity.start, sentence.start + quantity.end))
    elif _is_single(item):
        low = high = 1.0
    for role, mention in (("supplier", supplier), ("recipient", recipient), ("origin", origin), ("approved_by", approver)):
        if mention is not None and mention.end > mention.start:
            marks.append((role, mention.start, mention.end))
    for mention in frame.roles.get("intermediary", []):
        marks.append(("intermediary", mention.start, mention.end))
    if value is not None:
        marks.append(("value", sentence.start + value.start, sentence.start + value.end))
    if when is not None:
        marks.append(("date", when.start, when.end))
    marks.extend(("attribution", a, b) for a, b in places)
    claim = TransferClaim(
        claim_id="",
        extraction_key=document.extraction_key,
        document_id=document.document_id,
        supplier_id=supplier_id,
        recipient_id=recipient_id,
        intermediary_ids=";".join(intermediaries) or None,
        origin_id=party_id(origin) if origin is not None and party_id(origin) != supplier_id else None,
        approved_by_id=party_id(approver) if approver is not None and party_id(approver) != supplier_id else None,
        materiel=text[item.start - sentence.start : item.end - sentence.start],
        weapon=item.materiel.weapon,
        category=item.materiel.category,
        quantity_low=low,
        quantity_high=high,
        quantity_unit=unit if low is not None or high is not None else None,
        value_amount=value.amount if value is not None else None,
        value_currency=value.currency if value is not None else None,
        status=reading.status if frame.basis == "stated" else "delivered",
        factuality=reading.factuality,
        basis=frame.basis,
        date_start=when.date_start if when is not None else None,
        date_end=when.date_end if when is not None else None,
        date_precision=when.precision if when is not None else None,
        date_text=when.text if when is not None else None,
        attribution=" > ".join(chain) or None,
        evidence=text,
        evidence_start=sentence.start,
        evidence_end=sentence.end,
        evidence_marks=render_marks(marks),
    )
    return replace(claim, claim_id=claim_identity(claim))


def claim_identity(claim: TransferClaim) -> str:
    """The claim's id: content id of its document, what it says and where it says it; the same in every run."""
    return content_id(
        "transfer",
        claim.document_id,
        claim.supplier_id,
        claim.recipient_id,
        claim.category,
        claim.weapon,
        claim.status,
        claim.factuality,
        claim.quantity_low,
        claim.quantity_high,
        claim.value_amount,
        claim.date_start,
        claim.date_end,
        claim.evidence_start,
        claim.materiel,
    )


def render_marks(marks: Iterable[tuple[str, int, int]]) -> str:
    """`field=start:end` joined by `;`, sorted by offset."""
    return ";".join(f"{name}={a}:{b}" for name, a, b in sorted(set(marks), key=lambda m: (m[1], m[2], m[0])))


def _is_single(item: ItemMention) -> bool:
    """'a battery' counts one; 'a system of …' in the plural or a mass noun counts nothing."""
    head = item.top
    return (
        item.unit is not None
        and head.tag_ in {"NN", "NNP"}
        and any(c.dep_ == "det" and c.lower_ in {"a", "an", "another"} for c in head.children)
        and head.lemma_.lower() == item.unit
    )


def _quantity(item: ItemMention, sentence: ParsedSentence, quantities: list[Quantity]) -> Quantity | None:
    """The number in the item's own phrase, the nearest before its noun."""
    left = min(item.top.left_edge.idx, item.head.left_edge.idx)
    right = max(item.head.idx + len(item.head.text), item.top.idx + len(item.top.text))
    inside = [q for q in quantities if q.start >= left - 12 and q.end <= right and q.end > left]
    tokens = {t.i for t in item.top.subtree} | {t.i for t in item.head.subtree} | {item.top.i, item.head.i}
    fitting = []
    for quantity in inside:
        span = sentence.doc.char_span(quantity.start, quantity.end, alignment_mode="expand")
        if span is not None and any(t.i in tokens for t in span) and (span.root.head.i in {item.top.i, item.head.i} or span.root.i == item.top.i or _counts(span.root, item)):
            fitting.append(quantity)
    if fitting:
        return fitting[-1]
    first = item.top
    while first.dep_ == "conj" and first.head.i < first.i:
        first = first.head
    return None


def _counts(token: Token, item: ItemMention) -> bool:
    for _ in range(4):
        if token.i in {item.top.i, item.head.i}:
            return True
        if token.dep_ not in {"nummod", "quantmod", "compound", "amod", "nmod", "pobj", "prep", "advmod", "appos"}:
            return False
        token = token.head
    return False


def _money(frame: Frame, frames: list[Frame], sentence: ParsedSentence, money: list[Money]) -> Money | None:
    """The money told for this item: in its phrase or its predicate's, or the only money of a sentence with one item."""
    if not money:
        return None
    doc = sentence.doc
    item_tokens = {t.i for t in frame.item.top.subtree} | {t.i for t in frame.item.head.subtree}
    near = []
    for amount in money:
        span = doc.char_span(amount.start, amount.end, alignment_mode="expand")
        if span is not None and any(t.i in item_tokens for t in span):
            near.append(amount)
    if near:
        return near[0]
    items = {f.item.start for f in frames}
    if len(money) == 1 and len(items) == 1:
        return money[0]
    return None


def _date(
    frame: Frame, sentence: ParsedSentence, dates: Sequence[DateMention], published_on: date | None
) -> DateMention | None:
    """The time expression that hangs on the transfer, not on the words of its report or decision."""
    if frame.basis == "inferred":
        return None
    reading = frame.reading
    own = {frame.predicate.i, frame.item.top.i, frame.item.head.i}
    chain = {t.i for t, _ in reading.operators}
    best: tuple[int, DateMention] | None = None
    for mention in dates:
        span = sentence.doc.char_span(
            mention.start - sentence.start, mention.end - sentence.start, alignment_mode="expand"
        )
        if mention.kind != "date" or span is None:
            continue
        token = span.root
        rank = 9
        for steps in range(10):
            if token.lemma_ in {"start", "begin"} and mention.date_start is not None:
                # 'started in 2023': it goes on.
                mention = replace(mention, date_end=None)
            if token.i in own:
                rank = steps
                break
            if token.i in chain:
                # 'signed in August': the day of the decision dates only what the decision itself is.
                rank = 99 if reading.status in _EXPECTED else steps + 2
                break
            if token in reading.reports:
                rank = 99
                break
            if token.head is token:
                rank = 8 if not reading.reports else 99
                break
            token = token.head
        if rank < 90 and (best is None or rank < best[0]):
            best = (rank, mention)
    if best is None:
        return None
    mention = best[1]
    if reading.status in _EXPECTED and published_on is not None:
        last = mention.date_end or mention.date_start
        if last is not None and last < published_on:
            return None
    return mention
