"""Names of the reference tables in a text: whole words, right case, the longest of overlapping ones."""

from __future__ import annotations

from transforms.reference import ActorAlias, Match, Materiel, Reference
from transforms.text import lower

# 'pro-Russian', 'anti-Iranian' and 'non-NATO' do not name the actor.
_NEGATING_PREFIXES = ("pro-", "anti-", "non-", "ex-", "trans-", "inter-", "sino-", "post-")


def find_names(text: str, reference: Reference) -> list[Match]:
    """All names in a normalised text, in order, none overlapping another; titles may overlap names."""
    lowered = lower(text)
    found: list[Match] = []
    for last, (length, meanings) in reference.names.iter(lowered):
        start, end = last - length + 1, last + 1
        end = _whole_words(lowered, start, end, meanings)
        if end:
            found.extend(_read(text, lowered, start, end, length, meanings))
    names = _longest([m for m in found if m.title is None])
    return sorted(names + _longest([m for m in found if m.title is not None]), key=lambda m: (m.start, m.end))


def _whole_words(lowered: str, start: int, end: int, meanings: tuple) -> int:
    """The end of the name, a plural s of a weapon's name included; 0 where it is only a part of a word."""
    if start and lowered[start - 1].isalnum():
        return 0
    if end == len(lowered) or not lowered[end].isalnum():
        return end
    if any(isinstance(meaning, Materiel) and meaning.weapon for _, meaning in meanings):
        for plural in ("s", "es"):
            stop = end + len(plural)
            if lowered.startswith(plural, end) and (stop == len(lowered) or not lowered[stop].isalnum()):
                return stop
    return 0


def _read(text: str, lowered: str, start: int, end: int, length: int, meanings: tuple) -> list[Match]:
    written = text[start : start + length]
    actors: list[ActorAlias] = []
    materiel: Materiel | None = None
    best = (False, False)
    title: str | None = None
    for spelled, meaning in meanings:
        if spelled is not None and written != spelled and not (written.isupper() and len(written) >= 4):
            continue
        if isinstance(meaning, ActorAlias):
            actors.append(meaning)
        elif isinstance(meaning, Materiel):
            # The very spelling wins over capitals, and a weapon's name over a noun.
            rank = (written == spelled, meaning.weapon is not None)
            if materiel is None or rank > best:
                materiel, best = meaning, rank
        else:
            title = meaning
    if actors and lowered[max(0, start - 6) : start].endswith(_NEGATING_PREFIXES):
        actors = []
    matches = [Match(start, end, tuple(actors), materiel)] if actors or materiel else []
    return [*matches, Match(start, end, title=title)] if title else matches


def _longest(matches: list[Match]) -> list[Match]:
    kept: list[Match] = []
    for match in sorted(matches, key=lambda m: (m.start, -m.end)):
        if kept and match.start < kept[-1].end:
            if match.end - match.start > kept[-1].end - kept[-1].start:
                kept[-1] = match
            continue
        kept.append(match)
    return kept
