"""Releases: their history, going back, removing old ones, and that readers and kills never find half of anything."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from built_tables import build, one_transfer, together
from conftest import ROOT, Run, clean_environment

from flows.catalog import connect, current_release
from flows.lake import Lake
from flows.pruning import KeepRule, prune
from flows.publish import publish_release
from flows.releases import (
    HISTORY,
    ReleaseError,
    check_files,
    current_id,
    find_release,
    history,
    pin,
    release_folders,
    releases,
    resume,
    rollback,
    unpin,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def put_out(lake: Lake, claims: int) -> str:
    """Publish a transfer with so many claims; returns the id of the release."""
    build(lake, one_transfer(1, claims))
    return str(publish_release(lake.root)["release_id"])


def three(lake: Lake) -> list[str]:
    return [put_out(lake, claims) for claims in (1, 2, 3)]


def age(lake: Lake, moments: dict[str, datetime]) -> None:
    """Date the publications in the history."""
    path = lake.releases / HISTORY
    events = [json.loads(line) for line in path.read_text().splitlines()]
    for event in events:
        event["at"] = moments[event["release"]].isoformat()
    path.write_text("".join(json.dumps(event) + "\n" for event in events))


# Listing


def test_the_list_tells_what_each_release_is(lake: Lake) -> None:
    first, second, third = three(lake)
    listed = releases(lake.root)
    assert [release.id for release in listed] == [third, second, first]
    assert [release.predecessor for release in listed] == [second, first, None]
    assert [release.is_current for release in listed] == [True, False, False]
    assert listed[0].rows["transfer_claims"] == 3
    assert listed[0].changes is not None
    assert listed[0].changes["transfers"] == {"new": 0, "changed": 1, "gone": 0}
    assert listed[0].versions["extractor"] == "e1"
    assert listed[2].changes is None


def test_tables_that_come_again_are_the_release_that_they_were(lake: Lake) -> None:
    first, second = put_out(lake, 1), put_out(lake, 2)
    before = (lake.releases / first / "datapackage.json").read_bytes()
    assert put_out(lake, 1) == first
    assert [(release.id, release.is_current) for release in releases(lake.root)] == [(first, True), (second, False)]
    assert (lake.releases / first / "datapackage.json").read_bytes() == before
    assert [(event.action, event.release, event.previous) for event in history(lake.root)] == [
        ("publish", first, None),
        ("publish", second, first),
        ("publish", first, second),
    ]
    assert find_release(lake.root, "previous").name == second


def test_a_lake_without_a_history_lists_its_releases(lake: Lake) -> None:
    first, second = put_out(lake, 1), put_out(lake, 2)
    (lake.releases / HISTORY).unlink()
    assert releases(lake.root)[0].id == second
    rollback(lake.root, first)
    assert [(event.action, event.release) for event in history(lake.root)] == [("found", second), ("rollback", first)]


def test_a_history_that_cannot_be_read_is_named(lake: Lake) -> None:
    put_out(lake, 1)
    (lake.releases / HISTORY).write_text("{\n")
    with pytest.raises(ReleaseError, match=r"history\.jsonl: not a readable history") as caught:
        releases(lake.root)
    assert "\n" not in str(caught.value)


def test_releases_go_by_several_names(lake: Lake) -> None:
    first, second, third = three(lake)
    pin(lake.root, second, "2026-q3", "for the report")
    names = {"current": third, "previous": second, first: first, first[:6]: first, "2026-q3": second}
    assert {name: find_release(lake.root, name).name for name in names} == names
    for name, words in (("abc", "too short"), ("zzzz", "no such release"), ("", "too short")):
        with pytest.raises(ReleaseError, match=words):
            find_release(lake.root, name)
    for name in ("current", "Q3", "abc123", "a/b", ""):
        with pytest.raises(ReleaseError, match="cannot be a name"):
            pin(lake.root, first, name)
    with pytest.raises(ReleaseError, match="is the name of release"):
        pin(lake.root, first, "2026-q3")
    unpin(lake.root, second)
    with pytest.raises(ReleaseError, match="not pinned"):
        unpin(lake.root, second)


def test_without_releases_the_error_says_what_to_run(tmp_path: Path) -> None:
    for call in (lambda: find_release(tmp_path, "current"), lambda: rollback(tmp_path)):
        with pytest.raises(ReleaseError, match="run `materiel run"):
            call()


# Going back


def test_going_back_is_noted_and_the_same_tables_do_not_undo_it(lake: Lake) -> None:
    first, second, third = three(lake)
    event = rollback(lake.root, why="feeds were down")
    assert (event.release, event.previous, event.why) == (second, third, "feeds were down")
    assert event.by
    assert current_id(lake.root) == second
    figures = publish_release(lake.root)
    assert figures["release_id"] == third
    assert not figures["written"]
    assert "rolled back from" in figures["note"]
    assert "feeds were down" in figures["note"]
    assert current_id(lake.root) == second
    assert [release.is_turned_from for release in releases(lake.root)] == [False, True, False]
    assert rollback(lake.root).release == first, "once more goes further back"
    with pytest.raises(ReleaseError, match="no release before the current one"):
        rollback(lake.root)


def test_other_tables_take_the_place_and_the_run_says_so(lake: Lake) -> None:
    three(lake)
    rollback(lake.root, why="feeds were down")
    build(lake, one_transfer(1, 4))
    figures = publish_release(lake.root)
    assert figures["written"]
    assert "takes the place of" in figures["note"]
    assert "feeds were down" in figures["note"]
    build(lake, one_transfer(1, 5))
    assert publish_release(lake.root)["note"] is None


def test_a_rollback_that_holds_lets_nothing_by_until_it_is_lifted(lake: Lake) -> None:
    _, second, _ = three(lake)
    rollback(lake.root, hold=True)
    build(lake, one_transfer(1, 4))
    figures = publish_release(lake.root)
    assert not figures["written"]
    assert "a rollback holds" in figures["note"]
    assert current_id(lake.root) == second
    assert figures["release_id"] in {path.name for path in release_folders(lake.root)}
    resume(lake.root)
    assert publish_release(lake.root)["written"]
    assert current_id(lake.root) == figures["release_id"]


def test_going_forward_again_is_a_rollback_too(lake: Lake) -> None:
    _, second, third = three(lake)
    rollback(lake.root)
    rollback(lake.root, third)
    assert current_id(lake.root) == third
    assert publish_release(lake.root)["note"] is None
    with pytest.raises(ReleaseError, match="is the current release already"):
        rollback(lake.root, third)
    assert [event.release for event in history(lake.root)][-2:] == [second, third]


def test_a_damaged_release_is_not_gone_back_to(lake: Lake) -> None:
    first, second = put_out(lake, 1), put_out(lake, 2)
    path = lake.releases / first / "transfers.parquet"
    path.chmod(0o644)
    path.write_bytes(b"x")
    with pytest.raises(ReleaseError, match=r"transfers\.parquet is not what was published"):
        rollback(lake.root)
    path.unlink()
    with pytest.raises(ReleaseError, match="is missing"):
        rollback(lake.root)
    assert current_id(lake.root) == second


def test_a_switch_that_was_noted_and_not_carried_out_counts_as_nothing(lake: Lake) -> None:
    first, second = put_out(lake, 1), put_out(lake, 2)
    with (lake.releases / HISTORY).open("a") as file:
        file.write(json.dumps({"at": "2026-01-01T00:00:00+00:00", "action": "rollback", "release": first,
                               "previous": second}) + "\n")  # fmt: skip
    assert [event.action for event in history(lake.root)] == ["publish", "publish"]
    third = put_out(lake, 3)
    assert [(event.action, event.release) for event in history(lake.root)][2:] == [
        ("found", second),
        ("publish", third),
    ]
    assert find_release(lake.root, "previous").name == second


# Removing


@pytest.mark.parametrize(
    "rule", ["", "last", "last=x", "last=-1", "last=1,last=2", "yearly=1", "last=0", "last=1;daily=2"]
)
def test_a_wrong_rule_is_told(rule: str) -> None:
    with pytest.raises(ReleaseError, match="last=7,daily=7"):
        KeepRule.parse(rule)


def test_the_rule_keeps_the_last_of_each_period(lake: Lake) -> None:
    ids = [put_out(lake, claims) for claims in range(1, 9)]
    days = [
        "2026-01-30",
        "2026-01-31",
        "2026-02-27",
        "2026-02-28",
        "2026-03-09",
        "2026-03-10",
        "2026-03-10",
        "2026-03-11",
    ]
    moments = {
        id_: datetime.fromisoformat(f"{day}T0{number}:00:00+00:00")
        for number, (id_, day) in enumerate(zip(ids, days, strict=True))
    }
    age(lake, moments)
    now = datetime(2026, 4, 1, tzinfo=UTC)
    before = [path.name for path in release_folders(lake.root)]

    def removed(rule: str) -> list[int]:
        found = prune(lake.root, KeepRule.parse(rule), dry_run=True, now=now)
        return sorted(ids.index(release.id) + 1 for release in found)

    # Releases 7 and 8 stay anyhow: the one before the current one, and that.
    assert removed("last=1") == [1, 2, 3, 4, 5, 6]
    assert removed("last=3") == [1, 2, 3, 4, 5]
    assert removed("daily=3") == [1, 2, 3, 4, 6]
    assert removed("weekly=2") == [1, 2, 3, 5, 6]
    assert removed("monthly=3") == [1, 3, 5, 6]
    assert removed("last=3,monthly=2") == [1, 2, 3, 5]
    assert [path.name for path in release_folders(lake.root)] == before
    pin(lake.root, ids[0])
    prune(lake.root, KeepRule.parse("last=1"), now=now)
    assert {release.id for release in releases(lake.root)} == {ids[0], ids[6], ids[7]}
    assert [event.release for event in history(lake.root) if event.action == "prune"] == ids[5:0:-1]
    assert check_files(find_release(lake.root, "previous")) == []


def test_what_was_current_within_a_day_stays(lake: Lake) -> None:
    ids = three(lake)
    rule = KeepRule.parse("last=1")
    assert prune(lake.root, rule) == []
    later = datetime.now(UTC) + timedelta(hours=25)
    assert [release.id for release in prune(lake.root, rule, now=later)] == ids[:1]


def test_a_reader_keeps_what_it_has_open(lake: Lake) -> None:
    ids = three(lake)
    with connect(lake.releases / ids[0]) as reader, (lake.releases / ids[0] / "transfers.parquet").open("rb") as file:
        cursor = reader.execute("select * from transfer_claims")
        prune(lake.root, KeepRule.parse("last=1"), now=datetime.now(UTC) + timedelta(hours=25))
        assert not (lake.releases / ids[0]).exists()
        assert len(cursor.fetchall()) == 1
        assert file.read(4) == b"PAR1"


# Readers and kills

_READER = """
import hashlib, json, sys
from pathlib import Path
from flows.catalog import connect, current_release, read_descriptor

lake = Path(sys.argv[1])
seen, reads = set(), 0
print("ready", flush=True)
while not (lake / "stop").exists():
    release = current_release(lake)
    package = read_descriptor(release)
    assert package["id"] == release.name
    for resource in package["resources"]:
        content = (release / resource["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == resource["hash"].removeprefix("sha256:"), resource["path"]
    with connect(release) as reader:
        counts = {name: reader.execute(f"select count(*) from {name}").fetchone()[0]
                  for name in ("transfer_claims", "transfer_claim_links", "documents")}
    assert len(set(counts.values())) == 1, counts
    # Without resolving the link, a single file is whole still.
    json.loads((lake / "current" / "datapackage.json").read_text())
    seen.add(release.name)
    reads += 1
print(json.dumps({"seen": len(seen), "reads": reads}), flush=True)
"""


@pytest.mark.slow
def test_a_reader_never_sees_a_mixture_while_fifty_releases_are_published(lake: Lake) -> None:
    first = put_out(lake, 1)
    with subprocess.Popen(
        [sys.executable, "-P", "-c", _READER, str(lake.root)],
        cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, text=True,
    ) as reader:  # fmt: skip
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        published = {first} | {put_out(lake, claims) for claims in range(2, 49)}
        published.add(str(rollback(lake.root).release))
        published.add(put_out(lake, 49))
        published.add(put_out(lake, 50))
        (lake.root / "stop").touch()
        outcome = reader.stdout.read()
    assert reader.returncode == 0
    assert len(published) == 50
    found = json.loads(outcome)
    assert 1 < found["seen"] <= 50
    assert found["reads"] >= found["seen"]


_KILLED = """
import json, os, shutil, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from built_tables import build, one_transfer
from flows.lake import Lake
from flows.publish import publish_release
from flows.pruning import KeepRule, prune
from flows.releases import check_files, current_id, history, release_folders, rollback
import datetime, duckdb, flows.release_diff, flows.parquet_format, pyarrow

# Moments at which something happens to the files of the lake; before each of them a process is killed.
MOMENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.chmod", "shutil.rmtree"}
base, what = Path(sys.argv[2]), sys.argv[3]
whole = Lake(base / "whole")
for claims in (1, 2, 3):
    build(whole, one_transfer(1, claims))
    publish_release(whole.root)
old = current_id(whole.root)
build(whole, one_transfer(1, 4))
later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3)
actions = {
    "publish": lambda lake: publish_release(lake.root),
    "rollback": lambda lake: rollback(lake.root, why="a test"),
    "prune": lambda lake: prune(lake.root, KeepRule.parse("last=1"), now=later),
}

def run_until(lake, moment):
    child = os.fork()
    if child == 0:
        left = [moment]
        def count(event, arguments):
            if event in MOMENTS and str(lake.root) in str(arguments):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        actions[what](lake)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

reference = Lake(base / "reference")
shutil.copytree(whole.root, reference.root, symlinks=True)
actions[what](reference)
new = current_id(reference.root)
kills = 0
for moment in range(1, 500):
    lake = Lake(base / "killed")
    shutil.rmtree(lake.root, ignore_errors=True)
    shutil.copytree(whole.root, lake.root, symlinks=True)
    status = run_until(lake, moment)
    assert current_id(lake.root) in (old, new), moment
    for folder in release_folders(lake.root):
        assert check_files(folder) == [], moment
    history(lake.root)
    if status == 0:
        break
    assert status == -signal.SIGKILL
    kills += 1
    if current_id(lake.root) != new or what != "rollback":
        actions[what](lake)
    assert current_id(lake.root) == new, moment
    actions["prune"](lake)
    assert not list(lake.releases.glob(".*")), (moment, list(lake.releases.glob(".*")))
print(json.dumps({"kills": kills}))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("what", "least"), [("publish", 40), ("rollback", 4), ("prune", 6)])
def test_a_kill_before_any_touch_of_the_files_leaves_releases_whole(tmp_path: Path, what: str, least: int) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", _KILLED, str(ROOT / "tests"), str(tmp_path), what],
        cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["kills"] >= least


_BUILD_KILLED = """
import json, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from small_lake import VERSION, sample, write_lake, write_seeds
from flows.lake import Lake
from flows.model import build_models
from flows.publish import publish_release
from flows.releases import check_files, current_id
import dbt.adapters.duckdb.connections, dbt.cli.main

base, kills = Path(sys.argv[2]), 5
seeds = write_seeds(base / "seeds")

def build(lake, stop=None, pipe=None):
    child = os.fork()
    if child == 0:
        seen = [0]
        def count(event, arguments):
            if event in ("open", "os.rename", "os.mkdir", "os.remove") and str(lake.root) in str(arguments):
                seen[0] += 1
                if seen[0] == stop:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        build_models(lake.root, VERSION, VERSION, seeds)
        if pipe:
            os.write(pipe, str(seen[0]).encode())
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

lake = write_lake(base / "lake", sample())
reader, writer = os.pipe()
assert build(lake, pipe=writer) == 0
moments = int(os.read(reader, 20))
old = publish_release(lake.root)["release_id"]
actors = seeds / "actors.csv"
actors.write_text(actors.read_text().replace("Ukraine", "Ukraine (renamed)"))
for number in range(kills):
    assert build(lake, 1 + moments * number // kills) == -signal.SIGKILL
    assert current_id(lake.root) == old and check_files(lake.current) == []
    assert publish_release(lake.root)["release_id"] == old, "what was built before is what there is to publish"
assert build(lake) == 0
new = publish_release(lake.root)
assert new["written"] and new["release_id"] != old
whole = write_lake(base / "whole", sample())
assert build(whole) == 0
assert publish_release(whole.root)["release_id"] == new["release_id"]
print(json.dumps({"moments": moments}))
"""


@pytest.mark.slow
def test_a_build_that_is_killed_changes_nothing_that_is_published(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", _BUILD_KILLED, str(ROOT / "tests"), str(tmp_path)],
        cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["moments"] > 20


# The command


def test_the_commands_tell_what_they_do(materiel: Run, lake: Lake) -> None:
    first, second, third = three(lake)

    def call(*arguments: str) -> str:
        done = materiel(*arguments, MATERIEL_LAKE=str(lake.root))
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert call("releases").splitlines()[2].startswith(third)
    assert [release["id"] for release in json.loads(call("releases", "--json"))] == [third, second, first]
    assert f"rolled back to {second} from {third}" in call("rollback", "--why", "feeds were down")
    assert "feeds were down" in call("releases", "log")
    assert "pinned" in call("releases", "pin", first, "--name", "report")
    assert "pinned as report" in call("releases")
    assert call("releases", "prune", "--keep", "last=1", "--dry-run") == "0 would be removed\n"
    assert "publishing goes on" in call("releases", "resume")
    shown = call("diff", "report", "current")
    assert "n_claims: 1 → 2" in shown
    assert "1 claim: from a document that is new" in shown
    assert json.loads(call("diff", first, third, "--json"))["transfers"][0]["columns"]["n_claims"] == [1, 3]
    target = (lake.root.parent / "copies").as_uri()
    assert f"{second} is current now" in call("publish", "--to", target)
    assert "transfers.csv" in call("export", "--csv", str(lake.root.parent / "csv"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["releases", "--lake", "no-such-lake"], "materiel run"),
        (["rollback", "--lake", "no-such-lake"], "materiel run"),
        (["diff", "--lake", "no-such-lake"], "materiel run"),
        (["publish", "--lake", "no-such-lake"], "MATERIEL_PUBLISH_TO"),
        (["releases", "prune", "--keep", "all"], "last=7"),
    ],
)
def test_wrong_calls_are_one_line(materiel: Run, arguments: list[str], words: str) -> None:
    done = materiel(*arguments)
    assert done.returncode != 0
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_release_is_read_through_the_link(lake: Lake) -> None:
    build(lake, together(one_transfer(1), one_transfer(2, 2)))
    publish_release(lake.root)
    assert current_release(lake.root).name == current_id(lake.root)
    assert lake.current.readlink() == Path("releases", str(current_id(lake.root)))
