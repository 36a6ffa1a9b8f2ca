"""How the figures of a labelled set look on a terminal, and what was read wrong beside its sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.render import count, plain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from training.scoring import Error, Evaluation


def evaluation(heading: str, result: Evaluation, *, errors: bool = False) -> RenderableType:
    """The scores of a labelled set by kind of answer, the shares of right attributes and, if asked for, all errors."""
    from rich.console import Group
    from rich.text import Text

    title = Text(plain(heading), style="bold")
    title.append(f"  {count(result.documents, 'document')}", style="dim")
    parts: list[RenderableType] = [title, _scores(result), Text(), _attributes(result), Text()]
    if errors:
        parts += [_error(error) for error in result.errors]
    return Group(*parts)


def _scores(result: Evaluation) -> RenderableType:
    lines = [
        [
            kind,
            *(f"{share:.3f}" for share in (s.precision, s.recall, s.f1)),
            _of(s.found, s.found + s.missed),
            _of(s.invented, s.right + s.invented),
        ]
        for kind, s in result.scores.items()
    ]
    return _table(["", "precision", "recall", "F1", "labels found", "rows invented"], lines)


def _attributes(result: Evaluation) -> RenderableType:
    lines = [
        [name, _of(a.right, a.of), "" if a.share is None else f"{a.share:.3f}"] for name, a in result.attributes.items()
    ]
    return _table(["where core is right", "right", "share"], lines)


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}"


def _table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> RenderableType:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    return table


def _error(error: Error) -> RenderableType:
    """One error: what the label says, what was found, and the sentence."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    is_attribute = error.label is not None and error.row is not None
    fault = f"wrong {error.fault}" if is_attribute else error.fault
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    if error.label is not None:
        grid.add_row("label", Text(_label(error.noun, error.label)))
    if is_attribute:
        wanted, found = _attribute(error)
        grid.add_row("wanted", Text(wanted))
        grid.add_row("found", Text(found))
    elif error.row is not None:
        grid.add_row("found", Text(_row(error.noun, error.row)))
    if error.sentence:
        grid.add_row("sentence", Text(f"“{plain(error.sentence)}”"))
    if is_attribute and error.row is not None and error.row.evidence not in error.sentence:
        grid.add_row("read from", Text(f"“{plain(error.row.evidence)}”"))
    heading = Text(plain(f"{error.document}  {error.noun}: {fault}"), style="bold")
    return Group(heading, Padding(grid, (0, 0, 1, 2)))


def _attribute(error: Error) -> tuple[str, str]:
    """What the label has for the wrong attribute, and what the row has."""
    from training.scoring import ATTRIBUTES

    name = error.fault
    wanted = (error.label or {}).get(name)
    if isinstance(wanted, Mapping):
        parts = {"quantity": ("low", "high"), "value": ("amount", "currency"), "date": ("start", "end")}[name]
        wanted = _values([wanted.get(part) for part in parts])
    elif isinstance(wanted, list):
        wanted = (" > " if name == "attribution" else ";").join(map(str, wanted))
    found = _values([getattr(error.row, column) for column in ATTRIBUTES[name]])
    return plain(str(wanted or "nothing")), plain(found or "nothing")


def _values(values: Sequence[object]) -> str:
    """The values in a row, `?` for one that lacks beside another; empty where all lack."""
    if all(value in (None, "") for value in values):
        return ""
    return ", ".join("?" if value in (None, "") else _value(value) for value in values)


def _value(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, int | float) else str(value)


def _label(noun: str, label: Mapping[str, Any]) -> str:
    fields = {
        "transfer": ("supplier", "recipient", "category", "weapon", "status", "factuality"),
        "relation": ("subject", "object", "relation"),
        "affiliation": ("person", "actor_id", "title"),
    }[noun]
    return _line(noun, [label.get(name) for name in fields], bool(label.get("is_current", True)))


def _row(noun: str, row: object) -> str:
    columns = {
        "transfer": ("supplier_id", "recipient_id", "category", "weapon", "status", "factuality"),
        "relation": ("subject_id", "object_id", "relation"),
        "affiliation": ("person_id", "actor_id", "title"),
    }[noun]
    return _line(noun, [getattr(row, name) for name in columns], bool(getattr(row, "is_current", True)))


def _line(noun: str, values: Sequence[object], is_current: bool) -> str:
    """`DEU → UKR, missile, IRIS-T, delivered, CT+`."""
    first, second, *rest = values
    arrow = "of" if noun == "affiliation" else "→"
    former = [] if is_current else ["former"]
    return plain(", ".join([f"{first or '?'} {arrow} {second or '?'}", *(str(v) for v in rest if v), *former]))
