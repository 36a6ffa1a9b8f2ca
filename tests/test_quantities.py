"""Counts and money in news English (FACTS.md: `quantity`, `value`)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.quantities import NumberTables, build_number_tables, find_money, find_quantities

SEEDS = Path(__file__).parent.parent / "seeds"


def _rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


TABLES: NumberTables = build_number_tables(_rows("number_words.csv"), _rows("currencies.csv"))

COUNTS: list[tuple[str, str, float | None, float | None]] = [
    # sentence part, figure, low, high
    ("sent 100 tanks", "100", 100, 100),
    ("sent at least 20 tanks", "at least 20", 20, None),
    ("over 11,000 troops", "over 11,000", 11000, None),
    ("just over 700 tonnes", "just over 700", 700, None),
    ("more than 200 of them", "more than 200", 200, None),
    ("upwards of 600 aircraft", "upwards of 600", 600, None),
    ("330,000 or more", "330,000 or more", 330000, None),
    ("20-plus jets", "20-plus", 20, None),
    ("20+ tanks", "20+", 20, None),
    ("no fewer than 7 ships", "no fewer than 7", 7, None),
    ("in excess of 5,000 rifles", "in excess of 5,000", 5000, None),
    ("at least another 20", "at least another 20", 20, None),
    ("up to 50 guns", "up to 50", None, 50),
    ("up to another 6", "up to another 6", None, 6),
    ("as many as nine million rounds", "as many as nine million", None, 9e6),
    ("no more than 12", "no more than 12", None, 12),
    ("a maximum of 30 launchers", "a maximum of 30", None, 30),
    ("fewer than 50 tanks", "fewer than 50", None, 50),
    ("less than 50 tanks", "less than 50", None, 50),
    ("40 or fewer", "40 or fewer", None, 40),
    ("about 100", "about 100", 100, 100),
    ("some 50,000 rounds", "some 50,000", 50000, 50000),
    ("roughly 30 drones", "roughly 30", 30, 30),
    ("nearly 40 million rounds", "nearly 40 million", 4e7, 4e7),
    ("close to 8,500 rounds", "close to 8,500", 8500, 8500),
    ("an estimated 100 drones", "an estimated 100", 100, 100),
    ("another 100", "another 100", 100, 100),
    ("a further 5,000 missiles", "a further 5,000", 5000, 5000),
    ("10 or so", "10 or so", 10, 10),
    ("10 to 15 tanks", "10 to 15", 10, 15),
    ("between 10 and 15 tanks", "between 10 and 15", 10, 15),
    ("10-15 tanks", "10-15", 10, 15),
    ("10–15 tanks", "10–15", 10, 15),
    ("four or six", "four or six", 4, 6),
    ("five to seven million rounds", "five to seven million", 5e6, 7e6),
    ("2 to 3 dozen tanks", "2 to 3 dozen", 24, 36),
    ("dozens of drones", "dozens", 24, 99),
    ("hundreds of cruise missiles", "hundreds", 200, 999),
    ("thousands of rifles", "thousands", 2000, 9999),
    ("tens of thousands of shells", "tens of thousands", 20000, 99999),
    ("hundreds of thousands of rounds", "hundreds of thousands", 200000, 999999),
    ("millions of rounds", "millions", 2e6, 9999999),
    ("several dozen", "several dozen", 24, 99),
    ("several hundred", "several hundred", 200, 999),
    ("a few thousand", "a few thousand", 2000, 9999),
    ("several hundred thousand shells", "several hundred thousand", 200000, 999999),
    ("handed over four of them", "four", 4, 4),
    ("talks over some 14 jets", "14", 14, 14),
    ("two second-hand boats", "two", 2, 2),
    ("2 609 drones", "2 609", 2609, 2609),
    ("on Thursday 6 Mavic drones", "6", 6, 6),
    ("a dozen Shaheds", "a dozen", 12, 12),
    ("two dozen", "two dozen", 24, 24),
    ("half a dozen", "half a dozen", 6, 6),
    ("half a million shells", "half a million", 500000, 500000),
    ("a couple of jets", "a couple", 2, 2),
    ("a pair of corvettes", "a pair", 2, 2),
    ("a hundred tanks", "a hundred", 100, 100),
    ("a thousand of the former", "a thousand", 1000, 1000),
    ("one missile", "one", 1, 1),
    ("one of the tanks", "one", 1, 1),
    ("Twenty-five tanks", "Twenty-five", 25, 25),
    ("one hundred and twenty tanks", "one hundred and twenty", 120, 120),
    ("one thousand fifty (1,050) missiles", "one thousand fifty (1,050)", 1050, 1050),
    ("seventy (70) launchers", "seventy (70)", 70, 70),
    ("ten thousand tonnes", "ten thousand", 10000, 10000),
    ("three hundred thousand shells", "three hundred thousand", 300000, 300000),
    ("1.5 million shells", "1.5 million", 1.5e6, 1.5e6),
    ("2m shells", "2m", 2e6, 2e6),
    ("40 million cartridges", "40 million", 4e7, 4e7),
    ("14 000 drones", "14 000", 14000, 14000),
    ("2000 rounds", "2000", 2000, 2000),
    ("10,000 tons of cement", "10,000", 10000, 10000),
    ("20 x J-10CE", "20", 20, 20),
    ("ten two-seat jets", "ten", 10, 10),
    ("the remaining six", "six", 6, 6),
    ("two more batteries", "two", 2, 2),
    ("In May 20 tanks arrived", "20", 20, 20),
]

NO_COUNT = [
    "in 2023 tanks were sent",
    "since 2024",
    "the 2024 deliveries",
    "2019-2023",
    "155 mm shells and 155-mm guns and 155-millimeter rounds",
    "7.62 ammunition",
    "F-16, T-72, S-300, Su-35, Mi-8, AGM-114 and PAC-3",
    "Resolution 1929",
    "Block 70",
    "Leopard 2 tanks",
    "G7 leaders",
    "the 11th brigade",
    "Type 209",
    "on June 19",
    "on 19 June",
    "43 per cent",
    "81% of imports",
    "at 8:30",
    "at 10 am",
    "within 300 km",
    "a 40-km-range missile",
    "a 30m boat",
    "a 71-year-old man",
    "Hugo Ferrero, 63, taught",
    "aged 12",
    "two-week drill",
    "two years ago",
    "three quarters",
    "two-thirds",
    "555-1234",
    "(012450)",
    "24/7",
    "500-pound bombs",
    "several tanks, some guns, a number of ships and many drones",
    "first and second batches",
    "no one knows",
    "",
]

SUMS: list[tuple[str, str, float | None, float | None, float | None, str]] = [
    # sentence part, figure, low, high, amount, currency
    ("a $400 million package", "$400 million", 4e8, 4e8, 4e8, "USD"),
    ("US$1.2bn", "US$1.2bn", 1.2e9, 1.2e9, 1.2e9, "USD"),
    ("US$ 100 million", "US$ 100 million", 1e8, 1e8, 1e8, "USD"),
    ("€900m", "€900m", 9e8, 9e8, 9e8, "EUR"),
    ("EUR 50 million", "EUR 50 million", 5e7, 5e7, 5e7, "EUR"),
    ("£2.5 billion", "£2.5 billion", 2.5e9, 2.5e9, 2.5e9, "GBP"),
    ("400 million euros", "400 million euros", 4e8, 4e8, 4e8, "EUR"),
    ("NT$10 billion", "NT$10 billion", 1e10, 1e10, 1e10, "TWD"),
    ("A$90 billion", "A$90 billion", 9e10, 9e10, 9e10, "AUD"),
    ("a $1.5-billion deal", "$1.5-billion", 1.5e9, 1.5e9, 1.5e9, "USD"),
    ("$60 a barrel", "$60", 60, 60, 60, "USD"),
    ("5 trillion won", "5 trillion won", 5e12, 5e12, 5e12, "KRW"),
    ("a 640.6 billion-won contract", "640.6 billion-won", 640.6e9, 640.6e9, 640.6e9, "KRW"),
    ("KRW 5.04 trillion", "KRW 5.04 trillion", 5.04e12, 5.04e12, 5.04e12, "KRW"),
    ("DKK 1,748 million", "DKK 1,748 million", 1.748e9, 1.748e9, 1.748e9, "DKK"),
    ("a billion dollars", "a billion dollars", 1e9, 1e9, 1e9, "USD"),
    ("half a billion dollars", "half a billion dollars", 5e8, 5e8, 5e8, "USD"),
    ("2 billion U.S. dollars", "2 billion U.S. dollars", 2e9, 2e9, 2e9, "USD"),
    ("941 million dollar package", "941 million dollar", 9.41e8, 9.41e8, 9.41e8, "USD"),
    ("4,4 mln € spent", "4,4 mln €", 4.4e6, 4.4e6, 4.4e6, "EUR"),
    ("$2.2 bln all in", "$2.2 bln", 2.2e9, 2.2e9, 2.2e9, "USD"),
    ("3 billion of kronor", "3 billion of kronor", 3e9, 3e9, 3e9, "SEK"),
    ("$201,664,300 contract", "$201,664,300", 201664300, 201664300, 201664300, "USD"),
    ("worth up to $800 million", "up to $800 million", None, 8e8, 8e8, "USD"),
    ("more than $66 billion", "more than $66 billion", 6.6e10, None, 6.6e10, "USD"),
    ("about $3.5 billion", "about $3.5 billion", 3.5e9, 3.5e9, 3.5e9, "USD"),
    ("$300-400 million", "$300-400 million", 3e8, 4e8, 3e8, "USD"),
    ("between $300 million and $400 million", "between $300 million and $400 million", 3e8, 4e8, 3e8, "USD"),
    ("tens of millions of euros", "tens of millions of euros", 2e7, 99999999, None, "EUR"),
]


@pytest.mark.parametrize(("text", "figure", "low", "high"), COUNTS)
def test_count(text: str, figure: str, low: float | None, high: float | None) -> None:
    (quantity,) = find_quantities(text, TABLES)
    assert (quantity.text, quantity.low, quantity.high) == (figure, low, high)
    assert find_money(text, TABLES) == []


@pytest.mark.parametrize("text", NO_COUNT)
def test_numbers_that_count_nothing(text: str) -> None:
    assert find_quantities(text, TABLES) == []


@pytest.mark.parametrize(("text", "figure", "low", "high", "amount", "currency"), SUMS)
def test_money(
    text: str, figure: str, low: float | None, high: float | None, amount: float | None, currency: str
) -> None:
    (money,) = find_money(text, TABLES)
    assert (money.text, money.currency) == (figure, currency)
    assert (money.low, money.high, money.amount) == pytest.approx((low, high, amount))
    assert find_quantities(text, TABLES) == []


@pytest.mark.parametrize(
    ("text", "country", "currency"),
    [
        ("$5 million", "AUS", "AUD"),
        ("$5 million", "DEU", "USD"),
        ("$5 million", "ARG", "USD"),  # Argentina's own money is no dollar
        ("US$5 million", "AUS", "USD"),
        ("5 million dollars", "CAN", "CAD"),
        ("16 billion crowns", "NOR", "NOK"),
        ("16 billion crowns", None, "CZK"),
        ("5 million pounds", "EGY", "EGP"),
    ],
)
def test_shared_names_of_money_are_those_of_the_country_of_publication(
    text: str, country: str | None, currency: str
) -> None:
    assert [money.currency for money in find_money(text, TABLES, country)] == [currency]


def test_two_sums_side_by_side() -> None:
    sums = [(m.text, m.amount, m.currency) for m in find_money("against 3bn crowns ($145m) so far", TABLES)]
    assert sums == [("3bn crowns", 3e9, "CZK"), ("$145m", 1.45e8, "USD")]


def test_counts_and_money_in_one_sentence() -> None:
    text = "30 missiles, 25 launchers and close to 8,500 rounds of 155 mm ammunition for $400 million by June 19, 2024"
    assert [q.text for q in find_quantities(text, TABLES)] == ["30", "25", "close to 8,500"]
    assert [m.text for m in find_money(text, TABLES)] == ["$400 million"]


def test_from_one_number_to_another_is_no_range() -> None:
    assert [q.low for q in find_quantities("raised it from 22 to 42 jets", TABLES)] == [22, 42]


def test_number_words_are_sorted_and_typed() -> None:
    rows = _rows("number_words.csv")
    assert [row["word"] for row in rows] == sorted(row["word"] for row in rows)
    assert all(float(row["low"]) <= float(row["high"]) for row in rows)


_VOCABULARY = """
1 10 19 155 2024 1,000 1.5 4,4 0 00 - – + ( ) $ € US$ % million m bn dozen dozens hundred thousands of a half several
two twenty-five one and or to between at least up more than about euros won pounds June mm F-16 tanks . , another plus
999999999
"""


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_VOCABULARY.split()), max_size=12).map(" ".join)))
def test_any_text(text: str) -> None:
    quantities, sums = find_quantities(text, TABLES), find_money(text, TABLES)
    for found in (quantities, sums):
        end = 0
        for mention in found:
            assert text[mention.start : mention.end] == mention.text
            assert end <= mention.start < mention.end
            end = mention.end
            if mention.low is not None and mention.high is not None:
                assert mention.low <= mention.high
    assert quantities == find_quantities(text, TABLES)
    assert not {q.start for q in quantities} & {m.start for m in sums}
