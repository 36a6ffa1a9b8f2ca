"""Decisions of analysts: checked when read, applied by the models, found again after a re-extraction."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import yaml
from small_lake import VERSION, Rows, write_lake, write_seeds

from flows.corrections import (
    COLUMNS,
    FIELDS,
    Correction,
    CorrectionsError,
    append_corrections,
    load_corrections,
    make_correction,
)
from flows.lake import Lake
from flows.model import ModelError, build_models, database_path
from transforms.rows import TransferClaim, content_id

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake folder that tests fill anew; dbt's parse is kept."""
    return tmp_path_factory.mktemp("lake")


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_seeds(tmp_path_factory.mktemp("seeds"))


def decide(action: str, claim: TransferClaim, **fields: str | None) -> Correction:
    """A decision with what the analyst saw."""
    seen = {name: getattr(claim, name) for name in COLUMNS[COLUMNS.index("evidence") :]}
    values = {"decided_by": "A. Analyst", "decided_at": "2024-07-01", "reason": "Read the whole text."} | fields
    return make_correction(action, claim.claim_id, document_id=claim.document_id, **{**seen, **values})


def build(root: Path, seeds: Path, rows: Rows, *decisions: Correction) -> Lake:
    lake = write_lake(root, rows)
    (root / "corrections.csv").unlink(missing_ok=True)
    append_corrections(root / "corrections.csv", decisions, seeds)
    build_models(root, VERSION, VERSION, seeds)
    return lake


def table(lake: Lake, query: str) -> list[tuple]:
    with duckdb.connect(str(database_path(lake)), read_only=True) as connection:
        return connection.execute(query).fetchall()


def members(lake: Lake) -> set[frozenset[str]]:
    """The transfers as sets of claims."""
    rows = table(lake, "select list(claim_id) from transfer_claim_links group by transfer_id")
    return {frozenset(claims) for (claims,) in rows}


class Story:
    """Two transfers of missiles, one of drones, and a claim that is too unsure to count."""

    def __init__(self) -> None:
        self.rows = Rows()
        first = self.rows.document("North Korea sent KN-23 missiles to Russia.", "https://a.example/1", "2024-05-01")
        later = self.rows.document("Russia has KN-23 missiles of North Korea.", "https://b.example/2", "2024-05-20")
        other = self.rows.document("North Korea sent KN-24 missiles to Russia.", "https://c.example/3", "2024-06-01")
        drones = self.rows.document("Iran sent 20 drones to Russia.", "https://d.example/4", "2024-06-02")
        vague = self.rows.document("Iran and its artillery.", "https://e.example/5", "2024-06-03")
        self.first = self.rows.transfer(first, "PRK", "RUS", weapon="KN-23")
        self.later = self.rows.transfer(later, "PRK", "RUS", weapon="KN-23")
        self.other = self.rows.transfer(other, "PRK", "RUS", weapon="KN-24")
        self.drones = self.rows.transfer(
            drones, "IRN", "RUS", category="uav", materiel="drones", quantity_low=20.0, quantity_high=20.0
        )
        self.vague = self.rows.transfer(vague, "IRN", "RUS", category="artillery", materiel="artillery", confidence=0.1)


@pytest.fixture
def story() -> Story:
    return Story()


# What each action does


def test_without_corrections_nothing_is_reviewed(root: Path, seeds: Path, story: Story) -> None:
    write_lake(root, story.rows)
    (root / "corrections.csv").unlink(missing_ok=True)
    build_models(root, VERSION, VERSION, seeds)
    lake = Lake(root)
    assert table(lake, "select distinct review from transfer_claims") == [(None,)]
    assert table(lake, "select count(*) from corrections") == [(0,)]
    s = story
    assert members(lake) == {
        frozenset({s.first.claim_id, s.later.claim_id}), frozenset({s.other.claim_id}), frozenset({s.drones.claim_id})
    }  # fmt: skip


def test_claims_are_rejected_confirmed_and_corrected(root: Path, seeds: Path, story: Story) -> None:
    s = story
    lake = build(
        root, seeds, s.rows,
        decide("reject_claim", s.other),
        decide("confirm_claim", s.vague, reason=None),
        decide("confirm_claim", s.drones),
        decide("set_field", s.drones, field="quantity_low", value="30"),
        decide("set_field", s.drones, field="quantity_high", value=None),
        decide("set_field", s.drones, field="supplier_id", value="USA"),
        decide("set_field", s.drones, field="date_start", value="2024-02-29"),
        decide("set_field", s.drones, field="status", value="delivered"),
    )  # fmt: skip
    reviews = dict(table(lake, "select claim_id, review from transfer_claims"))
    assert reviews == {
        s.first.claim_id: None, s.later.claim_id: None, s.other.claim_id: "rejected", s.drones.claim_id: "corrected",
        s.vague.claim_id: "confirmed",
    }  # fmt: skip
    # A rejected claim counts for nothing, a confirmed one whatever its confidence.
    assert members(lake) == {
        frozenset({s.first.claim_id, s.later.claim_id}), frozenset({s.drones.claim_id}), frozenset({s.vague.claim_id})
    }  # fmt: skip
    columns = "supplier_id, quantity_low, quantity_high, cast(date_start as varchar)"
    assert table(lake, f"select {columns} from transfers where category = 'uav'") == [("USA", 30.0, None, "2024-02-29")]
    set_fields = table(
        lake, "select field, value, original_value, is_applied from corrections where action = 'set_field' order by 1"
    )
    assert set_fields == [
        ("date_start", "2024-02-29", None, True),
        ("quantity_high", None, "20.0", True),
        ("quantity_low", "30", "20.0", True),
        ("status", "delivered", "delivered", False),
        ("supplier_id", "USA", "IRN", True),
    ]
    (told,) = table(lake, "select * exclude (correction_id) from corrections where action = 'reject_claim'")
    assert told == (
        "reject_claim", s.other.claim_id, None, None, None, None, None, "A. Analyst", "2024-07-01",
        "Read the whole text.", s.other.claim_id, True,
    )  # fmt: skip


def test_transfers_are_merged_and_split_in_any_order(root: Path, seeds: Path, story: Story) -> None:
    s = story
    decisions = [
        decide("split_claims", s.later, transfer_label="second lot"),
        decide("merge_transfers", s.later, transfer_label="with KN-24"),
        decide("merge_transfers", s.other, transfer_label="with KN-24"),
        decide("merge_transfers", s.other, transfer_label="all of it"),
        decide("merge_transfers", s.drones, transfer_label="all of it"),
    ]
    lake = build(root, seeds, s.rows, *decisions)
    moved = frozenset({s.later.claim_id, s.other.claim_id, s.drones.claim_id})
    assert members(lake) == {frozenset({s.first.claim_id}), moved}
    transfers = "select transfer_id, category, weapon, n_claims, supplier_id from transfers order by n_claims"
    alone, together = table(lake, transfers)
    assert together[1:] == ("missile", "KN-23", 3, "PRK")
    assert alone[1:] == ("missile", "KN-23", 1, "PRK")
    assert alone[0] == content_of(s.first)
    assert together[0] == content_of(s.later)
    assert table(lake, "select bool_and(is_applied) from corrections") == [(True,)]
    everything = (
        "from transfers order by all",
        "from transfer_claim_links order by all",
        "from corrections order by all",
    )
    before = [table(lake, query) for query in everything]

    shuffled = list(decisions)
    random.Random(3).shuffle(shuffled)
    again = build(root, seeds, s.rows, *shuffled)
    assert [table(again, query) for query in everything] == before
    build_models(root, VERSION, VERSION, seeds)
    assert [table(again, query) for query in everything] == before


def content_of(claim: TransferClaim) -> str:
    """The id of the transfer that has it from this claim."""
    return str(duckdb.sql(f"select left(md5('{claim.claim_id}'), 16)").fetchall()[0][0])


def test_decisions_that_change_nothing_say_so(root: Path, seeds: Path, story: Story) -> None:
    s = story
    lake = build(
        root, seeds, s.rows,
        decide("merge_transfers", s.first, transfer_label="KN-23"),
        decide("merge_transfers", s.later, transfer_label="KN-23"),
        decide("split_claims", s.drones, transfer_label="drones"),
    )  # fmt: skip
    assert table(lake, "select is_applied, count(*) from corrections group by 1") == [(False, 3)]
    assert frozenset({s.first.claim_id, s.later.claim_id}) in members(lake)


# After another extraction


def re_extracted(claims: list[TransferClaim], **changes: Mapping[str, object]) -> list[TransferClaim]:
    """The claims with other ids and offsets, as another version of the extractor gives them; by id, other fields."""
    return [
        replace(claim, claim_id=content_id("again", claim.claim_id), confidence=0.9, **changes.get(claim.claim_id, {}))
        for claim in claims
    ]


def test_decisions_survive_another_extraction(root: Path, seeds: Path, story: Story) -> None:
    s = story
    decisions = [
        decide("reject_claim", s.other),
        decide("confirm_claim", s.drones),
        decide("set_field", s.drones, field="supplier_id", value="USA"),
        decide("set_field", s.drones, field="quantity_low", value="19"),
        decide("split_claims", s.later, transfer_label="second lot"),
    ]
    ids = {c.claim_id: content_id("again", c.claim_id) for c in s.rows.transfer_claims}
    # This version reads the supplier of the drones right by itself, and more words of the item of the rejected claim.
    s.rows.transfer_claims = re_extracted(
        s.rows.transfer_claims,
        **{
            s.drones.claim_id: {"supplier_id": "USA", "evidence": "sent 20 drones", "evidence_start": 5,
                                "evidence_end": 19},
            s.other.claim_id: {"materiel": "KN-24 missiles"},
        },
    )  # fmt: skip
    lake = build(root, seeds, s.rows, *decisions)
    reviews = {claim: review for claim, review in table(lake, "select claim_id, review from transfer_claims") if review}
    assert reviews == {ids[s.other.claim_id]: "rejected", ids[s.drones.claim_id]: "corrected"}
    assert {frozenset({ids[s.first.claim_id]}), frozenset({ids[s.later.claim_id]})} <= members(lake)
    kept = "select decided_claim_id, claim_id, field, is_applied from corrections where field = 'supplier_id'"
    assert table(lake, kept) == [(s.drones.claim_id, ids[s.drones.claim_id], "supplier_id", False)]


def test_decisions_survive_another_reading_of_the_page(root: Path, seeds: Path, story: Story) -> None:
    decision = replace(decide("reject_claim", story.other), source_uri="https://c.example/3")
    again = Rows()
    page = again.document("Home. North Korea sent KN-24 missiles to Russia. Subscribe!", "https://c.example/3")
    claim = again.transfer(page, "PRK", "RUS", "North Korea sent KN-24 missiles to Russia.", weapon="KN-24")
    # The same words elsewhere are another document's.
    other = again.document("Away. North Korea sent KN-24 missiles to Russia.", "https://elsewhere.example/3")
    again.transfer(other, "PRK", "RUS", "North Korea sent KN-24 missiles to Russia.", weapon="KN-24")
    lake = build(root, seeds, again, decision)
    assert table(lake, "select claim_id from transfer_claims where review = 'rejected'") == [(claim.claim_id,)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": "planned"}, "the claim is gone, and none says the same"),
        ({"weapon": "KN-23"}, "the claim is gone, and none says the same"),
        ("twice", "several say the same in the same words"),
    ],
)
def test_a_decision_about_what_is_gone_fails_the_build(
    root: Path, seeds: Path, story: Story, change: dict[str, str] | str, message: str
) -> None:
    decision = decide("reject_claim", story.other)
    before = story.other.claim_id
    story.rows.transfer_claims = re_extracted(
        story.rows.transfer_claims, **({before: change} if isinstance(change, dict) else {})
    )
    if change == "twice":
        twin = next(c for c in story.rows.transfer_claims if c.claim_id == content_id("again", before))
        story.rows.transfer_claims.append(replace(twin, claim_id=content_id("twin"), quantity_low=3.0))
    with pytest.raises(ModelError, match=f"line 2, reject_claim of claim {before}: .*{message}.*nothing is published"):
        build(root, seeds, story.rows, decision)


def test_decisions_that_cannot_be_carried_out_are_all_named(root: Path, seeds: Path, story: Story) -> None:
    s = story
    # Two ids of one claim: that of today, and one of before.
    old = replace(s.drones, claim_id=content_id("before"))
    with pytest.raises(ModelError) as failure:
        build(
            root, seeds, s.rows,
            decide("confirm_claim", s.drones),
            decide("confirm_claim", old),
            decide("set_field", s.first, field="intermediary_ids", value="RUS;nobody-known"),
            replace(decide("confirm_claim", s.first), claim_id="0" * 16, evidence=None),
        )  # fmt: skip
    told = str(failure.value)
    assert re.findall(r"line (\d)", told) == ["2", "3", "4", "5"]
    assert told.count("another line decides the same") == 2
    assert "no actor has the id nobody-known" in told


def test_splits_and_merges_need_a_transfer_and_agree(root: Path, seeds: Path, story: Story) -> None:
    s = story
    with pytest.raises(ModelError) as failure:
        build(
            root, seeds, s.rows,
            decide("split_claims", s.vague, transfer_label="vague"),
            decide("split_claims", s.later, transfer_label="lot"),
            decide("merge_transfers", s.later, transfer_label="one"),
            decide("merge_transfers", s.first, transfer_label="one"),
        )  # fmt: skip
    told = str(failure.value)
    assert "line 2, split_claims" in told
    assert "belongs to no transfer" in told
    assert "line 3, split_claims" in told
    assert "a merge puts back together" in told


# The file


HEADER = "action,claim_id,field,value,transfer_label,decided_by,decided_at,reason\n"
GOOD = "confirm_claim,0123456789abcdef,,,,A,2024-07-01T10:00:00Z,\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_every_wrong_line_is_named_at_once(tmp_path: Path, seeds: Path) -> None:
    wrong = {
        "drop_claim,0123456789abcdef,,,,A,2024-07-01,no": "unknown action 'drop_claim'",
        "reject_claim,123,,,,A,2024-07-01,no": "claim_id '123' is no id",
        "reject_claim,1123456789abcdef,,,,A,2024-07-01,": "reason is empty",
        "reject_claim,2123456789abcdef,,,,,2024-07-01,no": "decided_by is empty",
        "reject_claim,3123456789abcdef,,,,A,1 July,no": "decided_at '1 July' is no moment",
        "reject_claim,3123456789abcdee,,,,A,2024-02-30,no": "decided_at '2024-02-30' is no moment",
        "set_field,4123456789abcdef,evidence,x,,A,2024-07-01,no": "no field 'evidence' can be set",
        "set_field,5123456789abcdef,status,sent,,A,2024-07-01,no": "'sent' is no value of status; write one of",
        "set_field,5123456789abcdef,category,tank,,A,2024-07-01,no": "write one of air_defence, artillery",
        "set_field,6123456789abcdef,weapon,KN-99,,A,2024-07-01,no": "'KN-99' is no value of weapon",
        "set_field,7123456789abcdef,quantity_low,20 tanks,,A,2024-07-01,no": "write a plain number",
        "set_field,8123456789abcdef,date_end,2024-13-01,,A,2024-07-01,no": "write a date as 2024-06-30",
        "set_field,9123456789abcdef,category,,,A,2024-07-01,no": "category cannot be empty",
        "set_field,9123456789abcdef,supplier_id,North Korea,,A,2024-07-01,no": "write an actor id",
        "reject_claim,a123456789abcdef,status,planned,,A,2024-07-01,no": "reject_claim takes no field and no value",
        "split_claims,b123456789abcdef,,,,A,2024-07-01,no": "split_claims needs a transfer_label",
        "confirm_claim,c123456789abcdef,,,lot,A,2024-07-01,no": "confirm_claim takes no transfer_label",
        "confirm_claim,d123456789abcdef,,,,A\x1b[2J,2024-07-01,no": "decided_by holds characters",
        "merge_transfers,e123456789abcdef,,,lot,A,2024-07-01,no": "merge_transfers 'lot' names one claim",
    }
    path = write(tmp_path / "c.csv", HEADER + "\n".join(wrong) + "\n")
    with pytest.raises(CorrectionsError) as failure:
        load_corrections(path, seeds)
    told = str(failure.value).removeprefix(f"{path}: ").split(" | ")
    assert len(told) == len(wrong)
    for number, (part, expected) in enumerate(zip(told, wrong.values(), strict=True), start=2):
        assert part.startswith(f"line {number}: ")
        assert expected in part
        assert ";" in part, part


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (GOOD + GOOD, "line 3: repeats line 2"),
        (GOOD + "reject_claim,0123456789abcdef,,,,B,2024-07-02,no\n", "line 3: contradicts line 2"),
        (
            "set_field,0123456789abcdef,status,planned,,A,2024-07-01,so\n"
            "set_field,0123456789abcdef,status,ordered,,B,2024-07-01,so\n",
            "line 3: contradicts line 2",
        ),
        (
            "set_field,0123456789abcdef,status,planned,,A,2024-07-01,so\n"
            "reject_claim,0123456789abcdef,,,,B,2024-07-02,no\n",
            "line 2: claim 0123456789abcdef is rejected by line 3",
        ),
        (
            "split_claims,0123456789abcdef,,,a,A,2024-07-01,so\nsplit_claims,0123456789abcdef,,,b,A,2024-07-01,so\n",
            "line 3: contradicts line 2",
        ),
    ],
)
def test_lines_that_repeat_or_contradict_each_other_are_named(
    tmp_path: Path, seeds: Path, lines: str, message: str
) -> None:
    with pytest.raises(CorrectionsError, match=message):
        load_corrections(write(tmp_path / "c.csv", HEADER + lines), seeds)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: the columns"),
        (b"action;claim_id\n", "separated by commas"),
        (HEADER.replace("reason", "why").encode(), r"\(reason missing, 'why' unknown\)"),
        (HEADER.encode() + b"confirm_claim,0123456789abcdef\n", "line 2: 2 cells under 8 columns"),
        (HEADER.encode() + b'confirm_claim,"0123456789abcdef\n', "correct the quotes"),
        (HEADER.encode() + b"confirm_claim,\xff\n", "not UTF-8 at byte"),
    ],
)
def test_what_is_no_table_of_corrections_is_told(tmp_path: Path, seeds: Path, content: bytes, message: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content)
    with pytest.raises(CorrectionsError, match=message):
        load_corrections(path, seeds)


def test_a_file_saved_by_a_spreadsheet_is_read(tmp_path: Path, seeds: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + GOOD + ",,,,,,,\n").replace("\n", "\r\n").encode())
    (found,) = load_corrections(path, seeds)
    assert (found.line, found.action, found.field, found.reason) == (2, "confirm_claim", None, None)


def test_lines_are_appended_whole_or_not_at_all(tmp_path: Path, seeds: Path, story: Story) -> None:
    path = tmp_path / "new" / "c.csv"
    first = decide("confirm_claim", story.first, reason='A "quote", a comma')
    append_corrections(path, [first], seeds)
    append_corrections(path, [decide("reject_claim", replace(story.other, evidence="two\nlines"))], seeds)
    found = load_corrections(path, seeds)
    assert [(c.line, c.action, c.claim_id) for c in found] == [
        (2, "confirm_claim", story.first.claim_id), (3, "reject_claim", story.other.claim_id)
    ]  # fmt: skip
    assert found[0] == replace(first, line=2)
    assert found[1].evidence == "two\nlines"
    before = path.read_bytes()
    with pytest.raises(CorrectionsError, match=re.escape(f"{path}: line 5: contradicts line 2")):
        append_corrections(path, [decide("reject_claim", story.first)], seeds)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["c.csv"]
    with path.open(newline="") as file:
        assert next(csv.reader(file)) == list(COLUMNS)


def test_another_file_can_be_named(tmp_path: Path, root: Path, seeds: Path, story: Story) -> None:
    build(root, seeds, story.rows)
    path = tmp_path / "elsewhere.csv"
    append_corrections(path, [decide("reject_claim", story.first)], seeds)
    build_models(root, VERSION, VERSION, seeds, corrections=path)
    assert table(Lake(root), "select count(*) from corrections") == [(1,)]


def test_wrong_lines_leave_the_tables_as_they_were(root: Path, seeds: Path, story: Story) -> None:
    lake = build(root, seeds, story.rows)
    write(root / "corrections.csv", HEADER + "reject,1,,,,,,\n")
    before = database_path(lake).read_bytes()
    with pytest.raises(CorrectionsError, match=r"corrections\.csv: line 2: "):
        build_models(root, VERSION, VERSION, seeds)
    assert database_path(lake).read_bytes() == before


def test_the_fields_that_can_be_set_are_one_list() -> None:
    project = yaml.safe_load((ROOT / "sql" / "dbt_project.yml").read_text(encoding="utf-8"))
    assert list(project["vars"]["correctable"]) == list(FIELDS)


@pytest.mark.parametrize(("field", "check"), sorted(FIELDS.items()))
def test_every_check_says_what_to_do(field: str, check: Callable[..., str | None]) -> None:
    from flows.corrections import Vocabulary

    advice = check(" \n", Vocabulary(frozenset(), frozenset()))
    assert advice is not None and advice.startswith("write"), field
