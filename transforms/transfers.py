"""From drafts to transfer claims: parties that a sentence leaves out are taken from where the document tells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from transforms.attachments import date_of, is_single
from transforms.attribution import own_act
from transforms.candidates import Scene, nearest_place
from transforms.claims import DocumentFacts, render_marks
from transforms.context import Context
from transforms.decisions import Decisions, decide
from transforms.drafts import REACH, Draft
from transforms.frames import NO_PREDICATE, find_frames, may_deal, party_id
from transforms.mentions import ActorMention, ParsedSentence
from transforms.reference import Materiel, Reference
from transforms.rows import TransferClaim, content_id

Pair = tuple[ActorMention, ActorMention]
"""A supplier and a recipient."""

_OTHER = {"supplier": "recipient", "recipient": "supplier"}
# More parties than this on one side are a list of members, not of suppliers.
_MAX_PARTIES = 12
# A second status of the same movement is believed from this confidence on.
_SURE_OF_STATUS = 0.6
# The same where it comes with a number and a date of its own.
_SURE_OF_OWN_STATUS = 0.4


def transfer_claims(scene: Scene, headline: Sequence[Pair], decisions: Decisions | None) -> list[TransferClaim]:
    """The transfer claims of a document, in the order of the text.

    `headline` are the pairs that its headline tells. Without a model the rules' own reading stands.
    """
    if decisions is None:
        return [
            _claim(draft, supplier, recipient, None, scene.document, scene.states)
            for draft, suppliers, recipients in by_rules(scene, headline)
            for supplier in suppliers[:_MAX_PARTIES]
            for recipient in recipients[:_MAX_PARTIES]
            if may_deal(supplier, recipient) and not (_is_guess(supplier) or _is_guess(recipient))
            if not _at_war(draft, supplier, recipient, scene.foes)
        ]
    claims = []
    for told in decide(scene, roles_by_rules(scene, headline), decisions):
        draft = scene.drafts[told.draft]
        draft.frame.reading.status = told.status
        verbs = scene.reference.reporting_verbs
        when = date_of(draft.frame, draft.sentence, draft.dates, scene.document.published_on, verbs)
        draft = replace(draft, when=when)
        supplier, recipient = (_mention(draft, party, scene) for party in (told.supplier, told.recipient))
        if supplier is not None and recipient is not None and _at_war(draft, supplier, recipient, scene.foes):
            continue
        claim = _claim(draft, supplier, recipient, told.confidence, scene.document, scene.states)
        # How far it has come, only a word of transfer tells.
        sure = told.status_confidence * (0.5 if draft.frame.lexeme is NO_PREDICATE else 1.0)
        claims.append((claim, sure))
    return _settled(claims)


def _settled(claims: Sequence[tuple[TransferClaim, float]]) -> list[TransferClaim]:
    """The claims without those that only repeat another, or give the same item another status half-heartedly.

    A claim that takes the place of poorer ones is as sure as the surest of them.
    """
    kept: list[TransferClaim] = []
    for claim, sure in sorted(claims, key=lambda c: -c[1]):
        alike = [k for k in kept if _movement(k) == _movement(claim)]
        same = [k for k in alike if (k.status, k.factuality) == (claim.status, claim.factuality)]
        is_own = all(_tells_apart(claim, k) for k in alike)
        needed = _SURE_OF_OWN_STATUS if is_own else _SURE_OF_STATUS
        if any(_repeats(claim, k) for k in same) or (alike and not same and sure < needed):
            continue
        poorer = [k for k in same if _repeats(k, claim)]
        kept = [k for k in kept if not any(k is p for p in poorer)]
        confidence = max(c.confidence or 0.0 for c in (claim, *poorer))
        kept.append(replace(claim, confidence=confidence))
    order = {claim.claim_id: n for n, (claim, _) in reversed(list(enumerate(claims)))}
    return sorted(kept, key=lambda c: order[c.claim_id])


def _tells_apart(claim: TransferClaim, other: TransferClaim) -> bool:
    """Whether a claim has a number and a day of its own: 'ordered 180; ten arrived in May'."""
    numbers = (claim.quantity_low, claim.quantity_high)
    days = (claim.date_start, claim.date_end)
    has_both = numbers != (None, None) and days != (None, None)
    return (
        has_both
        and numbers != (other.quantity_low, other.quantity_high)
        and days
        != (
            other.date_start,
            other.date_end,
        )
    )


def _movement(claim: TransferClaim) -> tuple[str | None, str | None, str]:
    return claim.supplier_id, claim.recipient_id, claim.category


def _repeats(claim: TransferClaim, other: TransferClaim) -> bool:
    """Whether a claim of the same movement and status says nothing that the other does not."""
    told = ("weapon", "quantity_low", "quantity_high", "value_amount", "date_start", "date_end")
    return all(getattr(claim, f) in (None, getattr(other, f)) for f in told)


def _mention(draft: Draft, party: str | None, scene: Scene) -> ActorMention | None:
    """Where a party is told: in the sentence of the draft, else where the document first names it."""
    if party is None:
        return None
    place = nearest_place(draft, party, scene)
    return place.mention if place is not None else scene.parties[party]


def roles_by_rules(scene: Scene, headline: Sequence[Pair]) -> list[frozenset[tuple[str, str]]]:
    """For each draft the roles that the rules give, as (role, party)."""
    return [
        frozenset(
            (role, party)
            for role, mentions in (("supplier", suppliers), ("recipient", recipients))
            for mention in mentions
            if (party := party_id(mention)) is not None
        )
        for _, suppliers, recipients in by_rules(scene, headline)
    ]


def by_rules(
    scene: Scene, headline: Sequence[Pair]
) -> Iterator[tuple[Draft, Sequence[ActorMention], Sequence[ActorMention]]]:
    """Each draft with the suppliers and recipients that the rules give it."""
    known = [
        d
        for d in scene.drafts
        if d.frame.lexeme is not NO_PREDICATE
        and d.suppliers
        and d.recipients
        and d.frame.basis == "stated"
        and not _from_maker(d)
    ]
    for draft in scene.drafts:
        if draft.frame.lexeme is NO_PREDICATE or draft.frame.item.doubts:
            yield draft, (), ()
        else:
            yield draft, *_completed(draft, known, headline, scene.document)


def headline_pairs(sentence: ParsedSentence, reference: Reference, context: Context) -> list[Pair]:
    """Who supplies whom by a headline."""
    # Its characters are not the text's: such a mention marks nothing.
    return [
        (replace(supplier, start=0, end=0), replace(recipient, start=0, end=0))
        for frame in find_frames(sentence, reference, context)
        for supplier in frame.roles.get("supplier", [])
        for recipient in frame.roles.get("recipient", [])
    ]


def _completed(
    draft: Draft, known: Sequence[Draft], headline: Sequence[Pair], document: DocumentFacts
) -> tuple[Sequence[ActorMention], Sequence[ActorMention]]:
    """Suppliers and recipients of a draft, a missing side completed from the document.

    Only what names arms outright is completed, and only where the word for the transfer is clear by itself.
    """
    parties = {"supplier": draft.suppliers, "recipient": draft.recipients}
    missing = [role for role, found in parties.items() if not found]
    if any(role in draft.frame.unidentified for role in missing):
        return parties["supplier"], parties["recipient"]
    item = draft.frame.item.materiel
    may_be_completed = draft.frame.basis == "stated" and item.strong and not draft.frame.lexeme.needs_parties
    if missing and may_be_completed:
        nearest = _nearest(draft, known)
        if len(missing) == 1:
            role = missing[0]
            home = document.home if _can_be_home(role, known, document) else None
            parties[role] = _counterparts(role, parties[_OTHER[role]], item, nearest, headline, document.named, home)
        else:
            for other in nearest:
                if _category(other) == item.category and 0 <= draft.sentence.index - other.sentence.index <= REACH:
                    return other.suppliers, other.recipients
            if not known and len(headline) == 1:
                # The text goes on with what its headline tells.
                return headline[0][:1], headline[0][1:]
    elif missing == ["supplier"] and item.weapon is not None and draft.frame.lexeme.subject_role == "supplier":
        # 'F-16s are being built for Poland': by whom else than their maker.
        maker = document.named.get(item.producer_id or "")
        parties["supplier"] = (maker,) if maker is not None else ()
    return parties["supplier"], parties["recipient"]


def _nearest(draft: Draft, known: Sequence[Draft]) -> list[Draft]:
    """Whole drafts that may complete this one: of its category or close by; same category first, earlier ones first."""

    def distance(other: Draft) -> int:
        return abs(other.sentence.index - draft.sentence.index)

    category = _category(draft)
    fitting = [k for k in known if _category(k) == category or distance(k) <= REACH]
    return sorted(
        fitting, key=lambda k: (_category(k) != category, k.sentence.index > draft.sentence.index, distance(k))
    )


def _counterparts(
    role: str,
    told: Sequence[ActorMention],
    item: Materiel,
    nearest: Sequence[Draft],
    headline: Sequence[Pair],
    named: Mapping[str, ActorMention],
    home: ActorMention | None,
) -> tuple[ActorMention, ...]:
    """Who plays the missing role opposite to the parties told.

    In this order: whom the nearest sentence gives the same counterpart, whom the headline does, the maker's state of a
    weapon where the document names that state, the state that the document is from or about.
    """
    ids = {party_id(m) for m in told}
    for other in nearest:
        mine, theirs = (
            (other.recipients, other.suppliers) if role == "supplier" else (other.suppliers, other.recipients)
        )
        if ids & {party_id(m) for m in mine} and (role == "recipient" or _can_come_from(item, theirs)):
            return theirs
    for supplier, recipient in headline:
        told_there, candidate = (recipient, supplier) if role == "supplier" else (supplier, recipient)
        if party_id(told_there) in ids:
            return (candidate,)
    maker = named.get(item.producer_id or "")
    if role == "supplier" and maker is not None and party_id(maker) not in ids:
        return (maker,)
    if home is None or party_id(home) in ids | {m.actor.country for m in told}:
        return ()
    if role == "supplier" and (item.category == "unspecified" or not _can_come_from(item, [home])):
        return ()
    return (home,)


def _can_be_home(role: str, known: Sequence[Draft], document: DocumentFacts) -> bool:
    """Whether the document's own state may play a role: not where it is told to play only the other one."""
    if document.home is None:
        return False
    plays = {
        r
        for d in known
        for r, mentions in (("supplier", d.suppliers), ("recipient", d.recipients))
        if party_id(document.home) in {party_id(m) for m in mentions}
    }
    return not plays or role in plays


def _can_come_from(item: Materiel, suppliers: Sequence[ActorMention]) -> bool:
    """Whether these can be an item's suppliers: not where its maker is known to be of another state."""
    return item.producer_id is None or item.producer_id in {m.actor.country or m.actor.actor_id for m in suppliers}


def _from_maker(draft: Draft) -> bool:
    """Whether the supplier is only known as the firm that made this very item."""
    maker = draft.frame.item.maker
    return maker is not None and maker in draft.suppliers and maker.actor.kind == "company"


def _category(draft: Draft) -> str:
    return draft.frame.item.materiel.category


def _at_war(draft: Draft, supplier: ActorMention, recipient: ActorMention, foes: Set[frozenset[str]]) -> bool:
    """Whether a pair that the sentence does not name itself is one of enemies: then a party was read wrongly."""
    pair = frozenset({party_id(supplier) or "", party_id(recipient) or ""})
    named = set(draft.sentence.names.values())
    return pair in foes and not {supplier, recipient} <= named


def _is_guess(mention: ActorMention) -> bool:
    """A name that only the language model takes for a person's or an organisation's."""
    return mention.form == "entity" and mention.actor.kind in {"person", "other"} and not mention.actor.country


def _claim(
    draft: Draft,
    supplier: ActorMention | None,
    recipient: ActorMention | None,
    confidence: float | None,
    document: DocumentFacts,
    states: Mapping[str, str],
) -> TransferClaim:
    frame, sentence, quantity, value, when = draft.frame, draft.sentence, draft.quantity, draft.value, draft.when
    item, status = frame.item, frame.reading.status if frame.basis == "stated" else "delivered"
    is_own_act = own_act(draft.sources, supplier, recipient, status, states)
    intermediaries = frame.roles.get("intermediary", [])
    supplier_id, recipient_id = (party_id(m) if m is not None else None for m in (supplier, recipient))
    low, high = (quantity.low, quantity.high) if quantity else (1.0, 1.0) if is_single(item) else (None, None)
    origin = _other_than(supplier_id, frame.roles.get("origin", []))
    approver = _other_than(supplier_id, frame.roles.get("approved_by", []))
    roles = [("supplier", supplier), ("recipient", recipient), ("origin", origin), ("approved_by", approver)]
    roles += [("intermediary", m) for m in intermediaries]
    start, end = item.start, item.end
    if quantity is not None and start < sentence.start + quantity.end < end:
        # 'a dozen tanks' counts tanks.
        start = sentence.start + quantity.end
        start += len(document.text[start:end]) - len(document.text[start:end].lstrip())
    marks = [(role, m.start, m.end) for role, m in roles if m is not None and m.end > m.start]
    marks += [("materiel", start, end), ("status", *sentence.span(frame.predicate, frame.predicate))]
    marks += [("quantity", sentence.start + q.start, sentence.start + q.end) for q in (quantity,) if q is not None]
    marks += [("value", sentence.start + v.start, sentence.start + v.end) for v in (value,) if v is not None]
    marks += [("date", d.start, d.end) for d in (when,) if d is not None]
    if not is_own_act:
        marks += [("attribution", start, end) for start, end in draft.source_places]
    claim = TransferClaim(
        claim_id="",
        extraction_key=document.extraction_key,
        document_id=document.document_id,
        supplier_id=supplier_id,
        recipient_id=recipient_id,
        intermediary_ids=";".join(sorted({i for m in intermediaries if (i := party_id(m))})) or None,
        origin_id=party_id(origin) if origin else None,
        approved_by_id=party_id(approver) if approver else None,
        materiel=document.text[start:end],
        weapon=item.materiel.weapon,
        category=item.materiel.category,
        quantity_low=low,
        quantity_high=high,
        quantity_unit=_unit(draft) if low is not None or high is not None else None,
        value_amount=value.amount if value else None,
        value_currency=value.currency if value and value.amount is not None else None,
        status=status,
        factuality=frame.reading.factuality,
        basis=frame.basis,
        date_start=when.date_start if when else None,
        date_end=when.date_end if when else None,
        date_precision=when.precision if when else None,
        date_text=document.text[when.start : when.end] if when else None,
        attribution=None if is_own_act else " > ".join(draft.sources) or None,
        confidence=None if confidence is None else round(confidence, 4),
        evidence=document.text[sentence.start : sentence.end],
        evidence_start=sentence.start,
        evidence_end=sentence.end,
        evidence_marks=render_marks(marks),
    )
    return replace(claim, claim_id=_claim_id(claim))


def _unit(draft: Draft) -> str | None:
    """The noun that is counted.

    'container' in '300 containers of shells', but 'missile' in 'a shipment of 300 missiles'.
    """
    item, quantity = draft.frame.item, draft.quantity
    if quantity is not None and item.top != item.head and quantity.start > item.top.idx:
        return item.materiel.unit or item.head.lemma_.lower()
    return item.unit


def _other_than(supplier_id: str | None, mentions: Sequence[ActorMention]) -> ActorMention | None:
    return next((m for m in mentions if party_id(m) not in {None, supplier_id}), None)


def _claim_id(claim: TransferClaim) -> str:
    """Content id of the document, what the claim says and where it says it: the same in every run."""
    return content_id(
        "transfer", claim.document_id, claim.supplier_id, claim.recipient_id, claim.category, claim.weapon,
        claim.status, claim.factuality, claim.quantity_low, claim.quantity_high, claim.value_amount,
        claim.date_start, claim.date_end, claim.evidence_start, claim.materiel,
    )  # fmt: skip
