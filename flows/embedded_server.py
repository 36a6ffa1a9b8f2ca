"""A Prefect API server that lives exactly as long as the run that started it.

Prefect can start a temporary server by itself, but only when the first flow asks for it, and that server outlives a
parent that is killed. This one starts in the background while the rest of the program is imported, ends when its
parent ends, however that happens, and keeps its database in a folder of its own that it removes. The history of such
a run is not kept; whoever wants it runs a Prefect server and sets PREFECT_API_URL.

The child process runs this file as a script: it must not import anything of this project.
"""

from __future__ import annotations

import atexit
import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

START_TIMEOUT_SECONDS = 180
"""How long a server may take to answer; the first one of a machine migrates its database, slowly on a busy machine."""


class ServerError(RuntimeError):
    """The server could not be started; the message says what to do."""


def start_server() -> EmbeddedServer:
    """Start the server and point Prefect at it; must come before the first import of Prefect.

    It is stopped when the interpreter exits, after Prefect has sent its last messages: handlers run in reverse order of
    their registration.
    """
    home = Path(tempfile.mkdtemp(prefix="materiel-prefect-"))
    os.environ |= _environment(home)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        address = listener.getsockname()
        # In a session of its own: an interrupt at the terminal is for the run, which then needs the server to report.
        process = subprocess.Popen(
            [sys.executable, "-P", __file__, str(listener.fileno()), str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    os.environ["PREFECT_API_URL"] = f"http://{address[0]}:{address[1]}/api"
    server = EmbeddedServer(process, address)
    atexit.register(server.stop)
    return server


class EmbeddedServer:
    """The running child process and its address."""

    def __init__(self, process: subprocess.Popen[bytes], address: tuple[str, int]) -> None:
        self._process = process
        self._address = address

    def wait_until_ready(self) -> None:
        """Return when the server answers. Raises ServerError if it ends or stays silent."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        connection = http.client.HTTPConnection(*self._address, timeout=START_TIMEOUT_SECONDS)
        while True:
            try:
                # The socket listens from the beginning: the request waits in its queue until the server takes it.
                connection.request("GET", "/api/health")
                if connection.getresponse().status == 200:
                    return
            except (OSError, http.client.HTTPException):
                connection.close()
            if self._process.poll() is not None:
                assert self._process.stderr is not None
                lines = self._process.stderr.read().decode(errors="replace").strip().splitlines()
                raise ServerError(
                    f"the embedded Prefect server ended at start ({lines[-1] if lines else 'without a message'}); "
                    "run again, or start `prefect server start` and set PREFECT_API_URL"
                )
            if time.monotonic() > deadline:
                raise ServerError(
                    f"the embedded Prefect server did not answer within {START_TIMEOUT_SECONDS} s; "
                    "run again when the machine is less busy, or set PREFECT_API_URL to a running server"
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server and wait until its folder is gone."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()


def _environment(home: Path) -> dict[str, str]:
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_UI_ENABLED": "false",
        "PREFECT_API_REQUEST_TIMEOUT": str(START_TIMEOUT_SECONDS),
    }


def _template() -> Path:
    """An empty database with Prefect's tables; making them takes seconds, so that it is done once per user."""
    import importlib.metadata

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "materiel" / f"prefect-{importlib.metadata.version('prefect')}.db"


def _save_template(database: Path, template: Path) -> None:
    import sqlite3

    aside = template.with_name(f".{template.name}.{os.getpid()}")
    try:
        template.parent.mkdir(parents=True, exist_ok=True)
        with (
            contextlib.closing(sqlite3.connect(database)) as source,
            contextlib.closing(sqlite3.connect(aside)) as copy,
        ):
            source.backup(copy)
        aside.replace(template)
    except (OSError, sqlite3.Error):
        # Without a place for the template every run makes its own tables: slower, not wrong.
        aside.unlink(missing_ok=True)


def _end_with_parent(home: Path) -> None:
    """The parent never writes to the pipe: it ends when the parent closes it or dies."""
    sys.stdin.buffer.read()
    shutil.rmtree(home, ignore_errors=True)
    os._exit(0)


def _serve(descriptor: int, home: Path) -> None:
    threading.Thread(target=_end_with_parent, args=(home,), daemon=True).start()
    database, template = home / "prefect.db", _template()
    known = template.is_file()
    if known:
        shutil.copyfile(template, database)

    import uvicorn
    from prefect.server.api.server import create_app

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if not known:
                _save_template(database, template)

    # Without the background services (schedules, automations, event store): they serve a history that is not kept.
    app = create_app(webserver_only=True, final=True)
    Server(uvicorn.Config(app, log_level="error", lifespan="on")).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    _serve(int(sys.argv[1]), Path(sys.argv[2]))
