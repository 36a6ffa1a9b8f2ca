"""Copies at a URL: data before the pointer, whatever fails on the way, and no byte sent twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from built_tables import build, one_transfer

from flows.lake import Lake
from flows.object_store import ObjectStoreError, remote_current, upload_release
from flows.publish import publish, publish_release
from flows.releases import rollback


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    put_out(lake, 1)
    return lake


def put_out(lake: Lake, claims: int) -> str:
    build(lake, one_transfer(1, claims))
    return str(publish_release(lake.root)["release_id"])


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where to copy to: an object store in memory, and a folder by its URL."""
    store = fsspec.filesystem("memory")
    yield "memory://ledger/copies" if request.param == "memory" else (tmp_path / "a folder").as_uri()
    store.store.clear()


def content(url: str, path: str) -> bytes:
    store, root = fsspec.core.url_to_fs(url)
    return bytes(store.cat_file(f"{root}/{path}"))


def check_copy(url: str, release: Path) -> None:
    """The copy of a release is there, byte for byte."""
    for path in release.iterdir():
        assert content(url, f"releases/{release.name}/{path.name}") == path.read_bytes()


def test_a_copy_is_made_once_and_switched_to(lake: Lake, url: str) -> None:
    assert remote_current(url) is None
    first = lake.current.resolve()
    done = upload_release(lake.root, url)
    assert done == {"release_id": first.name, "url": url, "copied": 7, "switched": True}
    check_copy(url, first)
    pointer = json.loads(content(url, "current.json"))
    assert pointer["release"] == remote_current(url) == first.name
    assert pointer["tables"]["transfers"] == f"releases/{first.name}/transfers.parquet"
    assert upload_release(lake.root, url) == done | {"copied": 0, "switched": False}
    second = put_out(lake, 2)
    assert upload_release(lake.root, url)["switched"]
    assert remote_current(url) == second
    check_copy(url, first)
    rollback(lake.root)
    assert upload_release(lake.root, url) == done | {"copied": 0, "switched": True}
    assert remote_current(url) == first.name


class Killed(BaseException):
    """Ends an upload as a kill would: nothing handles it."""


def failing_at(number: int, error: BaseException) -> tuple[Callable[..., Any], list[str]]:
    """A wrapper for the calls that write: the call of that number writes half of its bytes and fails."""
    written: list[str] = []

    def wrap(write: Callable[..., Any], is_file: bool) -> Callable[..., Any]:
        def call(self: Any, *arguments: Any, **options: Any) -> Any:
            target = str(arguments[1] if is_file else arguments[0])
            written.append(target)
            if len(written) == number:
                half = (Path(arguments[0]).read_bytes() if is_file else arguments[1])[:-20]
                if self.protocol == "memory" and "current.json" in target:
                    # An object store replaces an object whole or not at all.
                    raise error
                fsspec.AbstractFileSystem.pipe_file(self, target, half)
                raise error
            return write(self, *arguments, **options)

        return call

    return wrap, written


@pytest.mark.parametrize("error", [Killed(), OSError(28, "No space left on device"), ConnectionResetError()])
@pytest.mark.parametrize("number", range(1, 9))
def test_an_upload_that_ends_at_any_write_leaves_the_old_copy_and_goes_on(
    lake: Lake, url: str, monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException
) -> None:
    old = lake.current.resolve()
    upload_release(lake.root, url)
    new = put_out(lake, 2)
    store, _ = fsspec.core.url_to_fs(url)
    wrap, written = failing_at(number, error)
    with monkeypatch.context() as patched:
        patched.setattr(type(store), "put_file", wrap(type(store).put_file, True))
        patched.setattr(type(store), "pipe_file", wrap(type(store).pipe_file, False))
        with pytest.raises(Killed if isinstance(error, Killed) else ObjectStoreError) as caught:
            upload_release(lake.root, url)
    if not isinstance(error, Killed):
        assert "run `materiel publish` again" in str(caught.value)
        assert "\n" not in str(caught.value)
    assert len(written) == number
    assert remote_current(url) == old.name
    check_copy(url, old)
    # Data first, its descriptor after all of it, the pointer last.
    assert not any("datapackage" in target for target in written[:6])
    assert not any("current.json" in target for target in written[:7])
    done = upload_release(lake.root, url)
    assert done["copied"] == 7 - (number - 1 if number < 8 else 7)
    assert remote_current(url) == new
    check_copy(url, lake.current.resolve())


def test_what_a_store_has_spoilt_is_not_switched_to(lake: Lake, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = fsspec.core.url_to_fs(url)
    send = type(store).put_file

    def spoil(self: Any, source: str, target: str, **options: Any) -> None:
        send(self, source, target, **options)
        if target.endswith("transfers.parquet"):
            self.pipe_file(target, bytes(Path(source).stat().st_size))

    with monkeypatch.context() as patched:
        patched.setattr(type(store), "put_file", spoil)
        with pytest.raises(ObjectStoreError, match=r"transfers\.parquet: what is read back is not what was sent"):
            upload_release(lake.root, url)
    assert remote_current(url) is None
    assert upload_release(lake.root, url)["switched"]


def test_a_damaged_release_is_not_copied(lake: Lake, url: str) -> None:
    path = lake.current / "transfers.parquet"
    path.chmod(0o644)
    path.write_bytes(b"x")
    with pytest.raises(ObjectStoreError, match="nothing was copied"):
        upload_release(lake.root, url)
    assert remote_current(url) is None


@pytest.mark.parametrize("url", ["nosuchscheme://bucket/x", "s3://bucket/x"])
def test_a_url_that_cannot_be_opened_is_one_line(lake: Lake, url: str) -> None:
    if url.startswith("s3:"):
        try:
            import s3fs  # noqa: F401
        except ImportError:
            pass
        else:
            pytest.skip("s3fs is installed")
    with pytest.raises(ObjectStoreError, match="install the package of its scheme") as caught:
        upload_release(lake.root, url)
    assert "\n" not in str(caught.value)


def test_the_flow_copies_and_prunes_where_the_settings_say_so(
    lake: Lake, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATERIEL_PUBLISH_TO", url)
    monkeypatch.setenv("MATERIEL_KEEP_RELEASES", "last=1")
    build(lake, one_transfer(1, 2))
    figures = publish.fn(str(lake.root))
    assert figures["written"]
    assert (figures["copied"], figures["pruned"]) == (7, [])
    assert remote_current(url) == figures["release_id"]
