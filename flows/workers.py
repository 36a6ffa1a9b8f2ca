"""Worker processes that leave interrupts to the run that started them, and that end when it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from typing import Any

from prefect.task_runners import ProcessPoolTaskRunner


class WorkerProcesses(ProcessPoolTaskRunner):
    """Runs tasks in worker processes, to which an interrupt at the terminal, sent to all of a run's processes, is none.

    A worker could do nothing about it but tell where it stood, at any moment of its start at that.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        super().__init__(max_workers=max_workers, initializer=end_with_parent)

    def submit(self, *arguments: Any, **options: Any) -> Any:
        """Submit a task; the threads and processes that this starts inherit that interrupts are blocked."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(*arguments, **options)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """Runs first in each worker process: none outlives its parent."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), name="end-with-parent", daemon=True).start()


def _end_with(parent: Any) -> None:
    # A pool's worker holds both ends of its queue, so that the death of a killed parent does not wake it.
    parent.join()
    os._exit(1)
