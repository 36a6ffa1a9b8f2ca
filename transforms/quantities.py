"""Find counts of things and amounts of money in English text.

Both are *figures*: a number in digits or words, perhaps a range, with the words that bound it ('at least', 'up to',
'or more'). A figure with a currency is money, any other a quantity, unless its surroundings say that it counts nothing:
years, dates, calibres, distances, designations, shares, ages. Bounds follow FACTS.md: 'at least 20' has no upper,
'up to 50' no lower bound, 'about 100' is 100, 'dozens' is 24 to 99.

Numbers inside a weapon's name that stands before a space ('Leopard 2') can be told only by a list of names; the caller
drops quantities that lie within a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A count, with its modifiers: `low` None is 'up to', `high` None is 'at least'."""

    start: int
    end: int
    text: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of money. `amount` is the figure named (the lower one of a range; None for 'millions of dollars')."""

    start: int
    end: int
    text: str
    low: float | None
    high: float | None
    amount: float | None
    currency: str | None
    """ISO 4217 code."""


@dataclass(frozen=True, slots=True)
class NumberTables:
    """Number words and currencies as look-ups, with the patterns made of them."""

    number_words: Mapping[str, tuple[str, float, float]]
    """Word to role and bounds; the roles are those of number_words.csv."""
    currencies: Mapping[str, str]
    local_currencies: Mapping[tuple[str, str], str]
    """(bare token, country of publication) to currency, where the bare token is shared: ('$', 'AUS') to AUD."""
    words: frozenset[str]
    number: re.Pattern[str]
    currency_before: re.Pattern[str]
    currency_after: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Figure:
    start: int
    end: int
    low: float | None
    high: float | None
    named: float | None
    digits: str
    """The digits as written; empty for a number in words."""
    scaled: bool
    """Whether a word such as 'million' belongs to it."""
    base: float | None = None
    """The number before that word."""
    currency: str | None = None


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(
        re.escape(word).replace(r"\ ", r"\s+") for word in sorted(words, key=lambda word: (-len(word), word))
    )


def build_number_tables(number_word_rows: Iterable[Row], currency_rows: Iterable[Row]) -> NumberTables:
    """Build the look-ups from the rows of number_words.csv and currencies.csv."""
    words = {row["word"]: (row["role"], float(row["low"]), float(row["high"])) for row in number_word_rows}
    rows = list(currency_rows)
    currencies = {row["token"]: row["currency"] for row in rows}
    local: dict[tuple[str, str], str] = {}
    for row in rows:
        *qualifier, bare = row["token"].split(" ")
        if qualifier and bare in currencies and row["country"]:
            local.setdefault((bare, row["country"]), row["currency"])
            if bare == "dollar":
                local.setdefault(("$", row["country"]), row["currency"])
    by_role = {
        role: _alternatives(word for word, entry in words.items() if entry[0] == role)
        for role in ("number", "tens", "scale", "suffix", "vague", "group")
    }
    small = rf"(?:(?:{by_role['tens']})(?:[-\s](?:{by_role['number']}))?|{by_role['number']})(?![-\w]*(?:th|teen)\b)"
    scale, suffix = rf"(?:{by_role['scale']})\b", rf"(?:{by_role['suffix']})\b"
    number = (
        rf"(?P<vague>\b(?:{by_role['vague']})(?:\s+of\s+(?P<vague_scale>{by_role['vague']}))?\b)"
        rf"|(?P<few>\b(?:several|an?\s+few|a\s+couple(?:\s+of)?|a\s+good\s+many|many)\s+(?P<few_scale>{scale})"
        rf"(?:\s+(?P<few_factor>{scale}))?)"
        rf"|(?P<group>\b(?:{by_role['group']})(?=\s+(?:of|more|dozen|hundred|thousand|million)\b))"
        rf"|(?P<decimal_comma>\d+,\d{{1,2}}(?=\s?(?:mln|bln|mn|bn|million|billion)\b))"
        rf"(?P<comma_scale>\s?(?:mln|bln|mn|bn)\b|[\s-]+{scale})"
        r"|(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d{1,3}(?:[\u00a0\u202f]\d{3})+(?!\d)"
        r"|(?<![\d.,])\d{1,3}(?:\ \d{3})*(?:\ 000(?!\d)|\ \d{3}(?=\s[a-z-]{3,}s\b))"
        rf"|\d+(?:\.\d+)?)(?P<scale>[\s-]?(?:{suffix})(?![-\w])|(?:[\s-]+(?:{scale}))+|)"
        rf"|(?P<words>\b(?:(?:half\s+|quarter\s+of\s+)?an?|{small})(?:[\s-]+{scale})+"
        rf"(?:\s+(?:and\s+)?{small}(?:\s+{scale})*(?!-[a-z]))*|\b{small})\b"
    )
    signs = [token for token in currencies if not token[0].islower() and len(token) <= 5 and " " not in token]
    return NumberTables(
        number_words=words,
        currencies=currencies,
        local_currencies=local,
        words=frozenset(part for word, entry in words.items() if entry[0] != "suffix" for part in word.split()) - {"a"},
        number=re.compile(number, re.IGNORECASE),
        currency_before=re.compile(rf"(?<![A-Za-z\d])({_alternatives(signs)})\s?$"),
        currency_after=re.compile(rf"(?:\s?-?|\s+of\s+)({_alternatives(currencies)})(?![\w-])"),
    )


# --- words that bound a figure, and those that say it counts nothing --------------------------------------------------

_LOW = (
    r"at\s+least|(?:no|not)\s+(?:fewer|less)\s+than|(?:(?:well|slightly|a\s+little|far|just)\s+)?(?:more\s+than|over|above)"
    r"|upwards?\s+of|in\s+excess\s+of|exceeding|a\s+minimum\s+of|greater\s+than|north\s+of"
)
_HIGH = (
    r"up\s+to|as\s+(?:many|much)\s+as|(?:no|not)\s+more\s+than|(?:a\s+)?maximum\s+of|at\s+most|(?:fewer|less)\s+than"
    r"|under|below"
)
_ABOUT = (
    r"about|around|some|roughly|approximately|approx\.|nearly|almost|close\s+to|circa|an?\s+estimated|estimated|barely|only"
    r"|not\s+quite|just|exactly|another|an?\s+(?:further|additional|extra)|an?\s+total\s+of|(?:a|one)\s+of|additional"
)
_MODIFIER = re.compile(
    rf"(?<![\w-])(?:(?P<low>{_LOW})|(?P<high>{_HIGH})|(?P<between>between)|(?P<about>{_ABOUT}))\s+"
    rf"(?:(?:{_ABOUT}|at\s+least|a|token)\s+)*$",
    re.IGNORECASE,
)
_PARTICLE = re.compile(
    r"\b(?:hand|turn|tak|took|bring|brought|pass|sign|carr|fly|flew|flown|com|came|g[ai]v|negotiat|talk|disput|deal|row|ship)"
    r"\w*\s+over\s+(?:\w+\s+)?$",
    re.IGNORECASE,
)
"""'handed over four' is four, not more."""
_AFTERWORD = re.compile(
    r"(?P<low>\+|-plus\b|\s+or\s+more\b|\s+and\s+(?:more|counting)\b|\s+plus\b)|(?P<high>\s+or\s+(?:fewer|less)\b)"
    r"|(?P<about>-odd\b|\s+or\s+so\b|\s+\((?P<again>[\d,]+)\))",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s?[-–—]\s?|\s+(?:to|or)\s+", re.IGNORECASE)
_RANGE_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\s+$", re.IGNORECASE)

_MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)(?:[a-z]*|\.)"
_MEASURE_AFTER = re.compile(
    r"\s?[%‰°″′]|\s?-?(?:mm|cm|km|kms|kg|kgs|kN|kW|MW|kV|kt|lbs?|ft|hp|mph|kph|nm|GHz|MHz|am|pm|a\.m\.|p\.m\.|GMT|UTC)\b"
    r"|[\s-]+(?:per\s?cent|percent|percentage|pct|degrees?|calib(?:er|re)"
    r"|(?:square\s+|cubic\s+|nautical\s+)?(?:kilo|centi|milli)?(?:met(?:er|re)s?|grams?|lit(?:er|re)s?)"
    r"|(?:nautical\s+|square\s+)?miles?|feet|foot|inch(?:es)?|yards?|acres?|hectares?|knots?|pounds?\s+of|pounds?\b|megawatts?"
    r"|kilotons?|horsepower|seconds?(?!-)|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies)|o['’]clock"
    r"|times|percentile|points?|halves|thirds?|quarters?|fifths?|tenths?)\b|\s+m\b(?!\s+[a-z]+s\b)|(?:st|nd|rd|th)\b",
)
_DATE_AFTER = re.compile(rf"(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTHS}(?![a-z])")
_DATE_BEFORE = re.compile(rf"(?<![Ii]n )\b{_MONTHS}(?:\s+the)?\s+(?:\d\d?\s?[-–]\s?)?$")
_LABEL_BEFORE = re.compile(
    r"\b(?i:resolutions?|block|type|mark|mk\.?|no\.?|nos\.|number|article|section|chapter|paragraph|page|pages|annex|appendix"
    r"|figure|table|phase|model|version|mod|class|flight|directive|decree|law|order|unit|brigade|regiment|division|route"
    r"|highway|room|gate|channel|boeing|airbus|mach|group\s+of|aged?|age\s+of|tel\.?|phone|grade|level|tranche|batch|lot"
    r"|top|stage|item|serial|hull|box)\s+$"
)
_ORDERING = re.compile(r"\b(?i:will|to|would|may|might|could|can|shall|and|or|also|not) order\s+$")
"""'will order four frigates' is no order number."""
_ARTICLE = re.compile(r"\b(?i:an?|the|its)\s+$")
_AGE = re.compile(r"[A-Z][\w’'-]+,\s+$")
_NAME_BEFORE = re.compile(r"\b(?!\w+day\b)[A-Z][\w’'-]*\s$")
_YEAR_BEFORE = re.compile(
    rf"\b(?:(?i:in|since|during|until|till|before|after|early|late|mid|spring|summer|autumn|fall|winter|year|between|the|its"
    rf"|their|his|last|this|by|from|through)|{_MONTHS})[\s,-]+$"
)
_COUNTED_AFTER = re.compile(r"\s+(?:[\w-]+\s+){0,2}[a-z]{2,}s\b|\s+(?:[a-z-]+\s+)?(?:aircraft|ammunition|men|troops)\b")
_NO_COUNT_ONE = re.compile(r"\b(?i:no|the|this|that|which|each|every|any|some|another)\s+$")
_NO_COUNT_ONE_AFTER = re.compile(
    r"\s+(?:another|day|that|who|by\s+one|or\s+another|thing|side|hand|can|must|would|of\s+the\s+\w+est)\b|['’]"
)
_CALIBRES = frozenset({"7.62", "5.56", "5.45", "12.7", "14.5"})
_COINLESS_BELOW = 1000.0
"""'500 pounds' and 'the 50 mark' are no money: a word that is also something else needs a sum of this size."""
_HOMONYMS = frozenset(
    {"pound", "pounds", "mark", "marks", "won", "real", "reals", "sol", "crown", "crowns", "rand", "lei"}
)
_HOMONYMS |= {"lek", "lev", "kip", "lats", "dram", "drams", "pula", "sterling"}


def _evaluate(words: str, tables: NumberTables) -> float:
    """The value of a number in words: 'one thousand fifty' is 1050, 'half a million' 500000."""
    total = current = 0.0
    tokens = [token for token in re.split(r"[\s-]+", words.lower()) if token not in ("and", "of", "")]
    for token in tokens:
        if token in ("a", "an"):
            current = current or 1.0
        elif token in ("half", "quarter"):
            current = 0.5 if token == "half" else 0.25
        else:
            role, value, _ = tables.number_words[token]
            if role != "scale":
                current += value
            elif value in (100.0, 12.0):
                current = (current or 1.0) * value
            else:
                # 'a hundred thousand million' multiplies what stands before
                total = total * value if total and not current else total + (current or 1.0) * value
                current = 0.0
    return total + current


def _number(match: re.Match[str], tables: NumberTables) -> _Figure | None:
    """The figure of one match of the number pattern, bare of modifiers."""
    start, end = match.span()
    if vague := match.group("vague"):
        low, high = tables.number_words[re.split(r"\s+", vague.lower())[0]][1:]
        if scale := match.group("vague_scale"):
            factor = tables.number_words[scale.lower()][1] / 2
            if factor < 1000:
                return None
            low, high = low * factor, (high + 1) * factor - 1
        return _Figure(start, end, low, high, None, "", True)
    if match.group("few"):
        scale = match.group("few_scale").lower()
        factor = tables.number_words[scale][1]
        times = tables.number_words[match.group("few_factor").lower()][1] if match.group("few_factor") else 1.0
        if match.group("few").lower().startswith("a couple"):
            value = 2 * factor * times
            return _Figure(start, end, value, value, value, "", True)
        _, low, high = tables.number_words.get(scale + "s", ("", 2 * factor, 10 * factor - 1))
        return _Figure(start, end, low * times, (high + 1) * times - 1, None, "", True)
    if group := match.group("group"):
        value = tables.number_words[" ".join(group.lower().split())][1]
        return _Figure(start, end, value, value, value, "", False)
    if words := match.group("words"):
        value = _evaluate(words, tables)
        tokens = re.split(r"[\s-]+", words.lower())
        roles = [tables.number_words.get(token, ("",))[0] for token in tokens]
        small = " ".join(token for token, role in zip(tokens, roles, strict=True) if role in ("number", "tens"))
        base = _evaluate(small, tables) if small else 1.0
        return _Figure(start, end, value, value, value, "", "scale" in roles, base=base)
    digits = match.group("digits") or match.group("decimal_comma").replace(",", ".")
    scales = re.findall(r"[a-z]+", (match.group("scale") or match.group("comma_scale") or "").lower())
    value = base = float(re.sub(r"[^\d.]", "", digits))
    for scale in scales:
        value *= tables.number_words[scale][1]
    plain_zero = digits[0] == "0" and not digits.startswith("0.")
    if plain_zero or value == 0 or value >= 1e18:
        return None
    return _Figure(start, end, value, value, value, digits, bool(scales), base=base)


def _with_currency(figure: _Figure, text: str, floor: int, tables: NumberTables, country: str | None) -> _Figure:
    """The figure with the currency that stands directly before (not before `floor`) or after it, if one does."""
    start, end, token = figure.start, figure.end, None
    left = max(floor, start - 10)
    if before := tables.currency_before.search(text[left:start]):
        token, start = before.group(1), left + before.start(1)
    elif after := tables.currency_after.match(text, end):
        word = " ".join(after.group(1).split())
        doubtful = word in _HOMONYMS and not figure.scaled and (figure.low or 0) < _COINLESS_BELOW
        if not doubtful and not (word.startswith("pound") and re.match(r"\s+of\b", text[after.end() :])):
            token, end = word, after.end()
    if token is None:
        return figure
    token = " ".join(token.split())
    singular = token[:-1] if token.endswith("s") and token[:-1] in tables.currencies else token
    currency = tables.local_currencies.get((token, country or "")) or tables.local_currencies.get(
        (singular, country or "")
    )
    return replace(figure, start=start, end=end, currency=currency or tables.currencies.get(token))


def _joined(first: _Figure, second: _Figure, text: str, modifier: str) -> _Figure | None:
    """The range of two figures with a dash, 'to', 'or' or, after 'between', 'and' between them."""
    gap = text[first.end : second.start]
    if not (_RANGE_AND if modifier == "between" else _RANGE).fullmatch(gap) and not (
        modifier == "between" and _RANGE.fullmatch(gap)
    ):
        return None
    if first.low is None or first.low != first.high or second.low is None or second.low != second.high:
        return None
    if first.currency and second.currency and first.currency != second.currency:
        return None
    low, high = first.low, second.low
    if second.scaled and not first.scaled and second.base and low < second.base:  # '10 to 15 million'
        low *= high / second.base
    telephone = re.fullmatch(r"\d{3}-\d{4}", text[first.start : second.end])
    if _year_like(first) or telephone or not low < high:
        return None
    currency = first.currency or second.currency
    return _Figure(first.start, second.end, low, high, low, "", first.scaled or second.scaled, currency=currency)


def _year_like(figure: _Figure) -> bool:
    return len(figure.digits) == 4 and not figure.scaled and 1900 <= (figure.low or 0) < 2100


def _figures(text: str, tables: NumberTables, country: str | None) -> list[_Figure]:
    """All figures in order, ranges joined, modifiers applied, those that count nothing left out."""
    bare: list[_Figure] = []
    for match in tables.number.finditer(text):
        if figure := _number(match, tables):
            bare.append(_with_currency(figure, text, bare[-1].end if bare else 0, tables, country))
    figures: list[_Figure] = []
    index, floor = 0, 0
    while index < len(bare):
        figure = bare[index]
        left = max(floor, figure.start - 45)
        before = text[left : figure.start]
        modifier = _MODIFIER.search(before)
        kind = modifier.lastgroup or "" if modifier else ""
        if modifier and kind == "low" and _PARTICLE.search(text[max(0, figure.start - 40) : figure.start]):
            modifier, kind = None, ""
        joined = None
        if index + 1 < len(bare) and not _FROM.search(before) and _sound(figure, text, first_of_range=True):
            joined = _joined(figure, bare[index + 1], text, kind)
        if joined and not (joined.end < len(text) and not _sound(joined, text)):
            figure = joined
            index += 1
        index += 1
        again = _AFTERWORD.match(text, figure.end)
        if again and again.group("again"):
            same = re.sub(r"\D", "", again.group("again"))
            if figure.digits or not same or float(same) != figure.low:
                again = None
            else:
                index += 1  # 'one thousand fifty (1,050)' is told twice
        if not _sound(figure, text):
            floor = figure.end
            continue
        if (modifier and kind != "between") or joined:
            start = left + modifier.start() if modifier else figure.start
            figure = replace(figure, start=start)
        if again:
            figure = replace(figure, end=again.end())
            kind = kind or again.lastgroup or ""
            kind = "low" if again.group("low") else "high" if again.group("high") else kind
        if not joined and figure.low == figure.high:
            if kind == "low":
                figure = replace(figure, high=None)
            elif kind == "high":
                figure = replace(figure, low=None)
        elif joined and kind == "high":
            figure = replace(figure, low=None)
        figures.append(figure)
        floor = figure.end
    return figures


def _sound(figure: _Figure, text: str, first_of_range: bool = False) -> bool:
    """Whether the figure stands for itself and counts something (or is money)."""
    start, end = figure.start, figure.end
    before, after = text[max(0, start - 24) : start], text[end : end + 40]
    previous, following = before[-1:], after[:1]
    if (
        previous.isalnum()
        or previous in ("_", "/", "#", "@")
        or (previous in (".", ",", ":", "'", "’") and before[-2:-1].isdigit())
    ):
        return False
    if following.isalnum() or following == "_" or re.match(r"[/:.,]\d", after):
        return False
    if previous in ("-", "–", "—", "‑") and before[-2:-1].isalnum():  # 'F-16', the end of a range that is none
        return previous in ("–", "—") and before[-2:-1].isalpha()
    if first_of_range:
        return True
    if figure.currency:
        return True
    if re.match(r"[-–‑]\w", after) and not re.match(
        r"-(?:plus|odd)\b", after
    ):  # '71-year-old', '555-1234', 'two-thirds'
        return False
    is_bought = _ORDERING.search(before) is not None and _COUNTED_AFTER.match(after) is not None
    if _MEASURE_AFTER.match(after) or (_LABEL_BEFORE.search(before) and not is_bought):
        return False
    if re.search(r"\dm$", text[start:end]) and (_ARTICLE.search(before) or not _COUNTED_AFTER.match(after)):
        return False  # metres
    if not figure.scaled and figure.low is not None and figure.low == figure.high:
        return _counts(figure, text, before, after)
    return True


def _counts(figure: _Figure, text: str, before: str, after: str) -> bool:
    """The checks of a single plain number: dates, years, ages, names, calibres, and 'one' as a pronoun."""
    value = figure.low or 0
    if not figure.digits:
        return value != 1 or not (_NO_COUNT_ONE.search(before) or _NO_COUNT_ONE_AFTER.match(after))
    if figure.digits in _CALIBRES:
        return False
    if value <= 31 and (_DATE_AFTER.match(after) or _DATE_BEFORE.search(before)):
        return False
    if _year_like(figure):
        return bool(_COUNTED_AFTER.match(after)) and not _YEAR_BEFORE.search(before)
    if value < 120 and after.startswith((",", ".")) and _AGE.search(before):
        return False
    return not (value < 10 and _NAME_BEFORE.search(before))  # 'Leopard 2'


def _has_number(text: str, tables: NumberTables) -> bool:
    return _DIGIT.search(text) is not None or not tables.words.isdisjoint(_WORD.findall(text.lower()))


_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[a-z]+")


def find_quantities(text: str, tables: NumberTables) -> list[Quantity]:
    """The counts in a text, in order, without overlaps. Money, dates, years, measures, labels and ages are left out;
    tonnes and tons are counts. 'several', 'some' and 'a' alone are none."""
    if not _has_number(text, tables):
        return []
    figures = (figure for figure in _figures(text, tables, None) if figure.currency is None)
    return [Quantity(f.start, f.end, text[f.start : f.end], f.low, f.high) for f in figures]


def find_money(text: str, tables: NumberTables, country: str | None = None) -> list[Money]:
    """The amounts of money in a text, in order, without overlaps.

    `country` is the state (alpha-3) where the text was published: a bare '$', 'crowns' or 'pounds' is its own money if
    it has one of that name, else the token's default.
    """
    if not _has_number(text, tables):
        return []
    figures = (figure for figure in _figures(text, tables, country) if figure.currency is not None)
    return [Money(f.start, f.end, text[f.start : f.end], f.low, f.high, f.named, f.currency) for f in figures]
