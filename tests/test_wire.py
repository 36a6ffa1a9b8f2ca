"""Which news agency a text credits. All sentences are made for these tests."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from flows.reference import load_agencies, read_table
from transforms.wire import NO_AGENCIES, wire_agency

SEEDS = Path(__file__).parents[1] / "seeds"
BODY = "Freedonia has received the second batch of vehicles, its ministry said."


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        (f"WASHINGTON, June 18 (Reuters) - {BODY}", "reuters"),
        (f"KYIV/BERLIN  (Reuters) – {BODY}", "reuters"),
        (f"(Reuters) — {BODY}", "reuters"),
        (f"WASHINGTON (AP) — {BODY}", "associated-press"),
        (f"LA CROSSE, Wis. (AP) — {BODY}", "associated-press"),
        (f"MOSCOW, June 5 (Xinhua) -- {BODY}", "xinhua"),
        (f"MOSCOW, June 5. /TASS/. {BODY}", "tass"),
        (f"TASS. {BODY}", "tass"),
        (f"TASS, June 5. {BODY}", None),
        (f"KYODO NEWS - {BODY}", "kyodo"),
        (f"Paris (AFP) - {BODY}", "agence-france-presse"),
        (f"By Associated Press\n{BODY}", "associated-press"),
        (f"Reuters Staff\n{BODY}", "reuters"),
        (f"By Ann Smith, Reuters\n{BODY}", "reuters"),
        (f"Corrects the figure in the second paragraph.\nOSLO (Reuters) - {BODY}", "reuters"),
        (f"{BODY}\n(Reporting by Ann Smith)\nOur Standards: The Thomson Reuters Trust Principles.", "reuters"),
        (f"{BODY}\n© AFP", "agence-france-presse"),
        (f"{BODY} (AFP)", "agence-france-presse"),
        (f"{BODY}\n(Source: APA/dpa)", "dpa"),
        (f"OSLO (Fjord Wire) - {BODY}", "fjord-wire"),
        (BODY, None),
        (f"{BODY} That was first told by Reuters.", None),
        (f"{BODY}\nThe minister told Reuters on Tuesday that more would come.", None),
        (f"Reuters reported on Tuesday that vehicles had come. {BODY}", None),
        (f"The army (FAMa) - that is known - said that vehicles had come. {BODY}", None),
        (f"Sana, a nurse of the town, saw the convoy. {BODY}", None),
        (f"The vehicles (AP) were seen. {BODY}", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_agency_that_a_text_credits(text: str, agency: str | None) -> None:
    assert wire_agency(text, None, load_agencies()) == agency


@pytest.mark.parametrize(
    ("author", "agency"),
    [
        ("Reuters", "reuters"),
        ("Reuters Staff", "reuters"),
        ("The Associated Press", "associated-press"),
        ("Ann Smith; AP", "associated-press"),
        ("Ann Smith, Associated Press", "associated-press"),
        ("Dpa", "dpa"),
        ("Agence France-Presse", "agence-france-presse"),
        ("Ann Smith", None),
        ("Sana Ap Rhys", None),
        (None, None),
    ],
)
def test_the_agency_that_an_author_line_names(author: str | None, agency: str | None) -> None:
    assert wire_agency(BODY, author, load_agencies()) == agency


def test_without_a_table_no_author_is_an_agency() -> None:
    assert wire_agency(BODY, "Reuters", NO_AGENCIES) is None


def test_every_agency_is_an_actor_of_the_media_and_every_mark_has_one_meaning() -> None:
    media = {row["actor_id"] for row in read_table("actors") if row["kind"] == "media"}
    rows = read_table("wire_agencies")
    assert {row["actor_id"] for row in rows} <= media
    assert len({row["mark"] for row in rows}) == len(rows)
    assert {row["form"] for row in rows} <= {"name", "phrase"}
    with (SEEDS / "wire_agencies.csv").open(encoding="utf-8", newline="") as file:
        lines = [tuple(row) for row in csv.reader(file)]
    assert lines[1:] == sorted(lines[1:])
