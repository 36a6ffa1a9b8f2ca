from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import flows.isolation
from flows.isolation import Crashed, Isolated, IsolationError, OutOfMemory, TimedOut

WORK = "dangerous:work"


@pytest.fixture
def work() -> Iterator[Isolated[str, str]]:
    with Isolated[str, str](WORK, megabytes=500) as call:
        yield call


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("sleep", TimedOut),
        ("loop in C", TimedOut),
        ("memory", OutOfMemory),
        ("many pieces", OutOfMemory),
        ("abort", Crashed),
        ("leave", Crashed),
    ],
)
def test_a_call_that_does_not_end_costs_itself_only(
    work: Isolated[str, str], what: str, error: type[IsolationError]
) -> None:
    assert work("before", 30) == "BEFORE"
    with pytest.raises(error):
        work(what, 1.0 if error is TimedOut else 30)
    assert work("after", 30) == "AFTER"


def test_the_function_s_own_exceptions_come_through_and_the_child_stays(work: Isolated[str, str]) -> None:
    pid = work("who", 30)
    with pytest.raises(ValueError, match="no"):
        work("raise", 30)
    with pytest.raises(RuntimeError, match="Unsendable: a"):
        work("raise what cannot be sent", 30)
    assert work("who", 30) == pid


def test_a_child_is_replaced_after_many_calls(monkeypatch: pytest.MonkeyPatch, work: Isolated[str, str]) -> None:
    monkeypatch.setattr(flows.isolation, "CALLS_PER_CHILD", 3)
    pids = [work("who", 30) for _ in range(7)]
    assert len(set(pids)) == 3
    assert pids[0] == pids[2] != pids[3]


def test_nothing_is_left_when_the_block_ends() -> None:
    with Isolated[str, str](WORK, megabytes=500) as call:
        pid = int(call("who", 30))
        assert alive(pid)
    assert not alive(pid)


def test_a_function_that_cannot_be_imported_is_told() -> None:
    with Isolated[str, str]("dangerous:nothing", megabytes=500) as call, pytest.raises(IsolationError, match="started"):
        call("x", 30)


@pytest.mark.skipif(sys.platform != "linux", reason="the death of a parent is told by Linux only at once")
def test_a_child_in_a_loop_dies_with_a_killed_parent() -> None:
    code = (
        "from flows.isolation import Isolated\n"
        f"with Isolated({WORK!r}, 500) as call:\n"
        "    print(call('who', 30), flush=True)\n"
        "    call('loop in C', 600)\n"
    )
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)
