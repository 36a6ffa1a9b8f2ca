"""Memory that ingestion takes for 10,000 and for 100,000 short documents from one JSON-lines file.

    python -m benchmarks.memory [SMALL] [LARGE]

Prints the peak of each run, over all its processes together, and their ratio. Fails if the ratio is above 1.3.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from benchmarks.timing import ROOT, environment

LIMIT = 1.3

SAMPLE_SECONDS = 0.1

INGEST = """
import sys
from flows.local_run import run_flow

def load():
    from flows.ingest import ingest
    return lambda: ingest([sys.argv[1]], sys.argv[2])

figures = run_flow(load)
assert figures["documents_new"] == figures["documents"] > 0, figures
"""

SENTENCES = (
    "The council of {place} met on {day} and put off its decision on the new bridge over the river.",
    "{place} delivered {number} artillery shells to its neighbour on {day}, an official said.",
    "Prices of bread in {place} rose by {number} per cent in a year, the bureau of statistics wrote.",
    "A storm on {day} left {number} households in {place} without power until the evening.",
    "The ministry in {place} said that it will order {number} rifles next year.",
)

PLACES = ("Norway", "Ghana", "Peru", "Kenya", "Estonia", "Jordan", "Nepal", "Chile")


def write_records(path: Path, count: int) -> None:
    """Short documents, each with another text."""
    chance = random.Random(count)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            sentences = (
                sentence.format(place=chance.choice(PLACES), day=f"{chance.randint(1, 28)} May", number=number)
                for sentence in chance.sample(SENTENCES, 3)
            )
            record = {"uri": f"test:{number}", "published_on": "2024-06-01", "text": " ".join(sentences)}
            file.write(json.dumps(record) + "\n")


def peak_of(command: list[str]) -> tuple[int, float]:
    """Peak of the memory of a process and its descendants together, in bytes, and how long it ran, in seconds."""
    peak = 0
    started = time.perf_counter()
    with subprocess.Popen(command, env=environment(), cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        root = psutil.Process(process.pid)
        ended = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not ended.wait(SAMPLE_SECONDS):
                total = 0
                for one in [root, *root.children(recursive=True)]:
                    try:
                        total += one.memory_full_info().pss
                    except psutil.Error:
                        continue
                peak = max(peak, total)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        status = process.wait()
        ended.set()
        watcher.join()
    if status:
        sys.exit(f"{' '.join(command)} ended with status {status}")
    return peak, time.perf_counter() - started


def main() -> None:
    """Run both and compare."""
    sizes = [int(size) for size in sys.argv[1:3]] or [10_000, 100_000]
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            source = Path(folder, f"{size}.jsonl")
            write_records(source, size)
            peak, seconds = peak_of([sys.executable, "-c", INGEST, str(source), str(Path(folder, f"lake-{size}"))])
            peaks.append(peak)
            print(f"{size:>9,} documents  {peak / 1e6:>7,.0f} MB  {seconds:>7.1f} s", flush=True)
    ratio = peaks[1] / peaks[0]
    print(f"ratio {ratio:.2f} (at most {LIMIT})")
    sys.exit(0 if ratio <= LIMIT else 1)


if __name__ == "__main__":
    main()
