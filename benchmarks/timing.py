"""What the benchmarks share: timing of commands, and the table that each prints."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment(**variables: str) -> dict[str, str]:
    """The environment of a person who has set nothing up, plus the variables given."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MATERIEL_"))}
    path = os.pathsep.join(filter(None, [str(ROOT), mine.get("PYTHONPATH")]))
    return mine | {"PYTHONPATH": path} | variables


def seconds(command: Sequence[str], stdin: str = "", **variables: str) -> float:
    """Wall-clock seconds of a command that must succeed; its output is shown only if it fails."""
    started = time.perf_counter()
    done = subprocess.run(
        list(command), input=stdin, env=environment(**variables), cwd=ROOT, capture_output=True, text=True
    )
    elapsed = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return elapsed


def table(title: str, measured: Mapping[str, Sequence[float]], unit: str = "s") -> None:
    """Print the median and the range of each row's measurements."""
    width = max(map(len, measured))
    print(f"\n{title}")
    print(f"{'':<{width}}  {'median':>9}  {'least':>9}  {'most':>9}")
    for name, values in measured.items():
        middle, least, most = statistics.median(values), min(values), max(values)
        print(f"{name:<{width}}  {middle:>7.2f} {unit}  {least:>7.2f} {unit}  {most:>7.2f} {unit}")


def verdict(name: str, ratio: float, limit: float) -> bool:
    """Print a ratio beside its limit; returns whether it holds."""
    holds = ratio <= limit
    print(f"{name}: {ratio:.2f} (limit {limit:g}) {'ok' if holds else 'TOO SLOW'}")
    return holds
