"""Choice of the task runner. What it must not change, the result, is tested in test_pipeline."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.runners import RunnerError, is_dask_address, needs_shared_server, task_runner


def test_default_is_processes_one_per_core() -> None:
    runner = task_runner(None)
    assert type(runner).__name__ == "WorkerProcesses"
    assert runner._max_workers == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("spec", "name", "workers"),
    [
        ("processes:3", "WorkerProcesses", 3),
        ("threads:5", "ThreadPoolTaskRunner", 5),
        ("threads", "ThreadPoolTaskRunner", len(os.sched_getaffinity(0))),
    ],
)
def test_workers(spec: str, name: str, workers: int) -> None:
    runner = task_runner(spec)
    assert (type(runner).__name__, runner._max_workers) == (name, workers)


def test_dask_address() -> None:
    runner = task_runner("tcp://127.0.0.1:8786")
    assert type(runner).__name__ == "DaskTaskRunner"
    assert runner.address == "tcp://127.0.0.1:8786"


@pytest.mark.parametrize(
    "spec",
    [
        "process",
        "processes:0",
        "threads:-1",
        "threads:two",
        "processes:",
        "tcp://",
        "tcp://host",
        "tcp://h:x",
        "http://h:1",
    ],
)
def test_unknown_runner_says_what_is_known(spec: str) -> None:
    assert not is_dask_address(spec)
    with pytest.raises(RunnerError, match="use processes"):
        task_runner(spec)


@pytest.mark.parametrize(
    ("spec", "needs"),
    [
        (None, False),
        ("threads", False),
        ("tcp://127.0.0.1:1", False),
        ("tcp://localhost:1", False),
        ("tcp://cluster:8786", True),
    ],
)
def test_only_a_remote_cluster_needs_a_shared_server(spec: str | None, needs: bool) -> None:
    assert needs_shared_server(spec) is needs


_POOL = """
import concurrent.futures, multiprocessing, os, sys, time
from flows.workers import end_with_parent

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, context, end_with_parent) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(time.sleep, 60).result()
"""


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(_POOL)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while _is_running(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(worker)


def test_the_setting_holds_for_a_flow_that_is_deployed_alone() -> None:
    script = (
        "from flows.ingest import ingest; print(type(ingest.task_runner).__name__, ingest.task_runner._max_workers)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent), "MATERIEL_RUNNER": "threads:3"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ThreadPoolTaskRunner", "3"]


def test_workers_start_with_interrupts_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.task_runners import ProcessPoolTaskRunner

    blocked = []

    def submit(*_arguments: object) -> None:
        blocked.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))

    monkeypatch.setattr(ProcessPoolTaskRunner, "submit", submit)
    task_runner("processes:1").submit("task", {})
    assert blocked == [True]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def _is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
