"""Names of persons in a text: 'Nayef Al-Dossary', 'P. K. Thadani', 'Maj. Gen. (ret.) Ludwig van der Berg'."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from transforms.reference import Actor, Match, Reference
from transforms.text import slug

_UPPER = "".join(c for i in (*range(0x41, 0x250), *range(0x1E00, 0x1F00)) if (c := chr(i)).isupper())
_PARTICLE = (
    r"(?:al|el|as|ad|an|ar|az|ul|ur|bin|ibn|ben|bint|ould|von|van|der|den|ter|zu|de|da|di|du|la|le|los|dos|das|do|del|"
    r"san|af)"
)
_PART = rf"(?:{_PARTICLE}[-'’])?[{_UPPER}][\w'’-]*"
_INITIALS = rf"[{_UPPER}]\.(?:[{_UPPER}]\.)*"
_NAME = re.compile(rf"(?:{_INITIALS} |{_PART}[ -])(?:(?:{_INITIALS}|{_PARTICLE}|{_PART}) )*{_PART}|{_PART}")
# No name is longer.
_REACH = 100
_RETIRED = r"\((?:retd?|JG|Ret'd)\.?\)"
_WORD = re.compile(rf"(?:[\w'.-]+|{_RETIRED}),? ")
# After a name set off by a comma: what closes it.
_CLOSING = re.compile(r"[,.;:)\"]|$| (?:said|told|says|tells|has|had|was|is|will|would|and|who|in an?)\b| [–—-]")
_NOT_NAMES = frozenset(
    """the a an this that these those it he she they we you but and or if when while as at in on of for to from with
    after before today yesterday no not number by its his her their our my meanwhile what why how who
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december""".split()
)


@dataclass(frozen=True, slots=True)
class Person:
    """A person named at the characters start to end."""

    actor: Actor
    start: int
    end: int


def person_after(text: str, at: int, end: int, names: Sequence[Match], reference: Reference) -> Person | None:
    """The person whose name, with honorifics and ranks before it, begins at a character."""
    start = _after_honorifics(text, at, end, names, reference)
    known = [m for m in names if m.actors and m.start == start]
    match = _NAME.match(text, start, end)
    if known and (match is None or known[0].end >= match.end()):
        actor = known[0].actors[0].actor
        return Person(actor, start, known[0].end) if actor.kind == "person" else None
    return _person(text, match.start(), match.end(), names, reference) if match is not None else None


def person_before(text: str, start: int, end: int, names: Sequence[Match], reference: Reference) -> Person | None:
    """The person whose name ends at a character, looked for from the character `start` on."""
    last = None
    for match in _NAME.finditer(text, max(start, end - _REACH), end):
        last = match
    known = next((m for m in names if m.actors and m.end == end and m.actors[0].actor.kind == "person"), None)
    if last is None or last.end() != end:
        return Person(known.actors[0].actor, known.start, end) if known is not None else None
    begin = _after_honorifics(text, last.start(), end, names, reference)
    while (word := _WORD.match(text, begin, end)) and word.group().strip().lower() in _NOT_NAMES:
        begin = _after_honorifics(text, word.end(), end, names, reference)
    while place := next((m for m in names if m.actors and m.start == begin and m.end < end), None):
        if place.actors[0].actor.kind == "person" or text[place.end] != " ":
            break
        begin = place.end + 1
    if known is not None and known.start <= begin:
        return Person(known.actors[0].actor, known.start, end)
    return _person(text, begin, end, names, reference)


def is_closed(text: str, person: Person, end: int) -> bool:
    """Whether what follows a name shows that it stood in apposition: 'the minister, Jan Novak, said'."""
    return person.end >= end or _CLOSING.match(text, person.end, end) is not None


def _person(text: str, start: int, end: int, names: Sequence[Match], reference: Reference) -> Person | None:
    name = text[start:end]
    if name.endswith(("'s", "’s")):
        name = name[:-2]
    name = name.rstrip("'’-")
    end = start + len(name)
    inside = [m for m in names if m.actors and m.start < end and m.end > start]
    persons = [m for m in inside if m.actors[0].actor.kind == "person"]
    full = next((m for m in persons if " " in text[m.start : m.end]), None)
    if full is not None:
        return Person(full.actors[0].actor, full.start, full.end)
    words = name.split()
    if len(words) < 2 or words[0].lower() in _NOT_NAMES or words[-1].lower() in _NOT_NAMES:
        return None
    others = [m for m in inside if m not in persons and m.actors[0].ambiguity != "common"]
    if any(len(words) < 3 or not _is_surname(m, start, end) for m in others):
        return None
    if any(w.lower() in reference.words["state_body"] | reference.words["firm_body"] for w in words):
        return None
    return Person(Actor(slug(name), name, "person", None), start, end)


def _is_surname(match: Match, start: int, end: int) -> bool:
    """Whether a place's name ends a person's: 'Roy Vincent Trinidad'."""
    return start < match.start and match.end == end and match.actors[0].form != "adjective"


def _after_honorifics(text: str, at: int, end: int, names: Sequence[Match], reference: Reference) -> int:
    """Where the name begins behind 'Mr', 'Brigadier General (ret.)', 'Hojatoleslam'."""
    honorifics = reference.words["honorific"]
    while True:
        rank = next((m for m in names if m.start == at and m.title is not None), None)
        if rank is not None and text[rank.end : rank.end + 1] in {" ", "."}:
            at = rank.end + (2 if text[rank.end] == "." else 1)
            continue
        word = _WORD.match(text, at, end)
        if word is None:
            return at
        plain = word.group().strip().rstrip(",").replace(".", "").lower()
        if not (plain in honorifics or plain.startswith("(")):
            return at
        at = word.end()
