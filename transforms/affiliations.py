"""Persons and their offices: 'Pentagon press secretary General Pat Ryder', 'Jan Novak, the Czech defence minister'."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from transforms.reference import Actor, Match, Reference
from transforms.rows import Affiliation, Document, content_id
from transforms.sentences import Sentence
from transforms.text import slug

_CAP = r"[A-ZÀ-ÖØ-ÞŁŚŠŽĆČĐİ][\w'’À-ž-]*"
_PARTICLE = r"(?:al|el|bin|ibn|ben|von|van|der|den|de|da|di|du|la|le|dos|del|Abu)"
_NAME = re.compile(rf"{_CAP}(?:[ -](?:{_PARTICLE}[ -])?(?:{_CAP}|[A-Z]\.))*")
# Directly before the title, at most the owner's name and two words between.
_FORMER = re.compile(
    r"\b(?:former|formerly|ex|then|late|one-time|onetime|erstwhile|deposed|ousted|retired|previous|previously|once)\b"
    r"[- ](?:[\w.'-]+ ){0,4}$",
    re.I,
)
_FORMER_AFTER = re.compile(r"[^.;]{0,12}\buntil\b|\s+(?:at the time|of the time|of the day)\b")
_RANK_WORDS = frozenset(
    """mr mrs ms dr sir lord lady general gen col colonel lt maj major capt captain admiral adm brig brigadier
    lieutenant sen rep""".split()
)
_STOP_NAMES = frozenset(
    """the a an this that these those it he she they we i but and or if when while as at in on of for to from with
    after before
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december""".split()
)


@dataclass(frozen=True, slots=True)
class Office:
    """A person, a title and whose title it is."""

    person: Actor
    title: str
    actor: Actor
    is_current: bool
    start: int
    end: int


def find_affiliations(
    text: str, sentence: Sentence, names: Sequence[Match], reference: Reference, home: Actor | None = None
) -> list[Office]:
    """The offices that a sentence of the normalised text tells, by title, name and the actor beside the title.

    An office of state with no state beside it ('Defence Minister Jan Novak') is the known person's, else that of
    `home`, the state that the document is written from or about.
    """
    titles = [m for m in names if m.title is not None]
    if not titles:
        return []
    offices: list[Office] = []
    for title in _groups(text, titles):
        before_name = _person_after(text, title.end, sentence, names)
        after_name = _person_before(text, title.start, sentence, names) if before_name is None else None
        found = before_name or after_name
        if found is None:
            continue
        person, name_start, name_end = found
        owner = _owner(text, title, (name_start, name_end), sentence, names)
        if owner is None and reference.titles.get(title.title or "") in {"state", "organ"}:
            owner = with_known_country(person, reference)
            if owner is None and reference.titles[title.title or ""] == "state":
                owner = home
        if owner is None:
            continue
        lead = text[max(sentence.start, title.start - 60) : title.start]
        lead = lead[max(lead.rfind(c) for c in ',";:(') + 1 :]
        former = bool(_FORMER.search(lead)) or bool(_FORMER_AFTER.match(text, title.end))
        offices.append(
            Office(
                person,
                text[title.start : title.end],
                owner,
                not former,
                min(title.start, name_start),
                max(title.end, name_end),
            )
        )
    return offices


def _groups(text: str, titles: list[Match]) -> list[Match]:
    """Titles that follow each other ('press secretary General') become the first of them."""
    grouped: list[Match] = []
    for title in titles:
        if grouped and title.start <= grouped[-1].end + 1:
            previous = grouped[-1]
            rank = title.title in _RANK_WORDS or (title.title or "").split()[0] in _RANK_WORDS
            if rank:
                grouped[-1] = Match(previous.start, title.end, title=previous.title)
                continue
        grouped.append(title)
    return grouped


def _person_after(text: str, at: int, sentence: Sentence, names: Sequence[Match]) -> tuple[Actor, int, int] | None:
    """The name right after a title: 'president Vladimir Putin', 'foreign minister, Abbas Araghchi,'."""
    gap = re.match(
        r"(?:,? (?:Mr|Mrs|Ms|Dr|Sir|Gen|Col|Lt|Maj|Adm)\.?)? (?=[A-ZÀ-Þ])|, (?=[A-ZÀ-Þ])", text[at : at + 12]
    )
    if gap is None:
        return None
    start = at + gap.end()
    if start >= sentence.end:
        return None
    comma = gap.group().startswith(",")
    return _person_at(text, start, sentence, names, after_comma=comma)


def _person_at(
    text: str, start: int, sentence: Sentence, names: Sequence[Match], *, after_comma: bool
) -> tuple[Actor, int, int] | None:
    known = next((m for m in names if m.actors and m.start == start), None)
    if known is not None:
        if known.actors[0].actor.kind == "person":
            return known.actors[0].actor, known.start, known.end
        return None
    match = _NAME.match(text, start, sentence.end)
    if match is None:
        return None
    words = match.group().split()
    if (
        len(words) < 2
        or words[0].lower() in _STOP_NAMES
        or any(m.start < match.end() and m.end > match.start() and m.actors for m in names)
    ):
        inner = next(
            (
                m
                for m in names
                if m.actors and match.start() <= m.start < match.end() and m.actors[0].actor.kind == "person"
            ),
            None,
        )
        if inner is not None:
            return inner.actors[0].actor, inner.start, inner.end
        return None
    if (
        after_comma
        and text[match.end() : match.end() + 1] not in {",", ".", ";", ")", "", ":"}
        and not re.match(r" (?:said|told|says)\b", text[match.end() : match.end() + 6])
    ):
        return None
    name = match.group()
    name = re.sub(r"'s$", "", name)
    return Actor(slug(name), name, "person", None), match.start(), match.start() + len(name)


def _person_before(text: str, at: int, sentence: Sentence, names: Sequence[Match]) -> tuple[Actor, int, int] | None:
    """The name that a title in apposition follows: 'Ilya Ponomarev, a former Russian member of parliament'."""
    before = text[sentence.start : at]
    comma = before.rfind(", ")
    if comma < 0 or len(before) - comma > 90:
        return None
    between = before[comma + 2 :]
    if re.search(r"\b(?:and|but|which|that|said|has|had|was|is|while)\b", between):
        return None
    end = sentence.start + comma
    known = next((m for m in names if m.actors and m.end == end and m.actors[0].actor.kind == "person"), None)
    if known is not None:
        return known.actors[0].actor, known.start, known.end
    last = None
    for match in _NAME.finditer(text, sentence.start, end):
        if match.end() == end:
            last = match
    if last is None:
        return None
    words = last.group().split()
    while words and (words[0].lower() in _STOP_NAMES or words[0].lower().rstrip(".") in _RANK_WORDS):
        words = words[1:]
    if len(words) < 2:
        return None
    name = " ".join(words)
    start = end - len(name)
    if text[start:end] != name or any(m.actors and m.start < end and m.end > start for m in names):
        return None
    return Actor(slug(name), name, "person", None), start, end


def _owner(text: str, title: Match, name: tuple[int, int], sentence: Sentence, names: Sequence[Match]) -> Actor | None:
    """Whose office it is: the actor in front of the title, or after its 'of', 'for', 'at'."""

    def actor(m: Match) -> Actor | None:
        alias = m.actors[0] if m.actors else None
        return None if alias is None or alias.actor.kind in {"person"} else alias.actor

    after = text[title.end : title.end + 60]
    link = re.match(r"(?: general)?(?: (?:of|for|at|with|in)(?: the)?| to) ", after)
    if link is not None:
        at = title.end + link.end()
        for m in names:
            if m.actors and at <= m.start <= at + 25 and actor(m) is not None and "," not in text[at : m.start]:
                return actor(m)
    best: Match | None = None
    for m in names:
        if (
            m.actors
            and actor(m) is not None
            and m.end <= title.start
            and title.start - m.end <= 40
            and m.start >= sentence.start
        ):
            between = text[m.end : title.start]
            if re.fullmatch(r"(?:'s?)?(?: [\w.-]+){0,4} ?", between) and not re.search(
                r"\b(?:and|said|told|by|with|from|to|that|which|of|on|in|at)\b", between
            ):
                best = m
    if best is not None:
        return actor(best)
    return None


def with_known_country(person: Actor, reference: Reference) -> Actor | None:
    """The state of a person whom the reference tables know."""
    known = reference.actors.get(person.actor_id)
    return reference.actors.get(known.country) if known is not None and known.country else None


def to_rows(offices: Sequence[Office], document: Document, sentence: Sentence) -> list[Affiliation]:
    """The rows of one sentence's offices; the evidence is the sentence."""
    return [
        Affiliation(
            affiliation_id=content_id(
                "affiliation", document.document_id, o.person.actor_id, o.actor.actor_id, o.title, o.is_current
            ),
            extraction_key=document.extraction_key,
            document_id=document.document_id,
            person_id=o.person.actor_id,
            person_name=o.person.name,
            title=o.title,
            actor_id=o.actor.actor_id,
            is_current=o.is_current,
            evidence=document.text[sentence.start : sentence.end],
            evidence_start=sentence.start,
            evidence_end=sentence.end,
        )
        for o in offices
    ]
