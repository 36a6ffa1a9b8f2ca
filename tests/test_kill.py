"""A run that is killed at any moment leaves nothing that a second run cannot put right."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

from conftest import COMMAND, ROOT, Run, clean_environment, content_hash

KILLS = 3


def test_killed_runs_then_a_whole_one_give_the_same_release(
    materiel: Run, articles: Path, built_lake: Path, tmp_path: Path
) -> None:
    moments = random.Random(20241122)
    lake = tmp_path / "lake"
    command = [*COMMAND, "run", str(articles), "--lake", str(lake), "--batch-size", "1", "--runner", "processes:2"]
    for _ in range(KILLS):
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as run:
            # The run waits for its server first; the moments that matter come after.
            while not (lake / "documents").exists() and run.poll() is None:
                time.sleep(0.01)
            time.sleep(moments.uniform(0, 6))
            os.killpg(run.pid, signal.SIGKILL)
    done = materiel("run", articles, "--lake", lake)
    assert done.returncode == 0, done.stderr
    assert content_hash(lake) == content_hash(built_lake)
    assert not [path for path in lake.rglob(".tmp.*") if path.is_file()]
