"""What a parsed sentence holds: actor mentions, item mentions, and the names that are tied to its tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spacy.tokens import Doc, Span, Token

from transforms.reference import Actor, ActorAlias, Match, Materiel, Reference
from transforms.text import slug

_COMPANY = re.compile(
    r"\b(?:Inc|Corp|Corporation|Ltd|Limited|LLC|Company|Co|Industries|Systems|Aerospace|GmbH|AG|SA|Group|Holding|"
    r"Shipyards?)\b"
)
# What the tagger may take a name for where it is an actor's: 'Jordan' the country is a GPE, the footballer a PERSON.
_FIRM_WORDS = frozenset({"Arms", "Systems", "Sensors", "Drones", "Radars", "Weapons", "Shipyards", "Munitions"})
_STATE_LABELS = frozenset({"GPE", "NORP", "LOC"})
_OTHER_LABELS = frozenset({"ORG", "NORP", "PERSON", "GPE", "PRODUCT"})


@dataclass(frozen=True, slots=True)
class ActorMention:
    """Characters of the document that name an actor."""

    actor: Actor
    start: int
    end: int
    form: str = "name"


@dataclass(frozen=True, slots=True)
class ItemMention:
    """Materiel that a sentence speaks of."""

    top: Token
    """What governs the whole phrase: 'containers' in 'containers of munitions'."""
    head: Token
    """The noun of the materiel itself: 'munitions'."""
    materiel: Materiel
    start: int
    end: int
    """Characters of the document that name the item, determiners and numbers left out."""
    unit: str | None
    maker: ActorMention | None = None
    made_in: bool = False
    """Whether the maker stands in words that say so ('Iranian-made'), not in an adjective that may say whose it is."""
    doubts: frozenset[str] = frozenset()
    """Why the mention may be no item of its own: `weak_sentence`, `part_of` another, `beside_strong` ones.

    `anaphor` where it names nothing itself and stands for an earlier item; then also what it is: `noun`, `number`
    or `pronoun`.
    """


@dataclass
class ParsedSentence:
    """A sentence with its parse, its names and its offset in the document."""

    doc: Doc
    start: int
    index: int
    paragraph: int
    names: dict[int, ActorMention] = field(default_factory=dict)
    """Actor mentions by the index of every token that they cover."""
    items: list[ItemMention] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.start + len(self.doc.text)

    def span(self, first: Token, last: Token) -> tuple[int, int]:
        """Document offsets from the first token's first to the last token's last character."""
        return self.start + first.idx, self.start + last.idx + len(last.text)

    def tokens_at(self, start: int, end: int) -> Span | None:
        """The tokens that the document's characters from `start` to `end` touch; None where they lie outside."""
        return self.doc.char_span(start - self.start, end - self.start, alignment_mode="expand")


def place_names(
    sentence: ParsedSentence, matches: Sequence[Match], reference: Reference, settled: Mapping[str, Actor]
) -> None:
    """Tie the names found in a sentence to its tokens, settling ambiguous ones by their company, and add unknown ones.

    `settled` maps surnames and short forms that the document has introduced to their actors.
    """
    doc = sentence.doc
    for match in matches:
        if not match.actors:
            continue
        span = sentence.tokens_at(match.start, match.end)
        if span is None:
            continue
        alias = _settle(match.actors, span, settled)
        if alias is None:
            continue
        form = "place" if alias.ambiguity == "place" else alias.form
        mention = ActorMention(alias.actor, match.start, match.end, form)
        for token in span:
            sentence.names.setdefault(token.i, mention)
    things = [(m.start - sentence.start, m.end - sentence.start) for m in matches if m.materiel is not None]
    for ent in doc.ents:
        known = any(t.i in sentence.names for t in ent)
        tokens = [t for t in ent if not (t.is_punct or t.lower_ in {"the", "'s"})]
        in_things = any(start < ent.end_char and ent.start_char < end for start, end in things)
        if known or (in_things and not names_firm(ent.label_, tokens)):
            continue
        actor = _entity(ent.label_, tokens, reference, settled)
        if actor is not None:
            mention = ActorMention(actor, *sentence.span(tokens[0], tokens[-1]), "entity")
            sentence.names |= {t.i: mention for t in tokens}


def names_firm(label: str, tokens: Sequence[Token]) -> bool:
    """Whether an entity is a firm's name though its last word is one of arms: 'Halvorsen Systems', 'Marstal Arms'."""
    return (
        label == "ORG"
        and len(tokens) == 2
        and all(t.pos_ == "PROPN" and t.text[0].isupper() and t.text[1:].islower() for t in tokens)
        and tokens[1].text in _FIRM_WORDS
    )


def _entity(label: str, tokens: Sequence[Token], reference: Reference, settled: Mapping[str, Actor]) -> Actor | None:
    """The actor that the language model's entity names, if it is a person's or an organisation's full name."""
    if label not in {"PERSON", "ORG"} or not tokens:
        return None
    name = tokens[0].doc[tokens[0].i : tokens[-1].i + 1].text
    actor = settled.get(name) or settled.get(name.split()[-1])
    if actor is not None:
        return actor
    if len(tokens) < 2 or not name[0].isupper() or any(c.isdigit() for c in name) or not slug(name):
        return None
    if label == "PERSON":
        return Actor(slug(name), name, "person", None)
    if tokens[-1].lower_ in reference.words["organ"]:
        # 'the Air Force', 'the Defence Ministry': an organ, whose state its company tells.
        return None
    return Actor(slug(name), name, "company" if _COMPANY.search(name) else "other", None)


def _settle(aliases: Sequence[ActorAlias], span: Span, settled: Mapping[str, Actor]) -> ActorAlias | None:
    """The meaning of a name here, or None where it is not an actor's."""
    introduced = {actor.actor_id for actor in settled.values()}
    alias = next((a for a in aliases if a.actor.actor_id in introduced), aliases[0])
    if alias.ambiguity != "common" or span.text in settled:
        return alias
    is_state = alias.actor.kind == "state"
    before = span.doc[span.start - 1] if span.start else None
    if before is not None and before.pos_ == "PROPN" and before.dep_ == "compound" and before.head in span:
        # The end of a longer name: 'the Sahel Arms Monitor' is not 'the Monitor'.
        return None
    if {t.ent_type_ for t in span} & (_STATE_LABELS if is_state else _OTHER_LABELS):
        return alias
    # The tagger may be wrong, but a part of a longer name is no state: 'Michael Jordan', 'Georgia Tech'.
    beside = [t for t in (*span.root.lefts, *span.root.rights, span.root.head) if t.pos_ == "PROPN" and t not in span]
    alone = is_state and not any(t.i in {span.start - 1, span.end} for t in beside) and span.root.pos_ == "PROPN"
    return alias if alone and span.root.dep_ != "compound" else None
