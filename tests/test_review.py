"""`materiel review` and `correct`: what is offered first, what a session writes, and what `explain` shows of it."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from conftest import Run
from small_lake import VERSION, Rows, write_lake, write_seeds

from flows import catalog
from flows.corrections import Correction, CorrectionsError, load_corrections
from flows.model import SEEDS, build_models
from flows.publish import publish_release
from flows.review import LEAST_CONFIDENCE, claims_worth_a_look, find_claim, reasons, review, seen

ROOT = Path(__file__).parents[1]


def story() -> Rows:
    """A disputed transfer of three claims, one of a single source, and claims that are all too sure or too unsure."""
    rows = Rows()
    told = rows.document("North Korea sent KN-23 missiles to Russia.", "https://a.example/1", "2024-05-01")
    rows.transfer(told, "PRK", "RUS", weapon="KN-23", confidence=0.9)
    again = rows.document("Russia got missiles of North Korea.", "https://b.example/2", "2024-05-03")
    rows.transfer(again, "PRK", "RUS", weapon="KN-23", confidence=0.5)
    denied = rows.document("No KN-23 missiles went to Russia.", "https://c.example/3", "2024-05-04")
    rows.transfer(denied, "PRK", "RUS", weapon="KN-23", factuality="CT-", confidence=0.6)
    alone = rows.document("Iran sent 20 drones to Russia.", "https://d.example/4", "2024-06-02")
    rows.transfer(alone, "IRN", "RUS", category="uav", materiel="drones", quantity_low=20.0, confidence=0.8)
    unsure = rows.document("Iran and its artillery.", "https://e.example/5", "2024-06-03")
    rows.transfer(unsure, "IRN", "RUS", category="artillery", materiel="artillery", confidence=0.1)
    rows.transfer(unsure, None, None, category="unspecified", materiel="arms", confidence=0.4)
    return rows


@pytest.fixture(scope="module")
def rows() -> Rows:
    return story()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, rows: Rows) -> Path:
    """A published lake; what tests write beside it they remove."""
    root = tmp_path_factory.mktemp("review") / "lake"
    build_models(write_lake(root, rows).root, VERSION, VERSION, write_seeds(root.parent / "seeds"))
    publish_release(root)
    return root


@pytest.fixture
def reader(lake: Path) -> Iterator[catalog.Reader]:
    with catalog.connect(catalog.current_release(lake)) as connection:
        yield connection


def test_claims_in_doubt_of_disputed_transfers_come_first(reader: catalog.Reader, rows: Rows) -> None:
    sure, unsure_of_it, denial, drones, artillery, nobody = rows.transfer_claims
    offered = claims_worth_a_look(reader, 10)
    assert {claim["claim_id"] for claim in offered} == {c.claim_id for c in rows.transfer_claims} - {nobody.claim_id}
    worth = {str(claim["claim_id"]): claim["worth"] for claim in offered}
    assert list(worth.values()) == sorted(worth.values(), reverse=True)
    weight = 1 + math.log(3)
    assert worth[unsure_of_it.claim_id] == pytest.approx(0.9 * weight * 2)
    assert worth[denial.claim_id] == pytest.approx(0.8 * weight * 2)
    # The claim that sets the status weighs more than others as sure.
    assert worth[sure.claim_id] == pytest.approx(0.5 * weight * 2 * 1.5)
    assert worth[drones.claim_id] == pytest.approx(0.6 * 1 * 1.5 * 1.5)
    assert worth[artillery.claim_id] == pytest.approx(0.7)
    told = {str(claim["claim_id"]): reasons(claim) for claim in offered}
    assert told[sure.claim_id] == "its transfer is disputed, sets status or quantity"
    assert told[unsure_of_it.claim_id] == "barely counts, its transfer is disputed"
    assert told[drones.claim_id] == "single source, sets status or quantity"
    assert told[artillery.claim_id] == "below the least confidence"
    assert [claim["claim_id"] for claim in claims_worth_a_look(reader, 1, {unsure_of_it.claim_id})] == [denial.claim_id]


def test_the_least_confidence_is_that_of_the_models() -> None:
    project = yaml.safe_load((ROOT / "sql" / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project["vars"]["least_confidence"] == LEAST_CONFIDENCE


# The session


def play(claims: list[dict], *answers: str, record: Callable[[Correction], None] | None = None) -> tuple:
    """A session with these answers: what was recorded, and what it said of wrong answers."""
    waiting, recorded, told = list(answers), [], []
    review(
        claims, "A. Analyst", lambda _question: waiting.pop(0) if waiting else None, lambda _n, _claim: None,
        told.append, record or recorded.append, SEEDS,
    )  # fmt: skip
    return recorded, told


@pytest.fixture
def offered(reader: catalog.Reader) -> list[dict]:
    return claims_worth_a_look(reader, 10)


def test_each_answer_is_recorded_with_what_was_seen(offered: list[dict]) -> None:
    answers = ["c", "r", "It quotes a text of 2019.", "k", "s", "quantity_low", "21", "Misprint.", "k", "q"]
    recorded, told = play(offered, *answers)
    assert told == []
    assert [(c.action, c.claim_id, c.field, c.value, c.reason) for c in recorded] == [
        ("confirm_claim", offered[0]["claim_id"], None, None, None),
        ("reject_claim", offered[1]["claim_id"], None, None, "It quotes a text of 2019."),
        ("set_field", offered[3]["claim_id"], "quantity_low", "21", "Misprint."),
    ]
    assert {c.decided_by for c in recorded} == {"A. Analyst"}
    for name in ("document_id", "source_uri", "evidence", "supplier_id", "weapon", "category", "status", "factuality"):
        assert getattr(recorded[0], name) == offered[0][name]


def test_wrong_answers_are_told_and_asked_again(offered: list[dict]) -> None:
    recorded, told = play(offered[:1], "y", "s", "colour", "s", "status", "sent", "s", "weapon", "", "", "So.", "c")
    assert [c.action for c in recorded] == ["set_field", "confirm_claim"]
    assert (recorded[0].field, recorded[0].value) == ("weapon", None)
    assert told[0].startswith("'y' is no answer")
    assert told[1].startswith("no field 'colour'")
    assert told[2].startswith("'sent' is no value of status")
    assert told[3].startswith("a decision needs its reason")


def test_what_cannot_be_recorded_is_told_and_the_claim_is_asked_about_again(offered: list[dict]) -> None:
    def refuse(correction: Correction) -> None:
        raise CorrectionsError(f"no {correction.action}")

    recorded, told = play(offered, "c", "r", "No.", "q", record=refuse)
    assert (recorded, told) == ([], ["no confirm_claim", "no reject_claim"])


def test_a_session_ends_where_answers_end(offered: list[dict]) -> None:
    assert play(offered, "c", "r")[0][0].action == "confirm_claim"
    assert play(offered)[0] == []


def test_what_was_seen_is_what_was_extracted(offered: list[dict]) -> None:
    corrections = [
        {"action": "set_field", "field": "supplier_id", "original_value": "BLR"},
        {"action": "confirm_claim"},
    ]
    assert seen(offered[0], corrections)["supplier_id"] == "BLR"
    assert seen({**offered[0], "published_on": date(2024, 1, 1)})["supplier_id"] == "PRK"


def test_a_claim_is_found_by_the_beginning_of_its_id_or_its_transfers(reader: catalog.Reader) -> None:
    transfer_id, claim_id = reader.execute("select transfer_id, first_claim_id from transfers limit 1").fetchall()[0]
    assert find_claim(reader, transfer_id[:8])["claim_id"] == find_claim(reader, claim_id[:8])["claim_id"] == claim_id
    for wrong in ("zzzzzzzz", claim_id[:5]):
        with pytest.raises(CorrectionsError, match="no such transfer claim"):
            find_claim(reader, wrong)


# The commands


def test_decisions_go_from_the_command_to_the_release_and_to_explain(
    materiel: Run, lake: Path, rows: Rows, tmp_path: Path
) -> None:
    path = lake / "corrections.csv"
    sure, _, denial, drones, artillery, _ = (claim.claim_id for claim in rows.transfer_claims)
    done = materiel("review", "--lake", lake, "--limit", "2", "--who", "A. Analyst", stdin="k\nr\nNot said.\n")
    assert done.returncode == 0, done.stderr
    assert f"claim {denial}, 2 of 2" in done.stdout
    assert "“No KN-23 missiles went to Russia.”" in done.stdout
    assert f"1 correction added to {path}" in done.stdout
    merged = materiel(
        "correct", "merge_transfers", sure, drones[:8], "--why", "One ship.", "--who", "B", "--lake", lake
    )
    assert merged.returncode == 0, merged.stderr
    assert f"2 corrections added to {path}" in merged.stdout
    confirmed = materiel("correct", "confirm_claim", artillery, "--who", "B", "--lake", lake)
    assert confirmed.returncode == 0, confirmed.stderr
    assert [found.action for found in load_corrections(path, SEEDS)] == [
        "reject_claim", "merge_transfers", "merge_transfers", "confirm_claim",
    ]  # fmt: skip
    # What is decided is not offered again, and contradicting it is refused.
    offered = materiel("review", "--lake", lake, stdin="q\n")
    assert denial not in offered.stdout and artillery not in offered.stdout
    refused = materiel("correct", "confirm_claim", denial, "--who", "B", "--lake", lake)
    assert refused.returncode == 1
    assert "line 6: contradicts line 2" in refused.stderr

    try:
        build_models(lake, VERSION, VERSION, lake.parent / "seeds")
        publish_release(lake)
        with catalog.connect(catalog.current_release(lake)) as connection:
            transfers = connection.execute("select n_claims from transfers order by 1").fetchall()
        assert transfers == [(1,), (3,)]
        explained = materiel("explain", denial, "--lake", lake).stdout
        assert "rejected" in explained and "by A. Analyst, 2" in explained and ": Not said." in explained
        explained = materiel("explain", drones, "--lake", lake).stdout
        assert "merged" in explained and "One ship." in explained
    finally:
        path.unlink()
        build_models(lake, VERSION, VERSION, lake.parent / "seeds")
        publish_release(lake)


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        (["review"], 1, "neither a terminal nor an answer on standard input"),
        (["correct", "set_field", "{claim}", "--field", "status", "--value", "sent", "--why", "x"], 1, "no value of"),
        (["correct", "reject_claim", "{claim}"], 1, "reason is empty; write why"),
        (["correct", "drop", "{claim}"], 2, "'drop' is not one of"),
        (["correct", "merge_transfers", "{claim}", "--why", "x"], 1, "names one claim"),
        (["correct", "reject_claim", "zzzzzzzz", "--why", "x"], 1, "no such transfer claim"),
    ],
)
def test_what_cannot_be_decided_is_told_in_one_line(
    materiel: Run, lake: Path, rows: Rows, call: list[str], status: int, message: str
) -> None:
    claim = rows.transfer_claims[0].claim_id
    done = materiel(*(part.format(claim=claim) for part in call), "--lake", lake, "--who", "A")
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (status, 1), done.stderr
    assert message in done.stderr
    assert not (lake / "corrections.csv").exists()


def test_another_file_is_named_by_option_or_setting(materiel: Run, lake: Path, rows: Rows, tmp_path: Path) -> None:
    claim = rows.transfer_claims[0].claim_id
    by_option, by_setting = tmp_path / "option.csv", tmp_path / "setting.csv"
    call = ["correct", "confirm_claim", claim, "--who", "A", "--lake", lake]
    assert materiel(*call, "--corrections", by_option).returncode == 0
    assert materiel(*call, MATERIEL_CORRECTIONS=str(by_setting)).returncode == 0
    for path in (by_option, by_setting):
        with path.open(newline="") as file:
            assert [row["claim_id"] for row in csv.DictReader(file)] == [claim]
    assert not (lake / "corrections.csv").exists()
