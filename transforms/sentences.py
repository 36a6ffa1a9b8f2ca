"""Where sentences begin and end, without a parser: most sentences are never parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Abbreviations after which a full stop rarely ends a sentence.
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof gen col lt maj capt sgt cpl brig adm cmdr cdr rear vice st sen rep gov pres hon rev jr sr
    inc corp co ltd llc plc no nos vs v fig approx est dept univ jan feb mar apr jun jul aug sep sept oct nov dec
    mon tue tues wed thu thur thurs fri sat sun u.s u.k u.n e.g i.e a.m p.m cf al etc ft mt sq spc pvt pfc ret
    supt insp messrs mme mlle fr pp op vol ed eds""".split()
)
_END = re.compile(r"""[.!?…]+["')\]]*(?=\s|$)|(?<=[a-z)"'])[.!?]["']?(?=[A-Z"'][a-z])""")
_BREAK = re.compile(r"\s*\n\s*")
_LAST_WORD = re.compile(r"([A-Za-z](?:[A-Za-z.]*[A-Za-z])?)$")
_INITIALISM = re.compile(r"(?:[A-Z]\.)+[A-Z]$")
_MAX_SENTENCE = 1500


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a normalised text; `paragraph` counts from 0."""

    start: int
    end: int
    paragraph: int


def split_sentences(text: str) -> list[Sentence]:
    """Split a normalised text into sentences, without surrounding space, in order.

    A line break ends a sentence unless the line before it stops in the middle of one (hard-wrapped text).
    Sentences longer than 1,500 characters are cut at a space, so that no input makes the parser slow.
    """
    sentences: list[Sentence] = []
    paragraph = 0
    begin = 0
    for match in _BREAK.finditer(text):
        if _wrapped(text, match):
            continue
        if match.start() > begin:
            sentences.extend(_in_paragraph(text, begin, match.start(), paragraph))
            paragraph += 1
        begin = match.end()
    sentences.extend(_in_paragraph(text, begin, len(text), paragraph))
    return sentences


def _wrapped(text: str, line_break: re.Match[str]) -> bool:
    """A single line break inside a sentence: no full stop before it and a lower-case letter or digit after it."""
    before, after = line_break.start() - 1, line_break.end()
    if before < 0 or after >= len(text) or line_break.group().count("\n") > 1:
        return False
    return text[before] not in ".!?:;\"'" and (
        text[after].islower() or (text[before].islower() and text[after].isdigit())
    )


def _in_paragraph(text: str, begin: int, end: int, paragraph: int) -> list[Sentence]:
    found = []
    start = begin
    for match in _END.finditer(text, begin, end):
        if _ends_sentence(text, start, match, end):
            found.extend(_pieces(text, start, match.end(), paragraph))
            start = match.end()
    found.extend(_pieces(text, start, end, paragraph))
    return found


def _ends_sentence(text: str, start: int, match: re.Match[str], end: int) -> bool:
    after = match.end()
    rest = text[after : after + 40].lstrip()
    if not rest or after >= end:
        return True
    if match.group().startswith(".") and not match.group().startswith(".."):
        word = _LAST_WORD.search(text, max(start, match.start() - 25), match.start())
        if word is not None:
            token = word.group(1)
            if token.lower() in _ABBREVIATIONS and not (
                token.lower() in {"co", "inc", "corp", "ltd", "jr", "u.s"} and _opens(rest)
            ):
                return False
            if (len(token) == 1 and token.isupper()) or _INITIALISM.match(token):
                # 'George W. Bush', 'the U.S. Army'; but 'sold to the U.S. The deal …' ends.
                return len(token) > 1 and bool(re.match(r"(?:The|It|But|In|He|She|They|A|On|This|That)\b", rest))
    return not rest[0].islower()


def _opens(rest: str) -> bool:
    return bool(re.match(r"(?:The|It|But|In|He|She|They|This|That|On|At|A|An)\b", rest))


def _pieces(text: str, start: int, end: int, paragraph: int) -> list[Sentence]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    pieces = []
    while end - start > _MAX_SENTENCE:
        cut = text.rfind(" ", start + _MAX_SENTENCE // 2, start + _MAX_SENTENCE)
        cut = cut if cut > start else start + _MAX_SENTENCE
        pieces.append(Sentence(start, cut, paragraph))
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if end > start:
        pieces.append(Sentence(start, end, paragraph))
    return pieces
