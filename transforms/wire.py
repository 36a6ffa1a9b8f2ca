"""Which news agency a text credits: by its dateline, its closing credits, its byline or its author.

What agencies put where stands in `seeds/wire_agencies.csv`: a row per mark, with the agency's actor id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from transforms.text import slug

HEAD_CHARS = 800
"""Where a dateline or byline stands: the first lines of the text."""
TAIL_CHARS = 600
"""Where closing credits stand."""

_DASH = r"\s*(?:[-\u2010-\u2015]|--)(?=\s|$)"
_PLACE = r"(?:\w[\w.'’/ -]{1,39}(?:,\s\w[\w.'’ -]{1,30}){0,2}(?:,\s*\d{4})?,?\s*)"
_BYLINE = re.compile(r"^\s*(?:by\s+|source:\s*|from\s+)", re.IGNORECASE)
_CREDITS = re.compile(
    r"(?:^|[\n(\[.]\s*)(?:additional\s+)?(?:reporting|writing|editing|edited|compiled)\s+by\s[^\n]{3,300}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class WireAgencies:
    """The marks of agencies, each with the id of the agency; upper and lower case as in the table."""

    marks: Mapping[str, str]
    """Marks for datelines and authors: `Reuters`, `AP`, `Associated Press`."""
    credit_styles: Mapping[str, str]
    """Closing phrases that only one agency uses: `Our Standards: The Thomson Reuters Trust Principles`."""


NO_AGENCIES = WireAgencies({}, {})


def read_agencies(rows: Iterable[Mapping[str, str]]) -> WireAgencies:
    """The agencies of the rows of `wire_agencies.csv` (`actor_id`, `mark`, `form`: `name` or `phrase`)."""
    marks: dict[str, str] = {}
    phrases: dict[str, str] = {}
    for row in rows:
        (phrases if row["form"] == "phrase" else marks)[row["mark"]] = row["actor_id"]
    return WireAgencies(marks, phrases)


def wire_agency(text: str, author: str | None, agencies: WireAgencies) -> str | None:
    """Actor id of the agency that the text credits as its origin; None where it credits none.

    An agency that the table does not have, but a plain dateline names, gets the id that its name makes.

    A dateline comes first (`WASHINGTON, June 18 (Reuters) -`, `BERLIN (AP) —`, `MOSCOW, June 5. /TASS/.`), then a
    byline (`By Associated Press`), the author, and credits at the end (`Reporting by …` followed by the agency's own
    phrase). 'Reuters reported' inside the text is a source of a claim, not the origin of the text.
    """
    return (
        _in_dateline(text[:HEAD_CHARS], agencies)
        or _in_byline(text[:HEAD_CHARS], agencies)
        or _as_author(author, agencies)
        or _in_credits(text[-TAIL_CHARS:], agencies)
        or _unknown(text)
    )


def _in_dateline(head: str, agencies: WireAgencies) -> str | None:
    for line in head.splitlines()[:6]:
        line = line.strip()
        bracketed = re.match(
            rf"{_PLACE}?[(\[]([^()\[\]\n]{{2,40}})[)\]](?:{_DASH}|\s*[:.](?=\s)|\s*$)", line
        ) or re.match(rf"{_PLACE}?/([^/\n]{{2,40}})/\.?", line)
        if bracketed and (found := _agency(bracketed[1], agencies)):
            return found
        # 'TASS. ' or 'KYODO NEWS - ' in front of the first sentence
        opening = re.match(rf"([^\W\d_][\w. ]{{1,28}}?)(?:\.(?=\s+[A-ZÀ-Þ])|:(?=\s)|{_DASH})", line)
        if opening and opening[1].isupper() and (found := _agency(opening[1], agencies)):
            return found
    return None


def _unknown(text: str) -> str | None:
    """The id of an agency that no table knows: 'OSLO (Fjord Wire) - ' at the very beginning, the place in capitals."""
    named = re.match(rf"\s*(?:[^\W\d_a-zß-ÿ]{{2,}}[^()\n]{{0,80}})?\(([A-Z][^()\n]{{1,39}})\){_DASH}", text)
    return slug(named[1]) or None if named else None


def _in_byline(head: str, agencies: WireAgencies) -> str | None:
    for line in head.splitlines()[:4]:
        line = line.strip()
        if len(line) > 80:
            continue
        # A line that is nothing but the agency's name, or names its author there.
        if found := _as_author(_BYLINE.sub("", line), agencies, whole=not _BYLINE.match(line)):
            return found
    return None


def _as_author(author: str | None, agencies: WireAgencies, *, whole: bool = False) -> str | None:
    """The agency that an author line names: 'Reuters', 'Reuters Staff', 'A. Name, Associated Press', 'A. Name | AP'."""
    if not author:
        return None
    parts = [author] if whole else re.split(r"[;,|/()•·]| - | – | — |\band\b|\bfor\b|\bof\b", author)
    for part in parts:
        name = re.sub(
            r"(?i)^the\s+|\s+(?:staff|staff writers?|correspondents?|news|news agency|wire)$", "", part.strip()
        )
        if found := _agency(part, agencies) or _agency(name, agencies):
            return found
    return None


def _in_credits(tail: str, agencies: WireAgencies) -> str | None:
    for phrase, actor_id in agencies.credit_styles.items():
        if phrase in tail:
            return actor_id
    for line in [*_CREDITS.findall(tail), *tail.splitlines()[-2:]]:
        # '(Reuters)', '(source: APA/dpa)', '/TASS/', '© AFP' at the end
        named = re.search(r"(?:[(\[/©]\s*(?:\w+:\s*)?)((?:\w[\w.&/]*\s?){1,4})[)/\]]?\s*\.?$", line.strip())
        if named and (found := _agency(named[1].strip("/"), agencies)):
            return found
    return None


def _agency(words: str, agencies: WireAgencies) -> str | None:
    """The agency of a name as written, in capitals, or followed by what is no part of it ('AFP/File')."""
    words = " ".join(words.split()).strip(" .,:-–—")
    for name in (words, *re.split(r"\s*[/,;]\s*|\s+-\s+", words)):
        name = name.strip()
        if name in agencies.marks:
            return agencies.marks[name]
    folded = words.casefold()
    # Names of one short word are words too ('sana', 'pap'): their case has to be right.
    return next((actor for mark, actor in agencies.marks.items() if len(mark) > 4 and mark.casefold() == folded), None)
