"""What every command needs: settings, errors of one line, the terminal, and JSON."""

from __future__ import annotations

import math
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from flows.settings import Settings

FAILURE, USAGE, INTERRUPTED = 1, 2, 130


class Failure(click.ClickException):
    """What ends a call: one line that says what is wrong, a semicolon, and what to do."""

    exit_code = FAILURE


class Interrupted(click.ClickException):
    """An interrupt of a call that keeps what it has done."""

    exit_code = INTERRUPTED


def complain(message: str) -> None:
    """Print one line to standard error."""
    from flows.render import plain

    click.echo(f"materiel: {plain(message)}", err=True)


def debugging() -> bool:
    """Whether the user wants to see where an error happened."""
    return os.environ.get("MATERIEL_DEBUG", "") not in ("", "0")


def settings_from(**options: object) -> Settings:
    """The settings of the environment, with the options that are given. Raises SettingsError."""
    from flows.settings import Settings

    return Settings.from_environment().with_options(**options)


def console_of() -> Console:
    """Standard output as a terminal sees it."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        # A pipe or a file has no width: a line there is never folded.
        console.width = 100_000
    return console


def show(console: Console, *parts: RenderableType) -> None:
    """Print to standard output; for a pipe or a file without the blanks that fill a terminal's lines."""
    if console.is_terminal:
        console.print(*parts, sep="\n")
        return
    with console.capture() as capture:
        console.print(*parts, sep="\n")
    for line in capture.get().splitlines():
        click.echo(line.rstrip())


def has_colours(console: Console) -> bool:
    """Whether styles can be seen; where they cannot, brackets mark the words."""
    return console.is_terminal and not console.no_color and not console.is_dumb_terminal


def _date(_context: click.Context, _parameter: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a date; write it as 2024-06-30") from None


lake_option = click.option(
    "--lake", type=click.Path(path_type=Path), help="Folder of the lake [default: $MATERIEL_LAKE or ./lake]."
)
published_on_option = click.option(
    "--published-on", callback=_date, metavar="DATE", help="Publication date of texts that bear none, as 2024-06-30."
)


def print_json(value: object) -> None:
    """Print one JSON document."""
    import json

    click.echo(json.dumps(json_value(value), ensure_ascii=False, allow_nan=False, indent=2))


def json_value(value: Any) -> object:
    """The value in JSON's types; a number that JSON has no word for (infinity, not a number) is null."""
    from decimal import Decimal

    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
