"""The commands about what came in: `materiel status`, `reparse` and `verify`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from flows.terminal import Failure, console_of, lake_option, print_json, settings_from, show


@click.command(short_help="Say of each source what came in, what did not and why, and when.")
@lake_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array of objects.")
def status(lake: Path | None, as_json: bool) -> None:
    """Say of each source what its last run brought: new, unchanged and rejected inputs, and why these were rejected."""
    from flows.lake import Lake
    from flows.status import STATUS_COLUMNS, source_statuses, status_row

    statuses = source_statuses(Lake(settings_from(lake=lake).lake))
    if as_json:
        print_json([asdict(status) for status in statuses])
        return
    from flows.render import query_table

    console = console_of()
    show(console, *query_table(console, STATUS_COLUMNS, [status_row(status) for status in statuses]))


@click.command(short_help="Make the documents again from the archive, with no network.")
@lake_option
def reparse(lake: Path | None) -> None:
    """Make the documents again from the archive, with no network, after a new version of the parser or other limits.

    What this version has read already is skipped. `materiel run` does the same before it goes on.
    """
    from flows.lake import Lake, LakeError
    from flows.local_run import run_flow

    settings = settings_from(lake=lake)
    if not Lake(settings.lake).raw.is_dir():
        raise LakeError(f"{settings.lake}: no archive there; name the lake of a run with --lake")

    def load() -> Callable[[], dict[str, Any]]:
        from flows.ingest import reparse as reparse_flow

        return lambda: reparse_flow(str(settings.lake), batch_size=settings.batch_size)

    figures = run_flow(load)
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in figures["rejects_by_reason"].items())
    click.echo(
        f"{figures['records']:,} records of the archive read: {figures['documents']:,} documents, "
        f"{figures['rejects']:,} rejects" + (f" ({reasons})" if reasons else "")
    )


@click.command(short_help="Read the archive against its digests.")
@lake_option
def verify(lake: Path | None) -> None:
    """Read every record of the archive and report what is missing, added or changed since it was written.

    Ends with status 1 if there is any difference.
    """
    from flows.lake import Lake
    from flows.verify import verify as verify_lake

    found = verify_lake(Lake(settings_from(lake=lake).lake))
    for difference in found.differences:
        click.echo(f"{difference.place}: {difference.detail}")
    counts = f"{found.n_records:,} records in {found.n_files:,} files, {found.n_documents:,} documents"
    if found.differences:
        differences = "1 difference" if len(found.differences) == 1 else f"{len(found.differences):,} differences"
        raise Failure(f"{differences} in {counts}; restore these files from a copy")
    click.echo(f"{counts}: nothing missing, added or changed")
