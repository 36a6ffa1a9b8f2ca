"""How well claims are put together into transfers, over the labelled clusters; the figures are in docs/transfers.md."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from claim_clusters import Label, b_cubed, load, pairwise
from small_lake import VERSION, write_lake

from flows.model import SEEDS, build_models, database_path

ROOT = Path(__file__).parents[1]
LEAST_PAIRWISE, LEAST_B_CUBED = 0.90, 0.92


@pytest.fixture(scope="module")
def labels() -> dict[str, Label]:
    return load()[1]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The transfer of each claim, as the models put them together."""
    rows, _ = load()
    lake = write_lake(tmp_path_factory.mktemp("clusters"), rows)
    build_models(lake.root, VERSION, VERSION, SEEDS)
    with duckdb.connect(str(database_path(lake)), read_only=True) as connection:
        return dict(connection.execute("select claim_id, transfer_id from transfer_claim_links").fetchall())


def truth(labels: dict[str, Label], split: str) -> dict[str, str]:
    return {claim: label.transfer for claim, label in labels.items() if split in (label.split, "all")}


@pytest.mark.parametrize("split", ["dev", "test", "all"])
def test_the_clusters_agree_with_the_labels(found: dict[str, str], labels: dict[str, Label], split: str) -> None:
    right = truth(labels, split)
    assert pairwise(found, right)[2] >= LEAST_PAIRWISE
    assert b_cubed(found, right)[2] >= LEAST_B_CUBED


@pytest.mark.parametrize("split", ["dev", "test", "all"])
def test_the_page_tells_these_figures(found: dict[str, str], labels: dict[str, Label], split: str) -> None:
    right = truth(labels, split)
    page = (ROOT / "docs" / "transfers.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{split}` \|(.*)\|$", page, re.MULTILINE)
    assert row
    figures = [f"{value:.3f}" for value in (*pairwise(found, right), *b_cubed(found, right))]
    assert [cell.strip() for cell in row[1].split("|")][-6:] == figures


def test_the_parts_share_no_pair_of_parties(labels: dict[str, Label]) -> None:
    pairs: dict[str, set[tuple]] = {"dev": set(), "test": set()}
    for label in labels.values():
        pairs[label.split].add((label.row.get("supplier_id"), label.row.get("recipient_id")))
    assert not pairs["dev"] & pairs["test"]
    assert len(labels) >= 250
    assert len({label.transfer for label in labels.values()}) >= 60
    assert len({label.row["document"] for label in labels.values()}) >= 120


def test_scores_of_a_clustering_by_hand() -> None:
    right = {"a": 1, "b": 1, "c": 2, "d": 2}
    assert pairwise(right, right) == b_cubed(right, right) == (1, 1, 1)
    merged = dict.fromkeys(right, 0)
    assert pairwise(merged, right) == (pytest.approx(1 / 3), 1, pytest.approx(0.5))
    assert b_cubed(merged, right) == (0.5, 1, pytest.approx(2 / 3))
