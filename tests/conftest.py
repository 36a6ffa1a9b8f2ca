"""Set-up shared by all tests: a Prefect server of the test session's own, and ways to run the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMMAND = (sys.executable, "-P", "-m", "flows.cli")

Run = Callable[..., subprocess.CompletedProcess[str]]


def pytest_configure(config: pytest.Config) -> None:
    """Flows that are called inside tests report to a server that ends with the session; it starts in the background."""
    is_controller = bool(getattr(config.option, "numprocesses", None)) and not hasattr(config, "workerinput")
    if not is_controller and not config.option.collectonly:
        from flows.embedded_server import start_server

        os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
        os.environ.setdefault("PREFECT_LOGGING_TO_API_ENABLED", "false")
        start_server()


def clean_environment(**variables: str) -> dict[str, str]:
    """The environment of a person who has set nothing up, plus the variables given."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MATERIEL_"))}
    for name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR"):
        mine.pop(name, None)
    path = os.pathsep.join(filter(None, [str(ROOT), mine.get("PYTHONPATH")]))
    return mine | {"PYTHONPATH": path, "TERM": "xterm-256color"} | variables


@pytest.fixture(scope="session")
def materiel() -> Run:
    """Run the command in a process of its own; returns its status and output."""

    def run(
        *arguments: str | Path, stdin: str | None = None, timeout: float = 300, cwd: Path = ROOT, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=cwd,
            env=clean_environment(**variables),
            stdin=subprocess.DEVNULL if stdin is None else None,
        )

    return run


ARTICLES = {
    "pledge": "Germany will send 18 tanks to Ukraine, the government in Berlin announced on Tuesday.",
    "delivery": "North Korea has supplied Russia with more than 11,000 containers of munitions since September 2023.",
    "denial": "Iran denied sending ballistic missiles to Russia.",
    "offer": "France offered 24 howitzers to Armenia. The French foreign minister met his Armenian counterpart.",
    "sport": "The home side won the derby on Saturday by three goals to one.",
    "approval": "The United States approved the sale of 72 missiles to Taiwan in June 2025.",
}


@pytest.fixture(scope="session")
def articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of short articles, half of them dated records, half plain text; one has nothing in it."""
    folder = tmp_path_factory.mktemp("articles")
    records = []
    for number, (name, text) in enumerate(ARTICLES.items()):
        if number % 2:
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
        else:
            records.append({"uri": f"test:{name}", "title": None, "published_on": "2025-07-01", "text": text})
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "records.jsonl").write_text(lines, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def built_lake(materiel: Run, articles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake that an undisturbed run over the articles makes; tests must not change it."""
    lake = tmp_path_factory.mktemp("built") / "lake"
    done = materiel("run", articles, "--lake", lake)
    assert done.returncode == 0, done.stderr
    return lake


def content_hash(lake: Path) -> str:
    """The content hash of a lake's current release."""
    return str(json.loads((lake / "current" / "datapackage.json").read_text(encoding="utf-8"))["content_hash"])


def alive_with(variable: str) -> Sequence[int]:
    """Processes whose environment holds this text; the zombies among them have ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if variable.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found
