"""Run the commands that the documentation shows and put their real output under them.

    .venv/bin/python docs/refresh.py            rewrite README.md, docs/*.md and the picture where they differ
    .venv/bin/python docs/refresh.py --check    only name the files that differ; status 1 if there are any

A block counts if it is fenced as `console` and comes after a comment `<!-- real -->`. It begins with a command (`$ `,
up to the first line that does not end in a backslash). `<!-- real head=8 tail=4 -->` keeps that many lines of the
output and puts `[…]` for the rest; `width=100` is the width of the terminal. All commands run one after another in one
new folder, where the first one, `make run`, makes the lake of the samples. Seconds and release ids differ from machine
to machine and are left out of the comparison; so are the scores of the extractor, which tests/test_gold.py watches.
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import tempfile
from functools import partial
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from training.baseline import OTHERS

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/querying.md", "docs/architecture.md")
PICTURE = "docs/images/explain.svg"
TRANSFER = "ddc97a8d7dec5000"
"""The transfer of the picture: six drones, told by one outlet, denied in another."""

WIDTH = 112
"""Columns of the terminal where a block names none; a query is as wide as its rows."""

CHARACTER = 12.2
"""Width of a character in a drawing by rich."""

FOLDER = "~/materiel"
"""What is shown for the folder that the commands run in."""

MAKE_RUN = "materiel run seeds/documents"

BLOCK = re.compile(r"<!-- real(?P<options>[^>]*)-->\n```console\n(?P<body>.*?)```\n", re.DOTALL)
CHANGING = re.compile(r"(?<=release )[0-9a-f]{16}|(?<=releases/)[0-9a-f]{16}| +\d+\.\d s\b")

SCORES = re.compile(r"(?<=<!-- scores -->\n).*?(?=<!-- /scores -->)", re.DOTALL)
KINDS = {"pair": "parties", "core": "core", "full": "full", "relations": "relations", "affiliations": "posts"}
SCORE = re.compile(r"(?P<kind>\w+) (?P<f1>\d\.\d+) \(P (?P<p>\d\.\d+) R (?P<r>\d\.\d+)\)")

PIECE = re.compile(
    r'<text class="(?P<style>[\w-]+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="[\d.]+" clip-path="[^"]+">'
    r"(?P<text>[^<]*)</text>"
)

# One terminal window: no fonts are fetched, so that the picture needs nothing but itself.
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; white-space: pre; }}
.{unique_id}-title {{ font: bold 18px sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def environment(variables: dict[str, str]) -> dict[str, str]:
    """What the commands see: these variables, and nothing that a person has set up."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MATERIEL_"))}
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        mine.pop(name, None)
    path = os.pathsep.join([str(Path(sys.executable).parent), mine.get("PATH", "")])
    return mine | {"PATH": path, "TERM": "dumb"} | variables


def run(command: str, folder: Path, width: int = WIDTH, **variables: str) -> str:
    """The output of a command, errors included. Ends the program where the command fails."""
    if not command.startswith("materiel query"):
        variables["COLUMNS"] = str(width)
    done = subprocess.run(
        ["bash", "-c", MAKE_RUN if command == "make run" else command],
        cwd=folder,
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"`{command}` ended with status {done.returncode}: {done.stdout}")
    return "\n".join(line.rstrip() for line in done.stdout.replace(str(folder), FOLDER).strip("\n").splitlines())


def refreshed(page: str, folder: Path) -> str:
    """The text of a page with the real output in its blocks."""
    return BLOCK.sub(partial(_block, folder), page)


def _block(folder: Path, match: re.Match[str]) -> str:
    lines = match["body"].splitlines()
    last = next(number for number, line in enumerate(lines) if not line.endswith("\\"))
    command = "\n".join(lines[: last + 1])
    options = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", match["options"])}
    output = run(command.removeprefix("$ "), folder, options.get("width", WIDTH)).splitlines()
    head, tail = options.get("head", len(output)), options.get("tail", 0)
    if head + tail < len(output):
        output = [*output[:head], "[…]", *output[len(output) - tail :]]
    body = "\n".join([command, *output])
    return f"<!-- real{match['options']}-->\n```console\n{body}\n```\n"


def scores() -> str:
    """The scores of the project's sets for measuring, each as precision, recall and F1, as a Markdown table."""
    lines = run(f"{sys.executable} -m training.baseline", ROOT).splitlines()
    rows = [f"| set | {' | '.join(f'{name}: P, R, F1' for name in KINDS.values())} |", "|---|" + "---|" * len(KINDS)]
    for line in lines:
        name = line.split()[0]
        if name not in OTHERS:
            found = {match["kind"]: f"{match['p']}, {match['r']}, **{match['f1']}**" for match in SCORE.finditer(line)}
            rows.append(f"| `{name}` | {' | '.join(found[kind] for kind in KINDS)} |")
    return "\n".join(rows) + "\n"


def picture(folder: Path) -> str:
    """The explanation of a transfer as a terminal shows it."""
    command = f"materiel explain {TRANSFER}"
    output = run(command, folder, FORCE_COLOR="1", TERM="xterm-256color")
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    console.print(f"[bold]$ {command}[/bold]", Text.from_ansi(output), sep="\n")
    drawing = console.export_svg(title="materiel explain", unique_id="explain", code_format=SVG)
    drawing = PIECE.sub(_without_blanks, drawing)
    return "\n".join(line.rstrip() for line in drawing.strip().splitlines()) + "\n"


def _without_blanks(match: re.Match[str]) -> str:
    """A piece of text without the blanks around it, which some viewers drop and others stretch."""
    text = html.unescape(match["text"])
    words = text.strip("\u00a0 ")
    if not words:
        return ""
    x = float(match["x"]) + CHARACTER * text.index(words)
    length = CHARACTER * len(words)
    content = html.escape(words, quote=False).replace("\u00a0", "&#160;")
    return f'<text class="{match["style"]}" x="{x:g}" y="{match["y"]}" textLength="{length:g}">{content}</text>'


def main() -> int:
    """Refresh or check; returns the exit status."""
    check = "--check" in sys.argv[1:]
    differ = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "seeds").symlink_to(ROOT / "seeds")
        for page in (*PAGES, PICTURE):
            path = ROOT / page
            old = path.read_text(encoding="utf-8") if path.is_file() else ""
            new = picture(folder) if page == PICTURE else refreshed(old, folder)
            if not check and SCORES.search(new):
                new = SCORES.sub(scores(), new)
            if CHANGING.sub("", old) != CHANGING.sub("", new):
                differ.append(page)
                if not check:
                    path.write_text(new, encoding="utf-8")
    if differ:
        state = "out of date; run .venv/bin/python docs/refresh.py" if check else "rewritten"
        print(f"{', '.join(differ)}: {state}")
    return 1 if check and differ else 0


if __name__ == "__main__":
    sys.exit(main())
