"""Whether the confidence of a claim means what it says: the share of right claims by confidence.

    .venv/bin/python -m training.calibration     print the tables of docs/evaluation.md

A claim is right where a label of its document has its supplier, recipient and category; claims that only an optional
label has count neither way. None of the documents was trained on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from flows.reference import load_extractor
from training.baseline import documents_of, is_there
from training.labels import Labelled
from training.scoring import KINDS, compare
from transforms.extractor import Extractor

MEASURED = ("test", "dev_a", "dev_b", "real_dev")
EDGES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)

Judged = tuple[float, bool]
"""A claim's confidence, and whether it is right."""


def judged(documents: Iterable[Labelled], extractor: Extractor) -> list[Judged]:
    """The claims of labelled documents, one per supplier, recipient and category: the surest."""
    found: list[Judged] = []
    for labelled in documents:
        best: dict[tuple[str, ...], object] = {}
        claims = extractor.extract(labelled.document).transfer_claims
        for claim in sorted(claims, key=lambda c: -(c.confidence or 0)):
            best.setdefault(KINDS["core"].answer(claim), claim)
        for claim in claims:
            if best[KINDS["core"].answer(claim)] is claim:
                score = compare(KINDS["core"], labelled.label["transfers"], [claim]).score
                if score.right or score.invented:
                    found.append((claim.confidence or 0.0, bool(score.right)))
    return found


def table(sets: Mapping[str, Sequence[Judged]]) -> list[str]:
    """The reliability table as lines of Markdown: per band of confidence the claims, their mean and the share right."""
    lines = [
        f"| confidence | {' | '.join(f'`{name}`: claims, mean, right' for name in sets)} |",
        "|---|" + "---|" * len(sets),
    ]
    for low, high in pairwise(EDGES):
        cells = []
        for claims in sets.values():
            band = [(c, ok) for c, ok in claims if low <= c < high]
            n = len(band)
            cells.append(f"{n}, {sum(c for c, _ in band) / n:.2f}, {sum(ok for _, ok in band) / n:.2f}" if n else "0")
        lines.append(f"| {low:.1f} to {min(high, 1.0):.1f} | {' | '.join(cells)} |")
    return lines


def from_threshold(sets: Mapping[str, Sequence[Judged]]) -> list[str]:
    """What a threshold on the confidence does, as lines of Markdown: the claims kept and the share of them right."""
    lines = [f"| from | {' | '.join(f'`{name}`: kept, right' for name in sets)} |", "|---|" + "---|" * len(sets)]
    for low in EDGES[:-1]:
        cells = []
        for claims in sets.values():
            kept = [ok for c, ok in claims if c >= low]
            cells.append(f"{len(kept)}, {sum(kept) / len(kept):.2f}" if kept else "0")
        lines.append(f"| {low:.1f} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Print both tables."""
    extractor = load_extractor()
    sets = {name: judged(documents_of(name), extractor) for name in MEASURED if is_there(name)}
    sets["all"] = [claim for claims in sets.values() for claim in claims]
    print(*table(sets), "", *from_threshold(sets), sep="\n")


if __name__ == "__main__":
    main()
