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
_NAME = re.compile(rf"{_CAP}(?:[ -](?:{_PARTICLE}[ -])?(?:[A-Z]\.|{_CAP}))*")
# Directly before the title, at most the owner's name and two words between.
_FORMER = re.compile(
    r"\b(?:former|formerly|ex|then|late|one-time|onetime|erstwhile|deposed|ousted|retired|previous|previously|once)\b"
    r"[- ](?:[\w.'-]+ ){0,4}$",
    re.I,
)
_FORMER_AFTER = re.compile(r"[^.;]{0,12}\buntil\b|\s+(?:at the time|of the time|of the day)\b")
# What ties an office to its owner after it, and how far the owner may stand from it on either side.
_LINK = re.compile(r"(?: general)?(?: (?:of|for|at|with|in)(?: the)?| to) ")
_LINK_REACH = 25
_BEFORE_REACH = 40
_OWNING = re.compile(r"(?:'s?)?(?: (?!(?:and|said|told|by|with|from|to|that|which|of|on|in|at)\b)[\w.-]+){0,4} ?")
_ENVOY = re.compile(r"\b(?:ambassador|envoy|consul|attach|representative|charg)", re.I)
# Titles of state that do not say of which: nobles, local offices, envoys.
_NOT_OF_HOME = re.compile(r"\b(?:prince|princess|baron|duke|sheikh|governor|mayor|ambassador|envoy|consul)\b", re.I)
# An organ named in a title or right before it: 'Foreign Ministry spokesperson'.
_ORGAN = re.compile(r"\b(?:ministry|navy|army|air force|military|government|presidential|cabinet|marines)\b", re.I)
_ORGAN_REACH = 14
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
        owner = _owner(text, title, sentence, names)
        if owner is None and reference.titles.get(title.title or "") in {"state", "organ"}:
            is_known = person.actor_id in reference.actors
            owner = with_known_country(person, reference) if is_known else _at_home(text, title, home, reference)
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


def _owner(text: str, title: Match, sentence: Sentence, names: Sequence[Match]) -> Actor | None:
    """Whose office it is: the actor after the title's 'of', 'for' or 'at', or before the title.

    An envoy's place is not his sender: 'the American ambassador in Tashkent' is of the United States.
    """
    bodies = [m for m in names if m.actors and m.actors[0].actor.kind != "person"]
    link = _LINK.match(text, title.end)
    if link is not None and not _ENVOY.search(title.title or ""):
        for m in bodies:
            if link.end() <= m.start <= link.end() + _LINK_REACH and "," not in text[link.end() : m.start]:
                return m.actors[0].actor
    before = [m for m in bodies if sentence.start <= m.start and m.end <= title.start <= m.end + _BEFORE_REACH]
    owners = [m for m in before if _OWNING.fullmatch(text, m.end, title.start)]
    return owners[-1].actors[0].actor if owners else None


def _at_home(text: str, title: Match, home: Actor | None, reference: Reference) -> Actor | None:
    """The document's own state, for offices of state and spokespersons of organs that stand without one."""
    is_office = reference.titles[title.title or ""] == "state" and not _NOT_OF_HOME.search(title.title or "")
    of_organ = _ORGAN.search(text, max(0, title.start - _ORGAN_REACH), title.end) is not None
    return home if is_office or of_organ else None


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
