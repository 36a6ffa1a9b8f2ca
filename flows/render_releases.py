"""How releases and the differences between them look on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from flows.release_diff import REASONS, ClaimChange, ReleaseDiff, TableDiff, TransferChange
from flows.releases import Release
from flows.render import amount, count, item, parties, period, plain, standing

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

CLAIMS_NAMED = 3
"""Claims that are named of each kind of change; `--json` gives all."""

_COUNTED = ("transfers", "transfer_claims", "documents")
_MARKS = {"new": "+", "changed": "~", "gone": "−"}
_CAUSES = {
    "versions": "the same claims; the code or the tables that they are put together with are others",
    "surroundings": "the same claims; other documents change what counts as a source or as one transfer",
}


def release_list(found: Sequence[Release]) -> RenderableType:
    """The releases: id, when each last became current, rows, what is new in it, and what there is to know."""
    from rich.table import Table
    from rich.text import Text

    from flows.render import _box

    table = Table(box=_box(), header_style="bold", pad_edge=False, show_edge=False)
    for heading in ("release", "current since (UTC)"):
        table.add_column(heading, no_wrap=True)
    for name in _COUNTED:
        table.add_column(name.replace("transfer_", ""), justify="right", no_wrap=True)
    table.add_column("transfers against the one before", overflow="fold")
    table.add_column("note", overflow="fold")
    for release in found:
        cells = [
            release.id,
            _moment(release.last_current),
            *(f"{release.rows[name]:,}" if name in release.rows else "" for name in _COUNTED),
            _changes(release),
            ", ".join(_notes(release)),
        ]
        table.add_row(*(Text(plain(cell)) for cell in cells), style="bold" if release.is_current else None)
    return table


def _moment(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text


def _changes(release: Release) -> str:
    if release.changes is None:
        return "first" if release.predecessor is None else "not known"
    counts = release.changes.get("transfers", {})
    told = ", ".join(f"{mark}{counts[name]:,}" for name, mark in _MARKS.items() if counts.get(name))
    return told or "none" if release.changes else "none"


def _notes(release: Release) -> list[str]:
    notes = ["current"] if release.is_current else []
    notes += [f"pinned as {name}" if name else "pinned" for name in release.pins]
    return [*notes, "rolled back from"] if release.is_turned_from else notes


def difference(
    diff: ReleaseDiff, transfers: Iterable[TransferChange], names: Mapping[str, str], limit: int
) -> RenderableType:
    """What differs: versions, tables, and the first transfers with the claims behind each."""
    from rich.console import Group
    from rich.text import Text

    lines = [Text(f"{diff.a.name} → {diff.b.name}", style="bold")]
    for version in diff.versions:
        lines.append(Text(plain(f"{version.kind} version: {version.before or 'none'} → {version.after or 'none'}")))
    differing = [table for table in diff.tables if table.differs]
    if not differing:
        return Group(*lines, Text("no table differs"))
    lines += [Text(), *map(_table_line, differing)]
    for shown, change in enumerate(transfers):
        if shown == limit:
            total = next(t.new + t.changed + t.gone for t in diff.tables if t.name == "transfers")
            lines += [
                Text(),
                Text(f"… and {count(total - shown, 'more transfer')}; --limit or --json gives all", "dim"),
            ]
            break
        lines += [Text(), *_transfer_lines(change, names)]
    return Group(*lines)


def _table_line(table: TableDiff) -> Text:
    from rich.text import Text

    told = [f"{number:,} {name}" for name, number in (("new", table.new), ("changed", table.changed)) if number]
    told += [f"{table.gone:,} gone"] if table.gone else []
    columns = ", ".join(f"{name} {number:,}" for name, number in table.columns_changed.items())
    parts = [", ".join(told) + (f" ({columns})" if columns else "")] if told else []
    if table.only_in:
        parts.append("table added" if table.only_in == "b" else "table removed")
    else:
        for verb, which in (
            ("added", table.columns_added),
            ("removed", table.columns_removed),
            ("of another type", table.columns_retyped),
        ):
            parts += [f"columns {verb}: {', '.join(which)}"] if which else []
    return Text(plain(f"{table.name}: {'; '.join(parts)}"))


def _transfer_lines(change: TransferChange, names: Mapping[str, str]) -> list[Text]:
    from rich.text import Text

    styles = {"new": "green", "changed": "yellow", "gone": "red"}
    row = change.row
    facts = [
        parties(row, names),
        item(row),
        amount(row.get("quantity_low"), row.get("quantity_high"), row.get("quantity_unit")),
        standing(row),
        period(row.get("date_start"), row.get("date_end")),
    ]
    told = ", ".join(fact for fact in facts if fact)
    lines = [Text(plain(f"{_MARKS[change.change]} {change.transfer_id}  {told}"), style=styles[change.change])]
    for column, (before, after) in change.columns.items():
        lines.append(Text(plain(f"    {column}: {_value(before)} → {_value(after)}")))
    for reason, words in REASONS.items():
        if claims := [claim for claim in change.claims if claim.why == reason]:
            lines.append(Text(plain(f"    {count(len(claims), 'claim')}: {words} ({_named(claims)})"), style="dim"))
    lines += [Text(f"    {_CAUSES[cause]}", style="dim") for cause in change.causes if cause in _CAUSES]
    return lines


def _named(claims: Sequence[ClaimChange]) -> str:
    told = [
        claim.claim_id
        + (f" {claim.other_transfer}" if claim.other_transfer else "")
        + (f": {', '.join(claim.columns)}" if claim.columns else "")
        for claim in claims[:CLAIMS_NAMED]
    ]
    return "; ".join(told) + (f" and {len(claims) - CLAIMS_NAMED:,} more" if len(claims) > CLAIMS_NAMED else "")


def _value(value: object) -> str:
    return "nothing" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)
