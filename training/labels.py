"""Labelled sets (FACTS.md calls them gold): folders with `documents.jsonl` and `labels.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from transforms.documents import make_document
from transforms.rows import Document

Label = Mapping[str, Any]

GOLD = Path(__file__).resolve().parent.parent / "tests" / "gold"
"""The project's own labelled sets; an installation without its checkout has none."""

NOUNS = ("transfers", "relations", "affiliations")

TEST_EVERY = 6
"""Of the documents of a set, in their order, every sixth is for testing and never trained on."""


class LabelError(ValueError):
    """A labelled set cannot be read; the message names the file and what to do."""


@dataclass(frozen=True)
class Labelled:
    """A document with what a careful reader finds in it."""

    set_name: str
    document: Document
    label: Label


def read_set(folder: Path) -> list[Labelled]:
    """The documents of a labelled set, in the order of its file.

    Raises LabelError where a file is missing, a line is no JSON object or a document has no labels.
    """
    documents, labels = (list(_lines(folder / name)) for name in ("documents.jsonl", "labels.jsonl"))
    by_id = {label["id"]: {noun: [] for noun in NOUNS} | label for label in labels}
    missing = [d["id"] for d in documents if d["id"] not in by_id]
    if missing:
        path = folder / "labels.jsonl"
        raise LabelError(f"{path}: no line for {', '.join(map(str, missing))}; an empty label has empty lists")
    try:
        return [Labelled(folder.name, _document(d), by_id[d["id"]]) for d in documents]
    except ValueError as error:
        raise LabelError(f"{folder / 'documents.jsonl'}: {error}; correct it") from error


def training_sets() -> list[Path]:
    """The project's own sets that may be trained on. Raises LabelError where the code is installed without them."""
    folders = sorted(path.parent for name in ("train_*", "hand_*") for path in GOLD.glob(f"{name}/labels.jsonl"))
    if not folders:
        raise LabelError(f"{GOLD}: no labelled sets; give the folders to train on")
    return folders


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise LabelError(f"{path}: cannot be read ({reason}); a labelled set holds {path.name}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise LabelError(f"{path}, line {number}: no JSON ({error}); correct it") from error
        if not isinstance(row, dict) or "id" not in row:
            raise LabelError(f"{path}, line {number}: not an object with an id; write one object per line")
        yield row


def _document(row: Mapping[str, Any]) -> Document:
    """The document of a line. Raises ValueError where it has no text or a date that is none."""
    day = row.get("published_on")
    if not isinstance(row.get("text"), str):
        raise ValueError(f"{row['id']} has no text")
    return make_document(
        row["text"],
        source_uri=row.get("uri") or row["id"],
        published_on=date.fromisoformat(day) if day else None,
        title=row.get("title"),
    )


def split(documents: Iterable[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """Those to train on and those to test on, by their place in their own set: the same in every run."""
    train: list[Labelled] = []
    test: list[Labelled] = []
    seen: dict[str, int] = {}
    for labelled in documents:
        seen[labelled.set_name] = seen.get(labelled.set_name, 0) + 1
        (test if seen[labelled.set_name] % TEST_EVERY == 0 else train).append(labelled)
    return train, test
