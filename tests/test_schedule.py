"""`prefect.yaml`: its deployments load, and the scheduled one starts by itself on a local Prefect server."""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, clean_environment, content_hash

DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_entrypoints_are_flows_that_take_the_parameters(deployment: dict[str, Any]) -> None:
    path, name = deployment["entrypoint"].split(":")
    flow = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
    flow.validate_parameters(deployment["parameters"])


def test_only_the_pipeline_is_scheduled_and_by_cron() -> None:
    scheduled = [deployment for deployment in DEPLOYMENTS if deployment.get("schedules")]
    assert [deployment["entrypoint"] for deployment in scheduled] == ["flows/pipeline.py:pipeline"]
    assert scheduled[0]["schedules"][0]["cron"].count(" ") == 4


CALL_SECONDS = 90
CALL_ATTEMPTS = 2


@pytest.mark.slow
def test_a_scheduled_run_starts_by_itself(articles: Path, built_lake: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    parameters = json.dumps({"inputs": [str(articles)], "lake": str(lake)})
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    api = f"http://127.0.0.1:{port}/api"
    environment = clean_environment(
        PREFECT_API_URL=api,
        PREFECT_HOME=str(tmp_path / "prefect"),
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        PREFECT_SERVER_REGISTER_BLOCKS_ON_START="false",
        PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS="1",
        PREFECT_WORKER_QUERY_SECONDS="1",
        DO_NOT_TRACK="1",
    )
    log = tmp_path / "prefect.log"

    def prefect(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "prefect", "--no-prompt", *arguments]

    with background(
        prefect("server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"), environment, log
    ):
        wait_for(lambda: get(f"{api}/health"), 120, log)
        call(prefect("work-pool", "create", "materiel", "--type", "process", "--overwrite"), environment)
        # The deployment of prefect.yaml, but soon rather than at night, and over the articles of this test.
        call(prefect("deploy", "--name", "nightly", "--interval", "5", "--params", parameters), environment)
        with background(prefect("worker", "start", "--pool", "materiel", "--limit", "1"), environment, log):
            runs = wait_for(lambda: completed_runs(api), 180, log)
    assert runs[0]["auto_scheduled"] is True
    assert content_hash(lake) == content_hash(built_lake)


def call(command: list[str], environment: dict[str, str]) -> None:
    """Run a command that may be repeated; one that stalls is ended and tried again, so that the test cannot hang."""
    for attempt in range(CALL_ATTEMPTS):
        try:
            done = subprocess.run(
                command,
                env=environment,
                cwd=ROOT,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=CALL_SECONDS,
            )
        except subprocess.TimeoutExpired:
            assert attempt + 1 < CALL_ATTEMPTS, f"{command} did not end within {CALL_SECONDS} s"
            continue
        assert done.returncode == 0, done.stdout + done.stderr
        return


@contextmanager
def background(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    """A process that is ended with all it has started."""
    with (
        log.open("ab") as output,
        subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=output, stderr=output, start_new_session=True
        ) as job,
    ):
        try:
            yield
        finally:
            job.terminate()
            with suppress(subprocess.TimeoutExpired):
                job.wait(timeout=15)
            # The rest of its process group too: flow runs that it started, or itself where it did not end.
            with suppress(ProcessLookupError):
                os.killpg(job.pid, 9)


def get(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except OSError:
        return None


def completed_runs(api: str) -> list[dict[str, Any]]:
    """Completed runs of the pipeline that belong to a deployment."""
    completed = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}, "deployment_id": {"is_null_": False}}}
    found = get(f"{api}/flow_runs/filter", completed) or []
    return [run for run in found if run["deployment_id"]]


def wait_for(probe: Any, seconds: float, log: Path) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := probe()):
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
        time.sleep(0.3)
    return answer
