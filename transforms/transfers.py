"""From frames to transfer claims: roles completed from the document, quantities, money, dates, sources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from spacy.tokens import Token

from transforms.attribution import attribute, own_act
from transforms.dates import DateMention, find_dates
from transforms.factuality import Reading
from transforms.frames import Frame, find_frames, list_head, party_id
from transforms.mentions import ActorMention, Context, ItemMention, ParsedSentence
from transforms.quantities import Money, Quantity, find_money, find_quantities
from transforms.reference import Actor, Reference
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


@dataclass(frozen=True, slots=True)
class Party:
    """An actor in a role, with the characters that name it; none where it was told elsewhere."""

    actor_id: str | None
    mention: ActorMention | None


@dataclass(frozen=True, slots=True)
class Deal:
    """The transfer that a document is telling of, which lists and sentences like 'It includes …' go on with."""

    frame: Frame
    suppliers: tuple[ActorMention, ...]
    recipients: tuple[ActorMention, ...]
    chain: tuple[str, ...]
    sentence: int


class Ledger:
    """The parties of the claims made so far in a document, from which later claims take what they leave out."""

    def __init__(self, headline: Iterable[tuple[ActorMention | None, ActorMention | None]] = ()) -> None:
        self.pairs: list[tuple[ActorMention, ActorMention, str]] = []
        self.headline = list(headline)
        self.open: Deal | None = None

    def note(self, supplier: ActorMention, recipient: ActorMention, category: str) -> None:
        """Remember a claim's parties."""
        self.pairs.append((supplier, recipient, category))

    def other_party(self, known: str, role: str, category: str) -> ActorMention | None:
        """The counterpart that the document gave `known` (an actor in `role`) most recently, same category first."""
        for same_category in (True, False):
            for supplier, recipient, of_category in reversed(self.pairs):
                if same_category and of_category != category:
                    continue
                mine, other = (supplier, recipient) if role == "supplier" else (recipient, supplier)
                if party_id(mine) == known:
                    return other
        for supplier, recipient in self.headline:
            mine, other = (supplier, recipient) if role == "supplier" else (recipient, supplier)
            if mine is not None and other is not None and party_id(mine) == known:
                return other
        return None


def find_transfers(
    sentence: ParsedSentence, document: DocumentFacts, reference: Reference, context: Context, ledger: Ledger
) -> list[TransferClaim]:
    """The transfer claims of one sentence, in the order of their items."""
    frames = find_frames(sentence, reference, context)
    frames += _continued(sentence, frames, ledger)
    if not frames:
        return []
    text = sentence.doc.text
    quantities = find_quantities(text, reference.numbers)
    money = find_money(text, reference.numbers)
    claims: list[TransferClaim] = []
    for frame in _best_frames(frames):
        suppliers, recipients = _parties(frame, ledger)
        if not suppliers and not recipients:
            continue
        chain, places = attribute(frame.reading.reports, sentence, reference, context)
        if suppliers and recipients and frame.basis == "stated" and frame.predicate.lemma_.lower() not in _CONTAINING:
            ledger.open = Deal(frame, tuple(suppliers), tuple(recipients), tuple(chain), sentence.index)
        elif ledger.open is not None and frame.predicate.lemma_.lower() in _CONTAINING:
            ledger.open = replace(ledger.open, sentence=sentence.index)
        when = _date(frame, sentence, document.published_on)
        quantity = _quantity(frame.item, sentence, quantities)
        value = _money(frame, frames, sentence, money)
        for supplier in suppliers[:_MAX_PARTIES] or [None]:
            for recipient in recipients[:_MAX_PARTIES] or [None]:
                if not _plausible(frame, supplier, recipient):
                    continue
                if supplier is not None and recipient is not None:
                    ledger.note(supplier, recipient, frame.item.materiel.category)
                claims.append(_claim(frame, supplier, recipient, quantity, value, when, chain, places, sentence, document))
    return claims


def _continued(sentence: ParsedSentence, frames: list[Frame], ledger: Ledger) -> list[Frame]:
    """Items that go on with the transfer told before: members of a list, or 'The package also includes …'."""
    deal = ledger.open
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
    if found:
        ledger.open = replace(deal, sentence=sentence.index)
    return found


def _held(top: Token, verb: Token) -> bool:
    """Whether an item is what 'includes' includes, not something in a clause further below."""
    token = list_head(top)
    while token.dep_ in {"pobj", "prep"} and token.head is not verb:
        token = token.head
    return token.head is verb and token.i > verb.i


def _is_deal(token: Token) -> bool:
    return token.lemma_.lower() in _DEALS or token.lower_ in {"it", "they", "this", "that", "which"}


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


def _parties(frame: Frame, ledger: Ledger) -> tuple[list[ActorMention], list[ActorMention]]:
    suppliers, recipients = list(frame.roles.get("supplier", [])), list(frame.roles.get("recipient", []))
    category = frame.item.materiel.category
    if frame.basis == "stated":
        if suppliers and not recipients:
            other = ledger.other_party(party_id(suppliers[0]) or "", "supplier", category)
            recipients = [other] if other is not None else []
        elif recipients and not suppliers:
            other = ledger.other_party(party_id(recipients[0]) or "", "recipient", category)
            suppliers = [other] if other is not None else []
    return suppliers, recipients


def _plausible(frame: Frame, supplier: ActorMention | None, recipient: ActorMention | None) -> bool:
    if supplier is None or recipient is None:
        # A claim with one party is right too seldom to be worth its row.
        return False
    giver, taker = party_id(supplier), party_id(recipient)
    if giver == taker:
        return False
    if supplier.actor.country == taker or recipient.actor.country == giver:
        # A state's purchase from its own industry, or issue to its own forces, is no transfer.
        return supplier.actor.kind in {"armed_group"} or recipient.actor.kind in {"armed_group"}
    if recipient.actor.kind == "intergovernmental" and supplier.actor.kind == "person":
        return False
    return supplier.form != "place" or not _is_location(frame, supplier)


def _is_location(frame: Frame, mention: ActorMention) -> bool:
    return False


def _claim(
    frame: Frame,
    supplier: ActorMention | None,
    recipient: ActorMention | None,
    quantity: Quantity | None,
    value: Money | None,
    when: DateMention | None,
    chain: list[str],
    places: list[tuple[int, int]],
    sentence: ParsedSentence,
    document: DocumentFacts,
) -> TransferClaim:
    item, reading = frame.item, frame.reading
    if own_act(chain, supplier, recipient, reading.status):
        chain, places = [], []
    text = sentence.doc.text
    intermediaries = sorted({i for m in frame.roles.get("intermediary", []) if (i := party_id(m)) is not None})
    origin = frame.roles.get("origin", [None])[0]
    approver = frame.roles.get("approved_by", [None])[0]
    supplier_id = party_id(supplier) if supplier is not None else None
    recipient_id = party_id(recipient) if recipient is not None else None
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
        if mention is not None:
            marks.append((role, mention.start, mention.end))
    for mention in frame.roles.get("intermediary", []):
        marks.append(("intermediary", mention.start, mention.end))
    if value is not None:
        marks.append(("value", sentence.start + value.start, sentence.start + value.end))
    if when is not None:
        marks.append(("date", sentence.start + when.start, sentence.start + when.end))
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


def _date(frame: Frame, sentence: ParsedSentence, published_on: date | None) -> DateMention | None:
    """The time expression that hangs on the transfer, not on the words of its report or decision."""
    if frame.basis == "inferred":
        return None
    dates = [d for d in find_dates(sentence.doc.text, published_on) if d.kind == "date"]
    if not dates:
        return None
    reading = frame.reading
    own = {frame.predicate.i, frame.item.top.i, frame.item.head.i}
    chain = {t.i for t, _ in reading.operators}
    best: tuple[int, DateMention] | None = None
    for mention in dates:
        span = sentence.doc.char_span(mention.start, mention.end, alignment_mode="expand")
        if span is None:
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


def unknown_actors(frame_actors: Iterable[ActorMention], reference: Reference) -> list[Actor]:
    """Actors of a claim that no reference table knows."""
    return [m.actor for m in frame_actors if m.actor.actor_id not in reference.actors]
