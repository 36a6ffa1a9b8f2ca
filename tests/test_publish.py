"""The release: what is in it, that it depends on nothing but its content, and that it is switched to whole."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from built_tables import build, one_transfer
from small_lake import VERSION, sample, sample_release, write_claims, write_lake, write_sample_correction, write_seeds

from flows import publish as publishing
from flows.lake import Lake
from flows.model import ModelError, build_models, database_path
from flows.publish import PublishError, publish_release
from flows.releases import check_files


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The published sample; tests only read it."""
    return sample_release(tmp_path_factory.getbasetemp())


@pytest.fixture
def lake(released: Lake, tmp_path: Path) -> Lake:
    """A copy of the published sample that a test may change."""
    shutil.copytree(released.root, tmp_path / "lake", symlinks=True)
    return Lake(tmp_path / "lake")


def descriptor(lake: Lake) -> dict:
    return json.loads((lake.current / "datapackage.json").read_text(encoding="utf-8"))


def state(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.lstat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def grow(lake: Lake) -> None:
    """Change the built tables, as a later build with more input would."""
    import duckdb

    with duckdb.connect(str(database_path(lake))) as connection:
        connection.execute("insert into main.rejects values ('six.txt', 'read', 'empty', 'Nothing in it.', false)")


def test_descriptor_tells_what_is_in_the_files(released: Lake) -> None:
    package = descriptor(released)
    assert package["profile"] == "tabular-data-package"
    assert package["extractor_version"] == VERSION
    for version in ("code", "models", "reference", "duckdb"):
        assert package[f"{version}_version"]
    assert package["predecessor"] is None
    assert released.current.resolve().name == package["id"] == package["content_hash"][:16]
    assert released.current.readlink() == Path("releases", package["id"])
    names = {"datapackage.json", *(resource["path"] for resource in package["resources"])}
    assert {path.name for path in released.current.iterdir()} == names
    digest = hashlib.sha256()
    for resource in sorted(package["resources"], key=lambda resource: resource["path"]):
        path = released.current / resource["path"]
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.name} {sha256}\n".encode())
        assert resource["hash"] == f"sha256:{sha256}"
        assert resource["bytes"] == path.stat().st_size
        file = pq.ParquetFile(path)
        assert resource["rows"] == file.metadata.num_rows > 0
        assert path.stat().st_mode & 0o222 == 0, "nobody may write to what is published"
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == file.schema_arrow.names
        metadata = file.metadata.metadata
        assert metadata[b"description"].decode() == resource["description"] != ""
        assert json.loads(metadata[b"columns"]) == {field["name"]: field["description"] for field in fields}
        assert all(field["description"] for field in fields)
        described = {field.name: field.metadata[b"description"].decode() for field in file.schema_arrow}
        assert described == {field["name"]: field["description"] for field in fields}
        assert str(file.metadata.row_group(0).column(0).compression) == "ZSTD"
        assert set(resource["schema"]["primaryKey"]) <= set(file.schema_arrow.names)
    assert package["content_hash"] == digest.hexdigest()


def test_the_same_rows_in_other_batches_and_order_give_the_same_files(released: Lake, tmp_path: Path) -> None:
    rows, seeds = sample(), write_seeds(tmp_path / "seeds")
    other = write_lake(tmp_path / "elsewhere", rows, batch_size=1, shuffle=7)
    write_sample_correction(other.root, rows, seeds)
    build_models(other.root, VERSION, VERSION, seeds)
    assert publish_release(other.root)["content_hash"] == descriptor(released)["content_hash"]
    assert descriptor(other)["inputs_hash"] == descriptor(released)["inputs_hash"]


@pytest.mark.parametrize(("batch_size", "shuffle"), [(2, 1), (3, 2)])
def test_order_and_batches_change_nothing(released: Lake, tmp_path: Path, batch_size: int, shuffle: int) -> None:
    rows, seeds = sample(), write_seeds(tmp_path / "seeds")
    other = write_lake(tmp_path / "elsewhere", rows, batch_size=batch_size, shuffle=shuffle)
    write_sample_correction(other.root, rows, seeds)
    build_models(other.root, VERSION, VERSION, seeds)
    assert publish_release(other.root)["content_hash"] == descriptor(released)["content_hash"]


def test_rows_of_any_order_and_threads_make_the_same_files_in_several_row_groups(tmp_path: Path) -> None:
    import duckdb

    hashes = set()
    for number, (threads, order) in enumerate([(1, "i"), (2, "hash(i)"), (2, "-i")]):
        lake = Lake(tmp_path / str(number))
        build(lake, one_transfer())
        with duckdb.connect(str(database_path(lake)), config={"threads": threads}) as connection:
            connection.execute(
                "insert into transfer_claims select 'c' || i, 'd' || i % 5000, date '2024-01-01' + (i % 365)::integer, "
                f"'Sentence ' || i from range(250000) as r(i) order by {order}"
            )
        publish_release(lake.root)
        file = pq.ParquetFile(lake.current / "transfer_claims.parquet")
        assert file.metadata.num_row_groups == 3
        days = file.read(["published_on"]).column(0).to_pylist()
        assert days == sorted(days), "a reader that asks for a week skips the other row groups"
        hashes.add(descriptor(lake)["content_hash"])
    assert len(hashes) == 1


def test_no_file_tells_of_the_run(released: Lake) -> None:
    batches = {path.stem for path in released.documents.iterdir()}
    for path in released.current.glob("*.parquet"):
        content = path.read_bytes()
        assert str(released.root).encode() not in content
        assert not any(batch.encode() in content for batch in batches)


def test_publishing_again_writes_nothing(lake: Lake) -> None:
    before = state(lake.releases) | {"current": lake.current.lstat().st_mtime_ns}
    figures = publish_release(lake.root)
    assert figures["written"] is False
    assert figures["tables"]["documents"] == 3
    # The folder's own time changes, for the files were written aside in it.
    after = state(lake.releases) | {"current": lake.current.lstat().st_mtime_ns}
    assert after == before


def test_a_new_release_leaves_the_old_one_and_can_be_gone_back_from(lake: Lake) -> None:
    old_database = database_path(lake).read_bytes()
    old = lake.current.resolve()
    old_state = state(old)
    grow(lake)
    assert publish_release(lake.root)["written"] is True
    assert lake.current.resolve() != old
    assert state(old) == old_state
    database_path(lake).write_bytes(old_database)
    publish_release(lake.root)
    assert lake.current.resolve() == old
    assert state(old) == old_state
    assert not list(lake.releases.glob(".*"))


def test_what_another_hand_has_damaged_is_written_anew(lake: Lake) -> None:
    old_database, old = database_path(lake).read_bytes(), lake.current.resolve()
    grow(lake)
    publish_release(lake.root)
    (old / "rejects.parquet").chmod(0o644)
    (old / "rejects.parquet").write_bytes(b"damaged")
    database_path(lake).write_bytes(old_database)
    assert publish_release(lake.root)["written"]
    assert lake.current.resolve() == old
    assert check_files(old) == []


def test_a_predecessor_that_cannot_be_read_does_not_keep_the_new_release_back(lake: Lake) -> None:
    damaged = lake.current / "rejects.parquet"
    damaged.chmod(0o644)
    damaged.write_bytes(b"damaged")
    grow(lake)
    assert publish_release(lake.root)["written"]
    assert descriptor(lake)["changes"] is None
    assert "rejects.parquet" in descriptor(lake)["changes_unknown"]


def test_a_failed_data_test_leaves_current_as_it_was(lake: Lake, tmp_path: Path) -> None:
    before = lake.current.resolve()
    rows = sample()
    rows.transfer_claims[0] = replace(rows.transfer_claims[0], evidence_start=1)
    shutil.rmtree(lake.claims)
    write_claims(lake, "batch", rows, rows.documents)
    with pytest.raises(ModelError, match="evidence_in_text_transfer_claims"):
        build_models(lake.root, VERSION, VERSION, write_seeds(tmp_path / "seeds"))
    assert publish_release(lake.root)["written"] is False
    assert lake.current.resolve() == before


def test_a_file_that_differs_from_its_table_is_not_published(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(lake.root)
    grow(lake)
    write = publishing._write_table

    def lose_a_row(connection, name: str, folder: Path) -> dict:
        resource = write(connection, name, folder)
        if name == "rejects":
            shutil.copy(lake.current / "rejects.parquet", folder)
        return resource

    monkeypatch.setattr(publishing, "_write_table", lose_a_row)
    with pytest.raises(PublishError, match=r"rejects\.parquet: the file written differs"):
        publish_release(lake.root)
    monkeypatch.setattr(publishing, "_write_table", lambda *args: write(*args) | {"path": "missing.parquet"})
    with pytest.raises(PublishError, match="cannot be read back"):
        publish_release(lake.root)
    after = state(lake.root)
    assert {name: after[name] for name in before if name.startswith(("releases/", "current"))} == {
        name: time for name, time in before.items() if name.startswith(("releases/", "current"))
    }


@pytest.mark.parametrize("step", ["_audit", "_descriptor", "_make_current", "_put", "switch"])
def test_a_killed_run_leaves_current_whole_and_the_next_one_cleans_up(lake: Lake, step: str) -> None:
    before = lake.current.resolve()
    grow(lake)
    program = (
        "import os, signal, sys; from pathlib import Path; from flows import publish;"
        f"publish.{step} = lambda *args: os.kill(os.getpid(), signal.SIGKILL);"
        "publish.publish_release(Path(sys.argv[1]))"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(lake.root)], cwd=Path(__file__).parents[1], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert lake.current.resolve() == before
    assert publish_release(lake.root)["tables"]["rejects"] == 3
    assert lake.current.resolve() != before
    assert [path.name for path in lake.releases.glob(".*")] == []
    assert check_files(lake.current) == []
    assert json.loads((lake.current / "datapackage.json").read_text())["resources"]


def test_without_built_tables_there_is_nothing_to_publish(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="no tables have been built yet; run the `model` flow first"):
        publish_release(tmp_path)
