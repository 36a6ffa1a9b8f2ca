"""What differs between two releases, and why: transfers with their claims, other tables, columns, versions."""

from __future__ import annotations

from pathlib import Path

import pytest
from built_tables import TABLES, build, one_transfer, together

from flows.lake import Lake
from flows.publish import publish_release
from flows.release_diff import ReleaseDiff, TransferChange, changes, comparing


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def released(lake: Lake, rows: dict, tables: dict = TABLES, **versions: str) -> Path:
    build(lake, rows, tables, **versions)
    return Path(publish_release(lake.root)["release"])


def transfers(a: Path, b: Path) -> list[TransferChange]:
    with comparing(a, b) as diff:
        return list(diff.transfers())


def whys(change: TransferChange) -> dict[str, str]:
    return {claim.claim_id: claim.why for claim in change.claims}


def test_transfers_are_new_changed_or_gone(lake: Lake) -> None:
    a = released(lake, together(one_transfer(1), one_transfer(2), one_transfer(4)))
    b = released(lake, together(one_transfer(2, 2), one_transfer(3), one_transfer(4)))
    changed, gone, new = transfers(a, b)
    assert [(c.transfer_id, c.change) for c in (new, changed, gone)] == [
        ("t3", "new"),
        ("t2", "changed"),
        ("t1", "gone"),
    ]
    assert changed.columns == {"quantity_low": (10.0, 20.0), "n_claims": (1, 2), "n_sources": (1, 2)}
    assert (whys(new), whys(changed), whys(gone)) == (
        {"c3-0": "new_document"},
        {"c2-1": "new_document"},
        {"c1-0": "gone_document"},
    )
    assert (new.row["quantity_low"], gone.row["quantity_low"]) == (10.0, 10.0)
    assert changes(a, b)["transfers"] == {"new": 1, "changed": 1, "gone": 1}
    backwards = transfers(b, a)
    assert [(c.transfer_id, c.change) for c in backwards] == [("t2", "changed"), ("t3", "gone"), ("t1", "new")]
    assert transfers(a, a) == []
    assert changes(a, a) == {}


def test_claims_of_documents_that_were_there_are_read_otherwise(lake: Lake) -> None:
    before, after = one_transfer(1, 2), one_transfer(1, 2)
    after["transfer_claims"] = [before["transfer_claims"][0], ("c9", "d1-1", "2024-05-01", "Another sentence.")]
    after["transfer_claim_links"] = [("t1", "c1-0"), ("t1", "c9")]
    after["transfers"] = [("t1", "DEU", "UKR", "battle_tank", "tanks", "planned", 20.0, 2, 2)]
    a, b = released(lake, before), released(lake, after, extractor_version="e2")
    [change] = transfers(a, b)
    assert change.columns == {"status": ("delivered", "planned")}
    assert whys(change) == {"c9": "read_anew", "c1-1": "no_longer_read"}
    assert change.causes == ("read_anew", "no_longer_read")
    with comparing(a, b) as diff:
        assert [(v.kind, v.before, v.after) for v in diff.versions] == [("extractor", "e1", "e2")]


def test_claims_move_between_transfers_and_in_and_out_of_them(lake: Lake) -> None:
    before, after = together(one_transfer(1, 2), one_transfer(2)), together(one_transfer(1, 2), one_transfer(2))
    before["transfer_claim_links"] = [("t1", "c1-0"), ("t1", "c1-1")]
    after["transfer_claim_links"] = [("t2", "c1-0"), ("t2", "c2-0")]
    for rows, number in ((before, 1), (after, 2)):
        rows["transfers"] = [(f"t{number}", "DEU", "UKR", "battle_tank", "tanks", "delivered", 1.0, 2, 2)]
    gone, new = transfers(released(lake, before), released(lake, after))
    assert [(c.claim_id, c.why, c.other_transfer) for c in new.claims] == [
        ("c1-0", "from_other_transfer", "t1"),
        ("c2-0", "counts_now", None),
    ]
    assert [(c.claim_id, c.why, c.other_transfer) for c in gone.claims] == [
        ("c1-0", "to_other_transfer", "t2"),
        ("c1-1", "counts_no_more", None),
    ]


def test_the_same_claim_with_other_values(lake: Lake) -> None:
    before, after = one_transfer(), one_transfer()
    after["transfer_claims"] = [("c1-0", "d1-0", "2024-04-30", "Sentence 1-0.")]
    after["transfers"] = [("t1", "DEU", "UKR", "battle_tank", "tanks", "planned", 10.0, 1, 1)]
    [change] = transfers(released(lake, before), released(lake, after))
    [claim] = change.claims
    assert (claim.claim_id, claim.change, claim.why, claim.columns) == ("c1-0", "changed", "changed", ("published_on",))


@pytest.mark.parametrize(("version", "cause"), [("m2", "versions"), ("m1", "surroundings")])
def test_where_no_claim_differs_the_cause_is_the_code_or_other_documents(lake: Lake, version: str, cause: str) -> None:
    before, after = one_transfer(), one_transfer()
    after["transfers"] = [("t1", "DEU", "UKR", "battle_tank", "tanks", "delivered", 10.0, 1, 3)]
    [change] = transfers(released(lake, before), released(lake, after, models_version=version))
    assert (change.claims, change.causes) == ((), (cause,))


def test_columns_and_tables_that_one_release_has_alone(lake: Lake) -> None:
    tables = dict(TABLES)
    tables["transfers"] = TABLES["transfers"].replace("status varchar", "state varchar") + ", confidence double"
    tables["transfers"] = tables["transfers"].replace("n_claims bigint", "n_claims double")
    tables["extra"] = "id varchar primary key"
    del tables["actors"]
    after = one_transfer() | {"extra": [("x",)], "transfers": [(*one_transfer()["transfers"][0], 0.5)]}
    a, b = released(lake, one_transfer()), released(lake, after, tables)
    with comparing(a, b) as diff:
        found = {table.name: table for table in diff.tables if table.differs}
        assert list(diff.transfers()) == []
    assert set(found) == {"actors", "extra", "transfers"}
    assert (found["actors"].only_in, found["actors"].gone) == ("a", 2)
    assert (found["extra"].only_in, found["extra"].new) == ("b", 1)
    assert found["transfers"].columns_added == ("state", "confidence")
    assert found["transfers"].columns_removed == ("status",)
    assert found["transfers"].columns_retyped == ("n_claims",)
    assert (found["transfers"].new, found["transfers"].changed, found["transfers"].gone) == (0, 0, 0)


def test_files_that_are_the_same_are_not_read(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    a = released(lake, one_transfer())
    b = released(lake, together(one_transfer(), {"actors": [("FRA", "France")]}))
    queries = []
    differing = ReleaseDiff._differing

    def noted(self: ReleaseDiff, name: str, *arguments: object) -> str:
        query = differing(self, name, *arguments)  # type: ignore[arg-type]
        queries.append((name, "hash(" in query))
        return query

    monkeypatch.setattr(ReleaseDiff, "_differing", noted)
    assert changes(a, b) == {"actors": {"new": 1, "changed": 0, "gone": 0}}
    assert [name for name, reads in queries if reads] == ["actors"]


def test_many_transfers_are_read_in_order_with_their_own_claims(lake: Lake) -> None:
    rows = together(*(one_transfer(number, 1 + number % 3) for number in range(40)))
    found = transfers(released(lake, one_transfer(99)), released(lake, rows))
    assert [change.transfer_id for change in found] == ["t99", *sorted(f"t{number}" for number in range(40))]
    for change in found[1:]:
        number = int(change.transfer_id[1:])
        assert [claim.claim_id for claim in change.claims] == [f"c{number}-{claim}" for claim in range(1 + number % 3)]
