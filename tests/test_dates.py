"""The time expressions of news English, resolved against a publication date (FACTS.md: `date`)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.dates import find_dates

PUBLISHED = date(2024, 6, 27)  # a Thursday

RESOLVED = [
    # sentence part, expression, first day, last day (empty: open), precision
    ("on June 19th", "on June 19th", "2024-06-19", "2024-06-19", "day"),
    ("19 June 2024", "19 June 2024", "2024-06-19", "2024-06-19", "day"),
    ("2024-06-19", "2024-06-19", "2024-06-19", "2024-06-19", "day"),
    ("in March 2023", "in March 2023", "2023-03-01", "2023-03-31", "month"),
    ("in 2023", "in 2023", "2023-01-01", "2023-12-31", "year"),
    ("on Feb. 3", "on Feb. 3", "2024-02-03", "2024-02-03", "day"),
    ("12 April", "12 April", "2024-04-12", "2024-04-12", "day"),
    ("In February the US sent", "In February", "2024-02-01", "2024-02-29", "month"),
    ("to be delivered by March", "by March", "", "2025-03-31", "month"),
    ("will arrive in March", "in March", "2025-03-01", "2025-03-31", "month"),
    ("On Tuesday", "On Tuesday", "2024-06-25", "2024-06-25", "day"),
    ("next Tuesday", "next Tuesday", "2024-07-02", "2024-07-02", "day"),
    ("yesterday", "yesterday", "2024-06-26", "2024-06-26", "day"),
    ("today", "today", "2024-06-27", "2024-06-27", "day"),
    ("tomorrow", "tomorrow", "2024-06-28", "2024-06-28", "day"),
    ("last week", "last week", "2024-06-17", "2024-06-23", "span"),
    ("this week", "this week", "2024-06-24", "2024-06-30", "span"),
    ("next week", "next week", "2024-07-01", "2024-07-07", "span"),
    ("last month", "last month", "2024-05-01", "2024-05-31", "month"),
    ("next month", "next month", "2024-07-01", "2024-07-31", "month"),
    ("this month", "this month", "2024-06-01", "2024-06-30", "month"),
    ("earlier this month", "earlier this month", "2024-06-01", "2024-06-27", "span"),
    ("late last year", "late last year", "2023-10-01", "2023-12-31", "span"),
    ("last year", "last year", "2023-01-01", "2023-12-31", "year"),
    ("this year", "this year", "2024-01-01", "2024-12-31", "year"),
    ("next year", "next year", "2025-01-01", "2025-12-31", "year"),
    ("early 2023", "early 2023", "2023-01-01", "2023-06-30", "span"),
    ("mid-2024", "mid-2024", "2024-04-01", "2024-09-30", "span"),
    ("late 2023", "late 2023", "2023-10-01", "2023-12-31", "span"),
    ("in the early 2030s", "in the early 2030s", "2030-01-01", "", "span"),
    ("from the early 2030s", "from the early 2030s", "2030-01-01", "", "span"),
    ("the 1990's", "the 1990's", "1990-01-01", "1999-12-31", "span"),
    ("in the 1990s", "in the 1990s", "1990-01-01", "1999-12-31", "span"),
    ("last fall", "last fall", "2023-09-01", "2023-11-30", "season"),
    ("since last fall", "since last fall", "2023-09-01", "", "season"),
    ("this summer", "this summer", "2024-06-01", "2024-08-31", "season"),
    ("next spring", "next spring", "2025-03-01", "2025-05-31", "season"),
    ("the spring of 2024", "the spring of 2024", "2024-03-01", "2024-05-31", "season"),
    ("in spring 2024", "in spring 2024", "2024-03-01", "2024-05-31", "season"),
    ("winter 2023", "winter 2023", "2023-12-01", "2024-02-29", "season"),
    ("last winter", "last winter", "2023-12-01", "2024-02-29", "season"),
    ("the first quarter of 2025", "the first quarter of 2025", "2025-01-01", "2025-03-31", "span"),
    ("Q3 2024", "Q3 2024", "2024-07-01", "2024-09-30", "span"),
    ("second half of 2024", "second half of 2024", "2024-07-01", "2024-12-31", "span"),
    ("fiscal year 2025", "fiscal year 2025", "2024-10-01", "2025-09-30", "span"),
    ("since 2022", "since 2022", "2022-01-01", "", "year"),
    ("until 2025", "until 2025", "", "2025-12-31", "year"),
    ("by the end of 2027", "by the end of 2027", "", "2027-12-31", "year"),
    ("by 2026", "by 2026", "", "2026-12-31", "year"),
    ("before 2025", "before 2025", "", "2024-12-31", "year"),
    ("after 2023", "after 2023", "2024-01-01", "", "year"),
    ("as early as next month", "as early as next month", "2024-07-01", "", "month"),
    ("no later than 1 July", "no later than 1 July", "", "2024-07-01", "day"),
    ("between 2019 and 2023", "between 2019 and 2023", "2019-01-01", "2023-12-31", "span"),
    ("from 2019 to 2023", "from 2019 to 2023", "2019-01-01", "2023-12-31", "span"),
    ("2019-2023", "2019-2023", "2019-01-01", "2023-12-31", "span"),
    ("2020–24", "2020–24", "2020-01-01", "2024-12-31", "span"),
    ("in 2023 and 2024", "in 2023 and 2024", "2023-01-01", "2024-12-31", "span"),
    ("from May to July", "from May to July", "2024-05-01", "2024-07-31", "span"),
    ("over the past two years", "over the past two years", "2022-06-27", "2024-06-27", "span"),
    ("in the past three months", "in the past three months", "2024-03-27", "2024-06-27", "span"),
    ("within six months", "within six months", "", "2024-12-27", "span"),
    ("three days earlier", "three days earlier", "2024-06-24", "2024-06-24", "day"),
    ("two weeks ago", "two weeks ago", "2024-06-13", "2024-06-13", "day"),
    ("two years ago", "two years ago", "2022-01-01", "2022-12-31", "year"),
    ("three months ago", "three months ago", "2024-03-01", "2024-03-31", "month"),
    ("a year ago", "a year ago", "2023-01-01", "2023-12-31", "year"),
    ("at the end of 2023", "at the end of 2023", "2023-10-01", "2023-12-31", "span"),
    ("by mid-July", "by mid-July", "", "2024-07-31", "month"),
    ("in mid-June", "in mid-June", "2024-06-01", "2024-06-30", "month"),
    ("over the summer", "over the summer", "2024-06-01", "2024-08-31", "season"),
    ("by the end of the year", "by the end of the year", "", "2024-12-31", "year"),
    ("by the end of the month", "by the end of the month", "", "2024-06-30", "month"),
    ("by year-end", "by year-end", "", "2024-12-31", "year"),
    ("In May 20 tanks arrived", "In May", "2024-05-01", "2024-05-31", "month"),
    ("on May 20 tanks arrived", "on May 20", "2024-05-20", "2024-05-20", "day"),
    ("Tuesday, June 18, 2024", "Tuesday, June 18, 2024", "2024-06-18", "2024-06-18", "day"),
    ("June 19-21", "June 19-21", "2024-06-19", "2024-06-21", "span"),
    ("19-21 June 2024", "19-21 June 2024", "2024-06-19", "2024-06-21", "span"),
    ("from 19 to 21 June", "from 19 to 21 June", "2024-06-19", "2024-06-21", "span"),
    ("at the start of the year", "at the start of the year", "2024-01-01", "2024-03-31", "span"),
    ("in the first half of this year", "in the first half of this year", "2024-01-01", "2024-06-30", "span"),
    ("in the second half of the year", "in the second half of the year", "2024-07-01", "2024-12-31", "span"),
    ("the past year", "the past year", "2023-06-27", "2024-06-27", "span"),
    ("last night", "last night", "2024-06-26", "2024-06-26", "day"),
    ("in two years' time", "in two years' time", "2026-01-01", "2026-12-31", "year"),
    ("later this year", "later this year", "2024-06-27", "2024-12-31", "span"),
    ("in the first three months of 2024", "in the first three months of 2024", "2024-01-01", "2024-03-31", "span"),
    ("since at least 2019", "since at least 2019", "2019-01-01", "", "year"),
    ("not before Dec. 2026", "not before Dec. 2026", "2026-12-01", "", "month"),
    ("until 2027 at the earliest", "until 2027 at the earliest", "2027-01-01", "", "year"),
    ("by June 2025 at the latest", "by June 2025 at the latest", "", "2025-06-30", "month"),
    ("from 2026 on", "from 2026 on", "2026-01-01", "", "year"),
    ("from 2026 onwards", "from 2026 onwards", "2026-01-01", "", "year"),
    ("the day before", "the day before", "2024-06-26", "2024-06-26", "day"),
    ("in January last year", "in January last year", "2023-01-01", "2023-01-31", "month"),
    ("in the nineties", "in the nineties", "1990-01-01", "1999-12-31", "span"),
    ("the previous year", "the previous year", "2023-01-01", "2023-12-31", "year"),
    ("March 2022", "March 2022", "2022-03-01", "2022-03-31", "month"),
    ("between April and August 2023", "between April and August 2023", "2023-04-01", "2023-08-31", "span"),
    ("in August, 2022", "in August, 2022", "2022-08-01", "2022-08-31", "month"),
    ("as of 1 April 2024", "as of 1 April 2024", "", "2024-04-01", "day"),
    ("through 2027", "through 2027", "", "2027-12-31", "year"),
    ("the end of next month", "the end of next month", "2024-07-01", "2024-07-31", "month"),
    ("in April of this year", "in April of this year", "2024-04-01", "2024-04-30", "month"),
    (
        "between September 2023 and March 2025",
        "between September 2023 and March 2025",
        "2023-09-01",
        "2025-03-31",
        "span",
    ),
    ("by this summer", "by this summer", "", "2024-08-31", "season"),
    ("said on Monday that it will send", "on Monday", "2024-06-24", "2024-06-24", "day"),
    ("starting in 2025", "starting in 2025", "2025-01-01", "", "year"),
    ("starting next year", "starting next year", "2025-01-01", "", "year"),
    ("early next year", "early next year", "2025-01-01", "2025-06-30", "span"),
    ("two weeks earlier", "two weeks earlier", "2024-06-13", "2024-06-13", "day"),
    ("later this month", "later this month", "2024-06-27", "2024-06-30", "span"),
    ("by the summer", "by the summer", "", "2024-08-31", "season"),
    ("in the next six months", "in the next six months", "2024-06-27", "2024-12-27", "span"),
    ("in the last two years", "in the last two years", "2022-06-27", "2024-06-27", "span"),
    ("Q1", "Q1", "2024-01-01", "2024-03-31", "span"),
    ("by early 2025", "by early 2025", "", "2025-06-30", "span"),
    ("in late May", "in late May", "2024-05-01", "2024-05-31", "month"),
    ("20 March 2024", "20 March 2024", "2024-03-20", "2024-03-20", "day"),
    ("this past spring", "this past spring", "2024-03-01", "2024-05-31", "season"),
    ("next fall", "next fall", "2024-09-01", "2024-11-30", "season"),
    ("this coming winter", "this coming winter", "2024-12-01", "2025-02-28", "season"),
    ("winter of 2022-23", "winter of 2022-23", "2022-12-01", "2023-02-28", "season"),
    ("this week's summit", "this week", "2024-06-24", "2024-06-30", "span"),
    ("over the next decade", "over the next decade", "2024-06-27", "2034-06-27", "span"),
    ("by the end of the decade", "by the end of the decade", "", "2029-12-31", "span"),
    ("in mid-2025", "in mid-2025", "2025-04-01", "2025-09-30", "span"),
    ("over the next five years", "over the next five years", "2024-06-27", "2029-06-27", "span"),
    ("2024/25", "2024/25", "2024-01-01", "2025-12-31", "span"),
    ("June 2024-May 2025", "June 2024-May 2025", "2024-06-01", "2025-05-31", "span"),
    ("Jan. 5, 2024", "Jan. 5, 2024", "2024-01-05", "2024-01-05", "day"),
    ("in FY2025", "in FY2025", "2024-10-01", "2025-09-30", "span"),
    ("FY 2025", "FY 2025", "2024-10-01", "2025-09-30", "span"),
    ("November 2023 to March 2024", "November 2023 to March 2024", "2023-11-01", "2024-03-31", "span"),
    ("from March 2022 through May 2023", "from March 2022 through May 2023", "2022-03-01", "2023-05-31", "span"),
    ("it was shipped in May and June", "in May and June", "2024-05-01", "2024-06-30", "span"),
    ("between October and March", "between October and March", "2023-10-01", "2024-03-31", "span"),
    ("on 3 and 5 May 2023", "on 3 and 5 May 2023", "2023-05-03", "2023-05-05", "span"),
    ("from October 2023 to March", "from October 2023 to March", "2023-10-01", "2024-03-31", "span"),
    ("in those days on 1 July 2023", "on 1 July 2023", "2023-07-01", "2023-07-01", "day"),
    ("in late August 2022", "in late August 2022", "2022-08-01", "2022-08-31", "month"),
    ("by the end of January 2018", "by the end of January 2018", "", "2018-01-31", "month"),
    ("since 26 July", "since 26 July", "2023-07-26", "", "day"),
    ("from Sept. 20", "from Sept. 20", "2023-09-20", "", "day"),
    ("starting from January 2018", "starting from January 2018", "2018-01-01", "", "month"),
    ("through much of the 1990s", "through much of the 1990s", "1990-01-01", "1999-12-31", "span"),
    ("before the month is out", "before the month is out", "", "2024-06-30", "month"),
    ("on the last day of 2020", "on the last day of 2020", "2020-12-31", "2020-12-31", "day"),
    ("before New Year", "before New Year", "", "2024-12-31", "day"),
    ("Twenty-one years ago today", "Twenty-one years ago today", "2003-06-27", "2003-06-27", "day"),
    ("two years ago this week", "two years ago this week", "2022-06-27", "2022-07-03", "span"),
    ("in the second quarter of last year", "in the second quarter of last year", "2023-04-01", "2023-06-30", "span"),
    ("H1 2024", "H1 2024", "2024-01-01", "2024-06-30", "span"),
    ("in the '90s", "in the '90s", "1990-01-01", "1999-12-31", "span"),
    ("on July 12 of last year", "on July 12 of last year", "2023-07-12", "2023-07-12", "day"),
    ("on the night of 24 January", "on the night of 24 January", "2024-01-24", "2024-01-24", "day"),
    ("on Friday afternoon", "on Friday afternoon", "2024-06-21", "2024-06-21", "day"),
    ("over the weekend", "over the weekend", "2024-06-22", "2024-06-23", "span"),
    ("during 2024", "during 2024", "2024-01-01", "2024-12-31", "year"),
    ("ahead of 2030", "ahead of 2030", "", "2029-12-31", "year"),
    ("will begin on Monday", "on Monday", "2024-07-01", "2024-07-01", "day"),
    ("which should land in spring 2025", "in spring 2025", "2025-03-01", "2025-05-31", "season"),
    ("in August this year", "in August this year", "2024-08-01", "2024-08-31", "month"),
    ("not later than 15 Sept", "not later than 15 Sept", "", "2024-09-15", "day"),
    ("1 July", "1 July", "2024-07-01", "2024-07-01", "day"),
    ("Friday, 21 June", "Friday, 21 June", "2024-06-21", "2024-06-21", "day"),
]

NO_TIME = [
    "2,000 rounds",
    "F-16",
    "155 mm shells",
    "Resolution 1929",
    "1950 tanks",
    "they may send",
    "they march on",
    "a second",
    "the fall of Kabul",
    "prices could fall",
    "Theresa May said",
    "three-year contract",
    "a batch of 2000 rounds",
    "the 2024 budget",
    "the Sunday Times",
    "ten F-16s and 2000 rounds",
    "an increase to 2000 tonnes",
    "Boeing 2000",
    "Russia Today reported",
    "Jan Lipavsky resigned",
    "the spring offensive",
    "it sits in Fall River",
    "$2024",
    "Type 2020 shells",
    "",
]


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


@pytest.mark.parametrize(("text", "expression", "first", "last", "precision"), RESOLVED)
def test_expression_is_found_and_resolved(text: str, expression: str, first: str, last: str, precision: str) -> None:
    (mention,) = find_dates(text, PUBLISHED)
    assert mention.text == expression
    assert (_iso(mention.date_start), _iso(mention.date_end)) == (first, last)
    assert (mention.precision, mention.kind) == (precision, "date")


@pytest.mark.parametrize("text", NO_TIME)
def test_numbers_and_words_that_are_no_time(text: str) -> None:
    assert find_dates(text, PUBLISHED) == []


@pytest.mark.parametrize(
    "text", ["recently", "in the coming weeks", "soon", "so far", "in recent years", "within weeks"]
)
def test_vague_words_have_no_days(text: str) -> None:
    (mention,) = find_dates(text, PUBLISHED)
    assert (mention.text, mention.kind, mention.date_start, mention.date_end) == (text, "vague", None, None)


def test_a_length_of_time_dates_nothing() -> None:
    (mention,) = find_dates("for three years", PUBLISHED)
    assert (mention.kind, mention.date_start) == ("duration", None)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("In October 2020 it paused. Six months later it stopped.", ["2020-10-01", "2021-04-01"]),
        ("In 2013 it bought ten and in the same year twenty.", ["2013-01-01", "2013-01-01"]),
        ("In June 2019 they came, the following year they left.", ["2019-06-01", "2020-01-01"]),
        ("They met on 3 March 2022; the next day they signed.", ["2022-03-03", "2022-03-04"]),
        ("They met on 3 March 2022 and two weeks later signed.", ["2022-03-03", "2022-03-17"]),
        ("It came in October 2020, and the following April it left.", ["2020-10-01", "2021-04-01"]),
        ("Pledged in July 2023, they arrived by that September.", ["2023-07-01", ""]),
    ],
)
def test_a_time_told_of_before_is_leant_on(text: str, days: list[str]) -> None:
    assert [_iso(mention.date_start) for mention in find_dates(text, PUBLISHED)] == days


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("three days earlier", "2023-02-25", "2023-02-25"),
        ("three days later", "2023-03-03", "2023-03-03"),
        ("that June", "2023-06-01", "2023-06-30"),
        ("that year", "2023-01-01", "2023-12-31"),
        ("the previous year", "2022-01-01", "2022-12-31"),
        ("the following March", "2023-03-01", "2023-03-31"),
        ("the same day", "2023-02-28", "2023-02-28"),
        ("a month earlier", "2023-01-01", "2023-01-31"),
        ("in August of that year", "2023-08-01", "2023-08-31"),
    ],
)
def test_reference_day_of_the_caller(text: str, first: str, last: str) -> None:
    (mention,) = find_dates(text, PUBLISHED, reference=date(2023, 2, 28))
    assert (_iso(mention.date_start), _iso(mention.date_end)) == (first, last)


@pytest.mark.parametrize(
    ("text", "first"),
    [("in March", "2025-03-01"), ("on Monday", "2024-07-01"), ("in the spring", "2025-03-01"), ("3 May", "2025-05-03")],
)
def test_future_of_the_caller(text: str, first: str) -> None:
    assert _iso(find_dates(text, PUBLISHED, future=True)[0].date_start) == first
    assert find_dates(text, PUBLISHED)[0].date_start < PUBLISHED  # type: ignore[operator]


def test_the_day_of_a_report_stays_in_the_past() -> None:
    text = "The ministry said on Monday that the jets will arrive in March."
    assert [_iso(m.date_start) for m in find_dates(text, PUBLISHED, future=True)] == ["2024-06-24", "2025-03-01"]


@pytest.mark.parametrize("text", ["last week", "on Tuesday", "two years ago", "in March", "over the past year"])
def test_without_publication_date_relative_words_stay_open(text: str) -> None:
    (mention,) = find_dates(text, None)
    assert (mention.text, mention.date_start, mention.date_end) == (text, None, None)


def test_without_publication_date_full_dates_resolve() -> None:
    assert find_dates("on 13 February 2022", None)[0].date_start == date(2022, 2, 13)


def test_impossible_days_do_not_resolve() -> None:
    assert find_dates("on 31 February 2023", PUBLISHED)[0].date_start is None


def test_leap_day() -> None:
    assert find_dates("on 29 February", PUBLISHED)[0].date_start == date(2024, 2, 29)


_VOCABULARY = """
since by from until before after in on at the end of early late mid last next this that same year month week day quarter
half first second fall winter June May 19 31 2024 1999 2030s FY27 Q3 - – , . to and between ago later two earlier days
years Monday today past coming within over
"""
_WORDS = st.sampled_from(_VOCABULARY.split())


@given(
    st.one_of(st.text(max_size=80), st.lists(_WORDS, max_size=14).map(" ".join)),
    st.one_of(st.none(), st.dates()),
    st.one_of(st.none(), st.dates()),
    st.booleans(),
)
def test_any_text_any_date(text: str, published: date | None, reference: date | None, future: bool) -> None:
    end = 0
    for mention in find_dates(text, published, reference, future):
        assert text[mention.start : mention.end] == mention.text
        assert end <= mention.start < mention.end
        end = mention.end
        if mention.date_start and mention.date_end:
            assert mention.date_start <= mention.date_end
