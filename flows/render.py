"""How results look on a terminal: tables, and sentences with the words marked that carry each field.

Everything that comes out of a document or a table passes `plain` first: text from the web can neither move the cursor
of a terminal nor be read as markup.
"""

from __future__ import annotations

import re
import shlex
from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rich.box import Box
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Span, Text

    from flows.catalog import TableInfo

Row = Mapping[str, object]

FIELD_STYLES = {
    "supplier": "bold red",
    "subject": "bold red",
    "recipient": "bold green",
    "object": "bold green",
    "intermediary": "bold yellow",
    "origin": "bold yellow",
    "approved_by": "bold yellow",
    "materiel": "bold cyan",
    "weapon": "bold cyan",
    "quantity": "bold magenta",
    "value": "bold magenta",
    "date": "bold blue",
    "status": "underline",
    "relation": "underline",
    "factuality": "italic underline",
    "attribution": "italic yellow",
}
"""One style per field of `evidence_marks`; fields that are not named here are bold."""

CONTEXT_CHARACTERS = 60
"""Characters shown on either side of a mark that lies outside the evidence."""

WORD_CHARACTERS = 14
"""Longest word that a narrow table of transfers keeps whole."""

COLUMN_GAP = 3
"""Blanks between two columns of a table."""

CELL_CHARACTERS = 400
"""Longest cell of a table on the terminal; a note under the table says when one was shortened."""

_TERMINAL_ESCAPE = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_].*?(?:\x1b\\|$)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]", re.S
)
# C0, DEL, C1, and the characters that reorder or hide what follows them (bidirectional controls, line separators).
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class Mark(NamedTuple):
    """Characters of a document that carry a field of a claim."""

    field: str
    start: int
    end: int


def plain(text: str) -> str:
    """One line of printable text: terminal escapes are dropped, other control characters become spaces.

    The length may change; offsets into a document must be used before this.
    """
    return _CONTROL.sub(" ", _TERMINAL_ESCAPE.sub("", text))


def parse_marks(marks: str | None) -> list[Mark]:
    """Read `evidence_marks`: `supplier=12:23;recipient=46:52` (absolute offsets). Raises ValueError where malformed."""
    parsed = []
    for part in filter(None, (marks or "").split(";")):
        field, _, span = part.partition("=")
        start, _, end = span.partition(":")
        parsed.append(Mark(field, int(start), int(end)))
    return sorted(parsed, key=lambda mark: (mark.start, -mark.end, mark.field))


def marked(text: str, start: int, end: int, marks: Iterable[Mark], *, colours: bool) -> Text:
    """The characters of `text` from `start` to `end` with the marks in them.

    With colours each field has its style, and its name stands dimmed after it; without, the words stand in brackets:
    `[supplier: North Korea]`. Marks of the same words share one pair of brackets, marks within marks are nested, and of
    two marks that cross, the later one is split where the earlier one ends.
    """
    from rich.text import Text

    line = Text()
    _append_marked(line, text, start, end, _nestable(marks, start, end), colours)
    return line


class _Span(NamedTuple):
    start: int
    end: int
    fields: tuple[str, ...]


def _append_marked(line: Text, text: str, start: int, end: int, spans: list[_Span], colours: bool) -> None:
    """Append `text[start:end]`; `spans` lie within it, are sorted (outer before inner) and do not cross."""
    position = start
    while spans:
        outer, rest = spans[0], spans[1:]
        inner = [span for span in rest if span.start < outer.end]
        spans = rest[len(inner) :]
        names, style = ", ".join(outer.fields), FIELD_STYLES.get(outer.fields[0], "bold")
        line.append(plain(text[position : outer.start]))
        if not colours:
            line.append(f"[{names}: ")
        before = len(line)
        _append_marked(line, text, outer.start, outer.end, inner, colours)
        if colours:
            # An inner mark keeps its own style over that of the mark around it.
            line.spans.insert(0, _styled(before, len(line), style))
            line.append(f" {names}", style="dim")
        else:
            line.append("]")
        position = outer.end
    line.append(plain(text[position:end]))


def _styled(start: int, end: int, style: str) -> Span:
    from rich.text import Span

    return Span(start, end, style)


def _nestable(marks: Iterable[Mark], start: int, end: int) -> list[_Span]:
    """The marks cut to the range, merged where they cover the same words, and split where they cross."""
    fields: dict[tuple[int, int], list[str]] = {}
    waiting = sorted((max(mark.start, start), -min(mark.end, end), mark.field) for mark in marks)
    open_ends: list[int] = []
    while waiting:
        first, negative_last, field = waiting.pop(0)
        last = -negative_last
        if first >= last:
            continue
        while open_ends and open_ends[-1] <= first:
            open_ends.pop()
        if open_ends and last > open_ends[-1]:
            insort(waiting, (open_ends[-1], -last, field))
            last = open_ends[-1]
        found = fields.setdefault((first, last), [])
        if not found:
            open_ends.append(last)
        if field not in found:
            found.append(field)
    return [
        _Span(first, last, tuple(names))
        for (first, last), names in sorted(fields.items(), key=lambda item: (item[0][0], -item[0][1]))
    ]


def evidence_lines(text: str, start: int, end: int, marks: Sequence[Mark], *, colours: bool) -> list[Text]:
    """The evidence with its marks, then one line for each mark that lies outside it, in the words around it."""
    from rich.text import Text

    inside = [mark for mark in marks if mark.start < end and mark.end > start]
    lines = [marked(text, start, end, inside, colours=colours)]
    for mark in marks:
        if mark in inside or not 0 <= mark.start < mark.end <= len(text):
            continue
        around = _around(text, mark)
        line = Text("… ")
        line.append(f"{mark.field}: ", style="dim" if colours else "")
        line.append(plain(text[mark.start : mark.end]), style=FIELD_STYLES.get(mark.field, "bold") if colours else "")
        line.append(f' (in: "{plain(around)}")', style="dim" if colours else "")
        lines.append(line)
    return lines


def _around(text: str, mark: Mark) -> str:
    """The words around a mark, cut at sentence ends or, further out, at spaces."""
    left = max(0, mark.start - CONTEXT_CHARACTERS)
    right = min(len(text), mark.end + CONTEXT_CHARACTERS)
    before, after = text[left : mark.start], text[mark.end : right]
    if sentence := list(re.finditer(r"[.!?]['\"”’)]?\s+|\n\s*", before)):
        before = before[sentence[-1].end() :]
    elif left > 0:
        before = "…" + before.partition(" ")[2]
    if sentence_end := re.search(r"[.!?]['\"”’)]?(?=\s|$)|\n", after):
        after = after[: sentence_end.end()].rstrip()
    elif right < len(text):
        after = after.rpartition(" ")[0] + "…"
    return f"{before}{text[mark.start : mark.end]}{after}"


# Values of claims and transfers


def amount(low: object, high: object, unit: object = None) -> str:
    """A quantity: `20`, `20–30`, `≥ 20`, `≤ 50`, with its unit as in `20 × tank`; empty where nothing is known."""
    low_text, high_text = _number(low), _number(high)
    if low_text and high_text:
        span = low_text if low_text == high_text else f"{low_text}–{high_text}"
    elif low_text or high_text:
        span = f"≥ {low_text}" if low_text else f"≤ {high_text}"
    else:
        return ""
    return f"{span} × {plain(str(unit))}" if unit else span


def _number(value: object) -> str:
    return "" if value is None else f"{value:,.15g}"


def period(start: object, end: object) -> str:
    """A time span in the shortest exact form: `2024-06-01`, `2023`, `2023-09 – 2023-11`, `since 2023-09-01`, `by …`."""
    if not isinstance(start, date) or not isinstance(end, date):
        return f"since {start}" if start else f"by {end}" if end else ""
    first, last = str(start), str(end)
    if start.day == 1 and (end + timedelta(days=1)).day == 1:
        first, last = first[:7], last[:7]
        if start.month == 1 and end.month == 12:
            first, last = first[:4], last[:4]
    return first if first == last else f"{first} – {last}"


def parties(row: Row, names: Mapping[str, str] | None = None) -> str:
    """`supplier → recipient`, by name where it is known, `?` where the document does not tell."""
    return f"{_actor(row.get('supplier_id'), names)} → {_actor(row.get('recipient_id'), names)}"


def _actor(actor_id: object, names: Mapping[str, str] | None) -> str:
    if not actor_id:
        return "?"
    return plain((names or {}).get(str(actor_id), str(actor_id)))


def _actors(actor_ids: object, names: Mapping[str, str] | None) -> str:
    return ", ".join(_actor(part, names) for part in str(actor_ids or "").split(";") if part)


def transfer_claim_facts(row: Row, names: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """The fields of a transfer claim that hold something, labelled, in reading order."""
    weapon = row.get("weapon")
    money = row.get("value_amount")
    value = "" if money is None else f"{_number(money)} {_text(row.get('value_currency'))}"
    date_text = row.get("date_text")
    when = period(row.get("date_start"), row.get("date_end"))
    facts = [
        ("parties", parties(row, names)),
        ("through", _actors(row.get("intermediary_ids"), names)),
        ("origin", _actors(row.get("origin_id"), names)),
        ("approved by", _actors(row.get("approved_by_id"), names)),
        ("materiel", _text(row.get("materiel")) + f" ({_text(row.get('category'))}{f', {weapon}' if weapon else ''})"),
        ("quantity", amount(row.get("quantity_low"), row.get("quantity_high"), row.get("quantity_unit"))),
        ("value", value),
        ("status", f"{_text(row.get('status'))}, {certainty(row.get('factuality'))}, {_text(row.get('basis'))}"),
        ("date", f"{when} ('{plain(str(date_text))}')" if when and date_text else when or _text(date_text)),
        ("according to", _text(row.get("attribution"))),
        ("confidence", confidence(row.get("confidence"))),
    ]
    return [(label, plain(value)) for label, value in facts if value]


def relation_claim_facts(row: Row, names: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """The fields of a relation claim that hold something, labelled, in reading order."""
    subject, target = _actor(row.get("subject_id"), names), _actor(row.get("object_id"), names)
    status = row.get("status")
    facts = [
        ("relation", f"{subject} — {row.get('relation')} → {target}"),
        ("status", f"{f'{status}, ' if status else ''}{certainty(row.get('factuality'))}"),
        ("date", period(row.get("date_start"), row.get("date_end"))),
        ("according to", _text(row.get("attribution"))),
    ]
    return [(label, plain(value)) for label, value in facts if value]


def affiliation_facts(row: Row, names: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """The fields of an affiliation, labelled."""
    return [
        ("person", _text(row.get("person_name"))),
        ("office", f"{_text(row.get('title'))}{'' if row.get('is_current') else ' (former)'}"),
        ("of", _actor(row.get("actor_id"), names)),
    ]


def correction_fact(row: Row) -> tuple[str, str]:
    """What an analyst decided about a claim, labelled, with who, when and why."""
    value, original, label = _text(row["value"]), _text(row["original_value"]), _text(row["transfer_label"])
    labels = {
        "confirm_claim": ("confirmed", ""),
        "reject_claim": ("rejected", ""),
        "set_field": ("corrected", f"{_text(row['field'])} {value or 'empty'}, was {original or 'empty'}; "),
        "merge_transfers": ("merged", f"with all that bears '{label}'; "),
        "split_claims": ("split off", f"as '{label}'; "),
    }
    heading, what = labels[str(row["action"])]
    reason = f": {_text(row['reason'])}" if row["reason"] else ""
    return heading, f"{what}by {_text(row['decided_by'])}, {_text(row['decided_at'])}{reason}"


CERTAINTY = {
    "CT+": "certain",
    "PR+": "probable",
    "PS+": "possible",
    "CT-": "denied",
    "PR-": "probably not",
    "PS-": "possibly not",
    "Uu": "open",
}
"""FactBank's codes in words."""


def certainty(factuality: object) -> str:
    """A factuality code with its meaning in words: `CT+ (certain)`."""
    code = str(factuality or "")
    return f"{code} ({CERTAINTY[code]})" if code in CERTAINTY else plain(code)


def confidence(value: object) -> str:
    """A probability with two digits; empty where there is none."""
    return f"{value:.2f}" if isinstance(value, int | float) else ""


def _text(value: object) -> str:
    return "" if value is None else plain(str(value))


def claim_block(
    heading: str,
    facts: Sequence[tuple[str, str]],
    row: Row,
    text: str | None,
    *,
    colours: bool,
    source: str | None = None,
) -> RenderableType:
    """A claim: its heading, its fields, and its evidence with the marks.

    `text` is the document's; without it the evidence stands unmarked.
    """
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in facts:
        grid.add_row(label, Text(value))
    start, end = row.get("evidence_start"), row.get("evidence_end")
    if text is not None and isinstance(start, int) and isinstance(end, int):
        marks = parse_marks(_text(row.get("evidence_marks")))
        lines = evidence_lines(text, start, end, marks, colours=colours)
    else:
        lines = [Text(_text(row.get("evidence")))]
    grid.add_row("evidence", Group(Text("“") + lines[0] + Text("”"), *lines[1:]))
    if source:
        grid.add_row("source", Text(plain(source)))
    return Group(Text(plain(heading), style="bold"), Padding(grid, (0, 0, 1, 2)))


def document_claims(
    document: Row, claims: Mapping[str, Sequence[Row]], names: Mapping[str, str], *, colours: bool
) -> RenderableType:
    """All that was found in one document: `transfers`, `relations` and `affiliations`, one block each."""
    from rich.console import Group
    from rich.text import Text

    text = str(document["text"])
    blocks: list[RenderableType] = [Text(source_of(document), style="dim"), Text()]
    for noun, facts_of in _FACTS.items():
        rows = claims[noun]
        for number, row in enumerate(rows, start=1):
            heading = f"{noun.removesuffix('s')} {number} of {len(rows)}"
            blocks.append(claim_block(heading, facts_of(row, names), row, text, colours=colours))
    found = ", ".join(count(len(claims[noun]), noun.removesuffix("s")) for noun in _FACTS)
    blocks.append(Text(found if any(claims[noun] for noun in _FACTS) else "no claims found", style="bold"))
    return Group(*blocks)


_FACTS: dict[str, Callable[[Row, Mapping[str, str] | None], list[tuple[str, str]]]] = {
    "transfers": transfer_claim_facts,
    "relations": relation_claim_facts,
    "affiliations": affiliation_facts,
}


def explanation(
    transfer: Row | None,
    claims: Sequence[Row],
    documents: Mapping[object, Row],
    names: Mapping[str, str],
    *,
    colours: bool,
    width: int | None = None,
    corrections: Mapping[str, Sequence[Row]] | None = None,
) -> RenderableType:
    """A transfer (None for a single claim) and the claims it rests on, each with its evidence and its document.

    `corrections` are the decisions of analysts by claim id.
    """
    from rich.console import Group
    from rich.text import Text

    blocks: list[RenderableType] = []
    if transfer is not None:
        heading = Text(f"transfer {_text(transfer['transfer_id'])}", style="bold")
        if sure := confidence(transfer.get("confidence")):
            heading.append(f"  confidence {sure}", style="not bold dim")
        blocks += [heading, transfers_table([transfer], names, width)]
        blocks.append(Text())
    for row in claims:
        document = documents.get(row["document_id"])
        facts_of = relation_claim_facts if "relation" in row else transfer_claim_facts
        decided = [correction_fact(found) for found in (corrections or {}).get(str(row["claim_id"]), [])]
        blocks.append(
            claim_block(
                f"claim {_text(row['claim_id'])}",
                [*facts_of(row, names), *decided],
                row,
                str(document["text"]) if document else None,
                colours=colours,
                source=source_of(document or row),
            )
        )
    return Group(*blocks)


def source_of(document: Row) -> str:
    """Outlet, title, date and address of a document, as far as they are known."""
    title = document.get("title")
    parts = [
        document.get("outlet"),
        f"'{title}'" if title else None,
        document.get("published_on") or "undated",
        document.get("source_uri"),
    ]
    return plain(", ".join(str(part) for part in parts if part))


# Tables


def transfers_table(rows: Iterable[Row], names: Mapping[str, str], width: int | None = None) -> Table:
    """The transfers found: who to whom, what, how many, where it stands, when, and on how much testimony.

    `width` is that of the terminal in characters: where it is enough for every column, lines break between words.
    """
    from rich.table import Table
    from rich.text import Text

    lines = [
        (
            parties(row, names),
            item(row),
            amount(row.get("quantity_low"), row.get("quantity_high"), row.get("quantity_unit")),
            standing(row),
            period(row.get("date_start"), row.get("date_end")),
            f"{row.get('n_claims')}/{row.get('n_sources')}",
        )
        for row in rows
    ]
    headings = ("supplier → recipient", "item", "quantity", "status", "date", "claims/\nsources")
    widths = _fitted([headings, *lines], width)
    table = Table(box=_box(), header_style="bold", pad_edge=False, show_edge=False)
    for heading, characters in zip(headings, widths, strict=True):
        is_count = heading == headings[-1]
        table.add_column(
            heading, overflow="fold", width=characters, justify="right" if is_count else "left", no_wrap=is_count
        )
    for cells in lines:
        table.add_row(*map(Text, cells))
    return table


def _fitted(lines: Sequence[Sequence[str]], width: int | None) -> list[int] | list[None]:
    """The widths of columns that fit the terminal with no word of usual length broken; None for each if none do."""
    columns = list(zip(*lines, strict=True))
    widths = [max(len(line) for cell in column for line in cell.split("\n")) for column in columns]
    least = [min(max(map(len, " ".join(column).split())), WORD_CHARACTERS) for column in columns]
    room = 0 if width is None else width - COLUMN_GAP * (len(columns) - 1)
    if sum(least) > room:
        return [None] * len(columns)
    while sum(widths) > room:
        widest = max(range(len(columns)), key=lambda index: (widths[index] > least[index], widths[index]))
        widths[widest] -= 1
    return widths


def item(row: Row) -> str:
    """What is moved: the weapon where one is named, else the words used and the category."""
    if row.get("weapon"):
        return _text(row["weapon"])
    return f"{_text(row.get('materiel'))} ({_text(row.get('category')).replace('_', ' ')})"


def standing(row: Row) -> str:
    """The status of a transfer, how sure it is unless it is certain, and whether claims deny it (disputed)."""
    code, denials = str(row.get("factuality") or ""), row.get("n_denials")
    parts = [_text(row.get("status"))]
    if code != "CT+":
        parts.append(CERTAINTY.get(code, plain(code)))
    if denials and code != "CT-":
        parts.append("disputed")
    return ", ".join(parts)


def outcome(
    lake: Path,
    release: Path,
    tables: Mapping[str, int],
    transfers: Sequence[Row],
    rejects: Sequence[tuple[str, int, str]],
    names: Mapping[str, str],
    width: int | None = None,
) -> RenderableType:
    """The end of a run: the transfers, what the release holds, what was turned away, and where to go on.

    `tables` are the row counts, `rejects` pairs of reason and count with one input as an example.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    if transfers:
        parts += [transfers_table(transfers, names, width)]
    hidden = tables["transfers"] - len(transfers)
    if hidden:
        parts.append(Text(f"… and {count(hidden, 'more transfer')}", style="dim"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(
        "found",
        Text(
            f"{count(tables['transfers'], 'transfer')} from {count(tables['transfer_claims'], 'claim')} in "
            f"{count(tables['documents'], 'document')}; {count(tables['relation_claims'], 'relation claim')}, "
            f"{count(tables['affiliations'], 'affiliation')}"
        ),
    )
    if rejects:
        reasons = "\n".join(f"{number:,} × {reason}, such as {example}" for reason, number, example in rejects)
        grid.add_row("rejects", Text("\n".join(plain(line) for line in reasons.splitlines())))
    grid.add_row("tables", Text(plain(f"{release} (also as {lake / 'current'})")))
    option = "" if str(lake) == "lake" else f" --lake {shlex.quote(str(lake))}"
    if transfers:
        grid.add_row("next", Text(plain(f"materiel explain {transfers[0]['transfer_id']}{option}")))
    grid.add_row("" if transfers else "next", Text(plain(f'materiel query "SELECT * FROM transfers"{option}')))
    grid.add_row("", Text(plain(f"materiel tables{option}")))
    return Group(Text(), *parts, Text(), grid)


def data_dictionary(tables: Sequence[TableInfo]) -> RenderableType:
    """Tables with their row counts, columns, types and meanings."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    for table in tables:
        heading = Text(plain(table.name), style="bold")
        heading.append(f"  {count(table.rows, 'row')}, key: {', '.join(table.primary_key)}", style="dim")
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for column in table.columns:
            grid.add_row(Text(plain(column.name)), Text(column.type), Text(plain(column.description)))
        parts += [heading, Text(plain(table.description)), Padding(grid, (0, 0, 1, 2))]
    return Group(*parts)


STAGE_NOUNS = {
    "ingest": {"units": "input", "documents_new": "new document", "rejects_new": "new reject"},
    "extract": {
        "documents": "document",
        "transfer_claims": "transfer claim",
        "relation_claims": "relation claim",
        "affiliations": "affiliation",
        "rejects": "reject",
    },
    "model": {"nodes": "node"},
}
"""What is told of each stage's figures."""


def stage_note(stage: str, figures: Mapping[str, Any]) -> str:
    """The figures of a stage in words, without those that are 0: `19 inputs, 18 new documents, 1 new reject`."""
    told = [count(figures[name], noun) for name, noun in STAGE_NOUNS.get(stage, {}).items() if figures.get(name)]
    if stage == "publish":
        said = f"release {figures['release_id']}{'' if figures['written'] else ', unchanged'}"
        return f"{said}; {plain(str(figures['note']))}" if figures.get("note") else said
    return ", ".join(told) or "nothing new"


def query_table(
    console: Console, columns: Sequence[str], rows: Sequence[Sequence[object]], *, more: bool = False
) -> list[RenderableType]:
    """The result of a query, fitted to the console: a table, or one block per row where the columns are too many.

    Cells longer than CELL_CHARACTERS are shortened. A note under the table says so, and whether there are more rows.
    """
    from rich.text import Text

    cells = [[_cell(value) for value in row] for row in rows]
    shortened = sum(len(cell) > CELL_CHARACTERS for row in cells for cell in row)
    cells = [
        [cell if len(cell) <= CELL_CHARACTERS else cell[: CELL_CHARACTERS - 1] + "…" for cell in row] for row in cells
    ]
    names = [plain(name) for name in columns]
    fits = _needed_width(names, cells) <= console.width
    parts: list[RenderableType] = [_grid(names, cells, rows) if fits else _records(names, cells)]
    note = f"the first {len(rows):,} rows of more" if more else count(len(rows), "row")
    if shortened:
        note += f"; {count(shortened, 'long cell')} shortened"
    if more or shortened:
        note += " (--csv or --json gives all)"
    parts.append(Text(note, style="dim"))
    return parts


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _needed_width(names: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """The least width at which a table still reads well: short columns whole, long ones folded at 16 characters."""
    width = 0
    for index, name in enumerate(names):
        longest = max([len(name), *(len(row[index]) for row in cells)])
        width += min(longest, 16) + COLUMN_GAP
    return width


def _grid(names: Sequence[str], cells: Sequence[Sequence[str]], rows: Sequence[Sequence[object]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=_box(), header_style="bold", pad_edge=False, show_edge=False)
    for index, name in enumerate(names):
        numeric = any(isinstance(row[index], int | float) for row in rows)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _records(names: Sequence[str], cells: Sequence[Sequence[str]]) -> RenderableType:
    from rich.console import Group
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    for number, row in enumerate(cells, start=1):
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, cell in zip(names, row, strict=True):
            grid.add_row(Text(name), Text(cell))
        parts += [Rule(f"row {number}", align="left", style="dim"), grid]
    return Group(*parts)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime | date):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return plain(str(value))


def _box() -> Box:
    from rich import box

    return box.SIMPLE_HEAD
