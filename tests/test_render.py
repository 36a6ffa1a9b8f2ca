"""Formatting: marks in sentences, and values that come out of documents as they should on a terminal."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from flows import render
from flows.render import Mark

TEXT = "Pyongyang kept silent. North Korea shipped 11,000 containers of munitions to Russia. The shipment ended in May."


def span(words: str) -> tuple[int, int]:
    start = TEXT.index(words)
    return start, start + len(words)


def shown(renderable: object, *, terminal: bool = False, width: int = 200) -> str:
    colours = "standard" if terminal else None
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width, highlight=False, color_system=colours)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def brackets(text: str, marks: list[Mark], start: int = 0, end: int | None = None) -> str:
    return render.marked(text, start, len(text) if end is None else end, marks, colours=False).plain


def test_parse_marks_reads_and_sorts() -> None:
    assert render.parse_marks("recipient=46:52;supplier=12:23") == [Mark("supplier", 12, 23), Mark("recipient", 46, 52)]
    assert render.parse_marks("") == render.parse_marks(None) == []


def test_marks_are_brackets_without_colours() -> None:
    marks = [Mark("supplier", *span("North Korea")), Mark("recipient", *span("Russia"))]
    line = brackets(TEXT, marks, *span("North Korea shipped 11,000 containers of munitions to Russia."))
    assert line == "[supplier: North Korea] shipped 11,000 containers of munitions to [recipient: Russia]."


def test_colours_replace_brackets_and_name_the_field() -> None:
    line = render.marked("from Iran", 0, 9, [Mark("supplier", 5, 9)], colours=True)
    assert line.plain == "from Iran supplier"
    assert "\x1b[1;31mIran" in shown(line, terminal=True)


def test_marks_nest_share_and_cross() -> None:
    assert brackets("11,000 shells", [Mark("materiel", 0, 13), Mark("quantity", 0, 6)]) == (
        "[materiel: [quantity: 11,000] shells]"
    )
    assert brackets("Iran", [Mark("supplier", 0, 4), Mark("origin", 0, 4)]) == "[origin, supplier: Iran]"
    assert brackets("abcdef", [Mark("x", 0, 4), Mark("y", 2, 6)]) == "[x: ab[y: cd]][y: ef]"


def test_a_mark_outside_the_evidence_is_told_below_it() -> None:
    marks = [Mark("supplier", *span("Pyongyang")), Mark("recipient", *span("Russia"))]
    lines = render.evidence_lines(TEXT, *span("The shipment ended in May."), marks, colours=False)
    assert [line.plain for line in lines] == [
        "The shipment ended in May.",
        '… supplier: Pyongyang (in: "Pyongyang kept silent.")',
        '… recipient: Russia (in: "North Korea shipped 11,000 containers of munitions to Russia.")',
    ]


@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(-5, 50), st.integers(-5, 50)), max_size=8),
)
def test_no_marks_break_or_lose_text(text: str, spans: list[tuple[str, int, int]]) -> None:
    marks = [Mark(*values) for values in spans]
    clean = "".join(character if character.isalnum() else "_" for character in text)
    line = brackets(clean, marks)
    for label in ("a", "b", "c"):
        line = line.replace(f"{label}: ", "").replace(f"{label}, ", "")
    assert line.replace("[", "").replace("]", "") == clean
    render.evidence_lines(text, 0, len(text) // 2, marks, colours=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[31mb\x1b[0m", "ab"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;http://x\x1b\\b", "ab"),
        ("a\x9b2Jb\x00\r\n", "a 2Jb   "),
        ("\u202egpj.exe\u2066", " gpj.exe "),
        ("[bold]not markup[/bold] :smile:", "[bold]not markup[/bold] :smile:"),
    ],
)
def test_text_of_documents_cannot_steer_the_terminal(text: str, expected: str) -> None:
    assert render.plain(text) == expected
    assert render.marked(text, 0, len(text), [], colours=False).plain == expected


def test_markup_in_cells_is_text() -> None:
    console = Console(file=io.StringIO(), width=80)
    output = "".join(shown(part) for part in render.query_table(console, ["[red]x"], [["[/nope] \x1b[2J"]]))
    assert "[red]x" in output
    assert "[/nope]" in output
    assert "\x1b" not in output


@pytest.mark.parametrize(
    ("low", "high", "unit", "expected"),
    [
        (20.0, 20.0, "tank", "20 × tank"),
        (24.0, 99.0, None, "24–99"),
        (11000.0, None, "container", "≥ 11,000 × container"),
        (None, 50.0, None, "≤ 50"),
        (1.5, 1.5, "tonne", "1.5 × tonne"),
        (None, None, "tank", ""),
    ],
)
def test_amount(low: float | None, high: float | None, unit: str | None, expected: str) -> None:
    assert render.amount(low, high, unit) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2024, 6, 1), date(2024, 6, 1), "2024-06-01"),
        (date(2024, 1, 1), date(2024, 12, 31), "2024"),
        (date(2020, 1, 1), date(2024, 12, 31), "2020 – 2024"),
        (date(2023, 9, 1), date(2023, 11, 30), "2023-09 – 2023-11"),
        (date(2024, 2, 1), date(2024, 2, 29), "2024-02"),
        (date(2024, 2, 1), date(2024, 2, 28), "2024-02-01 – 2024-02-28"),
        (date(2023, 9, 1), None, "since 2023-09-01"),
        (None, date(2027, 12, 31), "by 2027-12-31"),
        (None, None, ""),
    ],
)
def test_period(start: date | None, end: date | None, expected: str) -> None:
    assert render.period(start, end) == expected


def test_standing_tells_doubt_and_denial() -> None:
    assert render.standing({"status": "planned", "factuality": "CT+", "n_denials": 0}) == "planned"
    assert render.standing({"status": "delivered", "factuality": "PS+", "n_denials": 0}) == "delivered, possible"
    assert render.standing({"status": "delivered", "factuality": "CT+", "n_denials": 2}) == "delivered, disputed"
    assert render.standing({"status": "delivered", "factuality": "CT-", "n_denials": 1}) == "delivered, denied"


def test_wide_results_become_records_on_a_terminal_and_stay_rows_in_a_pipe() -> None:
    columns = [f"column_{number}" for number in range(12)]
    rows = [[f"value {number}" for number in range(12)]]
    terminal = Console(file=io.StringIO(), force_terminal=True, width=60)
    pipe = Console(file=io.StringIO(), width=100_000)
    records = "".join(shown(part, width=60) for part in render.query_table(terminal, columns, rows))
    table = "".join(shown(part, width=300) for part in render.query_table(pipe, columns, rows))
    for output in (records, table):
        assert all(name in output for name in columns)
        assert all(value in output for value in rows[0])
    assert "row 1" in records
    assert "row 1" not in table


def test_a_pipe_with_a_width_loses_no_column() -> None:
    columns = [f"column_{number}" for number in range(12)]
    pipe = Console(file=io.StringIO(), width=60)
    output = "".join(shown(part, width=60) for part in render.query_table(pipe, columns, [["value"] * 12]))
    assert all(name in output for name in columns)


TRANSFER = {
    "supplier_id": "GBR",
    "recipient_id": "UKR",
    "materiel": "reconnaissance drones",
    "category": "personal_equipment",
    "quantity_low": 20_000,
    "quantity_high": 29_999,
    "quantity_unit": "drone",
    "status": "delivered",
    "factuality": "CT+",
    "n_denials": 1,
    "n_claims": 12,
    "n_sources": 11,
}


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_narrow_table_of_transfers_breaks_between_words(width: int) -> None:
    table = shown(render.transfers_table([TRANSFER], {"GBR": "United Kingdom"}, width), width=width)
    for word in ("reconnaissance", "(personal", "20,000–29,999", "delivered,", "Kingdom", "12/11"):
        assert word in table
    assert max(map(len, table.splitlines())) <= width


def test_a_table_of_transfers_keeps_its_columns_where_words_must_break() -> None:
    table = shown(render.transfers_table([TRANSFER], {}, 50), width=50)
    assert "12/11" in table


def test_shortening_is_told() -> None:
    console = Console(file=io.StringIO(), width=100)
    parts = render.query_table(console, ["text"], [["x" * 5000]], more=True)
    note = shown(parts[-1])
    assert "1 long cell shortened" in note
    assert "of more" in note
    assert "--csv or --json gives all" in note


CLAIM = {"supplier_id": "GBR", "materiel": "drones", "category": "uav", "status": "planned", "factuality": "CT+"}


@pytest.mark.parametrize(("value", "expected"), [(0.8649, "0.86"), (1, "1.00"), (0.0, "0.00"), (None, None)])
def test_a_claim_shows_its_confidence_where_it_has_one(value: float | None, expected: str | None) -> None:
    facts = dict(render.transfer_claim_facts({**CLAIM, "basis": "stated", "confidence": value}))
    assert facts.get("confidence") == expected


def test_an_explanation_shows_the_confidence_of_the_transfer() -> None:
    whole = {**TRANSFER, "transfer_id": "0a1b2c", "confidence": 0.871}
    assert "transfer 0a1b2c  confidence 0.87" in shown(render.explanation(whole, [], {}, {}, colours=False))
    without = shown(render.explanation({**whole, "confidence": None}, [], {}, {}, colours=False))
    assert "confidence" not in without


def test_claim_without_the_document_still_shows_its_evidence() -> None:
    block = render.claim_block("claim 1", [("parties", "A → B")], {"evidence": "A sent B arms."}, None, colours=False)
    assert "“A sent B arms.”" in shown(block)


def test_stage_notes_leave_out_zeros() -> None:
    assert render.stage_note("ingest", {"units": 2, "documents_new": 1, "rejects_new": 0}) == "2 inputs, 1 new document"
    assert render.stage_note("extract", {"documents": 0}) == "nothing new"
