"""Find English time expressions in a text and resolve them against its publication date.

The rules are those of TIMEX3 as FACTS.md fixes them for the `date` of a claim. The module works in two layers. `_UNITS`
is a table of patterns for single expressions ('19 June', 'last fall', 'two weeks ago'), each with the function that
turns a match into first and last day. Around each unit the words that change its meaning are read: a preposition in
front ('since', 'by', 'before'), a limit behind ('at the earliest'), or a second unit that makes a range of it ('from
May to July'). Seasons are those of the northern hemisphere; fiscal years are those of the United States, October to
September. Where a word leaves the year open, the latest such time up to publication is meant, unless words nearby put
it in the future.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import zip_longest


@dataclass(frozen=True, slots=True)
class DateMention:
    """A time expression: its place in the text, and the first and last day that it names (None: open or unknown)."""

    start: int
    end: int
    text: str
    date_start: date | None
    date_end: date | None
    precision: str
    """`day`, `month`, `season`, `year` or `span`."""
    kind: str
    """`date`: can date an event; `duration`: a length of time only; `vague`: names no day ('recently')."""


@dataclass(frozen=True, slots=True)
class _Span:
    first: date
    last: date
    precision: str


@dataclass(frozen=True, slots=True)
class _Context:
    published: date | None
    anchor: _Span | None
    """The time that 'that June' or 'three days later' leans on."""
    future: bool
    past: bool = False
    """Surely not after publication: 'since 26 July'."""


_Resolver = Callable[[dict[str, str], _Context], "_Span | None"]

# --- words ------------------------------------------------------------------------------------------------------------

_MONTH_NUMBERS = {name[:3].lower(): number for number, name in enumerate(calendar.month_name) if number}
_WEEKDAY_NUMBERS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_SEASON_FIRST_MONTH = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_SHIFTS = {"last": -1, "past": -1, "previous": -1, "preceding": -1, "this": 0, "current": 0, "the": 0, "": 0}
_SHIFTS |= {"next": 1, "coming": 1, "following": 1, "that": 0, "same": 0, "year": 0}
_LEANING = frozenset({"previous", "preceding", "following", "that", "same"})
"""Words that count from the time told of before, not from publication."""
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4, "final": 4, "latter": 2}
_ORDINALS |= {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_DECADES = {"twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70}
_DECADES |= {"eighties": 80, "nineties": 90}
_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ONES += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_NUMBERS = {word: number for number, word in enumerate(_ONES)} | {"a": 1, "an": 1, "a couple of": 2}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}

# --- pattern pieces; a blank stands for any run of white space --------------------------------------------------------

_FULL = "January|February|March|April|May|June|July|August|September|October|November|December"
_SHORT = r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)(?:\.|\b)"
_MONTH = rf"(?P<month>(?-i:(?:{_FULL})\b|{_SHORT}))"
_WEEKDAY = r"(?-i:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_DAY = r"(?P<day>[12]\d|3[01]|0?[1-9])(?!\d)(?:st|nd|rd|th)?(?![\w%])"
_DAYS = rf"{_DAY}(?:\s?[-–—/]\s?| (?:to|and|or|until|through) )(?P<day2>[12]\d|3[01]|0?[1-9])(?!\d)(?:st|nd|rd|th)?"
_YEAR = r"(?:19|20)\d\d(?!\d|[.,]\d|-(?!\d\d|(?-i:[A-Z])))"
_SAID_YEAR = (
    r"(?:the |that )?(?:last|this|next|that|same|previous|preceding|following|current|coming)(?: same| last)? year"
)
_YEARREF = rf"(?P<year>{_YEAR}|{_SAID_YEAR}|the year\b(?! before))"
_OF_YEAR = rf"(?:,? (?:of )?(?P<year>{_YEAR}|{_SAID_YEAR})|,? ['’](?P<short_year>\d\d)(?!\d))"
_PART = r"(?:(?P<part>early|late|mid)[\s-]+(?:in )?(?:the )?)"
_LEAD = rf"(?:{_PART}|(?:the )?(?:very )?(?P<edge>end|close|middle|start|beginning) of )"
_COUNT = r"(?P<n>\d{1,3}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-[a-z]+)?|an?|a couple of|"
_COUNT += "|".join(_ONES[1:]) + ")"
_UNIT = r"(?P<unit>hour|day|week|month|year)s?"
_DEMONSTRATIVE = (
    r"(?P<which>this past|this coming|last|this|next|that same|that|the same|the previous|the preceding|the following"
    r"|the coming)"
)
_DAYTIME = r"(?: (?:early )?(?:morning|afternoon|evening|night|dawn|noon))?"


def _month_number(name: str) -> int:
    return _MONTH_NUMBERS[name[:3].lower()]


def _number(word: str) -> int | None:
    word = " ".join(word.lower().split())
    if word.isdigit():
        return int(word)
    tens, _, ones = word.partition("-")
    if tens in _TENS:
        return _TENS[tens] + _NUMBERS.get(ones, 0)
    return _NUMBERS.get(word)


# --- calendar arithmetic; out of the calendar raises ValueError or OverflowError, caught in `_resolve` ----------------


def _months(year: int, month: int, count: int = 1, precision: str = "month") -> _Span:
    """The span of `count` months that begins with the given one; months beyond 12 run into later years."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    last_year, last_month = year + (month + count - 2) // 12, (month + count - 2) % 12 + 1
    last_day = calendar.monthrange(last_year, last_month)[1]
    return _Span(date(year, month, 1), date(last_year, last_month, last_day), precision)


def _year(year: int) -> _Span:
    return _months(year, 1, 12, "year")


def _one_day(day: date) -> _Span:
    return _Span(day, day, "day")


def _week(day: date) -> _Span:
    monday = day - timedelta(days=day.weekday())
    return _Span(monday, monday + timedelta(days=6), "span")


def _add_months(day: date, count: int) -> date:
    month = _months(day.year, day.month + count)
    return month.first.replace(day=min(day.day, month.last.day))


def _add(day: date, unit: str, count: int) -> date:
    if unit in ("month", "year", "decade"):
        return _add_months(day, count * {"month": 1, "year": 12, "decade": 120}[unit])
    return day + timedelta(days=count * {"hour": 0, "day": 1, "week": 7}[unit])


def _unit_span(unit: str, day: date) -> _Span:
    """The calendar unit around a day."""
    if unit == "week":
        return _week(day)
    if unit == "weekend":
        saturday = _week(day).first + timedelta(days=5)
        return _Span(saturday, saturday + timedelta(days=1), "span")
    if unit == "month":
        return _months(day.year, day.month)
    if unit == "quarter":
        return _months(day.year, day.month - (day.month - 1) % 3, 3, "span")
    if unit == "decade":
        return _months(day.year - day.year % 10, 1, 120, "span")
    return _year(day.year) if unit == "year" else _one_day(day)


def _part_of(span: _Span, part: str) -> _Span:
    """The early, middle or late part; of a unit shorter than a season the whole stands for its part."""
    year = span.first.year
    months = (span.last.year - year) * 12 + span.last.month - span.first.month + 1
    first, count = span.first.month, months
    if months < 6:
        return span
    if part == "early":
        count = months // 2
    elif part in ("start", "beginning"):
        count = months // 4
    elif part in ("mid", "middle"):
        first, count = first + months // 4, months // 2
    elif part in ("late", "end", "close"):
        count = months // 4
        first += months - count
    else:
        return span
    return _months(year, first, count, "span")


# --- resolvers: named groups of a match and the context, to the days named --------------------------------------------


def _year_of(said: str | None, ctx: _Context) -> int | None:
    """The year that '2024', 'last year' or 'that same year' names."""
    if not said:
        return None
    if said.isdigit():
        return int(said)
    words = [word for word in said.lower().split() if word in _SHIFTS and word != "the"]
    base = ctx.published
    if words[0] in _LEANING and ctx.anchor:
        base = ctx.anchor.last if words[0] == "following" else ctx.anchor.first
    elif words[0] in ("that", "same", "following"):
        return None
    return base.year + _SHIFTS[words[0]] if base else None


def _explicit_year(groups: dict[str, str], ctx: _Context) -> tuple[bool, int | None]:
    """Whether the expression names its year, and which (None: it leans on a time that is not known)."""
    if groups.get("short_year"):
        return True, 2000 + int(groups["short_year"])
    return bool(groups.get("year")), _year_of(groups.get("year"), ctx)


def _nearest(candidates: Callable[[int], _Span | None], ctx: _Context, which: str = "") -> _Span | None:
    """The span among those of successive years that a yearless expression means."""
    base = ctx.published
    which = " ".join(which.lower().split()).removeprefix("the ").removesuffix(" same")
    if which in _LEANING and ctx.anchor:
        base = ctx.anchor.last if which == "following" else ctx.anchor.first
        if which in ("that", "same"):
            return candidates(base.year)
    if base is None:
        return None
    spans = [span for year in range(base.year - 4, base.year + 5) if (span := candidates(year))]
    if which in ("next", "following", "coming", "this coming"):
        after = [span for span in spans if span.first > base]
        return after[0] if after else None
    if which == "last":
        # 'Last July', said in January or in June, is July of the year before; said in December it is this year's.
        before = [span for span in spans if span.last < base]
        recent = before[-1] if before else None
        near = recent and recent.precision == "month" and (base - recent.first).days < 180
        return before[-2] if near and recent and recent.first.year == base.year and len(before) > 1 else recent
    if which == "this":
        span = candidates(base.year)
        return candidates(base.year + 1) if span and ctx.future and span.last < base else span
    if ctx.future:
        coming = [span for span in spans if span.last >= base]
        return coming[0] if coming else None
    past = [span for span in spans if span.first <= base]
    return past[-1] if past else None


def _resolve_day(g: dict[str, str], ctx: _Context) -> _Span | None:
    month, day, last_day = _month_number(g["month"]), int(g["day"]), int(g.get("day2") or g["day"])

    def in_year(year: int) -> _Span | None:
        length = calendar.monthrange(year, month)[1]
        if not 1 <= day <= last_day <= length:
            return None
        return _Span(date(year, month, day), date(year, month, last_day), "day" if day == last_day else "span")

    named, year = _explicit_year(g, ctx)
    if named:
        return in_year(year) if year else None
    span = _nearest(in_year, ctx)
    if span and ctx.published and not (ctx.future or ctx.past) and (ctx.published - span.first).days > 330:
        return _nearest(in_year, replace(ctx, future=True))  # '1 July' in a text of 27 June
    return span


def _resolve_edge_day(g: dict[str, str], ctx: _Context) -> _Span | None:
    whole = _resolve_month(g, ctx) if "month" in g else _resolve_year({"year": g["year2"]}, ctx)
    return whole and _one_day(whole.first if g["edge_day"].lower() == "first" else whole.last)


def _resolve_feast(g: dict[str, str], ctx: _Context) -> _Span | None:
    month, day = (12, 25) if g["feast"] == "Christmas" else (1, 1)
    return _nearest(lambda year: _one_day(date(year, month, day)), ctx)


def _resolve_month(g: dict[str, str], ctx: _Context) -> _Span | None:
    month = _month_number(g["month"])
    named, year = _explicit_year(g, ctx)
    if named:
        return _months(year, month) if year else None
    return _nearest(lambda y: _months(y, month), ctx, g.get("which") or "")


def _resolve_season(g: dict[str, str], ctx: _Context) -> _Span | None:
    month = _SEASON_FIRST_MONTH[g["season"].lower()]
    named, year = _explicit_year(g, ctx)
    if named:
        return _months(year, month, 3, "season") if year else None
    which = g.get("which") or ""
    if which.lower() == "this" and month == 12 and ctx.published and ctx.published.month < 3:
        return _months(ctx.published.year - 1, month, 3, "season")
    return _nearest(lambda y: _months(y, month, 3, "season"), ctx, which)


def _resolve_fraction(g: dict[str, str], ctx: _Context) -> _Span | None:
    """Quarters and halves of a year, and 'the first five months'."""
    if g.get("n"):
        count = _number(g["n"])
        first, months = 1, count if count and count <= 12 else 12
    else:
        months = 6 if g["fraction"].lower() in ("half", "h") else 3
        ordinal = min(_ORDINALS[g["nth"].lower()], 12 // months)
        first = (ordinal - 1) * months + 1
    named, year = _explicit_year(g, ctx)
    if named:
        return _months(year, first, months, "span") if year else None
    return _nearest(lambda y: _months(y, first, months, "span"), ctx)


def _resolve_year(g: dict[str, str], ctx: _Context) -> _Span | None:
    year = _year_of(g["year"], ctx)
    return _part_of(_year(year), (g.get("part") or g.get("edge") or "").lower()) if year else None


def _resolve_years(g: dict[str, str], ctx: _Context) -> _Span | None:
    first = int(g["year"])
    last = int(g["year2"]) if len(g["year2"]) == 4 else first - first % 100 + int(g["year2"])
    if g.get("winter"):
        return _months(first, 12, 3, "season") if last == first + 1 else None
    return _Span(date(first, 1, 1), date(last, 12, 31), "span") if first < last else None


def _resolve_decade(g: dict[str, str], ctx: _Context) -> _Span | None:
    said = g["decade"].lower()
    if said in _DECADES:
        first = 1900 + _DECADES[said]
    else:
        first = int(said) if len(said) == 4 else (2000 if int(said) < 40 else 1900) + int(said)
    offset, years = {"early": (0, 4), "mid": (3, 4), "late": (6, 4)}.get((g.get("part") or "").lower(), (0, 10))
    return _months(first + offset, 1, years * 12, "span")


def _resolve_fiscal(g: dict[str, str], ctx: _Context) -> _Span | None:
    year = int(g["year"]) if len(g["year"]) == 4 else 2000 + int(g["year"])
    return _months(year - 1, 10, 12, "span")


def _resolve_iso(g: dict[str, str], ctx: _Context) -> _Span | None:
    return _one_day(date(int(g["year"]), int(g["month"]), int(g["day"])))


def _resolve_weekday(g: dict[str, str], ctx: _Context) -> _Span | None:
    if ctx.published is None:
        return None
    which = (g.get("which") or "").lower()
    ahead = (_WEEKDAY_NUMBERS[g["weekday"].lower()] - ctx.published.weekday()) % 7
    if which == "next":
        ahead = ahead or 7
    elif which == "last":
        ahead -= 7
    elif which == "this":
        ahead = ahead if ctx.future else ahead - 7 if ahead > 3 else ahead
    elif not ctx.future and ahead:
        ahead -= 7
    return _one_day(ctx.published + timedelta(days=ahead))


_DEICTIC_DAYS = {"yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1, "last night": -1, "this": 0}
_DEICTIC_DAYS |= {"the day before yesterday": -2, "the day after tomorrow": 2}


def _resolve_deictic(g: dict[str, str], ctx: _Context) -> _Span | None:
    said = " ".join(g["deictic"].lower().split())
    shift = _DEICTIC_DAYS.get(said, 0)
    return _one_day(ctx.published + timedelta(days=shift)) if ctx.published else None


def _resolve_relative(g: dict[str, str], ctx: _Context) -> _Span | None:
    """'Last week', 'the same year', 'earlier this month', 'the end of the year'."""
    unit = g["unit"].lower()
    which = (g.get("which") or "the").lower().split()[-1]
    if which == "same" or "same" in (g.get("which") or "").lower():
        which = "same"
    base = ctx.published
    if which in _LEANING and (ctx.anchor or which in ("that", "same", "following")):
        base = (ctx.anchor.last if which == "following" else ctx.anchor.first) if ctx.anchor else None
    if base is None:
        return None
    shift = _SHIFTS[which]
    if unit in ("day", "week", "weekend"):
        day = base + timedelta(days=shift * (1 if unit == "day" else 7))
        if unit == "weekend" and which in ("the", "this") and not ctx.future and base.weekday() < 5:
            day -= timedelta(days=7)
    elif unit == "quarter":
        day = _add_months(base, 3 * shift)
    else:
        day = _add_months(base.replace(day=1), shift * {"month": 1, "year": 12, "decade": 120}[unit])
    span = _unit_span(unit, day)
    part = (g.get("part") or "").lower()
    if part == "earlier" and span.first <= base:
        return _Span(span.first, min(base, span.last), "span")
    if part == "later" and base <= span.last:
        return _Span(max(base, span.first), span.last, "span")
    return _part_of(span, part or (g.get("edge") or "").lower()) if unit == "year" else span


def _resolve_ago(g: dict[str, str], ctx: _Context) -> _Span | None:
    count, unit = _number(g["n"]), g["unit"].lower()
    if count is None or ctx.published is None:
        return None
    day = _add(ctx.published, unit, -count)
    if g.get("exactly"):
        return _unit_span({"today": "day", "this week": "week", "this month": "month"}[g["exactly"].lower()], day)
    return _unit_span(unit if unit in ("month", "year") else "day", day)


def _resolve_ahead(g: dict[str, str], ctx: _Context) -> _Span | None:
    count, unit = _number(g["n"]), g["unit"].lower()
    if count is None or ctx.published is None:
        return None
    return _unit_span(unit if unit in ("month", "year") else "day", _add(ctx.published, unit, count))


def _resolve_offset(g: dict[str, str], ctx: _Context) -> _Span | None:
    """'Three days earlier', 'a year later': counted from the time told of before; 'earlier' else from publication."""
    count, unit = _number(g["n"]), g["unit"].lower()
    sign = -1 if g["way"].lower() in ("earlier", "before", "previously") else 1
    anchor = ctx.anchor
    if anchor is None and ctx.published and sign < 0:
        anchor = _one_day(ctx.published)
    if count is None or anchor is None:
        return None
    moved = _add(anchor.first if sign < 0 or anchor.precision == "season" else anchor.last, unit, sign * count)
    if unit in ("hour", "day", "week"):
        return _one_day(moved) if anchor.precision == "day" else None
    if unit == "year" and count == 1 and anchor.precision in ("month", "season"):
        return _months(moved.year, moved.month, 3 if anchor.precision == "season" else 1, anchor.precision)
    return _unit_span(unit, moved)


def _resolve_stretch(g: dict[str, str], ctx: _Context) -> _Span | None:
    """'Over the past two years', 'in the next six months': from or to the day of publication."""
    count, unit = _number(g.get("n", "a")), (g.get("unit") or g["one"]).lower()
    if count is None or ctx.published is None:
        return None
    if g["way"].lower() in ("next", "coming", "following"):
        return _Span(ctx.published, _add(ctx.published, unit, count), "span")
    return _Span(_add(ctx.published, unit, -count), ctx.published, "span")


def _resolve_within(g: dict[str, str], ctx: _Context) -> _Span | None:
    return _resolve_stretch(g | {"way": "next"}, ctx)


def _unresolved(g: dict[str, str], ctx: _Context) -> None:
    return None


# --- the table of units; the first that fits at a place wins ----------------------------------------------------------

_FEW = r"(?:few|several|some|many|couple of|number of)"
_QUARTER = r"(?P<nth>first|second|third|fourth|last|final|1st|2nd|3rd|4th|latter)[\s-]+(?P<fraction>quarter|half)"

_UNITS: tuple[tuple[str, str, _Resolver], ...] = (
    ("iso", rf"(?P<year>{_YEAR}|(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])-(?P<day>[0-2]\d|3[01])(?!\d)", _resolve_iso),
    ("dotted", r"(?P<day>[0-2]?\d|3[01])\.(?P<month>0?[1-9]|1[0-2])\.(?P<year>(?:19|20)\d\d)(?!\d)", _resolve_iso),
    ("mdd", rf"(?:{_WEEKDAY},? )?{_MONTH} {_DAYS}(?!\w)(?:{_OF_YEAR})?", _resolve_day),
    ("ddm", rf"(?:{_WEEKDAY},? )?(?:the )?{_DAYS} (?:of )?{_MONTH}(?:{_OF_YEAR})?", _resolve_day),
    ("mdy", rf"(?:{_WEEKDAY},? (?:the )?)?{_MONTH} (?:the )?{_DAY}{_OF_YEAR}", _resolve_day),
    ("md", rf"(?:{_WEEKDAY},? |(?<!\bin\s)){_MONTH} (?:the )?{_DAY}(?![.,]\d)", _resolve_day),
    ("dm", rf"(?:{_WEEKDAY},? )?(?:the )?(?<![\d,.]){_DAY} (?:of )?{_MONTH}(?:{_OF_YEAR})?", _resolve_day),
    (
        "edge_day",
        rf"the (?P<edge_day>first|last) day of (?:{_MONTH}(?:{_OF_YEAR})?|(?P<year2>{_YEAR}|{_SAID_YEAR}|the year))",
        _resolve_edge_day,
    ),
    ("feast", r"(?-i:(?P<feast>Christmas|New Year))(?:['’]s (?:day|eve)| day| eve)?\b", _resolve_feast),
    ("month_year", rf"{_LEAD}?(?:the month of )?{_MONTH}{_OF_YEAR}", _resolve_month),
    ("month", rf"{_LEAD}?(?:the month of )?(?:{_DEMONSTRATIVE} )?{_MONTH}", _resolve_month),
    (
        "winter_years",
        rf"(?:the )?(?P<winter>winter) (?:of )?(?P<year>{_YEAR}|(?:19|20)\d\d)[-–/](?P<year2>(?:19|20)?\d\d)(?!\d)",
        _resolve_years,
    ),
    (
        "season_year",
        rf"{_LEAD}?(?:the )?(?P<season>spring|summer|autumn|fall|winter){_OF_YEAR}",
        _resolve_season,
    ),
    (
        "season",
        rf"{_LEAD}?(?:{_DEMONSTRATIVE}|the|(?<=\bin\s)|(?<=\bby\s)|(?<=\bsince\s)|(?<=\buntil\s))\s*"
        r"(?<=\s)(?P<season>spring|summer|autumn|fall|winter)\b"
        r"(?!\s+(?:of|for|in|to|out|into|short|back|under|from|water|offensive|meeting|session|camp)\b|-)",
        _resolve_season,
    ),
    ("fraction_year", rf"(?:the )?{_QUARTER} (?:of )?(?:the )?{_YEARREF}", _resolve_fraction),
    ("first_months", rf"(?:the )?first {_COUNT} months (?:of|in) {_YEARREF}", _resolve_fraction),
    ("letter_year", rf"(?P<fraction>Q|H)(?P<nth>[1-4])(?: of|/)?\s?{_YEARREF}", _resolve_fraction),
    ("year_letter", rf"(?P<year>{_YEAR}) (?P<fraction>Q|H)(?P<nth>[1-4])\b", _resolve_fraction),
    ("letter", r"(?-i:(?P<fraction>Q)(?P<nth>[1-4]))\b(?!-)", _resolve_fraction),
    ("fraction", r"the (?P<nth>first|second|third|fourth) (?P<fraction>quarter)\b(?! of)", _resolve_fraction),
    ("fiscal", r"(?:the )?(?:fiscal(?: year)? |FY[\s-]?)(?P<year>(?:19|20)\d\d|\d\d)(?!\d)", _resolve_fiscal),
    (
        "decade",
        rf"{_PART}?(?:the )?(?:(?P<decade>(?:19|20)\d0)['’]?s|['’](?P<decade_short>\d0)s)\b",
        lambda g, ctx: _resolve_decade(g | {"decade": g.get("decade") or g["decade_short"]}, ctx),
    ),
    ("decade_word", rf"(?:{_PART}|the )(?P<decade>{'|'.join(_DECADES)})\b", _resolve_decade),
    (
        "years",
        r"(?<![\d-])(?P<year>(?:19|20)\d\d)\s?[-–—/]\s?(?P<year2>(?:19|20)\d\d|\d\d)(?![\d\w%]|[-–][\d\w])",
        _resolve_years,
    ),
    ("part_year", rf"{_LEAD}{_YEARREF}", _resolve_year),
    ("year", rf"(?P<year>{_YEAR})", _resolve_year),
    (
        "relative",
        r"(?:(?:the )?(?:very )?(?:(?P<part>early|late|mid|earlier|later|still)|"
        r"(?P<edge>end|close|middle|start|beginning|course))(?: of| in)?[\s-]+)?"
        r"(?P<which>last|this|next|that same|that|the same|the previous|the preceding|the following|the coming|"
        r"the current) (?P<unit>weekend|week|month|year|quarter|decade)\b(?! or (?:two|so))(?!-)",
        _resolve_relative,
    ),
    (
        "edge_relative",
        r"(?:the )?(?:very )?(?P<edge>end|close|middle|start|beginning|rest|course) of (?P<which>the) "
        r"(?P<unit>weekend|week|month|year|quarter|decade)\b",
        _resolve_relative,
    ),
    ("out", r"the (?P<unit>week|month|year) is (?P<edge>out|over)\b", _resolve_relative),
    ("unit_end", r"(?P<unit>year|month)(?:['’]s)?[ -](?P<edge>end)\b", _resolve_relative),
    ("weekend", r"(?<=(?:er|at|on)\s)the (?P<unit>weekend)\b", _resolve_relative),
    (
        "deictic",
        r"(?P<deictic>the day before yesterday|the day after tomorrow|yesterday|today|tonight|tomorrow|last night|"
        r"this(?= (?:morning|afternoon|evening)))(?: (?:morning|afternoon|evening|night))?\b",
        _resolve_deictic,
    ),
    (
        "weekday",
        rf"(?:(?P<which>last|next|this|the following|the previous) )?(?P<weekday>{_WEEKDAY}){_DAYTIME}\b"
        r"(?! (?-i:Times|Telegraph|Mirror|Express|Mail|Herald|Post|Guardian|Tribune|Independent))",
        _resolve_weekday,
    ),
    ("ago", rf"{_COUNT} {_UNIT} ago(?: (?P<exactly>today|this week|this month))?\b", _resolve_ago),
    ("time_ahead", rf"in {_COUNT} {_UNIT}['’]?s? time\b", _resolve_ahead),
    (
        "offset",
        rf"{_COUNT} {_UNIT} (?:(?P<way>earlier|later|previously|afterwards?)\b(?! than)|"
        r"(?P<way2>before|after)(?=\s*[,.;:)]|\s*$))",
        lambda g, ctx: _resolve_offset(g | {"way": g.get("way") or g["way2"]}, ctx),
    ),
    (
        "adjacent_day",
        r"the (?P<unit>day|week|month|year) (?P<way>before|after)(?=\s*[,.;:)]|\s*$)",
        lambda g, ctx: _resolve_offset(g | {"n": "a"}, ctx),
    ),
    (
        "hours",
        r"(?:just )?(?P<unit>hour)s (?P<way>earlier|later)\b",
        lambda g, ctx: _resolve_offset(g | {"n": "a"}, ctx),
    ),
    (
        "anchored_day",
        r"(?P<which>the same|that same|that|the following|the next|the previous) (?P<unit>day)\b",
        lambda g, ctx: _resolve_relative(g | {"which": g["which"].lower().replace("next", "following")}, ctx),
    ),
    (
        "stretch",
        rf"the (?P<way>past|last|previous|next|coming|following) "
        rf"(?:{_COUNT} {_UNIT}|(?P<one>week|month|year|decade))\b(?! of\b)",
        _resolve_stretch,
    ),
    ("within", rf"within (?P<way>the next |the coming |){_COUNT} {_UNIT}\b", _resolve_within),
    (
        "vague",
        rf"(?:the |these )?(?:coming|recent|past|next|last|following)(?: {_FEW})? (?:day|week|month|year|decade)s\b"
        rf"|(?:a |over )?{_FEW} (?:days|weeks|months|years|decades) (?:ago|earlier|later)\b|"
        r"recently|lately|soon\b(?! after| as)|shortly\b(?! after| before)|so far\b(?! as)|to date\b|"
        r"in the (?:near|foreseeable) future\b|(?:weeks|months|years|decades) (?:ago|earlier|later)\b|"
        r"within (?:hours|days|weeks|months|years)\b",
        _unresolved,
    ),
    ("duration", rf"for (?:about |nearly |almost |over |more than |at least |up to )?{_COUNT} {_UNIT}\b", _unresolved),
)

# --- words around a unit ----------------------------------------------------------------------------------------------

_FILLER = (
    r"(?:(?:at least|about|around|roughly|approximately|as early as|as late as|some ?time|the|in|on|early|late) )*"
)
_PREFIXES: tuple[tuple[str, str], ...] = (
    ("plain", r"through(?:out)? much of|before dawn on|(?:on )?the (?:night|morning|evening|eve) of|in the course of"),
    ("as_of", r"as of"),
    ("between", r"(?:anywhere )?between"),
    ("end", r"(?:no|not) later than|by|until|till|up (?:to|until)|through"),
    (
        "start",
        r"(?:ever )?since|from|(?:starting|beginning)(?: (?:in|from|with|on))?|as (?:early|soon) as|as from|effective",
    ),
    ("start", r"not before|(?:no|not) (?:earlier|sooner) than"),
    ("after", r"after|later than"),
    ("before", r"before|prior to|ahead of|earlier than"),
    ("plain", r"(?:(?:some ?time|only|back|again|early|late|later|earlier) )?(?:in|on|at|over|during|within|for|of)"),
    ("plain", r"throughout|circa|around|about|some ?time|overnight into|once"),
)
_SUFFIXES: tuple[tuple[str, str], ...] = (
    ("start", r"at the (?:earliest|soonest)|onwards?|and (?:later|beyond)|or later"),
    ("end", r"at the latest|or (?:earlier|before)"),
)
_FUTURE = re.compile(
    r"\b(?:will|would|shall|should|ought|due|upcoming|expect(?:s|ed)?|schedul\w+|plan(?:s|ned|ning)?|set to|"
    r"(?:is|are|was|were|likely|slated|pledged|promised) to|"
    r"to (?:be|receive|deliver|arrive|follow|begin|start|come|land))\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:said|says|told|announced|reported|confirmed|declared|informed|added|wrote|had|has|have(?! to)|been|was|were|"
    r"did|gave|took|bought|agreed|signed|arrived|landed|came|sent|received)\b",
    re.IGNORECASE,
)
_REPORTING = re.compile(r"\b(?:said|says|told|announced|reported|informed|wrote)\b[^.;]{0,25}$", re.IGNORECASE)
_AT_THE_SOONEST = re.compile(
    r"(?:as (?:early|soon) as|not before|(?:no|not) (?:earlier|sooner|later) than)\b", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"[.;!?\n]\s")
_CONNECTOR = re.compile(
    r"\s*(?:(?P<to>-|–|—|\b(?:to|until|till|through|into)\b)|(?P<and>\b(?:and|or)\b(?: again)?))\s*"
    r"(?:(?:in|on|late|early|the) )*",
    re.IGNORECASE,
)
_FLOATING = frozenset({"md", "dm", "mdd", "ddm", "month", "season", "fraction", "letter"})
"""Units that name no year."""
_LATER = frozenset({"the following", "that", "that same", "the same"})
_ENDS = frozenset({"end", "close", "out", "over"})


def _spaced(pattern: str) -> str:
    return pattern.replace(" ", r"\s+")


def _alternatives(rows: tuple[tuple[str, str], ...]) -> str:
    return "|".join(f"(?P<{kind}{number}>{_spaced(pattern)})" for number, (kind, pattern) in enumerate(rows))


_BOUNDARY = r"(?<!\w)(?<!(?-i:[A-Z])-)(?!(?<=\d-)\d)(?<![$€£])"
_PREFIX = re.compile(rf"(?<![\w-])(?:{_alternatives(_PREFIXES)})\s+{_spaced(_FILLER)}$", re.IGNORECASE)
_SUFFIX = re.compile(rf",?\s+(?:{_alternatives(_SUFFIXES)})\b", re.IGNORECASE)
_ONWARDS = re.compile(r"\s+on(?=\s*[,.;:)]|\s*$)")
_PATTERNS = {name: re.compile(_BOUNDARY + f"(?:{_spaced(pattern)})", re.IGNORECASE) for name, pattern, _ in _UNITS}
_RESOLVERS = {name: resolver for name, _, resolver in _UNITS}
_SCAN = re.compile(
    _BOUNDARY
    + "(?:"
    + "|".join(f"(?P<{name}>{re.sub(r'[(][?]P<[a-z0-9_]+>', '(?:', _spaced(pattern))})" for name, pattern, _ in _UNITS)
    + ")",
    re.IGNORECASE,
)
_TRIGGER_WORDS: tuple[str, ...] = (
    "day",
    "year",
    "month",
    "week",
    "hour",
    "decade",
    "quarter",
    "night",
    "tomorrow",
    "morning",
    "evening",
)
_TRIGGER_WORDS += ("spring", "summer", "autumn", "fall", "winter", "recent", "soon", "shortly", "lately", "so far")
_TRIGGER_WORDS += ("to date", "future", "fiscal", "ties", "afternoon", "christmas")
_TRIGGER_MONTHS = tuple(name[:3] for name in calendar.month_name if name)
_TRIGGER_DIGITS = re.compile(r"(?:19|20)\d\d|\bFY|\b[QHqh][1-4]|['’]\d0s|\d\.\d")

_MEASURE = re.compile(r"\s?(?:km|mm|cm|kg|m|hours|hrs|GMT|UTC|local|per cent|percent|%|°)\b|%|\s?[-–]\s?(?:mm|km)")
_COUNTED = re.compile(
    r"\s+(?!(?:was|is|has|as|this|its|his|across|thus|plus|perhaps|minus|versus|towards|us|always|onwards|afterwards|\w*ss|\w*ous)\b)"
    r"(?:[a-z-]+ed\s+)?[a-z-]{2,}s\b|\s+(?:tanks?|rounds?|aircraft|tonnes?|tons?|men|troops|people|soldiers)\b"
)
_NO_YEAR_BEFORE = re.compile(
    r"(?:\b(?:resolutions?|no\.?|number|model|type|decree|order|law|act|block|version|some|about|over|nearly|almost|than|"
    r"least|most|up to|mark|mk|article|section|room|the|a|an)|[A-Z][\w.]*|[#§$€£\d])\s*$"
)
_NO_YEAR_BEFORE_ANY = re.compile(r"(?i:\b(?:resolutions?|no\.|number|model|type|decree))\s+$")
_YEAR_ENDS_CLAUSE = re.compile(r"\s*(?:[.,;:)\]–—!?\"”]|$)")


def _admissible(name: str, match: re.Match[str], text: str, prefix: re.Match[str] | None) -> bool:
    """Whether what looks like a unit is one: '1950 tanks', 'Resolution 1929', 'Theresa May' are not."""
    start, end = match.span()
    before, after = text[max(0, start - 20) : start], text[end : end + 30]
    if name == "year":
        if _MEASURE.match(after) or _NO_YEAR_BEFORE_ANY.search(before) or before.endswith("-"):
            return False
        if prefix is None:
            return bool(_YEAR_ENDS_CLAUSE.match(after)) and not _NO_YEAR_BEFORE.search(before)
        firm = re.match(r"(?:in|since|during|throughout)\b", prefix.group(), re.IGNORECASE)
        return bool(firm) or not _COUNTED.match(after)
    if name == "month" and not match.group("which"):
        word = match.group("month")
        if word not in ("May", "June", "July") and len(word.rstrip(".")) < 5 and re.match(r"\s+[A-Z]", after):
            return False  # 'Jan Lipavský'
        if prefix is not None or match.group("part") or match.group("edge") or before.rstrip().endswith(("-", "–")):
            return True
        return (
            bool(re.search(r"\bthe\s$", before)) and bool(re.match(r"\s[a-z]", after)) and word not in ("March", "May")
        )
    if name == "deictic" and match.group()[0].isupper():
        return re.search(r"[A-Z]\w*\s$", before) is None  # 'Russia Today'
    if name == "season" and match.group("season")[0].isupper():
        return re.match(r"\s+[A-Z]", after) is None  # 'in Fall River'
    if name == "feast":
        return prefix is not None
    if name == "fiscal":
        return len(match.group("year")) == 4 or match.group().upper().startswith("FY")
    return True


def _resolve(name: str, groups: dict[str, str], ctx: _Context) -> _Span | None:
    try:
        return _RESOLVERS[name](groups, ctx)
    except (ValueError, OverflowError):  # no such day, or beyond the calendar
        return None


def _is_future(text: str, start: int, end: int, limit: bool, assumed: bool) -> bool:
    """Whether the words around an expression put it after publication; a `limit` ('by', 'as early as') suggests so."""
    before = text[max(0, start - 90) : start]
    cuts = [cut.end() for cut in _SENTENCE_END.finditer(before)]
    before = before[cuts[-1] :] if cuts else before
    future = max((cue.start() for cue in _FUTURE.finditer(before)), default=-1)
    past = max((cue.start() for cue in _PAST.finditer(before)), default=-1)
    if _REPORTING.search(before) and past > future:
        return False
    if future >= 0 and future >= past - 4:  # 'were to', 'would have'
        return True
    if future < 0 and past < 0:
        after = text[end : end + 60]
        cut = _SENTENCE_END.search(after)
        after = after[: cut.start()] if cut else after
        cue, told = (
            re.search(r"\b(?:will|shall|(?:is|are) (?:due|to|expected|scheduled))\b", after),
            _PAST.search(after),
        )
        if cue and (not told or told.start() > cue.start()) and (start == 0 or before.strip() in ("", "“", '"')):
            return True
    return assumed or (limit and past < 0)


@dataclass(frozen=True, slots=True)
class _Found:
    """A unit in the text with the words around it."""

    name: str
    groups: dict[str, str]
    start: int
    end: int
    prefix_start: int
    prefix: str
    suffix_end: int
    suffix: str


def _kind(match: re.Match[str] | None) -> str:
    return match.lastgroup.rstrip("0123456789") if match and match.lastgroup else ""


def _units(text: str) -> list[_Found]:
    found: list[_Found] = []
    position = 0
    while hit := _SCAN.search(text, position):
        name = hit.lastgroup or ""
        match = _PATTERNS[name].match(text, hit.start())
        if match is None:
            position = hit.start() + 1
            continue
        left = max(0, found[-1].end if found else 0, match.start() - 48)
        prefix = _PREFIX.search(text[left : match.start()])
        linked = bool(found) and _CONNECTOR.fullmatch(text, found[-1].end, match.start()) is not None
        if not linked and not _admissible(name, match, text, prefix):
            position = max(match.start() + 1, match.end() if name in ("deictic",) else 0)
            continue
        suffix = _SUFFIX.match(text, match.end())
        kind, end = _kind(suffix), suffix.end() if suffix else match.end()
        if not suffix and _kind(prefix) == "start" and (onwards := _ONWARDS.match(text, end)):
            kind, end = "start", onwards.end()
        groups = {key: value for key, value in match.groupdict().items() if value is not None}
        prefix_start = left + prefix.start() if prefix else match.start()
        found.append(_Found(name, groups, *match.span(), prefix_start, _kind(prefix), end, kind))
        position = match.end()
    return found


def _range(first: _Found, second: _Found, text: str, ctx: _Context) -> _Span | None:
    """The span of two units joined by 'to', 'and', a dash: 'from May to July', 'in 2023 and 2024'."""
    between = _CONNECTOR.fullmatch(text, first.end, second.start)
    if between is None or first.prefix in ("end", "after", "before", "as_of"):
        return None
    if between.group("and") and (first.prefix == "start" or second.groups.get("which", "").lower() in _LATER):
        return None
    if _is_floating(first) and not _is_floating(second):
        end = _resolve(second.name, second.groups, ctx)
        begin = _resolve(first.name, first.groups, replace(ctx, published=end.last, future=False)) if end else None
    else:
        begin = _resolve(first.name, first.groups, ctx)
        floating = begin and _is_floating(second)
        later = replace(ctx, published=begin.first, future=True) if begin and floating else ctx
        end = _resolve(second.name, second.groups, later)
    if not begin or not end or begin.first > end.last or begin.first == end.first:
        return None
    alike = begin.precision == end.precision
    if not alike and first.prefix not in ("between", "start"):
        return None
    return _Span(begin.first, end.last, "span")


def _is_floating(unit: _Found) -> bool:
    return unit.name in _FLOATING and "which" not in unit.groups and "year" not in unit.groups


def _bounds(unit: _Found, span: _Span, ctx: _Context) -> tuple[date | None, date | None, str]:
    """First and last day after the words around the unit have had their say."""
    effect = unit.suffix or unit.prefix
    edge = (unit.groups.get("edge") or "").lower()
    first: date | None = span.first
    last: date | None = span.last
    precision = span.precision
    if effect == "start" and ("day2" in unit.groups or unit.name == "years"):
        effect = ""  # 'from 19 to 21 June'
    if effect == "as_of":
        effect = "start" if ctx.published and span.first > ctx.published else "end"
    if effect in ("end", "before") and edge in _ENDS:
        whole = _resolve(unit.name, {key: value for key, value in unit.groups.items() if key != "edge"}, ctx)
        first, effect, precision = None, "end", whole.precision if whole else precision
    if effect == "start" or (unit.name == "decade" and unit.groups.get("part") and _ahead(span, ctx)):
        last = None
    try:
        if effect == "end":
            first = None
        elif effect == "after":
            first, last = span.last + timedelta(days=1), None
        elif effect == "before":
            first, last = None, span.first - timedelta(days=1)
    except OverflowError:
        first, last = None, None
    return first, last, precision


def _ahead(span: _Span, ctx: _Context) -> bool:
    return ctx.published is not None and span.first > ctx.published


def find_dates(
    text: str, published_on: date | None, reference: date | None = None, future: bool = False
) -> list[DateMention]:
    """The time expressions of a text in order, without overlaps, resolved as FACTS.md rules.

    `reference` is the day told of before the text, for 'that June' and 'three days later'; a time named earlier in the
    text takes its place. `future` says that the text speaks of what is to come, where its own words do not show it.
    What cannot be resolved, as relative words without `published_on`, is found with both ends None.
    """
    lowered = text.lower()
    if not (
        any(word in lowered for word in _TRIGGER_WORDS)
        or any(month in text for month in _TRIGGER_MONTHS)
        or _TRIGGER_DIGITS.search(text)
    ):
        return []
    mentions: list[DateMention] = []
    anchor = _one_day(reference) if reference else None
    units = _units(text)
    skip = False
    for unit, following in zip_longest(units, units[1:]):
        if skip:
            skip = False
            continue
        limit = unit.prefix in ("end", "before") or _AT_THE_SOONEST.match(text, unit.prefix_start) is not None
        ahead = _is_future(text, unit.prefix_start, unit.end, limit, future)
        since = text[unit.prefix_start : unit.start].lower().startswith("since")
        ctx = _Context(published_on, anchor, ahead and not since, since)
        start, end, kind = unit.prefix_start, unit.suffix_end, "date"
        span = _range(unit, following, text, ctx) if following else None
        first: date | None
        last: date | None
        if span and following:
            first, last, precision, end, skip = span.first, span.last, "span", following.end, True
        else:
            span = _resolve(unit.name, unit.groups, ctx)
            first, last, precision = _bounds(unit, span, ctx) if span else (None, None, "span")
            if unit.name == "within":
                first, precision = None, "span"
            kind = unit.name if unit.name in ("vague", "duration") else "date"
        if span and not _REPORTING.search(text[max(0, start - 40) : start]):
            anchor = span
        mentions.append(DateMention(start, end, text[start:end], first, last, precision, kind))
    return mentions
