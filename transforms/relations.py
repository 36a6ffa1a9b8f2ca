"""Relation claims: what one actor does toward another, other than a transfer (PLOVER 2.0 event types)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from spacy.tokens import Token

from transforms.attribution import attribute
from transforms.context import Context, actors_of
from transforms.dates import DateMention
from transforms.drafts import DocumentFacts
from transforms.factuality import read
from transforms.frames import Who, party_id
from transforms.grammar import agents, antecedent, is_passive, objects, prepositions, subjects, with_conjuncts
from transforms.mentions import ActorMention, ParsedSentence
from transforms.reference import Reference, RelationPredicate
from transforms.rows import RelationClaim, content_id
from transforms.transfers import render_marks

MUTUAL = frozenset({"agree", "consult", "cooperate"})


def find_relations(
    sentence: ParsedSentence,
    document: DocumentFacts,
    reference: Reference,
    context: Context,
    dates: Sequence[DateMention],
) -> list[RelationClaim]:
    """The relation claims of one sentence; `dates` are its time expressions, with offsets in the document."""

    def who(tokens: Iterable[Token]) -> list[ActorMention]:
        return [m for t in tokens for m in actors_of(t, sentence, context)]

    claims: list[RelationClaim] = []
    for token in sentence.doc:
        for predicate in _predicates(token, reference):
            pairs = _pairs(token, predicate, sentence, reference, who)
            if not pairs:
                continue
            claims.extend(_claims(token, predicate.relation, pairs, sentence, document, reference, context, dates))
    claims.extend(_troops(sentence, document, reference, context, dates, who))
    return claims


def _predicates(token: Token, reference: Reference) -> tuple[RelationPredicate, ...]:
    pos = {"VERB": "verb", "NOUN": "noun"}.get(token.pos_)
    if pos is None:
        return ()
    lemma = token.lemma_.lower()
    particle = next((c.lower_ for c in token.children if c.dep_ == "prt"), "")
    return reference.relation_predicates.get((lemma, pos, particle), ())


def _pairs(
    token: Token, predicate: RelationPredicate, sentence: ParsedSentence, reference: Reference, who: Who
) -> list[tuple[ActorMention, ActorMention]]:
    if token.pos_ == "NOUN":
        return _noun_pairs(token, predicate, sentence, reference, who)
    doers = who(agents(token) if is_passive(token) else subjects(token))
    done_to: list[ActorMention] = []
    if predicate.relation == "cooperate" and token.lemma_ == "train":
        # 'Ukrainian crews train in Germany', 'recruits have been trained in the UK'.
        trained = [m for t in (objects(token) or subjects(token)) for m in [*who([t]), *_owners(t, sentence)]]
        hosts = [m for name, noun in prepositions(token) if name == "in" for m in who([noun])]
        done_to += trained
        doers = [m for m in doers if m not in trained] or hosts
    for via in predicate.object_via:
        if via == "dobj":
            done_to += who(objects(token))
            for thing in objects(token):
                done_to += _owners(thing, sentence)
        elif via == "person":
            done_to += [m for m in who(objects(token)) if m.actor.kind in {"person", "state"}]
        elif via == "embargo":
            if any(o.lemma_.lower() in reference.words["embargo"] for o in objects(token)):
                done_to += [
                    m
                    for o in objects(token)
                    for name, noun in prepositions(o)
                    if name in {"on", "against"}
                    for m in who([noun])
                ]
        elif via in {"support", "war"}:
            done_to += [
                m
                for o in objects(token)
                if o.lemma_.lower() in reference.words[via]
                for name, noun in prepositions(o)
                if name in {"for", "to", "with", "against", "on"}
                for m in [*who([noun]), *_owners(noun, sentence)]
            ]
        elif via == "concern":
            if any(o.lemma_ in reference.words["concern"] for o in objects(token)):
                done_to += _deep_actors(token, sentence, {"about", "over", "at", "of"}, who)
        else:
            done_to += [
                m for name, noun in prepositions(token) if name == via for m in who([noun]) or _owners(noun, sentence)
            ]
    if predicate.relation in MUTUAL and not done_to and predicate.relation == "agree":
        states = _distinct(doers)
        if any(o.lemma_.lower() in reference.words["treaty"] for o in objects(token)) and len(states) == 2:
            return [(states[0], states[1])]
        return []
    if predicate.relation in MUTUAL and not done_to:
        states = _distinct(doers)
        return [(states[0], states[1])] if len(states) == 2 and predicate.relation == "consult" else []
    return [(a, b) for a in _distinct(doers) for b in _distinct(done_to) if _able(a, b)]


def _noun_pairs(
    token: Token, predicate: RelationPredicate, sentence: ParsedSentence, reference: Reference, who: Who
) -> list[tuple[ActorMention, ActorMention]]:
    modifiers = [
        sentence.names[t.i]
        for c in token.children
        if c.dep_ in {"poss", "amod", "compound", "nmod"} and c.i < token.i
        for t in [c, *c.children]
        if t.i in sentence.names and sentence.names[t.i].form != "place"
    ]
    governor = token.head if token.dep_ in {"dobj", "pobj", "nsubjpass"} else None
    if governor is not None and governor.pos_ == "ADP":
        governor = governor.head
    found = []
    for via in predicate.object_via:
        found += [
            m
            for name, noun in prepositions(token)
            if name == via
            for m in who([noun]) or (_owners(noun, sentence) if predicate.relation == "assault" else [])
        ]
    if predicate.relation in MUTUAL:
        states = _distinct([*modifiers, *found])
        if len(states) == 2:
            return [(states[0], states[1])]
        doers = who(subjects(governor)) if governor is not None and governor.pos_ == "VERB" else []
        if (
            not found
            and governor is not None
            and governor.lemma_ in reference.words["meeting"]
            and len(_distinct(doers)) == 2
        ):
            first, second = _distinct(doers)
            return [(first, second)]
        return [(a, b) for a in _distinct(doers) for b in _distinct(found) if _able(a, b)][:4]
    doers = modifiers
    if not doers and governor is not None and governor.pos_ == "VERB":
        doers = who(agents(governor) if is_passive(governor) else subjects(governor))
    return [(a, b) for a in _distinct(doers) for b in _distinct(found) if _able(a, b)]


def _owners(thing: Token, sentence: ParsedSentence) -> list[ActorMention]:
    """'attacked Ukrainian cities': whose the thing is."""
    found: list[ActorMention] = []
    if any(thing.i in {item.head.i, item.top.i} for item in sentence.items):
        # 'shot down North Korean missiles': whoever fired them is hit, not who made them.
        return []
    for child in thing.children:
        if child.i < thing.i and child.dep_ in {"poss", "amod", "compound", "nmod"}:
            for token in [child, *child.children]:
                if token.i in sentence.names and sentence.names[token.i].actor.kind not in {"media"}:
                    found.append(sentence.names[token.i])
    for name, noun in prepositions(thing):
        if name in {"in", "of", "on"} and noun.i in sentence.names:
            found.append(sentence.names[noun.i])
    return found


def _deep_actors(token: Token, sentence: ParsedSentence, names: set[str], who: Who) -> list[ActorMention]:
    """The first actor that acts below a preposition: 'concern about the possibility of Pyongyang sending troops'."""
    for below in token.subtree:
        if below.dep_ in {"pobj", "nsubj", "poss"} and below.i > token.i:
            mentions = who([antecedent(below)])
            path, steps = below, 0
            while path.head is not path and path is not token and steps < 10:
                if path.lower_ in names and path.pos_ in {"ADP", "SCONJ"}:
                    if mentions:
                        return mentions
                    break
                path, steps = path.head, steps + 1
    return []


def _troops(
    sentence: ParsedSentence,
    document: DocumentFacts,
    reference: Reference,
    context: Context,
    dates: Sequence[DateMention],
    who: Who,
) -> list[RelationClaim]:
    """'plans to send troops to X' is to mobilize, not to transfer."""
    claims: list[RelationClaim] = []
    for token in sentence.doc:
        if token.pos_ != "VERB" or token.lemma_ not in {"send", "deploy", "dispatch", "move", "station", "commit"}:
            continue
        things = objects(token)
        if not any(t.lemma_.lower() in reference.words["troops"] for t in things):
            continue
        if is_passive(token):
            doers = who(agents(token)) or [m for t in things for m in [*who([t]), *_owners(t, sentence)]][:1]
        else:
            doers = who(subjects(token))
        places: list[ActorMention] = []
        for source in [token, *things]:
            for name, noun in prepositions(source):
                if name in {"to", "into", "in", "near", "against", "off"}:
                    places += [*who([noun]), *_owners(noun, sentence)]
        pairs = [(a, b) for a in _distinct(doers) for b in _distinct(places)[:1] if _able(a, b)]
        claims.extend(_claims(token, "mobilize", pairs, sentence, document, reference, context, dates))
    return claims


def _able(subject: ActorMention, other: ActorMention) -> bool:
    a, b = _end(subject), _end(other)
    return bool(a and b) and a != b and subject.actor.country != b and other.actor.country != a


def _end(mention: ActorMention) -> str | None:
    return party_id(mention)


def _distinct(mentions: Iterable[ActorMention]) -> list[ActorMention]:
    kept: list[ActorMention] = []
    for mention in mentions:
        end = _end(mention)
        if end is not None and end not in {_end(m) for m in kept}:
            kept.append(mention)
    return kept[:6]


def _claims(
    token: Token,
    relation: str,
    pairs: list[tuple[ActorMention, ActorMention]],
    sentence: ParsedSentence,
    document: DocumentFacts,
    reference: Reference,
    context: Context,
    dates: Sequence[DateMention],
) -> list[RelationClaim]:
    if not pairs:
        return []
    reading = read(token, "", reference)
    status = None
    if any(operator.status == "planned" for _, operator in reading.operators) or any(
        c.lower_ in {"will", "'ll"} for c in token.children if c.dep_ == "aux"
    ):
        status = "planned"
    chain, places = attribute(reading.reports, sentence, reference, context)
    when = _date(token, sentence, dates, reading.reports)
    claims = []
    for subject, other in pairs:
        ends = [(_end(subject) or "", subject, "subject"), (_end(other) or "", other, "object")]
        if relation in MUTUAL:
            ends.sort(key=lambda e: e[0])
        marks = [("relation", *sentence.span(token, token))]
        marks += [(role, m.start, m.end) for (_, m, _), role in zip(ends, ("subject", "object"), strict=True)]
        marks += [("attribution", a, b) for a, b in places]
        if when is not None:
            marks.append(("date", when.start, when.end))
        claim = RelationClaim(
            claim_id="",
            extraction_key=document.extraction_key,
            document_id=document.document_id,
            subject_id=ends[0][0],
            relation=relation,
            object_id=ends[1][0],
            status=status,
            factuality=reading.factuality,
            date_start=when.date_start if when is not None else None,
            date_end=when.date_end if when is not None else None,
            date_precision=when.precision if when is not None else None,
            date_text=when.text if when is not None else None,
            attribution=" > ".join(chain) or None,
            evidence=document.text[sentence.start : sentence.end],
            evidence_start=sentence.start,
            evidence_end=sentence.end,
            evidence_marks=render_marks(marks),
        )
        claims.append(
            replace(
                claim,
                claim_id=content_id(
                    "relation", document.document_id, claim.subject_id, relation, claim.object_id, status,
                    claim.factuality, claim.date_start, claim.date_end, claim.evidence_start,
                ),
            )
        )  # fmt: skip
    return claims


def _date(
    token: Token, sentence: ParsedSentence, dates: Sequence[DateMention], reports: list[Token]
) -> DateMention | None:
    for mention in dates:
        if mention.kind != "date":
            continue
        span = sentence.doc.char_span(
            mention.start - sentence.start, mention.end - sentence.start, alignment_mode="expand"
        )
        if span is None:
            continue
        above = span.root
        for _ in range(8):
            if above is token or above in with_conjuncts(token):
                return mention
            if above in reports or above.head is above:
                break
            above = above.head
    return None
