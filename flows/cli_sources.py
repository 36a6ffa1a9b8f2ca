"""`materiel sources`: what the watch list holds, and what its sources would give today."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.terminal import USAGE, console_of, print_json, settings_from, show

if TYPE_CHECKING:
    from flows.inputs import InputUnit
    from flows.sources import Source

PAGES_SHOWN = 3

sources_option = click.option(
    "--sources",
    "path",
    type=click.Path(path_type=Path),
    default=Path("sources.toml"),
    show_default=True,
    metavar="FILE",
    help="The watch list.",
)


@click.group(invoke_without_command=True, short_help="Show and try the sources of the watch list.")
@click.pass_context
def sources(context: click.Context) -> None:
    """Show and try the sources of the watch list, sources.toml."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(USAGE)


@sources.command(
    name="list",
    short_help="Show the sources with their addresses and limits.",
    epilog="\b\nExample:\n  materiel sources list --sources watch/europe.toml",
)
@sources_option
def list_sources(path: Path) -> None:
    """Show the sources with their addresses and limits, or everything that is wrong with the watch list."""
    from flows.render_sources import watch_list

    show(console_of(), watch_list(_loaded(path)))


@sources.command(
    short_help="Ask each source, and show what a run would fetch.",
    epilog="\b\nExamples:\n  materiel sources check\n  materiel sources check dsca bbc-world --pages 20",
)
@click.argument("names", nargs=-1, metavar="[NAME...]")
@sources_option
@click.option(
    "--pages",
    type=click.IntRange(0),
    default=PAGES_SHOWN,
    show_default=True,
    metavar="N",
    help="Pages to show of each source.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcomes as one JSON array.")
def check(names: tuple[str, ...], path: Path, pages: int, as_json: bool) -> None:
    """Ask each source, or those with the NAMEs, and show what a run would fetch, without storing anything.

    Feeds and sitemaps are fetched, pages are not. Ends with status 1 if a source fails.
    """
    from dataclasses import asdict, replace

    from flows.discover import discover, fetch_units
    from flows.render_sources import checked

    # Who names a source wants to know of it, also while it is switched off.
    chosen = [replace(source, enabled=True) if names else source for source in _loaded(path, names)]
    units, _, outcomes = discover(chosen, fetch_units, settings_from())
    by_source: dict[str, list[InputUnit]] = {}
    for unit in units:
        by_source.setdefault(unit.hints.source or "", []).append(unit)
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    else:
        show(console_of(), *checked(outcomes, by_source, pages))
    if failed := [outcome.name for outcome in outcomes if outcome.failed]:
        which = ", ".join(failed[:5]) + (" and more" if len(failed) > 5 else "")
        raise click.ClickException(
            f"{len(failed)} of {len(outcomes)} sources cannot be read ({which}); correct or remove them in {path}"
        )


def _loaded(path: Path, names: tuple[str, ...] = ()) -> list[Source]:
    """The watch list. Raises ClickException with its last fault, when the others have been told."""
    from flows.render import plain
    from flows.sources import SourcesError, load_sources

    try:
        return load_sources(path, names)
    except SourcesError as error:
        for fault in error.faults[:-1]:
            click.echo(f"materiel: {plain(fault)}", err=True)
        raise click.ClickException(error.faults[-1]) from None
