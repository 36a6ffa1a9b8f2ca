"""The commands of analysts who decide about claims: `materiel review` and `correct`."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.corrections import ACTIONS, FIELDS
from flows.terminal import Failure, complain, console_of, has_colours, lake_option, settings_from, show

if TYPE_CHECKING:
    from flows.corrections import Correction
    from flows.review import Row

CLAIMS_OFFERED = 20
"""Claims of a session, unless told otherwise."""

_corrections_option = click.option(
    "--corrections",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to add to [default: $MATERIEL_CORRECTIONS or corrections.csv in the lake].",
)
_who_option = click.option("--who", metavar="NAME", help="Who decides [default: your user name].")


@click.command(
    short_help="Walk through the claims most worth a look, and decide about them.",
    epilog="\b\nExamples:\n  materiel review --limit 10\n  materiel review --who 'A. Analyst'",
)
@lake_option
@_corrections_option
@click.option("--limit", type=click.IntRange(1), default=CLAIMS_OFFERED, metavar="N", help="Claims to offer [20].")
@_who_option
def review(lake: Path | None, corrections: Path | None, limit: int, who: str | None) -> None:
    """Walk through the claims most worth a look (in doubt, of much reported transfers, disputed, from one source).

    Each is shown with its sentence; what you decide is added to the file of corrections at once, and applied by the
    next `materiel run`. Answers may be piped, one a line.
    """
    from flows import catalog, render
    from flows.corrections import append_corrections, corrections_path, load_corrections
    from flows.model import SEEDS
    from flows.review import claims_worth_a_look, reasons
    from flows.review import review as session

    settings = settings_from(lake=lake, corrections=corrections)
    path = corrections_path(settings.lake, settings.corrections)
    decided = {correction.claim_id for correction in load_corrections(path, SEEDS)}
    with catalog.connect(catalog.current_release(settings.lake)) as reader:
        claims = claims_worth_a_look(reader, limit, decided)
        ids = sorted({str(claim["document_id"]) for claim in claims})
        found = reader.execute(
            "select document_id, text, title, outlet, published_on, source_uri from documents "
            "where list_contains(?, document_id)",
            [ids],
        )
        columns = [column[0] for column in found.description or []]
        documents = {row[0]: dict(zip(columns, row, strict=True)) for row in found.fetchall()}
        names = dict(reader.execute("select actor_id, name from actors").fetchall())
    if not claims:
        click.echo("no claims are left to review")
        return
    ask = _asker()
    console = console_of()

    def present(number: int, claim: Row) -> None:
        document = documents.get(claim["document_id"])
        facts = [*render.transfer_claim_facts(claim, names), ("why look", reasons(claim))]
        block = render.claim_block(
            f"claim {claim['claim_id']}, {number} of {len(claims)}",
            [(label, value) for label, value in facts if value],
            claim,
            str(document["text"]) if document else None,
            colours=has_colours(console),
            source=render.source_of(document or claim),
        )
        show(console, block)

    def record(correction: Correction) -> None:
        append_corrections(path, [correction], SEEDS)

    n_recorded = session(claims, who or _user(), ask, present, complain, record, SEEDS)
    _tell_outcome(n_recorded, path)


@click.command(
    short_help="Decide about claims without a session: also merge and split transfers.",
    epilog="\b\nExamples:\n"
    "  materiel correct reject_claim 4f1c9a2b --why 'a quotation of 2019'\n"
    "  materiel correct set_field 4f1c9a2b --field status --value ordered --why 'signed, not delivered'\n"
    "  materiel correct merge_transfers 4f1c9a2b 77ab01c4 --why 'one contract, told in tanks and in money'",
)
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("identifiers", nargs=-1, required=True, metavar="ID...")
@click.option("--field", type=click.Choice(list(FIELDS)), metavar="FIELD", help="Column that set_field sets.")
@click.option("--value", metavar="TEXT", help="What it is set to; without it, the field is made empty.")
@click.option("--label", metavar="NAME", help="Your name for what is merged or split [default: made of the ids].")
@click.option("--why", metavar="TEXT", help="The reason; only confirm_claim needs none.")
@_who_option
@lake_option
@_corrections_option
def correct(
    action: str,
    identifiers: tuple[str, ...],
    field: str | None,
    value: str | None,
    label: str | None,
    why: str | None,
    who: str | None,
    lake: Path | None,
    corrections: Path | None,
) -> None:
    """Add a decision about claims to the file of corrections.

    ID is a claim_id of the current release, or its first 6 or more characters; a transfer_id stands for the transfer's
    first claim. The next `materiel run` applies the decision.
    """
    from flows import catalog
    from flows.corrections import append_corrections, corrections_path
    from flows.model import SEEDS
    from flows.review import decide

    settings = settings_from(lake=lake, corrections=corrections)
    path = corrections_path(settings.lake, settings.corrections)
    with catalog.connect(catalog.current_release(settings.lake)) as reader:
        decisions = decide(
            reader, action, identifiers, label, decided_by=who or _user(), reason=why, field=field, value=value
        )
    append_corrections(path, decisions, SEEDS)
    _tell_outcome(len(decisions), path)


def _tell_outcome(number: int, path: Path) -> None:
    from flows.render import count, plain

    noun = count(number, "correction")
    click.echo(plain(f"{noun} added to {path}; `materiel run` applies them" if number else "nothing was decided"))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise Failure("your user name is not known; say who decides with --who") from None


def _asker() -> Callable[[str], str | None]:
    """Puts questions to the terminal, or to a pipe. Raises Failure where there is neither."""
    if sys.stdin.isatty():
        return _ask_person
    first = sys.stdin.readline()
    if not first:
        raise Failure("there is neither a terminal nor an answer on standard input; run it in a terminal")
    lines = chain([first], sys.stdin)

    def ask(question: str) -> str | None:
        line = next(lines, None)
        click.echo(question + ("" if line is None else line.strip()))
        return None if line is None else line.strip()

    return ask


def _ask_person(question: str) -> str | None:
    try:
        return input(question).strip()
    except EOFError:
        click.echo()
        return None
