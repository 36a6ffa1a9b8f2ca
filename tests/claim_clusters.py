"""The labelled clusters of claims: loading them into a lake, and how well a clustering agrees with them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from small_lake import Rows

FOLDER = Path(__file__).parent / "clusters"
NO_FIELDS = {"document", "split", "transfer", "supplier_id", "recipient_id", "evidence"}


@dataclass(frozen=True)
class Label:
    """Where a claim belongs."""

    transfer: str
    split: str
    row: dict[str, Any]


def load() -> tuple[Rows, dict[str, Label]]:
    """The rows of a lake that holds the labelled claims, and the label of each claim by its id."""
    rows = Rows()
    documents = {}
    for line in _lines("documents.jsonl"):
        place = {"url": line["url"], "outlet": line["outlet"]}
        documents[line["id"]] = rows.document(line["text"], line["uri"], line["published_on"], **place)
    actors = {line["actor_id"]: line for line in _lines("actors.jsonl")}
    labels = {}
    for line in _lines("claims.jsonl"):
        document = documents[line["document"]]
        fields = {name: value for name, value in line.items() if name not in NO_FIELDS}
        for name in ("date_start", "date_end"):
            fields[name] = date.fromisoformat(fields[name]) if fields.get(name) else None
        supplier, recipient = line.get("supplier_id"), line.get("recipient_id")
        claim = rows.transfer(document, supplier, recipient, line["evidence"], **fields)
        labels[claim.claim_id] = Label(line["transfer"], line["split"], line)
        for name in {supplier, recipient, *str(line.get("attribution")).split(" > ")} & actors.keys():
            actor = actors[name]
            rows.mention(document, actor["actor_id"], actor["name"], actor["kind"], actor["country"])
    return rows, labels


def pairwise(found: Mapping[str, Hashable], truth: Mapping[str, Hashable]) -> tuple[float, float, float]:
    """Precision, recall and F1 over the pairs of claims that stand in one cluster."""

    def pairs(groups: Counter) -> int:
        return sum(size * (size - 1) // 2 for size in groups.values())

    both = pairs(Counter((found[claim], truth[claim]) for claim in truth))
    return _scores(both / pairs(Counter(found[c] for c in truth)), both / pairs(Counter(truth.values())))


def b_cubed(found: Mapping[str, Hashable], truth: Mapping[str, Hashable]) -> tuple[float, float, float]:
    """Precision, recall and F1 per claim, averaged (Bagga and Baldwin 1998)."""
    mine, right = defaultdict(set), defaultdict(set)
    for claim in truth:
        mine[found[claim]].add(claim)
        right[truth[claim]].add(claim)
    shared = {claim: len(mine[found[claim]] & right[truth[claim]]) for claim in truth}
    precision = sum(shared[claim] / len(mine[found[claim]]) for claim in truth) / len(truth)
    recall = sum(shared[claim] / len(right[truth[claim]]) for claim in truth) / len(truth)
    return _scores(precision, recall)


def _scores(precision: float, recall: float) -> tuple[float, float, float]:
    return precision, recall, 2 * precision * recall / (precision + recall)


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]
