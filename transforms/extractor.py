"""From a document to its claims: the one place that knows the order of the steps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import TypeVar

from spacy.language import Language
from spacy.tokens import Doc

from transforms.affiliations import find_affiliations, to_rows
from transforms.anaphora import find_anaphors
from transforms.attribution import note_speaker
from transforms.candidates import Place, Scene, places_of
from transforms.claims import DocumentFacts
from transforms.context import Context
from transforms.dates import find_dates
from transforms.decisions import Decisions
from transforms.drafts import Deal, Draft, draft_transfers
from transforms.gazetteer import find_names
from transforms.items import find_items
from transforms.mentions import ActorMention as PartyMention
from transforms.mentions import ItemMention, ParsedSentence, place_names
from transforms.owners import Setting
from transforms.reference import Actor, Match, Reference
from transforms.relations import find_relations
from transforms.rows import ActorMention, Affiliation, Document, Extraction, RelationClaim, TransferClaim
from transforms.sentences import Sentence, split_sentences
from transforms.text import normalise
from transforms.transfers import Pair, headline_pairs, transfer_claims

_MILITARY = re.compile(
    r"\b(?:military|defen[cs]e|lethal|armed|arms|weapon\w*|war|army|navy|air force|security assistance)\b", re.I
)
# A dateline names its city within the first characters and ends in a dash, a bracket or a line break.
_DATELINE_REACH = 60
# Texts of later years need no look at the states that have gone.
_LAST_SUCCESSION = 2003
# 'FORT WORTH, Texas (July 17, 2024) – ': a town that no table knows.
_DATELINE_IN_CAPITALS = re.compile(
    r"[A-Z][A-Z.' ]{2,30}(?:, [A-Z][\w. ]{2,20})?(?:,? \d[^-–—\n]{0,20}| ?\([^)\n]{3,30}\))? [-–—]{1,2} "
)
# How many sentences after one with arms another that names nothing may go on with them.
_GOES_ON_REACH = 2
_WORD = re.compile(r"[A-Za-z]+")
_DATELINE = re.compile(r"(?:[^.\n]|\b[A-Z][a-z]{2,3}\.){0,40}?(?: [-–—]{1,2} |\)|:|\n)")


@dataclass(frozen=True)
class Extracted:
    """What one document yields."""

    extraction: Extraction
    transfer_claims: list[TransferClaim] = field(default_factory=list)
    relation_claims: list[RelationClaim] = field(default_factory=list)
    affiliations: list[Affiliation] = field(default_factory=list)
    actor_mentions: list[ActorMention] = field(default_factory=list)


@dataclass(frozen=True)
class Told:
    """What the sentences of a document tell, before it is decided which of it are claims."""

    scene: Scene
    headline: list[Pair]
    relations: list[RelationClaim]
    affiliations: list[Affiliation]
    persons: dict[str, Actor]
    named: dict[str, Actor]
    n_sentences: int
    n_parsed: int


@dataclass(frozen=True)
class Extractor:
    """The reference tables and the language model, ready to read documents. Holds no state between documents."""

    reference: Reference
    nlp: Language
    decisions: Decisions | None = None

    def extract(self, document: Document) -> Extracted:
        """Read one document. The same document, tables and model give the same rows, whatever was read before."""
        told = self.read(document)
        transfers = _distinct(transfer_claims(told.scene, told.headline, self.decisions))
        relations, affiliations = _distinct(told.relations), _distinct(told.affiliations)
        return Extracted(
            Extraction(document.extraction_key, document.document_id, told.n_sentences, told.n_parsed),
            transfers,
            relations,
            affiliations,
            self._actor_mentions(document, transfers, relations, affiliations, told.persons, told.named),
        )

    def read(self, document: Document) -> Told:
        """What the sentences of a document tell, before it is decided which of it are claims."""
        text = normalise(document.text)
        sentences = split_sentences(text)
        names = [_as_of(m, document.published_on, self.reference) for m in find_names(text, self.reference)]
        by_sentence = _by_sentence(sentences, names)
        dateline = _dateline_end(text, names)
        title = normalise(document.title or "")
        title_names = find_names(title, self.reference)
        facts = _facts(document, names, home_state(names, dateline, title_names, self.reference), self.reference)
        setting = Setting(self.reference, facts.home.actor if facts.home else None, dateline > 0, names)
        affiliations, persons = self._offices(document, text, sentences, by_sentence, setting)
        is_about_arms = any(_is_strong(m) for m in [*names, *title_names])
        start = _start_of_news(text, dateline)
        chosen = _worth_parsing(text, sentences, by_sentence, self.reference) if is_about_arms else []
        relations: list[RelationClaim] = []
        named: dict[str, Actor] = {}
        drafts: list[Draft] = []
        places: dict[int, list[Place]] = {}
        headline: list[Pair] = []
        if chosen:
            context = Context(self.reference, facts.home)
            dates = find_dates(text, document.published_on)
            deal: Deal | None = None
            items: list[ItemMention] = []
            docs = self.nlp.pipe(text[sentences[i].start : sentences[i].end] for i in chosen)
            for index, doc in zip(chosen, docs, strict=True):
                sentence = sentences[index]
                read = self._parsed(doc, sentence, index, by_sentence[index], persons, start)
                read.items += find_anaphors(read, items, self.reference)
                items += [i for i in read.items if "anaphor" not in i.doubts]
                places[index] = places_of(read, context)
                here = [d for d in dates if max(sentence.start, start) <= d.start and d.end <= sentence.end]
                told, deal = draft_transfers(read, facts, self.reference, context, here, deal)
                drafts.extend(told)
                relations.extend(find_relations(read, facts, self.reference, context, here))
                note_speaker(read, self.reference, context)
                context.note(read)
                named |= {m.actor.actor_id: m.actor for m in read.names.values()}
            headline = self._headline(title, title_names, persons)
        foes = {frozenset({r.subject_id, r.object_id}) for r in relations if r.relation == "assault"}
        in_title = [state.actor_id for m in title_names if (state := _state_of(m, self.reference)) is not None]
        scene = Scene(facts, self.reference, drafts, places, list(dict.fromkeys(in_title)), foes)
        return Told(scene, headline, relations, affiliations, persons, named, len(sentences), len(chosen))

    def _offices(
        self,
        document: Document,
        text: str,
        sentences: Sequence[Sentence],
        by_sentence: Sequence[Sequence[Match]],
        setting: Setting,
    ) -> tuple[list[Affiliation], dict[str, Actor]]:
        """The affiliations that a document tells, and its persons by full name and by surname."""
        rows: list[Affiliation] = []
        persons: dict[str, Actor] = {}
        for sentence, found in zip(sentences, by_sentence, strict=True):
            offices = find_affiliations(text, sentence, found, setting)
            rows.extend(to_rows(offices, document, sentence))
            for office in offices:
                state = office.actor.country if office.actor.kind in {"state", "state_organ"} else None
                person = self.reference.actors.get(office.person.actor_id) or Actor(
                    office.person.actor_id, office.person.name, "person", state
                )
                persons.setdefault(office.person.name, person)
                persons.setdefault(office.person.name.split()[-1], person)
        return rows, persons

    def _parsed(
        self,
        doc: Doc,
        sentence: Sentence,
        index: int,
        found: Sequence[Match],
        persons: dict[str, Actor],
        after: int = 0,
    ) -> ParsedSentence:
        """A sentence with its names and items; names before the character `after` are those of the dateline."""
        read = ParsedSentence(doc, sentence.start, index, sentence.paragraph)
        place_names(read, [m for m in found if m.start >= after], self.reference, persons)
        speaks_of_arms = any(_is_strong(m) for m in found) or _MILITARY.search(doc.text) is not None
        read.items = find_items(read, found, self.reference, speaks_of_arms=speaks_of_arms)
        return read

    def _headline(self, title: str, found: Sequence[Match], persons: dict[str, Actor]) -> list[Pair]:
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
        named: dict[str, Actor],
    ) -> list[ActorMention]:
        """One row for each actor that a row of the document refers to; `named` are those that its sentences name."""
        holders = {a.person_id: Actor(a.person_id, a.person_name, "person", None) for a in affiliations}
        holders |= {p.actor_id: p for p in persons.values()}
        named = named | holders
        ids = {a.actor_id for a in affiliations} | set(holders)
        chains = [c.attribution or "" for c in transfers] + [r.attribution or "" for r in relations]
        ids |= {link for chain in chains for link in chain.split(" > ") if link in named}
        ids |= {i for r in relations for i in (r.subject_id, r.object_id)}
        for claim in transfers:
            ids |= {i for i in (claim.supplier_id, claim.recipient_id, claim.origin_id, claim.approved_by_id) if i}
            ids |= set((claim.intermediary_ids or "").split(";")) - {""}
        actors = (self.reference.actors.get(i) or named.get(i) or _unknown(i) for i in sorted(ids))
        return [
            ActorMention(document.extraction_key, document.document_id, a.actor_id, a.name, a.kind, a.country)
            for a in actors
        ]


def _facts(document: Document, names: Sequence[Match], home: Actor | None, reference: Reference) -> DocumentFacts:
    named: dict[str, PartyMention] = {}
    for match in names:
        alias = match.actors[0] if match.actors else None
        if alias is not None and alias.actor.kind == "state" and alias.ambiguity != "common":
            named.setdefault(alias.actor.actor_id, PartyMention(alias.actor, match.start, match.end, alias.form))
    place = None
    if home is not None:
        place = named.get(home.actor_id, PartyMention(home, 0, 0, "home"))
    return DocumentFacts(
        document.document_id, document.extraction_key, document.published_on, document.text, place, named
    )


def _dateline_end(text: str, names: Sequence[Match]) -> int:
    """Where the dateline ends that a text begins with ('DAKAR, 3 February -'), or 0."""
    for match in names:
        is_place = any(alias.ambiguity == "place" for alias in match.actors[:1])
        is_early = match.end < _DATELINE_REACH and "\n" not in text[: match.start]
        dateline = _DATELINE.match(text, match.end) if is_place and is_early else None
        if dateline is not None:
            return dateline.end()
    return 0


def _start_of_news(text: str, dateline: int) -> int:
    """Where the text behind its dateline begins, that of a town that no table knows included."""
    in_capitals = _DATELINE_IN_CAPITALS.match(text)
    return max(dateline, in_capitals.end() if in_capitals is not None else 0)


def home_state(names: Sequence[Match], dateline: int, title: Sequence[Match], reference: Reference) -> Actor | None:
    """The state that a document is written from or about, if it names one.

    It is that of the dateline, which ends at the character `dateline`, else the first that the title names, else the
    one named most often; organs and office holders count for their state.
    """
    in_dateline = next((m for m in names if m.end <= dateline and m.actors and m.actors[0].ambiguity == "place"), None)
    if in_dateline is not None:
        return _state_of(in_dateline, reference)
    in_title = next((state for m in title if (state := _state_of(m, reference)) is not None), None)
    if in_title is not None:
        return in_title
    counts = Counter(state.actor_id for m in names if (state := _state_of(m, reference)) is not None)
    return reference.actors[counts.most_common(1)[0][0]] if counts else None


def _state_of(match: Match, reference: Reference) -> Actor | None:
    """The state that a name stands for: a state, one of its organs or office holders; None for an ambiguous name."""
    alias = match.actors[0] if match.actors else None
    if alias is None or alias.ambiguity == "common" or alias.actor.kind not in {"state", "state_organ", "person"}:
        return None
    return reference.actors.get(alias.actor.country or "")


def _as_of(match: Match, day: date | None, reference: Reference) -> Match:
    """A name as it was meant on the day: 'Moscow' is the Soviet Union's in a text of 1987."""
    if day is None or day.year > _LAST_SUCCESSION or not match.actors:
        return match
    aliases = []
    for alias in match.actors:
        until, predecessor = reference.successions.get(alias.actor.actor_id, (date.min, alias.actor))
        aliases.append(replace(alias, actor=predecessor) if day <= until else alias)
    return replace(match, actors=tuple(aliases))


def _is_strong(match: Match) -> bool:
    """Whether a name is one of arms outright."""
    return match.materiel is not None and match.materiel.strong and match.materiel.category != "none"


def _worth_parsing(
    text: str, sentences: Sequence[Sentence], by_sentence: Sequence[Sequence[Match]], reference: Reference
) -> list[int]:
    """The cheap filter before the parser: the sentences of a document about arms that name materiel or an actor.

    So is one that names neither where it goes on with arms named shortly before: 'Sixteen more were delivered in June.'
    """
    chosen = []
    last_item = -_GOES_ON_REACH - 1
    for index, (sentence, found) in enumerate(zip(sentences, by_sentence, strict=True)):
        has_item = any(m.materiel is not None and m.materiel.category != "none" for m in found)
        if has_item or any(m.actors for m in found):
            chosen.append(index)
        elif index - last_item <= _GOES_ON_REACH:
            words = {word.lower() for word in _WORD.findall(text[sentence.start : sentence.end])}
            if words & reference.words["moved"]:
                chosen.append(index)
        if has_item:
            last_item = index
    return chosen


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


_Row = TypeVar("_Row", TransferClaim, RelationClaim, Affiliation)


def _distinct(rows: Sequence[_Row]) -> list[_Row]:
    """The rows without repetitions of an id, which is their first field; the first of each kept."""
    kept: dict[str, _Row] = {}
    for row in rows:
        kept.setdefault(getattr(row, fields(row)[0].name), row)
    return list(kept.values())


def _unknown(actor_id: str) -> Actor:
    """An actor that only the language model found: its id says its name."""
    return Actor(actor_id, actor_id.replace("-", " ").title(), "other", None)
