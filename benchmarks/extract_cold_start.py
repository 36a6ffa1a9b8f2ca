"""`materiel extract` on one short document from a cold start, beside importing spaCy and loading its model.

python -m benchmarks.extract_cold_start [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys

from benchmarks.timing import seconds, table, verdict
from flows.reference import model_name

LIMIT = 1.5
DOCUMENT = "Germany delivered 18 tanks to Ukraine in May 2024, the ministry in Berlin said."


def main() -> None:
    """Measure in turn, print the table, and fail above the limit."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    load = [sys.executable, "-c", f"import spacy; spacy.load({model_name()!r})"]
    extract = [sys.executable, "-m", "flows.cli", "extract", "-"]
    measured: dict[str, list[float]] = {"spaCy and model": [], "materiel extract": []}
    for number in range(rounds + 1):
        values = {"spaCy and model": seconds(load), "materiel extract": seconds(extract, stdin=DOCUMENT)}
        if number:
            for name, value in values.items():
                measured[name].append(value)
    table(f"cold start, {rounds} rounds", measured)
    ratio = statistics.median(measured["materiel extract"]) / statistics.median(measured["spaCy and model"])
    sys.exit(0 if verdict("materiel extract / spaCy and model", ratio, LIMIT) else 1)


if __name__ == "__main__":
    main()
