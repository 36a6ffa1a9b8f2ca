"""The scores that the extractor may not fall below; `tests/test_gold.py` holds it to them.

.venv/bin/python -m training.baseline            print the scores of all sets that are there
.venv/bin/python -m training.baseline --write    and make them the baseline
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping

from flows.reference import load_extractor
from training.labels import GOLD, Labelled, read_set, split, training_sets
from training.scoring import Score, score_documents

BASELINE = GOLD / "baseline.json"
TOLERANCE = 0.005
"""How far below today's F1 the baseline is set."""

MEASURED = ("dev_a", "dev_b", "samples")
"""The project's sets that are never trained on."""

TEST = "test"
"""The fixed test part of all sets that are trained on."""

OTHERS = {name: GOLD.parents[2] / "shared" / "gold" / name for name in ("real_dev", "seed")}
"""Labelled texts of third parties, which stand beside a checkout of those who have them."""

SETS = (*MEASURED, TEST, *OTHERS)

Bars = dict[str, dict[str, float]]
"""The least F1 by set and kind of answer."""


def is_there(name: str) -> bool:
    """Whether a set is to be had on this machine."""
    return name not in OTHERS or OTHERS[name].is_dir()


def documents_of(name: str) -> list[Labelled]:
    """The documents of one of SETS."""
    if name == TEST:
        return split(labelled for folder in training_sets() for labelled in read_set(folder))[1]
    return read_set(OTHERS.get(name, GOLD / name))


def read_baseline() -> Bars:
    """The baseline as it is stored."""
    bars: Bars = json.loads(BASELINE.read_text(encoding="utf-8"))
    return bars


def floor(f1: float) -> float:
    """What a later score may not fall below: a little under this one, in thousandths."""
    return max(0.0, round(math.floor(f1 * 1000) / 1000 - TOLERANCE, 3))


def renewed(bars: Bars, scores: Mapping[str, Mapping[str, Score]]) -> Bars:
    """The baseline that today's scores make; that of sets which are not there stays."""
    new = {name: {kind: floor(score.f1) for kind, score in kinds.items()} for name, kinds in scores.items()}
    return {name: new.get(name, bars.get(name, {})) for name in SETS}


def fallen(bars: Bars, new: Bars) -> list[str]:
    """The bars that the new baseline has lower than the old one, in words."""
    return [
        f"{name} {kind}: {bar} -> {new[name][kind]}"
        for name in new
        for kind, bar in bars.get(name, {}).items()
        if kind in new[name] and new[name][kind] < bar
    ]


def main() -> None:
    """Print the scores of all sets, and write the baseline if asked to."""
    parser = argparse.ArgumentParser(description="Score the extractor on the sets that the baseline watches.")
    parser.add_argument("--write", action="store_true", help="make the scores the baseline of tests/test_gold.py")
    arguments = parser.parse_args()
    scores = {name: score_documents(documents_of(name), load_extractor()) for name in SETS if is_there(name)}
    for name, kinds in scores.items():
        figures = (f"{kind} {s.f1:.3f} (P {s.precision:.3f} R {s.recall:.3f})" for kind, s in kinds.items())
        print(f"{name:9}", "  ".join(figures))
    if arguments.write:
        bars = read_baseline()
        new = renewed(bars, scores)
        BASELINE.write_text(json.dumps(new, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        print(f"wrote {BASELINE}", *(f"lowered {line}" for line in fallen(bars, new)), sep="\n")


if __name__ == "__main__":
    main()
