"""How well near-duplicates are told apart on the labelled set, and what they cost in a large lake.

python -m benchmarks.near_duplicates labelled [dev|test]
python -m benchmarks.near_duplicates scale DOCUMENTS
python -m benchmarks.near_duplicates pairs FILE.jsonl
"""

from __future__ import annotations

import csv
import json
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.timing import ROOT
from flows.lake import Lake, iter_values, write_rows
from flows.near_duplicates import cluster_documents
from transforms.documents import make_document
from transforms.near_duplicates import resemblance, signatures
from transforms.rows import Document

VERSION = "benchmark"
"""Stands for the version of the parser."""

LABELLED = ROOT / "tests" / "near_duplicates"
NEGATIVE_KINDS = ("rewrite", "independent", "shared_statement", "later_report", "template", "footer")


def read_documents(path: Path) -> dict[str, Document]:
    """The documents of a file of JSON lines with `id`, `uri`, `title`, `published_on` and `text`, by id."""
    documents = {}
    with path.open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            published_on = date.fromisoformat(row["published_on"]) if row["published_on"] else None
            documents[row["id"]] = make_document(
                row["text"], source_uri=row["uri"], title=row["title"], published_on=published_on
            )
    return documents


def _write(lake: Lake, name: str, documents: Sequence[Document]) -> None:
    write_rows(lake.documents / VERSION / name / "documents.parquet", Document, documents)


def stories(documents: Sequence[Document], root: Path) -> dict[str, str]:
    """The story of each document, by their ids, from a lake in the folder."""
    lake = Lake(root)
    _write(lake, "all", documents)
    cluster_documents(root, VERSION)
    return {str(text): str(story) for text, story in iter_values(lake.stories, ["document_id", "story_id"])}


def labelled(halves: Sequence[str]) -> None:
    """Print precision, recall and F1 over pairs, and how many of each kind of pair are right."""
    documents = read_documents(LABELLED / "documents.jsonl")
    with (LABELLED / "clusters.csv").open(encoding="utf-8", newline="") as file:
        labels = {row["id"]: row for row in csv.DictReader(file)}
    for half in halves:
        names = [name for name in documents if labels[name]["split"] == half]
        with tempfile.TemporaryDirectory() as folder:
            found = stories([documents[name] for name in names], Path(folder))
        outcomes: Counter[tuple[bool, bool]] = Counter()
        by_kind: dict[str, Counter[bool]] = defaultdict(Counter)
        for one, other in combinations(names, 2):
            kinds = {labels[one]["kind"], labels[other]["kind"]}
            if "digest" in kinds:
                continue
            is_one = labels[one]["cluster"] == labels[other]["cluster"]
            is_found = found[documents[one].document_id] == found[documents[other].document_id]
            outcomes[is_one, is_found] += 1
            for kind in _pair_kinds(kinds, is_one, labels[one]["event"] == labels[other]["event"]):
                by_kind[kind][is_one == is_found] += 1
        right, missed, merged = outcomes[True, True], outcomes[True, False], outcomes[False, True]
        print(f"{half}: {len(names)} documents, {right + missed} pairs of one voice, {missed} missed, {merged} merged")
        print(
            f"  precision {right / (right + merged):.4f}  recall {right / (right + missed):.4f}"
            f"  F1 {2 * right / (2 * right + missed + merged):.4f}"
        )
        for kind, counts in sorted(by_kind.items()):
            print(f"  {kind:<40}{counts[True]:>6} of {counts.total():>6} right")


def _pair_kinds(kinds: set[str], is_one: bool, is_one_event: bool) -> list[str]:
    if is_one:
        return [f"one voice: {kind}" for kind in sorted(kinds - {"base", "template", "footer"} or kinds)]
    if not is_one_event:
        return ["two voices: different events"]
    return [f"two voices: {kind}" for kind in NEGATIVE_KINDS if kind in kinds]


def invented(count: int, seed: int = 7) -> Iterator[Document]:
    """Documents of words without meaning, 120 to 260 each: three of ten repeat an earlier one, with a lead or cut.

    One in twenty is a notice in a fixed form of 80 words with 25 words of its own.
    """
    generator = np.random.default_rng(seed)
    vocabulary = np.array([f"{a}{b}{c}" for a in "bdfgklmnprst" for b in ("a", "en", "ir", "o") for c in SYLLABLES])
    form = _words(generator, vocabulary, 80)
    recent: list[str] = []
    for number in range(count):
        chance = generator.random()
        if chance < 0.3 and recent:
            words = recent[int(generator.integers(len(recent)))].split()
            lead = _words(generator, vocabulary, int(generator.integers(0, 40)))
            text = f"{lead} {' '.join(words[: int(len(words) * generator.uniform(0.5, 1.0))])}"
        elif chance < 0.35:
            own = _words(generator, vocabulary, 25).split()
            parts = form.split()
            text = " ".join(
                word for start in range(25) for word in (own[start].title(), *parts[3 * start : 3 * start + 3])
            )
        else:
            text = _words(generator, vocabulary, int(generator.integers(120, 260)))
            recent = [*recent[-2_000:], text]
        day = date(2024, 1, 1) + timedelta(days=int(number * 300 / count))
        yield make_document(f"{text} {number}.", source_uri=f"https://invented.example/{number}", published_on=day)


SYLLABLES = ("ba", "do", "fe", "gil", "ka", "lor", "mi", "nu", "pas", "ret", "sun", "tov")


def _words(generator: np.random.Generator, vocabulary: np.ndarray, count: int) -> str:
    # Frequencies as in a language: the first words of the vocabulary are the most common.
    ranks = (len(vocabulary) ** generator.random(count)).astype(int) - 1
    return " ".join(vocabulary[ranks])


def scale(count: int) -> None:
    """Print what signing and grouping so many documents costs."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        documents = invented(count)
        for number in range(0, count, 5_000):
            batch = [document for document, _ in zip(documents, range(min(5_000, count - number)), strict=False)]
            _write(lake, f"{number:09}", batch)
        before = _peak()
        started = time.perf_counter()
        figures = cluster_documents(folder, VERSION)
        print(f"{count:,} documents: {figures}\nfirst run {time.perf_counter() - started:.1f} s", flush=True)
        # One text more: what a nightly run pays.
        extra = replace(next(invented(1, seed=8)), source_uri="https://invented.example/extra")
        _write(lake, "extra", [extra])
        started = time.perf_counter()
        cluster_documents(folder, VERSION)
        print(f"with one text more {time.perf_counter() - started:.1f} s", flush=True)
        started = time.perf_counter()
        cluster_documents(folder, VERSION)
        print(f"unchanged {time.perf_counter() - started:.2f} s")
        size = sum(path.stat().st_size for path in lake.signatures.rglob("*.parquet"))
    print(f"peak memory {before:,.0f} MB before, {_peak():,.0f} MB after; signatures {size / 1e6:,.0f} MB on disk")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def pairs(path: Path) -> None:
    """Print the documents of a file that were put into one story, and what they share, for a person to read."""
    documents = read_documents(path)
    by_id = {document.document_id: document for document in documents.values()}
    with tempfile.TemporaryDirectory() as folder:
        found = stories(list(documents.values()), Path(folder))
    for text, story in sorted(found.items(), key=lambda item: (item[1], item[0])):
        if text != story:
            one, other = by_id[story], by_id[text]
            print(resemblance(*signatures([one.text, other.text])))
            for document in (one, other):
                words = " ".join(document.text.split())
                print(f"    {document.source_uri} | {document.published_on} | {document.title} | {words[:200]}")


def main() -> None:
    """Run what the arguments ask for."""
    match sys.argv[1:]:
        case ["labelled", *halves]:
            labelled(halves or ["dev", "test"])
        case ["scale", count]:
            scale(int(count))
        case ["pairs", path]:
            pairs(Path(path))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
