"""Documents per second of the extractor in one process, beside plain spaCy over the same texts.

python -m benchmarks.throughput FILE.jsonl [LIMIT]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from flows.reference import load_extractor, model_name
from transforms.parse import RawInput, parse
from transforms.rows import Document


def timed(work: Callable[[Document], object], documents: Sequence[Document]) -> float:
    """Seconds that the work takes over all documents, one after the other."""
    started = time.perf_counter()
    for document in documents:
        work(document)
    return time.perf_counter() - started


def main() -> None:
    """Read the documents, measure both, and print the table."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m benchmarks.throughput FILE.jsonl [LIMIT]")
    path = Path(sys.argv[1])
    documents = parse(RawInput(path.name, path.read_bytes(), "application/x-ndjson")).documents
    documents = documents[: int(sys.argv[2])] if len(sys.argv) > 2 else documents
    characters = sum(len(document.text) for document in documents)

    import spacy

    plain, extractor = spacy.load(model_name()), load_extractor()
    for work in (lambda document: plain(document.text), extractor.extract):
        timed(work, documents[:2])
    rows = {
        "materiel": timed(extractor.extract, documents),
        "spaCy": timed(lambda document: plain(document.text), documents),
    }
    print(f"{len(documents)} documents, {characters:,} characters, one process\n")
    print(f"{'':<10}{'seconds':>9}{'documents/s':>13}{'characters/s':>14}{'ratio':>7}")
    for name, elapsed in rows.items():
        rates = f"{len(documents) / elapsed:>13.1f}{characters / elapsed:>14,.0f}"
        print(f"{name:<10}{elapsed:>9.2f}{rates}{rows['spaCy'] / elapsed:>7.2f}")


if __name__ == "__main__":
    main()
