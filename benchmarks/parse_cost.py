"""What parsing a page costs, beside trafilatura's `extract` with metadata alone, over the same pages in one process.

    python -m benchmarks.parse_cost [FOLDER] [--rounds N]

Both read the decoded page; they take turns page by page, and who comes first changes, so that neither gets the warm
caches. Without FOLDER (a folder of `.html` or `.html.gz` files, with its subfolders), pages are made here.
"""

from __future__ import annotations

import argparse
import gzip
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.timing import table, verdict
from transforms.parse import RawInput, decode, parse

LIMIT = 1.15
PARAGRAPH = (
    "The ministry of Freedonia said on Tuesday that it had received the second batch of vehicles from Sylvania. "
)


def pages_of(folder: Path) -> list[bytes]:
    """The pages below a folder, decompressed."""
    found = sorted([*folder.rglob("*.html"), *folder.rglob("*.html.gz")])
    return [gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes() for p in found]


def made_pages(count: int = 60) -> list[bytes]:
    """Pages of an invented outlet, short to long, with menus and teasers around the text."""
    menu = "".join(f'<li><a href="/section/{n}">Section {n}</a></li>' for n in range(40))
    teasers = "".join(f'<div class="teaser"><a href="/story/{n}"><h3>Story {n}</h3></a></div>' for n in range(30))
    return [
        (
            f"<!doctype html><html lang='en'><head><title>Report {n} | The Freedonia Post</title>"
            f"<meta property='article:published_time' content='2024-05-{n % 28 + 1:02}T06:00:00Z'>"
            f"<meta name='author' content='Ann Smith'></head><body><nav><ul>{menu}</ul></nav><article>"
            f"<h1>Report {n}</h1>{''.join(f'<p>{PARAGRAPH * 3}{n}.{p}</p>' for p in range(4 + n))}</article>"
            f"<aside>{teasers}</aside><footer>The Freedonia Post</footer></body></html>"
        ).encode()
        for n in range(count)
    ]


def main() -> None:
    """Measure, print the table, and end with status 1 where the limit does not hold."""
    import trafilatura

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    pages = pages_of(options.folder) if options.folder else made_pages()
    if not pages:
        sys.exit(f"{options.folder}: no .html or .html.gz files here; name a folder of pages")
    logging.disable(logging.CRITICAL)

    def alone(page: bytes) -> object:
        return trafilatura.extract(decode(page), with_metadata=True, include_comments=False)

    def ours(page: bytes) -> object:
        return parse(RawInput("page", page, "text/html"))

    readers: tuple[Callable[[bytes], object], ...] = (alone, ours)
    for read in readers:  # libraries, models and patterns are loaded once per process
        read(pages[0])
    ours(("<html><body><article><p>" + "Das Ministerium hat die Fahrzeuge geliefert. " * 9 + "</p>").encode())
    spent: dict[str, list[float]] = {"trafilatura.extract": [], "parse": []}
    for number in range(options.rounds):
        totals = dict.fromkeys(spent, 0.0)
        for place, page in enumerate(pages):
            both: list[tuple[str, Callable[[bytes], object]]] = [("trafilatura.extract", alone), ("parse", ours)]
            for name, read in both[:: 1 if (place + number) % 2 else -1]:
                started = time.perf_counter()
                read(page)
                totals[name] += time.perf_counter() - started
        for name, seconds in totals.items():
            spent[name].append(1000 * seconds / len(pages))
    table(f"{len(pages)} pages, {options.rounds} rounds, per page", spent, "ms")
    ratio = min(spent["parse"]) / min(spent["trafilatura.extract"])
    if not verdict("parse / trafilatura.extract with metadata", ratio, LIMIT):
        sys.exit(1)


if __name__ == "__main__":
    main()
