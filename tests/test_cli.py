"""The command: what each call prints, how it fails, and that the light calls stay light."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading
import time
from io import StringIO
from pathlib import Path

import pytest
from conftest import COMMAND, ROOT, Run, alive_with, clean_environment

CALLS = ("run", "extract", "query", "explain", "review", "correct", "tables")
SENTENCE = "Germany delivered 18 tanks to Ukraine, said a spokesman for the ministry."


def one_line_error(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("materiel: ")
    assert done.returncode != 0
    return lines[0]


@pytest.mark.parametrize("call", CALLS)
def test_help_has_an_example(materiel: Run, call: str) -> None:
    done = materiel(call, "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert f"  materiel {call}" in done.stdout.partition("Example")[2]


def test_without_a_call_the_help_is_shown(materiel: Run) -> None:
    done = materiel()
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: ")
    assert "\n  extract " in done.stderr


def test_version(materiel: Run) -> None:
    assert materiel("--version").stdout.startswith("materiel 0.")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["frobnicate"], 2, "No such command 'frobnicate'"),
        (["run"], 2, "INPUT"),
        (["run", "x", "--published-on", "yesterday"], 2, "2024-06-30"),
        (["run", "x", "--batch-size", "0"], 2, "batch-size"),
        (["run", "x", "--runner", "abacus"], 1, "processes:N"),
        (["run", "x", "--runner", "tcp://cluster.example:8786"], 1, "set PREFECT_API_URL"),
        (["extract", "no-such-file.txt"], 1, "check the path"),
        (["query", "SELECT 1", "--lake", "no-such-lake"], 1, "materiel run"),
        (["tables", "--lake", "no-such-lake"], 1, "materiel run"),
        (["explain", "abc", "--lake", "no-such-lake"], 2, "at least 6 characters"),
    ],
)
def test_wrong_calls_are_one_line(materiel: Run, arguments: list[str], status: int, words: str) -> None:
    done = materiel(*arguments)
    assert words in one_line_error(done)
    assert done.returncode == status


def test_a_bad_setting_is_one_line(materiel: Run) -> None:
    assert "MATERIEL_BATCH_SIZE" in one_line_error(materiel("run", "x", MATERIEL_BATCH_SIZE="many"))


def test_servers_that_do_not_answer_are_told_at_once(materiel: Run, articles: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    lake = tmp_path / "lake"
    done = materiel("run", articles, "--lake", lake, PREFECT_API_URL=f"http://127.0.0.1:{port}/api")
    assert "no Prefect server answers" in one_line_error(done)
    done = materiel("run", articles, "--lake", lake, "--runner", f"tcp://127.0.0.1:{port}")
    assert "no Dask scheduler answers" in one_line_error(done)


# extract


def test_extract_marks_the_words(materiel: Run) -> None:
    done = materiel("extract", "-", stdin=SENTENCE)
    assert done.returncode == 0, done.stderr
    assert "Germany → Ukraine" in done.stdout
    assert "[supplier: Germany]" in done.stdout
    assert "[recipient: Ukraine]" in done.stdout
    assert re.search(r"^ +confidence +[01]\.\d\d$", done.stdout, flags=re.MULTILINE)
    assert "\x1b" not in done.stdout
    assert all(line == line.rstrip() for line in done.stdout.splitlines())


def test_extract_json_leads_back_to_the_text(materiel: Run) -> None:
    done = materiel("extract", "-", "--json", "--published-on", "2024-06-30", stdin=SENTENCE)
    found = json.loads(done.stdout)
    assert found["document"]["published_on"] == "2024-06-30"
    assert set(found) == {"document", "transfers", "relations", "affiliations"}
    [claim] = found["transfers"]
    text = found["document"]["text"]
    assert text[claim["evidence_start"] : claim["evidence_end"]] == claim["evidence"]
    assert (claim["supplier_id"], claim["recipient_id"]) == ("DEU", "UKR")
    assert 0 < claim["confidence"] <= 1


def test_extract_of_a_text_without_claims_says_so(materiel: Run) -> None:
    done = materiel("extract", "-", stdin="The home side won the derby on Saturday.")
    assert done.returncode == 0
    assert "no claims found" in done.stdout


def test_extract_takes_one_document(materiel: Run, articles: Path) -> None:
    assert "materiel run" in one_line_error(materiel("extract", articles))
    assert "materiel run" in one_line_error(materiel("extract", articles / "records.jsonl"))


def test_extract_of_nothing_is_an_error(materiel: Run) -> None:
    assert "stdin" in one_line_error(materiel("extract", "-", stdin=""))


def test_extract_of_a_text_in_another_language_says_so(materiel: Run) -> None:
    text = "Die Bundesregierung hat am Montag angekündigt, der Ukraine zehn weitere Panzer zu liefern. " * 3
    done = materiel("extract", "-", stdin=text)
    assert (done.returncode, done.stdout) == (1, "")
    assert "another language (de) than English" in done.stderr


def test_extract_loads_no_orchestration(tmp_path: Path) -> None:
    script = (
        "import io, sys; sys.stdin = io.TextIOWrapper(io.BytesIO(b'Germany delivered 18 tanks to Ukraine.'))\n"
        "from flows.cli import cli\n"
        "cli.main(['extract', '-'], standalone_mode=False)\n"
        "heavy = {'prefect', 'duckdb', 'pyarrow', 'dbt', 'trafilatura', 'distributed'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([COMMAND[0], "-c", script], check=True, env=clean_environment(), cwd=tmp_path, capture_output=True)


# run


def test_run_reports_transfers_rejects_and_where_things_are(materiel: Run, articles: Path, tmp_path: Path) -> None:
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "empty.txt").write_text("")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    (folder / "broken.txt").write_bytes(b"Germany delivered 5 tanks to Ukraine. \xff\xfe\x80")
    lake, cache = tmp_path / "lake", tmp_path / "cache"
    inputs = [folder, articles / "delivery.txt", tmp_path / "missing.txt"]
    done = materiel("run", *inputs, "--lake", lake, XDG_CACHE_HOME=str(cache))
    assert done.returncode == 0, done.stderr
    assert len(list(cache.glob("materiel/prefect-*.db"))) == 1, "the next server has its tables at once"
    assert "North Korea → Russia" in done.stdout
    assert "materiel query" in done.stdout
    for reason in ("empty", "not_text", "not_found"):
        assert reason in done.stdout
    assert str(lake / "current") in done.stdout
    assert "Traceback" not in done.stderr
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["ingest", "extract", "model", "publish"]


def test_run_of_nothing_usable_fails(materiel: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    done = materiel("run", tmp_path / "empty.txt", "--lake", tmp_path / "lake")
    assert done.returncode == 1
    assert "none of the inputs could be used" in done.stderr
    assert "empty" in done.stdout


@pytest.mark.parametrize("seconds", [0.2, 1.5])
def test_an_interrupt_ends_the_run_with_one_line_and_no_process_left(
    articles: Path, tmp_path: Path, seconds: float
) -> None:
    environment = clean_environment(MATERIEL_TEST=str(tmp_path))
    lake = tmp_path / "lake"
    command = [*COMMAND, "run", str(articles), "--lake", str(lake), "--batch-size", "1", "--runner", "processes:2"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        while not lake.exists():  # the first worker processes start next
            assert run.poll() is None
            time.sleep(0.02)
        time.sleep(seconds)
        # As a terminal does: to the run and its workers.
        os.killpg(run.pid, signal.SIGINT)
        _, errors = run.communicate(timeout=30)
    assert run.returncode == 130
    assert [line for line in errors.splitlines() if line.startswith("materiel:")] == errors.splitlines()[-1:]
    assert "interrupted" in errors
    assert "Traceback" not in errors
    wait_for_end(str(tmp_path))


def test_no_process_outlives_a_killed_run(articles: Path, tmp_path: Path) -> None:
    environment = clean_environment(MATERIEL_TEST=str(tmp_path))
    command = [*COMMAND, "run", str(articles), "--lake", str(tmp_path / "lake"), "--batch-size", "1"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        while not run.stderr.readline().startswith(b"ingest"):
            assert run.poll() is None
        assert len(alive_with(str(tmp_path))) > 1
        run.kill()
    wait_for_end(str(tmp_path))


def wait_for_end(marker: str) -> None:
    deadline = time.monotonic() + 15
    while alive_with(marker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive_with(marker)


# query


def test_query_as_csv_json_and_table(materiel: Run, built_lake: Path) -> None:
    sql = "SELECT supplier_id, first_reported_on AS day, n_claims FROM transfers ORDER BY ALL NULLS LAST"
    rows = list(csv.DictReader(StringIO(materiel("query", sql, "--csv", "--lake", built_lake).stdout)))
    objects = json.loads(materiel("query", sql, "--json", "--lake", built_lake).stdout)
    table = materiel("query", sql, "--lake", built_lake).stdout
    assert len(rows) == len(objects) > 0
    assert [row["supplier_id"] for row in rows] == [value["supplier_id"] or "" for value in objects]
    assert all(row["supplier_id"] in table for row in rows)
    assert table.splitlines()[-1] == f"{len(rows)} row{'s' if len(rows) > 1 else ''}"
    assert json.loads(materiel("query", "SELECT 1 AS a WHERE false", "--json", "--lake", built_lake).stdout) == []


@pytest.mark.parametrize(
    "sql",
    ["DELETE FROM transfers", "COPY transfers TO 'x.csv'", "FROM read_csv('/etc/passwd')", "SELEC 1", "SELECT nope"],
)
def test_refused_and_wrong_sql_is_one_line(materiel: Run, built_lake: Path, sql: str) -> None:
    one_line_error(materiel("query", sql, "--lake", built_lake))


def test_json_keeps_columns_of_one_name_and_holds_no_word_that_json_lacks(materiel: Run, built_lake: Path) -> None:
    sql = "SELECT 1 AS a, 2 AS a, 3 AS a_1, 'nan'::double AS n, [1 / 0] AS i, MAP {DATE '2024-05-01': 0.5} AS m"
    done = materiel("query", sql, "--json", "--lake", built_lake)

    def refuse(word: str) -> object:
        raise AssertionError(word)

    [row] = json.loads(done.stdout, parse_constant=refuse)
    assert row == {"a": 1, "a_1": 2, "a_1_1": 3, "n": None, "i": [None], "m": {"2024-05-01": 0.5}}


def test_query_reads_statements_from_standard_input(materiel: Run, built_lake: Path) -> None:
    script = "SELECT 1\n  AS a; SELECT 2 AS b; -- a note\nSELECT ';\n' AS c\n"
    done = materiel("query", "--csv", "--lake", built_lake, stdin=script)
    assert done.stdout == 'a\n1\nb\n2\nc\n";\n"\n'
    assert done.returncode == 0
    assert "Parser Error" in one_line_error(materiel("query", "--lake", built_lake, stdin="SELECT 1; SELEC 2;"))


def test_a_full_disk_is_told(materiel: Run, built_lake: Path) -> None:
    command = " ".join([*COMMAND, "tables", "--lake", str(built_lake), "> /dev/full"])
    done = subprocess.run(command, shell=True, cwd=ROOT, env=clean_environment(), capture_output=True, text=True)
    assert "free some space" in one_line_error(done)


def test_an_interrupt_ends_a_query_and_not_the_prompt(built_lake: Path, tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "query", "--csv", "--lake", str(built_lake)],
        cwd=ROOT,
        env=clean_environment(XDG_STATE_HOME=str(tmp_path), TERM="dumb"),
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as prompt:
        assert prompt.stdout is not None
        assert prompt.stderr is not None
        # Nothing below may wait for ever.
        limit = threading.Timer(300, prompt.kill)
        limit.start()
        try:
            # Both on one line: once the first has answered, the interrupt can only meet the rest of the same script.
            os.write(
                leader, b"SELECT 'yes' AS ready; SELECT count(*) FROM range(1000000000000) AS t(x) WHERE x % 7 = 3;\n"
            )
            while not prompt.stdout.readline().startswith("yes"):
                assert prompt.poll() is None
            prompt.send_signal(signal.SIGINT)
            assert prompt.stderr.readline() == "materiel: interrupted\n"
            os.write(leader, b"SELECT 40 + 2 AS answer;\n.quit\n")
            output, errors = prompt.communicate()
        finally:
            limit.cancel()
            prompt.kill()
    os.close(follower)
    os.close(leader)
    assert prompt.returncode == 0
    assert "answer\n42\n" in output
    assert errors == ""


def test_prompt_keeps_on_after_an_error_and_takes_several_lines(built_lake: Path, tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    environment = clean_environment(XDG_STATE_HOME=str(tmp_path), TERM="dumb")
    with subprocess.Popen(
        [*COMMAND, "query", "--csv", "--lake", str(built_lake)],
        cwd=ROOT,
        env=environment,
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as prompt:
        os.write(leader, b"selec;\n.tables\nSELECT 40 + 2\n  AS answer;\n.quit\n")
        output, errors = prompt.communicate(timeout=60)
    os.close(follower)
    os.close(leader)
    assert prompt.returncode == 0
    assert "answer\n42\n" in output
    assert "transfer_claims" in output
    assert "materiel: Parser Error" in errors
    assert (tmp_path / "materiel" / "query_history").is_file()


def test_a_closed_pipe_is_no_error(built_lake: Path) -> None:
    command = " ".join([*COMMAND, "query", "'FROM range(200000)'", "--csv", "--lake", str(built_lake), "| head -n 1"])
    done = subprocess.run(command, shell=True, cwd=ROOT, env=clean_environment(), capture_output=True, text=True)
    assert done.stdout == "range\n"
    assert done.stderr == ""


# explain, tables


def test_explain_leads_from_a_transfer_to_the_words(materiel: Run, built_lake: Path) -> None:
    sql = "SELECT transfer_id, claim_id FROM transfer_claim_links WHERE transfer_id IN " + (
        "(SELECT transfer_id FROM transfers WHERE supplier_id = 'PRK')"
    )
    [link] = json.loads(materiel("query", sql, "--json", "--lake", built_lake).stdout)
    done = materiel("explain", link["transfer_id"][:8], "--lake", built_lake)
    assert done.returncode == 0, done.stderr
    assert "North Korea → Russia" in done.stdout
    assert f"claim {link['claim_id']}" in done.stdout
    assert "[supplier: North Korea]" in done.stdout
    assert "test:delivery" in done.stdout or "delivery.txt" in done.stdout
    claim = materiel("explain", link["claim_id"], "--lake", built_lake)
    assert "[supplier: North Korea]" in claim.stdout
    assert "transfer " not in claim.stdout.splitlines()[0]


def test_explain_of_an_unknown_id(materiel: Run, built_lake: Path) -> None:
    assert "no such transfer or claim" in one_line_error(materiel("explain", "zzzzzzzz", "--lake", built_lake))


def test_tables_is_the_data_dictionary(materiel: Run, built_lake: Path) -> None:
    done = materiel("tables", "--lake", built_lake)
    for word in ("transfer_claims", "evidence_start", "integer", "rows", "key: "):
        assert word in done.stdout
    one = materiel("tables", "transfers", "--lake", built_lake, "--json")
    [table] = json.loads(one.stdout)
    assert table["name"] == "transfers"
    assert {"name", "type", "description"} == set(table["columns"][0])
    assert "there are" in one_line_error(materiel("tables", "nope", "--lake", built_lake))
