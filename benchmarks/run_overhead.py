"""What `materiel run` on one short document costs beside its two given parts: an empty Prefect flow, and dbt's build.

All three are measured in turn, each as a process of its own, after one round that warms the disk's and Prefect's
caches. The dbt build is of the same models over the same lake, and has to parse the project, as in a new lake.

    python -m benchmarks.run_overhead [ROUNDS]
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import ROOT, seconds, table, verdict

LIMIT = 1.6
DOCUMENT = "Germany delivered 18 tanks to Ukraine in May 2024, the ministry in Berlin said."
EMPTY_FLOW = "from prefect import flow\n\n@flow\ndef empty():\n    pass\n\nempty()\n"
QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}


def measure(rounds: int, folder: Path) -> dict[str, list[float]]:
    """Seconds per round of the three."""
    document = folder / "document.txt"
    document.write_text(DOCUMENT, encoding="utf-8")
    measured: dict[str, list[float]] = {"empty flow": [], "dbt build": [], "materiel run": []}
    for number in range(rounds + 1):
        home = str(folder / "prefect")
        flow = seconds([sys.executable, "-c", EMPTY_FLOW], PREFECT_HOME=home, **QUIET)
        lake = folder / f"lake-{number}"
        run = seconds([sys.executable, "-m", "flows.cli", "run", str(document), "--lake", str(lake)])
        build = seconds(_dbt_build(lake, folder / f"dbt-{number}"), **QUIET)
        if number:
            for name, value in (("empty flow", flow), ("dbt build", build), ("materiel run", run)):
                measured[name].append(value)
    return measured


def _dbt_build(lake: Path, target: Path) -> list[str]:
    """dbt's own command on a copy of the lake's database."""
    target.mkdir()
    database = shutil.copy(lake / "build" / "materiel.duckdb", target / "materiel.duckdb")
    project = ROOT / "sql"
    return [
        str(Path(sys.executable).parent / "dbt"),
        "--no-send-anonymous-usage-stats",
        "--no-version-check",
        "build",
        f"--project-dir={project}",
        f"--profiles-dir={project}",
        f"--target-path={target}",
        f"--log-path={target}",
        f"--vars={{database: '{database}'}}",
    ]


def main() -> None:
    """Measure, print the table, and fail above the limit."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(rounds, Path(folder))
    table(f"materiel run on one short document, {rounds} rounds", measured)
    median = {name: statistics.median(values) for name, values in measured.items()}
    ratio = median["materiel run"] / (median["empty flow"] + median["dbt build"])
    sys.exit(0 if verdict("materiel run / (empty flow + dbt build)", ratio, LIMIT) else 1)


if __name__ == "__main__":
    main()
