"""The commands for releases: list, compare, go back, remove, copy, and export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.terminal import Failure, console_of, json_value, lake_option, print_json, settings_from, show

if TYPE_CHECKING:
    from flows.release_diff import ReleaseDiff
    from flows.releases import Event

TRANSFERS_SHOWN = 20
"""Transfers that `materiel diff` shows unless told otherwise."""

why_option = click.option("--why", metavar="TEXT", help="Reason, kept in the history.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(
    invoke_without_command=True,
    short_help="List the releases, pin, prune, and show what was done to them.",
    epilog="\b\nExamples:\n  materiel releases\n  materiel releases pin 4f1c9a2b --name 2026-q3\n"
    "  materiel releases prune --dry-run",
)
@lake_option
@json_option
@click.pass_context
def releases(context: click.Context, lake: Path | None, as_json: bool) -> None:
    """List the releases of the lake, the current one first.

    A RELEASE is named by `current`, `previous`, the name of a pin, its id, or at least 4 characters of that.
    """
    from flows.releases import releases as listed
    from flows.render_releases import release_list

    context.obj = lake
    if context.invoked_subcommand is not None:
        return
    found = listed(settings_from(lake=lake).lake)
    if as_json:
        print_json([asdict(release) | {"path": str(release.path)} for release in found])
        return
    if not found:
        raise Failure("no release there; run `materiel run INPUT…` first, or name its lake with --lake")
    show(console_of(), release_list(found))


def _lake(context: click.Context, lake: Path | None) -> Path:
    """The lake that was named after the subcommand or before it."""
    return settings_from(lake=lake or context.obj).lake


@releases.command(short_help="Show what was done to the releases, and by whom.")
@lake_option
@json_option
@click.pass_context
def log(context: click.Context, lake: Path | None, as_json: bool) -> None:
    """Show what was done to the releases: published, rolled back, pinned, pruned; when, by whom and why."""
    from flows.releases import history

    events = history(_lake(context, lake))
    if as_json:
        print_json([asdict(event) for event in events])
        return
    for event in events:
        show(console_of(), _told(event))


@releases.command(short_help="Keep a release from being pruned; give it a name.")
@click.argument("release")
@click.option("--name", metavar="NAME", help="Name that the release goes by from now on.")
@why_option
@lake_option
@click.pass_context
def pin(context: click.Context, release: str, name: str | None, why: str | None, lake: Path | None) -> None:
    """Keep RELEASE from being pruned."""
    from flows import releases as module

    show(console_of(), _told(module.pin(_lake(context, lake), release, name, why)))


@releases.command(short_help="Take the pins off a release.")
@click.argument("release")
@lake_option
@click.pass_context
def unpin(context: click.Context, release: str, lake: Path | None) -> None:
    """Take the pins off RELEASE."""
    from flows import releases as module

    show(console_of(), _told(module.unpin(_lake(context, lake), release)))


@releases.command(short_help="Remove old releases by a rule.")
@click.option("--keep", metavar="RULE", help="Such as last=7,daily=7,weekly=4,monthly=12 [default: the setting].")
@click.option("--dry-run", is_flag=True, help="Only show which would be removed.")
@lake_option
@click.pass_context
def prune(context: click.Context, keep: str | None, dry_run: bool, lake: Path | None) -> None:
    """Remove the releases that RULE does not keep: so many of the last ones, and the last one of so many days, weeks
    and months. The current one, the one before it, pinned ones, and those of the last 24 hours always stay.
    """
    from flows import pruning

    settings = settings_from(keep_releases=keep)
    rule = pruning.KeepRule.parse(settings.keep_releases or pruning.DEFAULT_RULE)
    removed = pruning.prune(_lake(context, lake), rule, dry_run=dry_run)
    for release in removed:
        click.echo(f"{release.id}  {release.last_current[:10]}")
    click.echo(f"{len(removed)} {'would be removed' if dry_run else 'removed'}")


@releases.command(short_help="Let publishing go on after a rollback.")
@why_option
@lake_option
@click.pass_context
def resume(context: click.Context, why: str | None, lake: Path | None) -> None:
    """Lift what rollbacks have set: the next release that is published becomes current, whichever it is."""
    from flows import releases as module

    show(console_of(), _told(module.resume(_lake(context, lake), why)))


@click.command(
    short_help="Make an earlier release the current one.",
    epilog="\b\nExamples:\n  materiel rollback\n  materiel rollback 4f1c9a2b --why 'feeds were down' --hold",
)
@click.argument("release", default="previous")
@why_option
@click.option("--hold", is_flag=True, help="Let nothing become current before `materiel releases resume`.")
@lake_option
def rollback(release: str, why: str | None, hold: bool, lake: Path | None) -> None:
    """Make RELEASE, the one before the current one by default, the current one, in one step.

    Publishing the same tables again does not undo it; other tables do, and the run says so, unless --hold is given.
    """
    from flows import releases as module

    settings = settings_from(lake=lake)
    show(console_of(), _told(module.rollback(settings.lake, release, why, hold)))
    if settings.publish_to:
        from flows.object_store import upload_release

        done = upload_release(settings.lake, settings.publish_to)
        click.echo(f"{done['release_id']} is current at {settings.publish_to}")


@click.command(
    short_help="Copy the current release to an object store.",
    epilog="\b\nExample:\n  materiel publish --to s3://bucket/ledger",
)
@click.option("--to", "url", metavar="URL", help="Where to [default: $MATERIEL_PUBLISH_TO].")
@click.option("--release", default="current", show_default=True, help="Which release.")
@lake_option
def publish(url: str | None, release: str, lake: Path | None) -> None:
    """Copy a release to a URL: data first, read back, then the pointer `current.json`.

    A copy that was cut off goes on where it was. `materiel run` does the same at its end where the setting is there.
    """
    from flows.object_store import upload_release

    settings = settings_from(lake=lake, publish_to=url)
    if settings.publish_to is None:
        raise click.UsageError("Missing option '--to', or MATERIEL_PUBLISH_TO.")
    done = upload_release(settings.lake, settings.publish_to, release)
    state = "is current now" if done["switched"] else "is current, as before"
    click.echo(f"{done['release_id']} {state} at {done['url']}; {done['copied']} files sent")


@click.command(
    short_help="Show what differs between two releases, and why.",
    epilog="\b\nExamples:\n  materiel diff\n  materiel diff 4f1c9a2b\n  materiel diff previous current --json",
)
@click.argument("a", default="previous")
@click.argument("b", default="current")
@click.option("--limit", type=click.IntRange(0), default=TRANSFERS_SHOWN, show_default=True, help="Transfers shown.")
@json_option
@lake_option
def diff(a: str, b: str, limit: int, as_json: bool, lake: Path | None) -> None:
    """Show which transfers are new, changed or gone from release A to release B, and because of which claims.

    By default from the previous release to the current one. Of other tables it gives the number of rows.
    """
    import duckdb

    from flows import catalog
    from flows.release_diff import comparing
    from flows.releases import find_release
    from flows.render_releases import difference

    root = settings_from(lake=lake).lake
    older, newer = find_release(root, a), find_release(root, b)
    try:
        with comparing(older, newer) as found:
            if as_json:
                _print_difference(found)
                return
            with catalog.connect(newer) as reader:
                names = dict(reader.execute("select actor_id, name from actors").fetchall())
            show(console_of(), difference(found, found.transfers(), names, limit))
    except duckdb.Error as error:
        line = str(error).strip().splitlines()[0]
        raise Failure(f"{older.name} and {newer.name} cannot be compared ({line}); check them") from error


def _print_difference(found: ReleaseDiff) -> None:
    """The whole difference as one JSON document, written as it is read: one transfer per line."""
    import json

    def text(value: object) -> str:
        return json.dumps(json_value(value), ensure_ascii=False, allow_nan=False)

    tables = {table.name: asdict(table) for table in found.tables if table.differs}
    click.echo(f'{{"a": {text(found.a.name)},\n "b": {text(found.b.name)},')
    click.echo(f' "versions": {text([asdict(version) for version in found.versions])},')
    click.echo(f' "tables": {text(tables)},\n "transfers": [', nl=False)
    for separator, change in zip(chain(["\n  "], _repeated(",\n  ")), found.transfers(), strict=False):
        click.echo(separator + text(asdict(change)), nl=False)
    click.echo("]}")


def _repeated(text: str) -> Iterator[str]:
    while True:
        yield text


@click.command(
    short_help="Write the tables as CSV files for spreadsheets.",
    epilog="\b\nExamples:\n  materiel export --csv tables\n  materiel export --csv tables transfers transfer_claims",
)
@click.argument("tables", nargs=-1, metavar="[TABLE...]")
@click.option(
    "--csv", "folder", required=True, metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="Folder."
)
@click.option("--release", default="current", show_default=True, help="Which release.")
@click.option("--delimiter", type=click.Choice([",", ";"]), default=",", show_default=True, help="Between columns.")
@click.option("--raw", is_flag=True, help="Values as they are, for programs: no apostrophes, nothing cut.")
@lake_option
def export(tables: tuple[str, ...], folder: Path, release: str, delimiter: str, raw: bool, lake: Path | None) -> None:
    """Write the tables of a release as CSV files.

    Text that a spreadsheet would take for a formula or a number gets an apostrophe, and cells that are too long for it
    are cut with a note; --raw leaves them as they are.
    """
    from flows.export import SPREADSHEET_ROWS, export_csv
    from flows.releases import find_release

    found = find_release(settings_from(lake=lake).lake, release)
    for file in export_csv(found, folder, tables, raw=raw, delimiter=delimiter):
        note = "" if file.fits else f"; a sheet of Excel holds {SPREADSHEET_ROWS:,}"
        click.echo(f"{file.path}  {file.rows:,} rows{note}")


def _told(event: Event) -> str:
    """One line on what was done."""
    from flows.render import plain

    words = {
        "publish": "published",
        "rollback": "rolled back to",
        "found": "found current:",
        "resume": "publishing goes on",
        "pin": "pinned",
        "unpin": "unpinned",
        "prune": "removed",
    }
    parts = [
        event.at,
        words[event.action],
        event.release,
        f"as {event.name}" if event.name else None,
        f"from {event.previous}" if event.previous and event.action == "rollback" else None,
        "and held there" if event.hold else None,
        f"by {event.by}" if event.by else None,
        f"({event.why})" if event.why else None,
    ]
    return plain(" ".join(part for part in parts if part))


COMMANDS = (releases, rollback, diff, export, publish)
