"""The pipeline gives the same release whatever runs it: threads, processes, Dask workers, batches of any size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import content_hash
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from flows.pipeline import STAGES, pipeline, report, stage_listener


@pytest.fixture(autouse=True)
def quick_flows() -> Iterator[None]:
    """Without heartbeats, which hold up the end of each flow."""
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


@pytest.mark.parametrize(
    ("runner", "batch_size", "backwards"), [("threads:2", 1, True), ("processes:2", 2, False), ("processes:1", 3, True)]
)
def test_release_does_not_depend_on_the_runner(
    articles: Path, built_lake: Path, tmp_path: Path, runner: str, batch_size: int, backwards: bool
) -> None:
    inputs = sorted(map(str, articles.iterdir()), reverse=backwards)
    figures = pipeline(inputs, str(tmp_path / "lake"), runner=runner, batch_size=batch_size)
    assert figures["publish"]["content_hash"] == content_hash(built_lake)


def test_release_of_a_dask_cluster_is_the_same(articles: Path, built_lake: Path, tmp_path: Path) -> None:
    from distributed import Client, LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        figures = pipeline([str(articles)], str(tmp_path / "lake"), runner=cluster.scheduler_address, batch_size=1)
        with Client(cluster) as client:
            done = client.run(lambda dask_worker: dask_worker.state.executed_count)
    assert figures["publish"]["content_hash"] == content_hash(built_lake)
    assert sum(done.values()) >= figures["extract"]["documents"] > 0, "the workers did the work"


def stored(lake: Path) -> list[Path]:
    """The tables of a lake, but for the log of what each run looked at."""
    return sorted(path for path in lake.rglob("*.parquet") if path.parent.name != "attempts")


def test_running_again_changes_nothing(articles: Path, tmp_path: Path) -> None:
    told: list[tuple[str, bool]] = []
    token = stage_listener.set(lambda stage, figures: told.append((stage, figures is not None)))
    try:
        first = pipeline([str(articles)], str(tmp_path / "lake"), runner="threads:1")
        files = stored(tmp_path / "lake")
        again = pipeline([str(articles)], str(tmp_path / "lake"), runner="threads:1")
    finally:
        stage_listener.reset(token)
    assert again["publish"]["content_hash"] == first["publish"]["content_hash"]
    assert not again["publish"]["written"]
    assert (again["ingest"]["documents_new"], again["extract"]["documents"]) == (0, 0)
    assert stored(tmp_path / "lake") == files
    assert told == [(stage, done) for stage in STAGES for done in (False, True)] * 2


def test_report_holds_the_figures() -> None:
    figures = {
        "ingest": {"units": 3, "documents_new": 2, "rejects_by_reason": {"empty": 1}, "seconds": 1.0},
        "extract": {"documents": 2, "transfer_claims": 4, "seconds": 0.5},
        "model": {"nodes": 60, "seconds": 2.0},
        "publish": {"release_id": "abc", "written": True, "tables": {"documents": 2, "transfers": 3}, "seconds": 0.25},
    }
    page = report(figures)
    for words in (
        "`abc`",
        "3.8 s",
        "4.0 documents per second",
        "| documents | 2 |",
        "| empty | 1 |",
        "| extract | 0.5 |",
    ):
        assert words in page
