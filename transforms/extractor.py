"""From a document to its claims: the one place that knows the order of the steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from spacy.language import Language
from spacy.tokens import Doc

from transforms.affiliations import find_affiliations, to_rows
from transforms.dates import find_dates
from transforms.gazetteer import find_names
from transforms.mentions import ActorMention as PartyMention
from transforms.mentions import Context, ParsedSentence, find_items, place_names
from transforms.reference import Actor, Match, Reference
from transforms.relations import find_relations
from transforms.rows import ActorMention, Affiliation, Document, Extraction, RelationClaim, TransferClaim
from transforms.sentences import Sentence, split_sentences
from transforms.text import lower, normalise, slug
from transforms.transfers import Deal, DocumentFacts, Draft, complete, draft_transfers, headline_pairs


@dataclass(frozen=True)
class Extracted:
    """What one document yields."""

    extraction: Extraction
    transfer_claims: list[TransferClaim] = field(default_factory=list)
    relation_claims: list[RelationClaim] = field(default_factory=list)
    affiliations: list[Affiliation] = field(default_factory=list)
    actor_mentions: list[ActorMention] = field(default_factory=list)


@dataclass(frozen=True)
class Extractor:
    """The reference tables and the language model, ready to read documents. Holds no state between documents."""

    reference: Reference
    nlp: Language

    def extract(self, document: Document) -> Extracted:
        """Read one document. The same document, tables and model give the same rows, whatever was read before."""
        text = normalise(document.text)
        sentences = split_sentences(text)
        names = find_names(text, self.reference)
        by_sentence = _by_sentence(sentences, names)
        affiliations: list[Affiliation] = []
        persons: dict[str, Actor] = {}
        armed = any(m.materiel is not None and m.materiel.strong and m.materiel.category != "none" for m in names)
        home = home_state(text, names, self.reference)
        named = _named_states(names)
        facts = DocumentFacts(
            document.document_id,
            document.extraction_key,
            document.published_on,
            named.get(home.actor_id) or PartyMention(home, 0, 0, "home") if home is not None else None,
            named,
        )
        for sentence, found in zip(sentences, by_sentence, strict=True):
            offices = find_affiliations(text, sentence, found, self.reference, home)
            affiliations.extend(to_rows(offices, document.text, sentence, document.document_id, document.extraction_key))
            for office in offices:
                country = office.actor.country if office.actor.kind in {"state", "state_organ"} else None
                known = self.reference.actors.get(office.person.actor_id)
                person = known or Actor(office.person.actor_id, office.person.name, "person", country)
                persons.setdefault(office.person.name, person)
                persons.setdefault(office.person.name.split()[-1], person)
        transfers: list[TransferClaim] = []
        relations: list[RelationClaim] = []
        parsed = 0
        if armed:
            context = Context(self.reference, facts.home)
            worth = [worth_parsing(text, s, found, self.reference) for s, found in zip(sentences, by_sentence, strict=True)]
            chosen = [s for s, keep in zip(sentences, worth, strict=True) if keep]
            docs = dict(zip((s.start for s in chosen), self.nlp.pipe(text[s.start : s.end] for s in chosen), strict=True))
            parsed = len(chosen)
            dates = find_dates(text, document.published_on)
            drafts: list[Draft] = []
            deal: Deal | None = None
            for index, (sentence, found) in enumerate(zip(sentences, by_sentence, strict=True)):
                doc = docs.get(sentence.start)
                if doc is None:
                    continue
                read = self._parsed(doc, sentence, index, found, persons)
                here = [d for d in dates if sentence.start <= d.start and d.end <= sentence.end]
                told, deal = draft_transfers(read, facts, self.reference, context, here, deal)
                drafts.extend(told)
                relations.extend(find_relations(read, facts, self.reference, context, here))
                context.note(read)
            transfers = complete(drafts, self._headline(document, persons), facts)
        transfers = [_with_original_evidence(c, document.text) for c in _distinct(transfers)]
        relations = [_with_original_evidence(c, document.text) for c in _distinct(relations)]
        extraction = Extraction(document.extraction_key, document.document_id, len(sentences), parsed)
        mentions = self._actor_mentions(document, transfers, relations, affiliations, persons)
        return Extracted(extraction, transfers, relations, _distinct(affiliations), mentions)

    def _parsed(
        self, doc: Doc, sentence: Sentence, index: int, found: Sequence[Match], persons: dict[str, Actor]
    ) -> ParsedSentence:
        read = ParsedSentence(doc, sentence.start, index, sentence.paragraph)
        place_names(read, found, self.reference, persons)
        read.items = find_items(read, found, self.reference, loose=_speaks_of_arms(doc.text, found))
        return read

    def _headline(self, document: Document, persons: dict[str, Actor]) -> list:
        if not document.title:
            return []
        title = normalise(document.title)
        found = find_names(title, self.reference)
        if not any(m.materiel for m in found) or not any(m.actors for m in found):
            return []
        read = self._parsed(self.nlp(title), Sentence(0, len(title), -1), -1, found, persons)
        return headline_pairs(read, self.reference, Context(self.reference))

    def _actor_mentions(
        self,
        document: Document,
        transfers: Sequence[TransferClaim],
        relations: Sequence[RelationClaim],
        affiliations: Sequence[Affiliation],
        persons: dict[str, Actor],
    ) -> list[ActorMention]:
        ids: set[str] = set()
        for claim in transfers:
            ids |= {i for i in (claim.supplier_id, claim.recipient_id, claim.origin_id, claim.approved_by_id) if i}
            ids |= set((claim.intermediary_ids or "").split(";")) - {""}
        for relation in relations:
            ids |= {relation.subject_id, relation.object_id}
        named = {a.person_id: Actor(a.person_id, a.person_name, "person", None) for a in affiliations}
        named |= {p.actor_id: p for p in persons.values()}
        ids |= set(named) | {a.actor_id for a in affiliations}
        rows = []
        for actor_id in sorted(ids):
            actor = self.reference.actors.get(actor_id) or named.get(actor_id)
            if actor is None:
                actor = Actor(actor_id, _name_in(document.text, actor_id), "other", None)
            rows.append(ActorMention(document.extraction_key, document.document_id, actor_id, actor.name, actor.kind, actor.country))
        return rows


def worth_parsing(text: str, sentence: Sentence, found: Sequence[Match], reference: Reference) -> bool:
    """The cheap filter before the parser: a sentence of a document about arms that names materiel or an actor."""
    return any(m.actors or (m.materiel is not None and m.materiel.category != "none") for m in found)


_MILITARY = re.compile(r"\b(?:military|defen[cs]e|lethal|armed|arms|weapon\w*|war|army|navy|air force|security assistance)\b", re.I)


def _speaks_of_arms(text: str, found: Sequence[Match]) -> bool:
    """Whether a sentence names arms outright or speaks of the military."""
    strong = any(m.materiel is not None and m.materiel.strong and m.materiel.category != "none" for m in found)
    return strong or bool(_MILITARY.search(text))


_DATELINE_REACH = 60
_DATELINE = re.compile(r"[^.\n]{0,40}?(?: [-–—]{1,2} |\)|:|\n)")


def home_state(text: str, names: Sequence[Match], reference: Reference) -> Actor | None:
    """The state that a document is written from: that of its dateline, else the one it names most often, first of equals."""
    counts: dict[str, int] = {}
    for match in names:
        alias = match.actors[0] if match.actors else None
        if alias is None or alias.ambiguity == "common" or not alias.actor.country:
            continue
        state = alias.actor.country
        if alias.actor.kind not in {"state", "state_organ", "person"} or state not in reference.actors:
            continue
        dateline = alias.ambiguity == "place" and match.end < _DATELINE_REACH and _DATELINE.match(text, match.end)
        if dateline and "\n" not in text[: match.start]:
            return reference.actors[state]
        counts[state] = counts.get(state, 0) + 1
    return reference.actors[max(counts, key=lambda actor_id: counts[actor_id])] if counts else None


def _named_states(names: Sequence[Match]) -> dict[str, PartyMention]:
    """The first mention of each state, under its id; a firm's or an organ's counts for its state where no other does."""
    found: dict[str, PartyMention] = {}
    for match in names:
        alias = match.actors[0] if match.actors else None
        if alias is not None and alias.actor.kind == "state" and alias.ambiguity != "common":
            found.setdefault(alias.actor.actor_id, PartyMention(alias.actor, match.start, match.end, alias.form))
    return found


def _by_sentence(sentences: Sequence[Sentence], names: Sequence[Match]) -> list[list[Match]]:
    """The names of each sentence; both lists are in order, so one pass is enough."""
    found: list[list[Match]] = [[] for _ in sentences]
    at = 0
    for match in names:
        while at < len(sentences) and sentences[at].end < match.end:
            at += 1
        if at < len(sentences) and sentences[at].start <= match.start:
            found[at].append(match)
    return found


def _distinct(claims: Sequence) -> list:
    seen: set[str] = set()
    kept = []
    for claim in claims:
        key = getattr(claim, "claim_id", None) or claim.affiliation_id
        if key not in seen:
            seen.add(key)
            kept.append(claim)
    return kept


def _with_original_evidence(claim, text: str):
    """The evidence in the document's own characters, of which the normal form has the same number."""
    return replace(claim, evidence=text[claim.evidence_start : claim.evidence_end])


def _name_in(text: str, actor_id: str) -> str:
    """The words of the text whose slug is this id, else the id itself."""
    words = actor_id.split("-")
    lowered = lower(text)
    at = lowered.find(words[0])
    while at >= 0:
        for end in range(at + len(actor_id), min(len(text), at + len(actor_id) + 6) + 1):
            if slug(text[at:end]) == actor_id:
                return text[at:end].strip()
        at = lowered.find(words[0], at + 1)
    return actor_id
