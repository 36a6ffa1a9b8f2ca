"""How the watch list looks on a terminal, and what its sources would give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flows.render import count, plain

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from flows.discover import SourceOutcome
    from flows.inputs import InputUnit
    from flows.sources import Source

REASONS = {
    "bad_url": "without a usable address",
    "duplicate": "listed twice or by an earlier source",
    "excluded": "matching 'exclude'",
    "known": "in the archive already",
    "max_pages": "beyond 'max_pages'",
    "not_included": "not matching 'include'",
    "other_kind": "of another kind than the source's",
    "other_language": "in another language",
    "sitemap_limit": "sitemaps beyond the limit of a run",
    "sitemap_too_old": "sitemaps older than 'max_age_days'",
    "too_old": "older than 'max_age_days'",
}
"""Why entries are left out, in words."""

NOUNS = {"feed": "entry", "sitemap": "page", "urls": "page", "folder": "file", "jsonl": "file", "warc": "file"}


def watch_list(sources: Sequence[Source]) -> RenderableType:
    """The sources with their addresses, tags and limits."""
    from rich.text import Text

    table = _table("source", "kind", "address", "outlet", "tags", "limits")
    for source in sources:
        style = "" if source.enabled else "dim"
        cells = [source.name, source.kind, source.address, source.outlet or "", ", ".join(source.tags), _limits(source)]
        table.add_row(*(Text(plain(cell), style=style) for cell in cells))
    return table


def _limits(source: Source) -> str:
    parts = [
        None if source.enabled else "not enabled",
        f"every {source.spacing:g} s" if source.spacing is not None else None,
        f"{source.max_pages:,} pages" if source.kind in ("feed", "sitemap", "urls") else None,
        f"{source.max_age_days:,} days" if source.max_age_days else None,
        f"{source.max_bytes:,} bytes" if source.max_bytes else None,
        source.language,
        f"{count(len(source.include), 'pattern')} to include" if source.include else None,
        f"{count(len(source.exclude), 'pattern')} to exclude" if source.exclude else None,
    ]
    return ", ".join(part for part in parts if part)


def checked(
    outcomes: Sequence[SourceOutcome], units: Mapping[str, Sequence[InputUnit]], shown: int
) -> list[RenderableType]:
    """What each source would give: a block per source with its first `shown` units, then a table of all.

    `units` are those of each source by its name.
    """
    parts = [_block(outcome, units.get(outcome.name, ()), shown) for outcome in outcomes]
    if len(outcomes) > 1:
        parts.append(_summary(outcomes))
    return parts


def _block(outcome: SourceOutcome, units: Sequence[InputUnit], shown: int) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    heading = Text(plain(outcome.name), style="bold")
    heading.append(f"  {outcome.kind}  {plain(outcome.address)}", style="not bold dim")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    if not outcome.failed:
        grid.add_row("lists", _count(outcome.entries, NOUNS[outcome.kind]) + _since(outcome))
    for number, (reason, left_out) in enumerate(outcome.excluded.items()):
        what = f"{left_out:,} {REASONS.get(reason, reason)}, such as {outcome.examples.get(reason, '')}"
        grid.add_row("leaves out" if number == 0 else "", Text(plain(what)))
    grid.add_row("would take", f"{outcome.taken:,}")
    for unit in _newest_first(units)[:shown]:
        day = str(unit.hints.published_on or "no date")
        title = f"  {plain(unit.hints.title)}" if unit.hints.title else ""
        grid.add_row("", Text(f"{day:<10}  {plain(unit.source_uri)}{title}"))
    if len(units) > shown:
        grid.add_row("", Text(f"… and {len(units) - shown:,} more", style="dim"))
    for number, problem in enumerate(outcome.problems):
        grid.add_row(("failed" if outcome.failed else "problem") if number == 0 else "", Text(plain(problem), "red"))
    return Group(heading, Padding(grid, (0, 0, 1, 2)))


def _newest_first(units: Sequence[InputUnit]) -> list[InputUnit]:
    dated = [unit for unit in units if unit.hints.published_on]
    dated.sort(key=lambda unit: str(unit.hints.published_on), reverse=True)
    return dated + [unit for unit in units if not unit.hints.published_on]


def _count(number: int, noun: str) -> str:
    if noun == "entry":
        return f"{number:,} {'entry' if number == 1 else 'entries'}"
    return count(number, noun)


def _since(outcome: SourceOutcome) -> str:
    read = f" in {count(outcome.listings, 'sitemap')}" if outcome.kind == "sitemap" else ""
    return f"{read}, the newest of {outcome.newest}" if outcome.newest else read


def _summary(outcomes: Sequence[SourceOutcome]) -> RenderableType:
    from rich.text import Text

    table = _table("source", "kind", "lists", "would take", "newest", "left out", "")
    for name in ("lists", "would take", "left out"):
        column = next(column for column in table.columns if str(column.header) == name)
        column.justify = "right"
    for outcome in outcomes:
        state, style = (
            ("failed", "bold red") if outcome.failed else ("problem", "red") if outcome.problems else ("", "")
        )
        table.add_row(
            Text(plain(outcome.name)),
            outcome.kind,
            f"{outcome.entries:,}",
            f"{outcome.taken:,}",
            str(outcome.newest or ""),
            f"{sum(outcome.excluded.values()):,}",
            Text(state, style=style),
        )
    return table


def _table(*names: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table
