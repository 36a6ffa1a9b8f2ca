"""Kill `materiel run` (SIGKILL, its whole process group) at ten random moments; run again; compare the releases.

Every killed run has a lake of its own. Prints one line per kill and fails if a release differs.

    python -m benchmarks.kill_test [INPUT] [KILLS] [SEED]
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.timing import ROOT, environment


def run(source: str, lake: Path, kill_after: float | None = None) -> float:
    """Run to the end, or kill the run after so many seconds; returns how long it took."""
    command = [sys.executable, "-m", "flows.cli", "run", source, "--lake", str(lake), "--batch-size", "2"]
    started = time.perf_counter()
    with subprocess.Popen(
        command, env=environment(), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            _, errors = process.communicate(timeout=kill_after)
            if process.returncode:
                sys.exit(f"the run failed:\n{errors.decode(errors='replace')}")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return time.perf_counter() - started


def content_hash(lake: Path) -> str:
    """The content hash of a lake's current release."""
    return str(json.loads((lake / "current" / "datapackage.json").read_text(encoding="utf-8"))["content_hash"])


def main() -> None:
    """Kill and compare."""
    source = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "seeds" / "documents")
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    moments = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole")
        duration = run(source, whole)
        expected = content_hash(whole)
        print(f"undisturbed: {duration:.1f} s, content hash {expected[:16]}", flush=True)
        same = 0
        for number in range(1, kills + 1):
            lake, moment = Path(folder, f"killed-{number}"), moments.uniform(0.2, duration)
            run(source, lake, kill_after=moment)
            before = [name for name in ("documents", "claims", "build", "current") if (lake / name).exists()]
            run(source, lake)
            is_same = content_hash(lake) == expected
            same += is_same
            found = "same" if is_same else "DIFFERENT"
            print(
                f"kill {number:>2} after {moment:4.1f} s, with {', '.join(before) or 'nothing'} there: {found}",
                flush=True,
            )
    print(f"{same} of {kills} releases are the same")
    sys.exit(0 if same == kills else 1)


if __name__ == "__main__":
    main()
