"""`materiel sources` as a person calls it, against a server on the loopback address."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Run

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Invented News</title>
<item><title>Frigates [bold]delivered&#x1b;[31m</title><link>/news/1</link><pubDate>Mon, 30 Jun 2025</pubDate></item>
<item><title>Second</title><link>/news/2</link><pubDate>Sun, 29 Jun 2025</pubDate></item>
<item><title>Match report</title><link>/sport/3</link><pubDate>Tue, 01 Jul 2025</pubDate></item>
</channel></rss>"""
PAGES = {"/feed": FEED, "/page": "<!doctype html><html><body>No such page</body></html>"}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = PAGES.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html" if self.path == "/page" else "application/rss+xml")
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def watch(tmp_path: Path, site: str) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("Text.", encoding="utf-8")
    path = tmp_path / "watch.toml"
    path.write_text(
        f'[[source]]\nname = "news"\nkind = "feed"\nurl = "{site}/feed"\nexclude = "/sport/"\nspacing = 0\n'
        f'[[source]]\nname = "page"\nkind = "feed"\nurl = "{site}/page"\nspacing = 0\nenabled = false\n'
        '[[source]]\nname = "files"\nkind = "folder"\npath = "in"\ntags = ["own"]\n',
        encoding="utf-8",
    )
    return path


def check(materiel: Run, *arguments: object) -> tuple[int, str, str]:
    # The operator allows the loopback address, which a fetcher may refuse otherwise.
    done = materiel("sources", "check", *map(str, arguments), MATERIEL_ALLOW_HOSTS="127.0.0.1")
    return done.returncode, done.stdout, done.stderr


def test_check_shows_what_a_run_would_fetch(materiel: Run, tmp_path: Path, site: str) -> None:
    status, shown, errors = check(materiel, "--sources", watch(tmp_path, site), "--pages", 1)
    assert (status, errors) == (0, "")
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[:6] == [
        f"news feed {site}/feed",
        "lists 3 entries, the newest of 2025-07-01",
        f"leaves out 1 matching 'exclude', such as {site}/sport/3",
        "would take 2",
        f"2025-06-30 {site}/news/1 Frigates [bold]delivered [31m",
        "… and 1 more",
    ]
    assert "page" not in {line.partition(" ")[0] for line in lines}
    assert "news feed 3 2 2025-07-01 1" in lines
    assert "files folder 1 1 0" in lines
    assert "\x1b" not in shown


def test_check_of_a_source_that_fails(materiel: Run, tmp_path: Path, site: str) -> None:
    status, shown, errors = check(materiel, "page", "--sources", watch(tmp_path, site))
    assert status == 1
    assert "it is a web page, not a feed" in shown
    assert errors == (
        f"materiel: 1 of 1 sources cannot be read (page); correct or remove them in {tmp_path}/watch.toml\n"
    )


def test_check_as_json(materiel: Run, tmp_path: Path, site: str) -> None:
    status, shown, _ = check(materiel, "news", "files", "--json", "--sources", watch(tmp_path, site))
    news, files = json.loads(shown)
    assert status == 0
    assert (news["name"], news["entries"], news["taken"], news["excluded"], news["newest"]) == (
        "news", 3, 2, {"excluded": 1}, "2025-07-01",
    )  # fmt: skip
    assert (files["name"], files["taken"], files["failed"]) == ("files", 1, False)


def test_list_shows_every_source(materiel: Run, tmp_path: Path, site: str) -> None:
    done = materiel("sources", "list", "--sources", watch(tmp_path, site))
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()[2:]]
    assert [row[:2] for row in rows] == [["news", "feed"], ["page", "feed"], ["files", "folder"]]
    assert "not enabled" in done.stdout.splitlines()[3]


def test_everything_wrong_with_the_watch_list_is_told(materiel: Run, tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(
        '[[source]]\nname = "a"\nkind = "fead"\n[[source]]\nkind = "folder"\npath = "x"\n', encoding="utf-8"
    )
    for call in ("list", "check"):
        done = materiel("sources", call, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.splitlines() == [
            "materiel: sources.toml:3: source 'a', key 'kind': unknown kind 'fead'; did you mean 'feed'?",
            "materiel: sources.toml:4: source number 2, key 'name': is missing; give the source a name of its own",
        ]
    path.unlink()
    done = materiel("sources", "list", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("materiel: sources.toml: there is no such file; ")


def test_without_a_command_the_group_explains_itself(materiel: Run) -> None:
    done = materiel("sources")
    assert done.returncode == 2
    assert "check" in done.stderr and "list" in done.stderr
