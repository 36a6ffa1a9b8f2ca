"""How well pages are read: main text, title and date against what people marked, beside plain trafilatura.

    python -m benchmarks.parse_quality [FOLDER]

FOLDER holds `html_pages/` (scrapinghub/article-extraction-benchmark) and `fundus_pages/` (flairNLP/fundus); without it
there is nothing to measure on, and the benchmark says so. Text is compared by the F1 of its words, with their numbers.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from transforms.parse import RawInput, parse

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "real"


@dataclass(frozen=True, slots=True)
class Page:
    """A page and what people found on it."""

    name: str
    url: str | None
    html: bytes
    text: str
    title: str | None = None
    published_on: date | None = None
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a parser made of a page."""

    text: str
    title: str | None
    published_on: str | None
    author: str | None
    language: str | None = None
    published_from: str | None = None


def html_pages(folder: Path) -> Iterator[Page]:
    """Pages of which the main text is marked."""
    root = folder / "html_pages"
    for name, expected in json.loads((root / "ground-truth.json").read_text(encoding="utf-8")).items():
        html = gzip.decompress((root / "html" / f"{name}.html.gz").read_bytes())
        yield Page(name, expected["url"], html, expected["articleBody"])


def fundus_pages(folder: Path) -> Iterator[Page]:
    """Pages of which text, title, date and authors are known, where each file has one expectation."""
    for root in sorted((folder / "fundus_pages" / "tests" / "resources" / "parser" / "test_data").iterdir()):
        files = json.loads((root / "meta.info").read_text(encoding="utf-8")) if (root / "meta.info").exists() else {}
        for path in sorted(root.glob("*.json")):
            versions = json.loads(path.read_text(encoding="utf-8"))
            names = sorted(
                name for name in files if re.fullmatch(rf"{re.escape(path.stem)}_\d.*", name) and (root / name).exists()
            )
            if len(names) != len(versions):
                continue
            for version, name in zip(versions.values(), names, strict=True):
                body = version.get("body") or {}
                parts = [*body.get("summary", [])]
                for section in body.get("sections", []):
                    parts += [*section["headline"], *section["paragraphs"]]
                stated = version.get("publishing_date")
                yield Page(
                    f"{root.name}/{name}",
                    files[name]["url"],
                    gzip.decompress((root / name).read_bytes()),
                    "\n".join(parts),
                    version.get("title"),
                    date.fromisoformat(stated[:10]) if stated else None,
                    tuple(version.get("authors") or ()),
                )


def ours(page: Page) -> Reading | None:
    """Our reading; None where the page is rejected."""
    documents = parse(RawInput(page.name, page.html, "text/html", url=page.url)).documents
    if not documents:
        return None
    row = documents[0]
    stated = row.published_on.isoformat() if row.published_on else None
    return Reading(row.text, row.title, stated, row.author, row.language, row.published_from)


def plain(page: Page) -> Reading | None:
    """What trafilatura makes of the page by itself, with metadata."""
    import trafilatura

    found = trafilatura.bare_extraction(page.html, url=page.url, with_metadata=True, include_comments=False)
    if found is None or isinstance(found, dict):
        return None
    return Reading(found.text or "", found.title, found.date, found.author)


def f1(got: str, want: str) -> float:
    """F1 of the words of two texts, as bags."""
    have, need = (Counter(re.findall(r"\w+", text.lower())) for text in (got, want))
    return 2 * (have & need).total() / ((have.total() + need.total()) or 1)


def same_words(got: str | None, want: str | None) -> bool:
    """Whether two titles are the same but for case, punctuation and spaces."""
    return re.findall(r"\w+", (got or "").lower()) == re.findall(r"\w+", (want or "").lower())


def main() -> None:
    """Print one table per set of pages."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--differences", action="store_true", help="list the pages that are read otherwise than marked")
    options = parser.parse_args()
    if not (options.folder / "html_pages").is_dir():
        print(f"{options.folder}: no pages here; name the folder that holds html_pages/ and fundus_pages/")
        return
    for title, pages in (("html_pages", html_pages), ("fundus_pages", fundus_pages)):
        read = [(page, ours(page), plain(page)) for page in pages(options.folder)]
        heads = f"{'':<12}{'text F1':>9}{'title':>8}{'date':>8}{'wrong':>8}{'author':>8}{'none':>6}"
        print(f"\n{title}: {len(read)} pages\n{heads}")
        _line("ours", [(page, mine) for page, mine, _ in read])
        _line("trafilatura", [(page, theirs) for page, _, theirs in read])
        if options.differences:
            for page, mine, _ in read:
                _differences(page, mine)


def _line(who: str, readings: list[tuple[Page, Reading | None]]) -> None:
    text = statistics.mean(f1(reading.text if reading else "", page.text) for page, reading in readings)
    titled = [same_words(reading.title if reading else None, page.title) for page, reading in readings if page.title]
    dated = [
        (page.published_on, reading.published_on if reading else None)
        for page, reading in readings
        if page.published_on
    ]
    right = sum(want.isoformat() == got for want, got in dated)
    wrong = sum(got is not None and want.isoformat() != got for want, got in dated)
    named = [_named(reading.author if reading else None, page.authors) for page, reading in readings if page.authors]
    if titled:
        numbers = f"{statistics.mean(titled):>8.3f}{right / len(dated):>8.3f}{wrong:>8}{statistics.mean(named):>8.3f}"
    else:
        numbers = f"{'':>32}"
    print(f"{who:<12}{text:>9.4f}{numbers}{sum(reading is None for _, reading in readings):>6}")


def _named(author: str | None, expected: tuple[str, ...]) -> bool:
    """Whether just the expected authors are named, in any order."""
    return {name.strip().casefold() for name in (author or "").split(";")} == {name.casefold() for name in expected}


def _differences(page: Page, mine: Reading | None) -> None:
    if mine is None:
        print(f"{page.name}: no document")
        return
    if page.published_on and page.published_on.isoformat() != mine.published_on:
        print(f"{page.name}: date {mine.published_on} ({mine.published_from}), expected {page.published_on}")
    if page.title and not same_words(mine.title, page.title):
        print(f"{page.name}: title {mine.title!r}, expected {page.title!r}")
    if (score := f1(mine.text, page.text)) < 0.7:
        print(f"{page.name}: text F1 {score:.2f}")


if __name__ == "__main__":
    main()
