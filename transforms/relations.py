"""Relation claims: what one actor does toward another, other than a transfer (PLOVER 2.0 event types)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from spacy.tokens import Token

from transforms.attribution import attribute
from transforms.claims import DocumentFacts, render_marks
from transforms.context import Context
from transforms.dates import DateMention
from transforms.factuality import read
from transforms.frames import party_id
from transforms.gazetteer import find_names
from transforms.grammar import with_conjuncts
from transforms.mentions import ActorMention, ParsedSentence
from transforms.reference import Reference, RelationPredicate
from transforms.relation_pairs import MUTUAL, PairReader
from transforms.relation_phrases import Ends
from transforms.rows import RelationClaim, content_id
from transforms.text import normalise

__all__ = ["MUTUAL", "find_relations"]

_PARTS_OF_SPEECH = {"VERB": "verb", "AUX": "verb", "NOUN": "noun", "PROPN": "noun", "ADJ": "adj"}
_CALLING_FOR_ANSWER = frozenset({"accuse", "request", "threaten"})
# What firms do in this way is a purchase.
_BETWEEN_STATES = frozenset({"agree", "consult", "request"})
_TRANSCRIPT = re.compile(
    r"^\W*(?:Q|QUESTION|JOURNALIST|MODERATOR|OPERATOR|(?:MR|MS|MRS|DR)\.? [A-Z-]+|[A-Z][A-Z. ]{6,})\W*:", re.M
)
_AMERICAN_TIME = re.compile(r"\b[AaPp]\.?[Mm]\.? E[DS]T\b")
_HEAD = 3000
_STEPS = 8


def find_relations(
    sentence: ParsedSentence,
    document: DocumentFacts,
    reference: Reference,
    context: Context,
    dates: Sequence[DateMention],
) -> list[RelationClaim]:
    """The relation claims of one sentence; `dates` are its time expressions, with offsets in the document."""
    if context.mentioned == []:
        context.voice = _voice(document, reference)
    reader = PairReader(sentence, reference, context, context.voice)
    claims: list[RelationClaim] = []
    for token in sentence.doc:
        if token.pos_ not in _PARTS_OF_SPEECH:
            continue
        for predicate in _predicates(token, reference):
            pairs = (
                reader.noun_pairs(token, predicate)
                if token.pos_ in {"NOUN", "PROPN"}
                else reader.verb_pairs(token, predicate)
            )
            if predicate.relation in _BETWEEN_STATES:
                pairs = [pair for pair in pairs if not {m.actor.kind for m in pair} & {"company", "other"}]
            if predicate.relation in _CALLING_FOR_ANSWER:
                context.turned_on |= {party_id(other) or "": subject for subject, other in pairs}
            claims.extend(_claims(token, predicate.relation, pairs, reader, document, dates))
        if token.pos_ in {"VERB", "AUX"}:
            if reader.is_of("posting", token):
                claims.extend(_claims(token, "mobilize", reader.troop_pairs(token), reader, document, dates))
            if not _predicates(token, reference):
                claims.extend(_claims(token, "cooperate", reader.joint_pairs(token), reader, document, dates))
    return claims


def _voice(document: DocumentFacts, reference: Reference) -> ActorMention | None:
    """The state that says 'we' in a transcript: the one whose organs its beginning names, or whose time it tells."""
    head = normalise(document.text[:_HEAD])
    if not _TRANSCRIPT.search(head):
        return None
    named = [alias.actor for match in find_names(head, reference) for alias in match.actors[:1]]
    organs = Counter(actor.country for actor in named if actor.kind == "state_organ" and actor.country)
    state = "USA" if _AMERICAN_TIME.search(head) else next((c for c, _ in organs.most_common(1)), None)
    return ActorMention(reference.actors[state], 0, 0, "pronoun") if state else None


def _predicates(token: Token, reference: Reference) -> tuple[RelationPredicate, ...]:
    lemma, pos = token.lemma_.lower(), _PARTS_OF_SPEECH[token.pos_]
    particle = next(
        (c.lower_ for c in token.children if c.dep_ == "prt" or (c.dep_ == "prep" and c.i == token.i + 1)), ""
    )
    told = reference.relation_predicates
    return told.get((lemma, pos, particle), ()) or told.get((lemma, pos, ""), ())


def _claims(
    token: Token,
    relation: str,
    pairs: Sequence[Ends],
    reader: PairReader,
    document: DocumentFacts,
    dates: Sequence[DateMention],
) -> list[RelationClaim]:
    if not pairs:
        return []
    sentence = reader.sentence
    reading = read(token, "", reader.reference)
    will = any(c.dep_ == "aux" and c.lower_ in {"will", "'ll"} for c in token.children)
    planned = will or any(operator.status == "planned" for _, operator in reading.operators)
    sources, places = attribute(reading.reports, sentence, reader.reference, reader.context)
    when = _date(token, sentence, dates, reading.reports)
    claims = []
    for pair in pairs:
        subject, other = sorted(pair, key=lambda m: party_id(m) or "") if relation in MUTUAL else pair
        marks = [("relation", *sentence.span(token, token))]
        marks += [(role, m.start, m.end) for role, m in (("subject", subject), ("object", other)) if m.end > m.start]
        marks += [("attribution", start, end) for start, end in places]
        marks += [("date", d.start, d.end) for d in (when,) if d is not None]
        claim = RelationClaim(
            claim_id="",
            extraction_key=document.extraction_key,
            document_id=document.document_id,
            subject_id=party_id(subject) or "",
            relation=relation,
            object_id=party_id(other) or "",
            status="planned" if planned else None,
            factuality=reading.factuality,
            date_start=when.date_start if when else None,
            date_end=when.date_end if when else None,
            date_precision=when.precision if when else None,
            date_text=document.text[when.start : when.end] if when else None,
            attribution=" > ".join(sources) or None,
            evidence=document.text[sentence.start : sentence.end],
            evidence_start=sentence.start,
            evidence_end=sentence.end,
            evidence_marks=render_marks(marks),
        )
        claims.append(replace(claim, claim_id=_claim_id(claim)))
    return claims


def _claim_id(claim: RelationClaim) -> str:
    """Content id of the document, what the claim says and where it says it: the same in every run."""
    return content_id(
        "relation", claim.document_id, claim.subject_id, claim.relation, claim.object_id, claim.status,
        claim.factuality, claim.date_start, claim.date_end, claim.evidence_start,
    )  # fmt: skip


def _date(
    token: Token, sentence: ParsedSentence, dates: Sequence[DateMention], reports: Sequence[Token]
) -> DateMention | None:
    """The first time expression that hangs on the predicate."""
    conjuncts = with_conjuncts(token)
    for mention in dates:
        span = sentence.tokens_at(mention.start, mention.end)
        if mention.kind != "date" or span is None:
            continue
        above = span.root
        for _ in range(_STEPS):
            if above in conjuncts:
                return mention
            if above in reports or above.head == above:
                break
            above = above.head
    return None
