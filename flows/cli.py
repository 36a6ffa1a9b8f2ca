"""The command `materiel`. Each call imports what it needs when it is run, so that the light ones start at once."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from flows import cli_releases
from flows.cli_archive import reparse, status, verify
from flows.cli_review import correct, review
from flows.cli_sources import sources
from flows.terminal import (
    FAILURE,
    INTERRUPTED,
    USAGE,
    Failure,
    complain,
    console_of,
    debugging,
    has_colours,
    json_value,
    lake_option,
    print_json,
    published_on_option,
    settings_from,
    show,
)

if TYPE_CHECKING:
    import duckdb

    from flows.catalog import Reader
    from flows.inputs import Received
    from flows.settings import Settings
    from transforms.rows import Document

Answer = TypeVar("Answer")

TRANSFERS_SHOWN = 40
"""Rows of the table that ends a run."""

ROWS_SHOWN = 1_000
"""Rows of a query's table on the terminal; `--csv` and `--json` give all."""

ID_CHARACTERS = 6
"""Fewest characters of an id that `explain` looks up."""


DISK_FULL = os.strerror(errno.ENOSPC)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command; every error is one line on standard error and a status other than 0."""
    try:
        # A call returns nothing; what comes back is the status of an early end, such as that of `--help`.
        status = cli.main(args=arguments, prog_name="materiel", standalone_mode=False) or 0
        sys.stdout.flush()
    except click.UsageError as error:
        call = error.ctx.command_path if error.ctx else "materiel"
        complain(f"{error.format_message().rstrip('.')}; see {call} --help")
        status = USAGE
    except click.ClickException as error:
        complain(error.format_message())
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        status = INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has gone (`| head`); the interpreter must not try to write the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FAILURE
    except Exception as error:
        if debugging():
            raise
        complain(_describe(error))
        status = FAILURE
    _leave(status)


def _leave(status: int) -> NoReturn:
    """End the process; one that has only read a document at once: taking spaCy apart would be a sixth of its time."""
    if "spacy" in sys.modules and "prefect" not in sys.modules:
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(status)
    sys.exit(status)


def _describe(error: Exception) -> str:
    """The message of an error that this project raises; for any other, its type too, and how to see more."""
    message = " ".join(str(error).split())
    if DISK_FULL in message:
        return f"{message.removeprefix(f'[Errno {errno.ENOSPC}] ')}; free some space and run the same command again"
    if type(error).__module__.partition(".")[0] in ("flows", "transforms", "training") and message:
        return message
    if isinstance(error, OSError) and error.filename is not None:
        # Of a file that was to be written aside, the folder says more than the temporary name.
        path = Path(os.fsdecode(error.filename))
        place = path.parent if path.name.startswith(".tmp.") else path
        return f"{place}: {(error.strerror or 'input or output failed').lower()}; check the path and try again"
    return f"{type(error).__name__}: {message or 'no message'}; set MATERIEL_DEBUG=1 to see where it happened"


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog='\b\nExample:\n  materiel run seeds/documents\n  materiel query "SELECT * FROM transfers"',
)
@click.version_option(package_name="materiel", prog_name="materiel", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """News in, evidenced facts about arms transfers out."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(USAGE)


for _command in (status, reparse, verify, review, correct, *cli_releases.COMMANDS):
    cli.add_command(_command)


# run


@cli.command(
    short_help="Read inputs, extract their claims, and publish the tables.",
    epilog="\b\nExamples:\n"
    "  materiel run seeds/documents\n"
    "  materiel run 'articles/*.html' https://example.org/news/1 --lake ~/ledger\n"
    "  echo 'Germany delivered 10 tanks to Ukraine.' | materiel run - --published-on 2024-06-30",
)
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@lake_option
@published_on_option
@click.option("--sources", type=click.Path(path_type=Path), help="File of named sources to read as well (TOML).")
@click.option(
    "--runner", metavar="SPEC", help="processes[:N] (default), threads[:N], or a Dask scheduler's tcp://host:port."
)
@click.option("--batch-size", type=click.IntRange(1), metavar="N", help="Inputs or documents that one task takes.")
def run(
    inputs: tuple[str, ...],
    lake: Path | None,
    published_on: date | None,
    runner: str | None,
    batch_size: int | None,
    sources: Path | None,
) -> None:
    """Read the INPUTs, extract their claims, and publish the tables.

    An INPUT is a text, HTML or JSON-lines file, a folder, a glob, an http(s) URL, a file that lists URLs, or - for
    standard input. Running again skips what is done. Runs are kept by the Prefect server that PREFECT_API_URL names;
    without one, a server of the run's own is used.
    """
    from flows.local_run import run_flow
    from flows.runners import check_runner, check_scheduler, needs_shared_server

    if not inputs and sources is None:
        raise click.UsageError("Missing argument 'INPUT...', or --sources with a file of sources.")

    settings = settings_from(lake=lake, runner=runner, batch_size=batch_size)
    check_runner(settings.runner)
    if needs_shared_server(settings.runner) and "PREFECT_API_URL" not in os.environ:
        raise Failure(
            f"the workers of {settings.runner} cannot reach a Prefect server inside this process; "
            "start `prefect server start --host 0.0.0.0` and set PREFECT_API_URL to its address"
        )
    check_scheduler(settings.runner)

    def load() -> Callable[[], dict[str, Any]]:
        from flows.pipeline import pipeline

        return lambda: pipeline(
            list(inputs),
            str(settings.lake),
            published_on,
            runner=settings.runner,
            batch_size=settings.batch_size,
            sources=str(sources) if sources else None,
        )

    figures = run_flow(load)
    _print_outcome(settings.lake)
    if not (figures["ingest"]["documents"] or figures["ingest"]["unchanged"]):
        raise Failure("none of the inputs could be used; see the reasons above and give other inputs")


def _print_outcome(lake: Path) -> None:
    """What the release holds: the transfers, the counts, what was turned away, and where to go on."""
    from flows import catalog, render

    console = console_of()
    release = catalog.current_release(lake)
    counts = {table.name: table.rows for table in catalog.describe(release)}
    with catalog.connect(release) as reader:
        transfers = _rows(
            reader,
            "select * from transfers order by last_reported_on desc nulls last, n_sources desc, n_claims desc, "
            f"transfer_id limit {TRANSFERS_SHOWN}",
        )
        rejects = reader.execute(
            "select reason, count(*), min(source_uri) from rejects group by reason order by 2 desc, 1"
        ).fetchall()
        names = _actor_names(reader)
    show(console, render.outcome(lake, release, counts, transfers, rejects, names, console.width))


# extract


@cli.command(
    short_help="Show the claims of one document, marked in its sentences.",
    epilog="\b\nExamples:\n"
    "  materiel extract article.html\n"
    "  echo 'Berlin will send Kyiv 18 Leopard 2 tanks.' | materiel extract - --json",
)
@click.argument("source", metavar="INPUT")
@published_on_option
@click.option("--json", "as_json", is_flag=True, help="Print the claims as one JSON document.")
def extract(source: str, published_on: date | None, as_json: bool) -> None:
    """Show the claims of one document, without storing anything.

    INPUT is a text or HTML file, a JSON-lines file of one record, an http(s) URL, or - for standard input.
    """
    from dataclasses import asdict

    from flows.reference import load_extractor
    from transforms.language import LANGUAGES_READ

    document = _one_document(source, published_on)
    if document.language not in LANGUAGES_READ:
        other = f"the text is in another language ({document.language}) than English"
        raise Failure(f"{source}: {other}; give an English one")
    found = load_extractor().extract(document)
    rows = {
        "transfers": [asdict(claim) for claim in found.transfer_claims],
        "relations": [asdict(claim) for claim in found.relation_claims],
        "affiliations": [asdict(row) for row in found.affiliations],
    }
    if as_json:
        print_json({"document": asdict(document), **rows})
        return
    from flows import render

    console = console_of()
    names = {mention.actor_id: mention.name for mention in found.actor_mentions}
    show(console, render.document_claims(asdict(document), rows, names, colours=has_colours(console)))


def _one_document(source: str, published_on: date | None) -> Document:
    from flows.inputs import Unreadable, expand, read
    from flows.reference import load_agencies
    from transforms.documents import Hints
    from transforms.parse import RawInput, parse

    settings = settings_from()
    units, rejects = expand([source])
    if len(units) > 1:
        raise Failure(f"{source}: {len(units)} inputs, not one; use `materiel run {source}` for many")
    if rejects:
        raise Failure(f"{rejects[0].source_uri}: {rejects[0].detail}")
    try:
        received = _fetched(units[0].source_uri, settings) if units[0].kind == "url" else read(units[0], settings)
    except Unreadable as error:
        raise Failure(f"{error.reject.source_uri}: {error.reject.detail}") from None
    hints = Hints(published_on=published_on, published_from="option")
    raw = RawInput(received.source_uri, received.content, received.media_type, hints, received.url)
    limits = {"max_text_chars": settings.max_text_chars, "max_page_bytes": settings.max_bytes}
    parsed = parse(raw, **limits, agencies=load_agencies())
    if len(parsed.documents) > 1:
        raise Failure(f"{source}: {len(parsed.documents)} documents, not one; use `materiel run {source}` for many")
    if not parsed.documents:
        raise Failure(f"{parsed.rejects[0].source_uri}: {parsed.rejects[0].detail}")
    return parsed.documents[0]


def _fetched(url: str, settings: Settings) -> Received:
    """The page at an address. Raises Unreadable."""
    from flows.fetch import FetchFailure, PageRequest, fetch_all
    from flows.inputs import Received, Unreadable

    [(_, outcome)] = fetch_all([PageRequest(url)], settings)
    if isinstance(outcome, FetchFailure):
        raise Unreadable(outcome.reject)
    # Without validators no server says that nothing has changed.
    assert isinstance(outcome, Received)
    return outcome


# query


@cli.command(
    short_help="Run SQL over the current release, or open a prompt.",
    epilog="\b\nExamples:\n"
    '  materiel query "SELECT supplier_id, count(*) FROM transfers GROUP BY 1 ORDER BY 2 DESC"\n'
    "  materiel query \"FROM transfer_claims WHERE recipient_id = 'UKR'\" --csv > ukraine.csv\n"
    "  materiel query",
)
@click.argument("sql", required=False)
@lake_option
@click.option("--csv", "style", flag_value="csv", help="Print comma-separated values with a header.")
@click.option("--json", "style", flag_value="json", help="Print a JSON array of objects.")
def query(sql: str | None, lake: Path | None, style: str | None) -> None:
    """Run DuckDB SQL over the current release, which it cannot change.

    Without SQL, statements are read from a prompt or from standard input; each ends with a semicolon.
    """
    from flows import catalog

    with catalog.connect(catalog.current_release(settings_from(lake=lake).lake)) as reader:
        if sql is not None:
            _answer(reader, sql, style)
        elif sys.stdin.isatty():
            _prompt(reader, style)
        else:
            _answer_script(reader, sys.stdin.buffer.read().decode("utf-8", "surrogateescape"), style)


def _answer_script(reader: Reader, sql: str, style: str | None) -> None:
    """Answer the statements of a script in turn. Raises Failure at the first that is wrong, refused or fails."""
    for statement in _asked(lambda: reader.statements(sql)):
        _answer(reader, statement, style)
        # What is answered is seen at once, also through a pipe and while the next statement takes its time.
        sys.stdout.flush()


def _answer(reader: Reader, sql: str, style: str | None) -> None:
    """Run one statement and print its rows. Raises Failure where it is refused or fails."""

    def answer() -> None:
        cursor = reader.execute(sql)
        columns = [column[0] for column in cursor.description or []]
        if style == "csv":
            _print_csv(columns, cursor)
        elif style == "json":
            _print_json_rows(columns, cursor)
        else:
            _print_table(columns, cursor)

    _asked(answer)


def _asked(question: Callable[[], Answer]) -> Answer:
    """What the question gives. Raises Failure for what is wrong with its SQL, KeyboardInterrupt for an interrupt."""
    import duckdb

    from flows.catalog import QueryError

    try:
        return question()
    except (QueryError, duckdb.Error) as error:
        message = str(error).strip().splitlines()[0]
        raise Failure(f"{message}; `materiel tables` lists what can be asked") from error
    except RuntimeError as error:
        # DuckDB's word for an interrupt while it works.
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise


def _print_table(columns: Sequence[str], cursor: duckdb.DuckDBPyConnection) -> None:
    from flows import render

    console = console_of()
    rows = cursor.fetchmany(ROWS_SHOWN)
    more = bool(cursor.fetchone()) if len(rows) == ROWS_SHOWN else False
    show(console, *render.query_table(console, columns, rows, more=more))


def _print_csv(columns: Sequence[str], cursor: duckdb.DuckDBPyConnection) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    while rows := cursor.fetchmany(ROWS_SHOWN):
        writer.writerows(rows)


def _print_json_rows(columns: Sequence[str], cursor: duckdb.DuckDBPyConnection) -> None:
    import json

    names = _distinct(columns)
    separator = "["
    while rows := cursor.fetchmany(ROWS_SHOWN):
        for row in rows:
            record = json.dumps(json_value(dict(zip(names, row, strict=True))), ensure_ascii=False, allow_nan=False)
            click.echo(f"{separator}{record}", nl=False)
            separator = ",\n "
    click.echo("]" if separator != "[" else "[]")


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, later ones of the same numbered (`a`, `a_1`): an object keeps one value per name only."""
    taken: list[str] = []
    for name in names:
        candidates = (name if not number else f"{name}_{number}" for number in count())
        taken.append(next(candidate for candidate in candidates if candidate not in taken))
    return taken


PROMPT_HELP = "SQL ends with ; and may take several lines. .tables lists the tables, .quit or Ctrl-D ends."


def _prompt(reader: Reader, style: str | None) -> None:
    """Read statements from a person; a wrong one is reported, and the prompt stays."""
    click.echo(PROMPT_HELP)
    with _line_history():
        waiting = ""
        while True:
            try:
                line = input("materiel> " if not waiting else "     ...> ")
            except EOFError:
                click.echo()
                return
            except KeyboardInterrupt:
                click.echo()
                waiting = ""
                continue
            command = line.strip().rstrip(";") if not waiting else ""
            if command in (".quit", ".exit", "quit", "exit"):
                return
            if command.startswith("."):
                known = command == ".tables"
                if known:
                    _answer(reader, "select table_name from (show tables) as t(table_name)", style)
                else:
                    click.echo(PROMPT_HELP)
                continue
            waiting += line + "\n"
            if not line.rstrip().endswith(";"):
                waiting = waiting if waiting.strip() else ""
                continue
            try:
                _answer_script(reader, waiting, style)
            except Failure as error:
                complain(error.message)
            except KeyboardInterrupt:
                complain("interrupted")
            waiting = ""


@contextmanager
def _line_history() -> Iterator[None]:
    """Line editing with the statements of earlier sessions, where the platform has it."""
    try:
        import readline
    except ImportError:
        yield
        return
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    history = state / "materiel" / "query_history"
    with suppress(OSError):
        readline.read_history_file(history)
    try:
        yield
    finally:
        with suppress(OSError):
            history.parent.mkdir(parents=True, exist_ok=True)
            readline.set_history_length(1_000)
            readline.write_history_file(history)


# explain


@cli.command(
    short_help="Show the claims and sentences that a transfer rests on.",
    epilog="\b\nExample:\n  materiel explain 4f1c9a2b7d",
)
@click.argument("identifier", metavar="ID")
@lake_option
def explain(identifier: str, lake: Path | None) -> None:
    """Show what a transfer or a claim rests on: each claim, who says so, and the words it was read from.

    ID is a transfer_id or claim_id of the current release, or its first 6 or more characters.
    """
    from flows import catalog, render
    from flows.review import corrections_of

    if len(identifier) < ID_CHARACTERS:
        raise click.UsageError(f"{identifier!r} is too short for an id; give at least {ID_CHARACTERS} characters")
    console = console_of()
    with catalog.connect(catalog.current_release(settings_from(lake=lake).lake)) as reader:
        kind, full = _find_id(reader, identifier)
        names = _actor_names(reader)
        transfer = _rows(reader, "select * from transfers where transfer_id = ?", [full]) if kind == "transfer" else []
        claims = _rows(reader, _CLAIMS_OF[kind], [full])
        documents = {row["document_id"]: row for row in _rows(reader, _DOCUMENTS_OF[kind], [full])}
        decided = corrections_of(reader, [str(row["claim_id"]) for row in claims])
    whole = transfer[0] if transfer else None
    colours = has_colours(console)
    show(
        console,
        render.explanation(whole, claims, documents, names, colours=colours, width=console.width, corrections=decided),
    )


_CLAIMS_OF = {
    "transfer": "select c.* from transfer_claims as c join transfer_claim_links as l using (claim_id) "
    "where l.transfer_id = ? order by c.published_on nulls last, c.source_uri, c.evidence_start, c.claim_id",
    "transfer_claim": "select * from transfer_claims where claim_id = ?",
    "relation_claim": "select * from relation_claims where claim_id = ?",
}

_DOCUMENTS_OF = {
    kind: f"select * from documents where document_id in (select document_id from ({claims}))"
    for kind, claims in _CLAIMS_OF.items()
}

_ID_COLUMNS = {
    "transfer": ("transfers", "transfer_id"),
    "transfer_claim": ("transfer_claims", "claim_id"),
    "relation_claim": ("relation_claims", "claim_id"),
}


def _find_id(reader: Reader, identifier: str) -> tuple[str, str]:
    """What an id or the beginning of one stands for, and the whole id. Raises Failure for none and for several."""
    found = [
        (kind, full)
        for kind, (table, column) in _ID_COLUMNS.items()
        for (full,) in reader.execute(
            f"select {column} from {table} where starts_with({column}, ?) order by 1 limit 5", [identifier]
        ).fetchall()
    ]
    exact = [(kind, full) for kind, full in found if full == identifier]
    if len(exact) == 1:
        return exact[0]
    if not found:
        raise Failure(
            f"{identifier}: no such transfer or claim in the current release; "
            'list them with `materiel query "SELECT transfer_id FROM transfers"`'
        )
    if len(found) > 1:
        shown = ", ".join(full for _, full in found)
        raise Failure(f"{identifier}: several ids begin so ({shown}); give more characters")
    return found[0]


def _actor_names(reader: Reader) -> dict[str, str]:
    return dict(reader.execute("select actor_id, name from actors").fetchall())


def _rows(reader: Reader, sql: str, parameters: Sequence[object] | None = None) -> list[dict[str, object]]:
    cursor = reader.execute(sql, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


# tables


@cli.command(
    short_help="Show the tables and columns of the current release.",
    epilog="\b\nExamples:\n  materiel tables\n  materiel tables transfer_claims",
)
@click.argument("name", required=False)
@lake_option
@click.option("--json", "as_json", is_flag=True, help="Print the dictionary as JSON.")
def tables(name: str | None, lake: Path | None, as_json: bool) -> None:
    """Show the tables of the current release: rows, columns, types and meanings."""
    from flows import catalog, render

    described = catalog.describe(catalog.current_release(settings_from(lake=lake).lake))
    chosen = [table for table in described if name in (None, table.name)]
    if not chosen:
        raise Failure(f"{name}: no such table; there are {', '.join(table.name for table in described)}")
    if as_json:
        from dataclasses import asdict

        print_json([asdict(table) for table in chosen])
        return
    console = console_of()
    show(console, render.data_dictionary(chosen))


# evaluate, train


@cli.command(
    short_help="Compare what is found in labelled documents with their labels.",
    epilog="\b\nExamples:\n"
    "  materiel evaluate tests/gold/dev_a tests/gold/dev_b\n"
    "  materiel evaluate my_documents --errors",
)
@click.argument("gold_dirs", nargs=-1, required=True, metavar="GOLD_DIR...", type=click.Path(path_type=Path))
@click.option("--errors", is_flag=True, help="Also list every miss, invention and wrong value with its sentence.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@click.option("--rules", is_flag=True, help="Let the rules decide, without the trained model.")
def evaluate(gold_dirs: tuple[Path, ...], errors: bool, as_json: bool, rules: bool) -> None:
    """Compare what is found in labelled documents with their labels.

    A GOLD_DIR is a folder with documents.jsonl and labels.jsonl. The scores are those of the answers that have to be
    right in every part: pair (supplier and recipient), core (also the category), full (also the status and whether it
    is asserted, denied or open), relations and affiliations.
    """
    from flows.reference import load_extractor, load_rules
    from training.labels import read_set
    from training.scoring import evaluate

    sets = {str(folder): read_set(folder) for folder in gold_dirs}
    extractor = load_rules() if rules else load_extractor()
    results = {name: evaluate(documents, extractor) for name, documents in sets.items()}
    if as_json:
        from dataclasses import asdict

        listed = {n: {"errors": [asdict(e) for e in r.errors]} if errors else {} for n, r in results.items()}
        print_json({name: result.figures() | listed[name] for name, result in results.items()})
        return
    from flows.render_scores import evaluation

    console = console_of()
    for name, result in results.items():
        show(console, evaluation(name, result, errors=errors))


@cli.command(
    short_help="Train the model that decides who supplies what to whom.",
    epilog="\b\nExamples:\n  materiel train\n  materiel train tests/gold/hand_* my_documents --output my_weights.npz",
)
@click.argument("gold_dirs", nargs=-1, metavar="[GOLD_DIR...]", type=click.Path(path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write [default: weights/transfers.npz]."
)
def train(gold_dirs: tuple[Path, ...], output: Path | None) -> None:
    """Train the model that decides who supplies what to whom, and show how well it reads documents it has not seen.

    A GOLD_DIR is a folder with documents.jsonl and labels.jsonl; without one, the project's own sets are taken
    (tests/gold/train_* and hand_*). Every sixth document of a set is kept for the test. Needs the extra `train`.
    """
    from dataclasses import replace

    from flows.reference import WEIGHTS, load_rules, read_weights, write_weights
    from flows.render_scores import evaluation
    from training.labels import read_set, split, training_sets
    from training.scoring import evaluate

    documents = [labelled for folder in gold_dirs or training_sets() for labelled in read_set(folder)]
    try:
        from training.fit import example, fit
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("sklearn", "scipy"):
            raise
        raise Failure(f"training needs {error.name}, which is not installed; pip install materiel[train]") from error
    learned, tested = split(documents)
    path = output or WEIGHTS
    rules = load_rules()
    _note(f"reading {len(learned)} documents; {len(tested)} are kept for the test")
    examples = [example(labelled, rules) for labelled in learned]
    try:
        decisions = fit(examples, report=_note)
    except ValueError as error:
        raise Failure(f"these documents cannot be learned from ({error}); give more of them") from error
    write_weights(path, decisions)
    _note(f"wrote {path}")
    show(console_of(), evaluation("test", evaluate(tested, replace(rules, decisions=read_weights(path)))))


def _note(message: str) -> None:
    from flows.render import plain

    click.echo(plain(message), err=True)


cli.add_command(sources)


if __name__ == "__main__":
    main()
