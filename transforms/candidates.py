"""What speaks for and against an actor as a party to a transfer, in numbers: the features that the model decides by."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from itertools import accumulate

from spacy.tokens import Token

from transforms.claims import DocumentFacts
from transforms.context import Context, actors_of
from transforms.drafts import Draft
from transforms.frames import NO_PREDICATE, party_id
from transforms.grammar import first_conjunct, governing_verb, is_passive
from transforms.mentions import ActorMention, ParsedSentence
from transforms.predicates import lexeme_of
from transforms.reference import Reference

FAR = 40
"""What stands for a distance, in tokens or sentences, that there is not."""

_CATEGORIES = (
    "unspecified", "funding", "technology", "components", "ammunition", "missile", "air_defence", "combat_aircraft",
    "uav", "warship", "other_aircraft", "vehicle", "personal_equipment", "small_arms",
)  # fmt: skip
_SUBJECT_ROLES = ("supplier", "recipient", "item", "user", "found", "seizer", "carrier", "none")
_KINDS = ("state", "armed_group", "intergovernmental", "company", "person", "other")
_FORMS = ("name", "adjective", "demonym", "place", "abbreviation", "pronoun", "description", "organ", "firm", "entity")
_ROLES = ("supplier", "recipient", "intermediary", "origin", "approved_by", "other")
_DEPENDENCIES = ("nsubj", "nsubjpass", "dobj", "dative", "pobj", "poss", "amod", "compound", "appos", "attr", "ROOT")
_PREPOSITIONS = (
    "to", "for", "from", "by", "with", "in", "of", "between", "against", "on", "at", "via", "through", "into", "as",
    "like", "among", "including", "after", "over", "about",
)  # fmt: skip
_CLAUSES = frozenset({"relcl", "acl", "advcl", "ccomp", "xcomp", "parataxis", "pcomp"})
_MODIFIERS = frozenset({"amod", "compound", "nmod"})
_SUBJECTS = frozenset({"nsubj", "nsubjpass", "csubj"})
_STATUSES = (
    "requested", "offered", "planned", "negotiated", "ordered", "approved", "in_transit", "delivered", "suspended",
    "cancelled", "seized",
)  # fmt: skip


@dataclass
class Place:
    """A mention of a party in a parsed sentence."""

    token: Token
    """The last word of the mention itself."""
    phrase: Token
    """The head of the phrase that it stands in: 'force' for 'Ukrainian' in 'the Ukrainian air force'."""
    mention: ActorMention


def places_of(sentence: ParsedSentence, context: Context) -> list[Place]:
    """Every word of a sentence that names an actor or stands for one, pronouns and descriptions resolved."""
    found: list[Place] = []
    last: dict[ActorMention, int] = {}
    for index, mention in sentence.names.items():
        last[mention] = max(last.get(mention, -1), index)
    for mention, index in last.items():
        found.append(Place(sentence.doc[index], _phrase(sentence.doc[index]), mention))
    for token in sentence.doc:
        if token.i not in sentence.names and (token.pos_ in {"PRON", "NOUN", "PROPN"} or token.dep_ == "poss"):
            for mention in actors_of(token, sentence, context):
                if mention.form in {"pronoun", "description", "organ", "firm"}:
                    found.append(Place(token, token, mention))
    return sorted(found, key=lambda p: p.token.i)


def _phrase(token: Token) -> Token:
    """From a name to the head of the phrase that it modifies, items and predicates left out of account."""
    while token.dep_ in _MODIFIERS and token.head.i > token.i and token.head != token:
        token = token.head
    return token


@dataclass(frozen=True)
class Counts:
    """Of a sentence: how much it speaks of what, and for each token how much of it stands before."""

    transfer_words: int
    assault_words: int
    relation_words: int
    before: dict[str, list[int]]
    """By `verbs`, `commas`, `names`, `directions` and `quotes`: how many there are before each token."""


def _count(sentence: ParsedSentence, reference: Reference) -> Counts:
    told = [_relations(t, reference) for t in sentence.doc if t.pos_ in {"VERB", "NOUN"}]
    is_one: dict[str, Callable[[Token], bool]] = {
        "verbs": lambda t: t.pos_ in {"VERB", "AUX"},
        "commas": lambda t: t.lower_ in {",", ";", ":", "-", "–"},
        "names": lambda t: t.i in sentence.names,
        "directions": lambda t: t.lower_ in {"to", "for", "from", "by"},
        "quotes": lambda t: t.text == '"',
    }
    return Counts(
        sum(lexeme_of(t, reference) is not None for t in sentence.doc),
        sum("assault" in r for r in told),
        sum(bool(r - {"assault"}) for r in told),
        {name: [0, *accumulate(test(t) for t in sentence.doc)] for name, test in is_one.items()},
    )


@dataclass
class Scene:
    """A document as the decisions see it: the drafts of its items, and who is named where."""

    document: DocumentFacts
    reference: Reference
    drafts: list[Draft]
    places: dict[int, list[Place]]
    """The mentions of parties by the index of their sentence."""
    title: Sequence[str]
    """The parties that the title names, in order."""
    foes: Set[frozenset[str]]
    parties: dict[str, ActorMention] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)
    sentences_of: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    in_role: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """For a role, how many drafts give it to each party."""

    figures: tuple[float, ...] = ()
    """What the whole document is like."""

    counted: dict[int, Counts] = field(default_factory=dict)
    """What is counted of a sentence, once for all of its drafts."""
    recencies: dict[tuple[str, int], int] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    """Of the actors that are named, those that belong to a state or act for it, with the state's id."""

    def counts_of(self, sentence: ParsedSentence) -> Counts:
        """The counts of a sentence."""
        found = self.counted.get(sentence.index)
        if found is None:
            found = self.counted[sentence.index] = _count(sentence, self.reference)
        return found

    def recency(self, party: str, index: int) -> int:
        """How many other parties have been named since a party was, before a sentence; FAR where it was not."""
        if (party, index) not in self.recencies:
            earlier = [i for i in self.sentences_of.get(party, ()) if i < index]
            self.recencies[party, index] = (
                sum(any(earlier[-1] < i < index for i in where) for where in self.sentences_of.values())
                if earlier
                else FAR
            )
        return self.recencies[party, index]

    def __post_init__(self) -> None:
        for index in sorted(self.places):
            for place in self.places[index]:
                actor = place.mention.actor
                if actor.country is not None:
                    self.states.setdefault(actor.actor_id, actor.country)
                party = party_id(place.mention)
                if party is None:
                    continue
                self.parties.setdefault(party, place.mention)
                self.counts[party] += 1
                self.first.setdefault(party, index)
                if not self.sentences_of[party] or self.sentences_of[party][-1] != index:
                    self.sentences_of[party].append(index)
        for state in self.title:
            self.parties.setdefault(state, ActorMention(self.reference.actors[state], 0, 0, "title"))
        if self.document.home is not None and (home := party_id(self.document.home)) is not None:
            self.parties.setdefault(home, self.document.home)
        for draft in self.drafts:
            for role in ("supplier", "recipient"):
                for mention in draft.frame.roles.get(role, []):
                    if (party := party_id(mention)) is not None:
                        self.in_role[role][party] += 1
                        self.parties.setdefault(party, mention)
        self.total = max(1, sum(self.counts.values()))
        told = [d for d in self.drafts if d.frame.lexeme is not NO_PREDICATE]
        whole = [d for d in told if d.suppliers and d.recipients]
        n = max(1, len(self.drafts))
        self.figures = (len(self.drafts), len(told) / n, len(whole) / n, len(self.parties))


def anchor_features(draft: Draft, scene: Scene) -> list[float]:
    """What a draft is like, whoever its parties are."""
    frame, item = draft.frame, draft.frame.item
    category, role = item.materiel.category, frame.lexeme.subject_role
    here = {party_id(p.mention) for p in scene.places.get(draft.sentence.index, [])} - {None}
    return [
        item.materiel.strong,
        item.materiel.weapon is not None,
        *(category == c for c in _CATEGORIES),
        *(d in item.doubts for d in _DOUBTS),
        *(role == r for r in _SUBJECT_ROLES),
        frame.lexeme.needs_parties,
        frame.basis == "inferred",
        frame.predicate.pos_ in {"VERB", "AUX"},
        frame.predicate == item.head,
        is_passive(frame.predicate),
        frame.predicate.dep_ in _CLAUSES,
        abs(frame.predicate.i - item.top.i),
        _STATUSES.index(frame.reading.status) if frame.reading.status in _STATUSES else -1,
        frame.reading.factuality != "CT+",
        frame.reading.detached,
        len(frame.reading.reports),
        len(draft.sentence.items),
        len(here),
        item.maker is not None,
        item.made_in,
        draft.quantity is not None,
        draft.value is not None,
        draft.when is not None,
        item.top.dep_ in {"dobj", "nsubjpass"},
        item.top.dep_ in {"nsubj"},
        item.top.dep_ == "pobj",
        item.top.tag_ in {"NNS", "NNPS"},
        draft.sentence.index,
        len(draft.sentence.doc),
        *scene.figures,
        *_words_beside(draft, scene),
    ]


def _words_beside(draft: Draft, scene: Scene) -> list[float]:
    """How much a sentence speaks of transfers, of force and of other relations, and what the item's verb speaks of."""
    own = _relations(governing_verb(draft.frame.item.top), scene.reference)
    counts = scene.counts_of(draft.sentence)
    return [
        counts.transfer_words,
        counts.assault_words,
        counts.relation_words,
        "assault" in own,
        bool(own - {"assault"}),
    ]


def _relations(token: Token, reference: Reference) -> set[str]:
    pos = "verb" if token.pos_ in {"VERB", "AUX"} else "noun"
    return {p.relation for p in reference.relation_predicates.get((token.lemma_.lower(), pos, ""), ())}


_DOUBTS = ("weak_sentence", "part_of", "beside_strong", "anaphor", "noun", "number", "pronoun")
ANCHOR_NAMES: tuple[str, ...] = (
    "item_strong", "item_weapon", *(f"category_{c}" for c in _CATEGORIES), *(f"doubt_{d}" for d in _DOUBTS),
    *(f"subject_role_{r}" for r in _SUBJECT_ROLES), "needs_parties", "inferred", "predicate_verb", "predicate_is_item",
    "predicate_passive", "predicate_in_clause", "predicate_distance", "status", "not_certain", "detached", "reports",
    "n_items", "n_parties_here", "has_maker", "made_in", "has_quantity", "has_value", "has_date", "item_object",
    "item_subject", "item_behind_preposition", "item_plural", "sentence_index", "sentence_length",
    "document_drafts", "document_share_told", "document_share_whole", "document_parties",
    "transfer_words_here", "assault_words_here", "other_relation_words_here", "verb_is_assault", "verb_is_relation",
)  # fmt: skip


def party_features(
    draft: Draft, party: str, place: Place | None, scene: Scene, completed: Set[tuple[str, str]]
) -> list[float]:
    """What ties a party to a draft.

    `place` is its nearest mention in the sentence, `completed` are the roles, as (role, party), that the rules give.
    """
    frame, item = draft.frame, draft.frame.item
    mention = scene.parties[party]
    index = draft.sentence.index
    roles = {role: any(party_id(m) == party for m in found) for role, found in frame.roles.items()}
    others = scene.in_role
    said_by = {scene.reference.actors[s].country or s for s in draft.sources if s in scene.reference.actors}
    earlier = [i for i in scene.sentences_of.get(party, ()) if i < index]
    later = [i for i in scene.sentences_of.get(party, ()) if i > index]
    home = scene.document.home
    features: list[float] = [
        *(mention.actor.kind == k for k in _KINDS),
        mention.form == "entity",
        scene.counts[party],
        scene.counts[party] / scene.total,
        sum(c > scene.counts[party] for c in scene.counts.values()),
        scene.title.index(party) if party in scene.title else -1,
        home is not None and party_id(home) == party,
        scene.first.get(party, FAR),
        scene.reference.arsenals.get(party, 0),
        item.materiel.producer_id == party,
        item.materiel.producer_id is not None,
        item.maker is not None and party_id(item.maker) == party,
        *(roles.get(r, False) for r in _ROLES),
        ("supplier", party) in completed,
        ("recipient", party) in completed,
        others["supplier"][party] - roles.get("supplier", False),
        others["recipient"][party] - roles.get("recipient", False),
        party in draft.sources or party in said_by,
        index - earlier[-1] if earlier else FAR,
        later[0] - index if later else FAR,
        scene.recency(party, index),
        any(party in pair for pair in scene.foes),
    ]
    return features + _place_features(draft, place, scene)


PARTY_NAMES: tuple[str, ...] = (
    *(f"kind_{k}" for k in _KINDS), "is_entity", "count", "share", "rank", "in_title", "is_home", "first_sentence",
    "arsenal", "is_producer", "has_producer", "is_maker", *(f"role_{r}" for r in _ROLES), "completed_supplier",
    "completed_recipient", "supplies_elsewhere", "receives_elsewhere", "is_source", "sentences_since",
    "sentences_until", "recency", "is_foe",
)  # fmt: skip


def nearest_place(draft: Draft, party: str, scene: Scene) -> Place | None:
    """The mention of a party that stands nearest to an item in the parse of its sentence; None where there is none."""
    here = [p for p in scene.places.get(draft.sentence.index, []) if party_id(p.mention) == party]
    if len(here) < 2:
        return here[0] if here else None

    def distance(place: Place) -> tuple[int, int]:
        up, down = path_between(place.phrase, draft.frame.item.top)
        return len(up) + len(down), abs(place.token.i - draft.frame.item.top.i)

    return min(here, key=distance)


def _place_features(draft: Draft, place: Place | None, scene: Scene) -> list[float]:
    """How a party's mention in the sentence stands to the item and to the word of transfer."""
    if place is None:
        return [0.0] * 3 + [FAR] * 4 + [0.0] * (len(PLACE_NAMES) - 7)
    item, predicate = draft.frame.item, draft.frame.predicate
    up, down = path_between(place.phrase, item.top)
    to_predicate = path_between(place.phrase, predicate)
    phrase = first_conjunct(place.phrase)
    dependency, head = phrase.dep_, phrase.head
    preposition = ""
    if dependency == "pobj":
        preposition, head = head.lower_, head.head
    elif dependency == "agent":
        preposition = "by"
    low, high = sorted((place.token.i, item.top.i))
    counts = scene.counts_of(draft.sentence).before
    lexeme = lexeme_of(head, scene.reference)
    reported = head.lemma_.lower() in scene.reference.reporting_verbs
    operator = (head.lemma_.lower(), "verb") in scene.reference.operators
    own_verb = governing_verb(phrase)
    modified = place.token.head if place.token.dep_ in _MODIFIERS else None
    return [
        1.0,
        place.mention.form == "pronoun",
        place.token.i < item.top.i,
        place.token.i - item.top.i,
        place.token.i - predicate.i,
        len(up) + len(down),
        len(to_predicate[0]) + len(to_predicate[1]),
        len(up),
        len(to_predicate[0]),
        place.token.i < predicate.i,
        *(place.mention.form == f for f in _FORMS),
        *(dependency == d for d in _DEPENDENCIES),
        *(preposition == p for p in _PREPOSITIONS),
        phrase != place.phrase,
        head == predicate,
        head in (item.top, item.head),
        modified is not None and modified in (item.top, item.head),
        modified is not None and modified == predicate,
        head in draft.frame.reading.chain,
        lexeme is not None and lexeme.subject_role == "supplier",
        lexeme is not None and lexeme.subject_role == "recipient",
        lexeme is not None and lexeme.object_actor_role == "recipient",
        reported,
        operator,
        dependency in _SUBJECTS and head == predicate,
        is_passive(head) if head.pos_ == "VERB" else False,
        own_verb == predicate,
        own_verb == governing_verb(item.top),
        sum(t.dep_ in _CLAUSES for t in up),
        sum(t.dep_ in _CLAUSES for t in down),
        *(max(0, counts[name][high] - counts[name][low + 1]) for name in ("verbs", "commas", "names", "directions")),
        place.token.left_edge.i <= 1,
        counts["quotes"][place.token.i] % 2,
    ]


PLACE_NAMES: tuple[str, ...] = (
    "is_here", "is_pronoun", "before_item", "from_item", "from_predicate", "path_to_item", "path_to_predicate",
    "steps_up_to_item", "steps_up_to_predicate", "before_predicate", *(f"form_{f}" for f in _FORMS),
    *(f"dep_{d}" for d in _DEPENDENCIES), *(f"prep_{p}" for p in _PREPOSITIONS), "in_list", "hangs_on_predicate",
    "hangs_on_item", "modifies_item", "modifies_predicate", "hangs_on_chain", "hangs_on_supplier_word",
    "hangs_on_recipient_word", "hangs_on_giving_word", "hangs_on_report", "hangs_on_operator", "subject_of_predicate",
    "hangs_on_passive", "own_verb_is_predicate", "own_verb_is_items", "clauses_up", "clauses_down", "verbs_between",
    "commas_between", "names_between", "directions_between", "opens_sentence", "quoted",
)  # fmt: skip


def path_between(start: Token, end: Token) -> tuple[list[Token], list[Token]]:
    """The tokens on the way up from one and from the other to the lowest word above both, itself left out."""
    up = [start, *start.ancestors]
    down = [end, *end.ancestors]
    while up and down and up[-1] == down[-1]:
        up.pop()
        down.pop()
    return up, down
