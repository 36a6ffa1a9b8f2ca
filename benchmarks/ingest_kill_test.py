"""Kill the ingestion of 2,000 pages (SIGKILL, its whole process group) at ten random moments; run again; compare.

The pages are those of the tests' own server on the loopback address. Every killed run has a lake of its own. Prints one
line per kill, and fails if an archive does not verify or the documents are not those of an undisturbed run.

    python -m benchmarks.ingest_kill_test [PAGES] [KILLS] [SEED]
"""

from __future__ import annotations

import importlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.memory import INGEST
from benchmarks.timing import ROOT, environment
from flows.lake import Lake, iter_values
from flows.verify import verify

SETTINGS = {"MATERIEL_ALLOW_HOSTS": "127.0.0.1", "MATERIEL_SPACING": "0", "MATERIEL_PER_HOST": "16"}

QUIET_SECONDS = 120.0
"""Longest wait for the first sign of a run in its lake."""


def run(source: Path, lake: Path, kill_after: float | None = None) -> float:
    """Ingest to the end, or kill the run so many seconds after it has begun to work; returns how long it worked."""
    with subprocess.Popen(
        [sys.executable, "-c", INGEST, str(source), str(lake)],
        env=environment(**SETTINGS),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        began = time.perf_counter()
        # A run waits for its Prefect server first; the moments that matter come after.
        while not (lake / "raw").exists() and process.poll() is None and time.perf_counter() < began + QUIET_SECONDS:
            time.sleep(0.01)
        began = time.perf_counter()
        try:
            _, errors = process.communicate(timeout=kill_after)
            if process.returncode:
                sys.exit(f"the run failed:\n{errors.decode(errors='replace')}")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return time.perf_counter() - began


def documents(root: Path) -> list[tuple[Any, ...]]:
    """What the documents of a lake are, whatever batch they are in."""
    files = sorted(Lake(root).documents.glob("*/[!.]*/documents.parquet"))
    return sorted(iter_values(files, ("source_uri", "document_id", "published_on", "title", "raw_digest")), key=str)


def main() -> None:
    """Kill and compare."""
    pages, kills, seed = [*map(int, sys.argv[1:4]), *(2_000, 10, 0)[len(sys.argv) - 1 :]]
    sys.path.insert(0, str(ROOT / "tests"))
    outside_world = importlib.import_module("outside_world").outside_world
    moments = random.Random(seed)
    same = 0
    with tempfile.TemporaryDirectory() as folder, outside_world() as world:
        source = Path(folder, "pages.urls")
        source.write_text("".join(f"{world.url(f'/article/{number}')}\n" for number in range(pages)))
        whole = Path(folder, "whole")
        duration = run(source, whole)
        expected = documents(whole)
        print(f"undisturbed: {duration:.1f} s, {len(expected):,} documents", flush=True)
        for number in range(1, kills + 1):
            lake, moment = Path(folder, f"killed-{number}"), moments.uniform(0.0, duration)
            run(source, lake, kill_after=moment)
            before = len(list((lake / "raw").glob("[!.]*"))), len(documents(lake))
            run(source, lake)
            differences = verify(Lake(lake)).differences
            is_same = documents(lake) == expected and not differences
            same += is_same
            found = "same" if is_same else f"DIFFERENT, {len(differences)} differences in the archive"
            print(
                f"kill {number:>2} after {moment:4.1f} s, with {before[0]} batches of the archive and {before[1]:,} "
                f"documents there: {found}",
                flush=True,
            )
    print(f"{same} of {kills} lakes are the same")
    sys.exit(0 if same == kills else 1)


if __name__ == "__main__":
    main()
