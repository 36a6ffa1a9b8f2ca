"""A child process that does dangerous work: what makes it hang, crash or fill the memory costs one call, not the run.

The child runs one function for one argument at a time. A call that passes its limit of time is ended by killing the
child, which a loop inside a C library cannot prevent; the next call gets a new child.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from types import TracebackType
from typing import Any, Generic, TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")

CALLS_PER_CHILD = 2_000
"""After so many calls a child is replaced: what libraries keep from call to call cannot grow for ever."""

START_SECONDS = 120.0
"""How long a child may take to start; it imports libraries, perhaps from a slow disk."""

MEGABYTE = 1_000_000

_READY = "ready"


class IsolationError(RuntimeError):
    """A call did not come to an end; `reason` is the code of the reject that tells so."""

    reason = "crashed"


class TimedOut(IsolationError):
    """The call passed its limit of time."""

    reason = "timed_out"


class OutOfMemory(IsolationError):
    """The call passed its limit of memory."""

    reason = "out_of_memory"


class Crashed(IsolationError):
    """The child ended in the middle of the call."""


class Isolated(Generic[Argument, Result]):
    """A function that runs in a child process: `with Isolated("module:function", megabytes=2000) as call: call(x, 60)`.

    The child is started at the first call. The function, its argument and its result must be importable and fit for
    pickling. An exception of the function is raised here as it is.
    """

    def __init__(self, function: str, megabytes: int) -> None:
        """`function` is `module:name`; `megabytes` is what a call may take beyond what the libraries need."""
        self._function = function
        self._megabytes = megabytes
        self._child: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._calls = 0

    def __call__(self, argument: Argument, seconds: float) -> Result:
        """The function's result. Raises TimedOut after so many seconds, OutOfMemory and Crashed."""
        if self._calls >= CALLS_PER_CHILD:
            self.close()
        connection = self._connection or self._start()
        self._calls += 1
        try:
            connection.send(argument)
            if not connection.poll(seconds):
                self._kill(at_once=True)
                raise TimedOut(f"stopped after {seconds:g} s")
            outcome, value = connection.recv()
        except (EOFError, ConnectionError):
            status = self._kill()
            raise Crashed(_death(status)) from None
        if outcome == "memory":
            # What is left of the child's memory is in pieces.
            self._kill(at_once=True)
            raise OutOfMemory(f"stopped at {self._megabytes:,} MB")
        if outcome == "error":
            raise value
        result: Result = value
        return result

    def close(self) -> None:
        """End the child; the next call starts another one."""
        if self._connection is not None:
            # The child reads the end of its input and leaves.
            self._connection.close()
            self._connection = None
        if self._child is not None:
            try:
                self._child.wait(timeout=2)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
            self._child = None
        self._calls = 0

    def __enter__(self) -> Isolated[Argument, Result]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._kill(at_once=True)

    def _start(self) -> Connection:
        ours, theirs = Pipe()
        code = f"from flows.isolation import serve; serve({theirs.fileno()}, {self._function!r}, {self._megabytes})"
        # The child belongs to its call: an interrupt at the terminal is for whoever made the call.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        self._connection = ours
        try:
            if ours.poll(START_SECONDS) and ours.recv() == _READY:
                return ours
        except (EOFError, ConnectionError):
            pass
        status = self._kill()
        raise IsolationError(f"the process for {self._function} could not be started ({_death(status)})")

    def _kill(self, *, at_once: bool = False) -> int:
        """Kill the child, or let one that has died by itself tell why; returns its exit status."""
        status = 0
        if self._connection is not None:
            self._connection.close()
        if self._child is not None:
            if not at_once:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._child.wait(timeout=1)
            self._child.kill()
            status = self._child.wait()
        self._child = self._connection = None
        self._calls = 0
        return status


def _death(status: int) -> str:
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


# ------------------------------------------------------------------------------------------------------- in the child


def serve(descriptor: int, function: str, megabytes: int) -> None:
    """Answer calls until the parent closes the connection or dies. Runs in the child."""
    _die_with_parent()
    connection = Connection(descriptor)
    module, _, name = function.partition(":")
    call = getattr(importlib.import_module(module), name)
    connection.send(_READY)
    with contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        # What the libraries load at the first call is theirs, not the call's.
        allowed = 2 * megabytes
        while True:
            connection.send(_outcome(call, connection.recv(), allowed))
            allowed = megabytes
    # Taking large libraries apart takes longer than a call.
    os._exit(0)


def _outcome(call: Callable[[Any], Any], argument: Any, megabytes: int) -> tuple[str, Any]:
    with _memory_limit(megabytes):
        try:
            return "result", call(argument)
        except MemoryError:
            return "memory", None
        except Exception as error:
            return "error", _portable(error)


def _portable(error: Exception) -> Exception:
    """The error, or one that says the same where it cannot be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


@contextlib.contextmanager
def _memory_limit(megabytes: int) -> Any:
    """Let the address space grow by so much and no more, where the system can tell its size (Linux)."""
    import resource

    used = _address_space()
    if used is None:
        yield
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = used + megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _address_space() -> int | None:
    """Size of this process's address space in bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - not a file of ours
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def _die_with_parent() -> None:
    """End when the parent ends, in whatever loop this process is then."""
    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    # Elsewhere than on Linux, and where the parent died before that: as far as a thread of this process can tell.
    threading.Thread(target=_end_without, args=(parent,), name="end-with-parent", daemon=True).start()


def _end_without(parent: int) -> None:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(1.0)
    os._exit(1)
