"""Copies of releases on an object store or another file system: data first, then its descriptor, then the pointer.

    <url>/releases/<release id>/<table>.parquet
    <url>/releases/<release id>/datapackage.json   there only when all tables are, and have been read back
    <url>/current.json                             which release readers use; replaced in one step, last

Stores have no links and no renaming of folders, so the order does what the link does on a disk. Any scheme that fsspec
knows will do (`s3://`, `gs://`, `abfs://`, `file://`, …); credentials are taken where its package takes them.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.catalog import DESCRIPTOR, read_descriptor
from flows.releases import CURRENT, check_files, find_release

POINTER = "current.json"

_CHUNK_BYTES = 1 << 20
_PLAIN_FILES = ("file", "local")
"""Protocols whose writes can be seen half done; the pointer is written beside and renamed there."""


class ObjectStoreError(RuntimeError):
    """A copy could not be made; what readers of the copy use is as it was."""


def upload_release(lake: Path, url: str, name: str = CURRENT) -> dict[str, Any]:
    """Copy a release to a URL and make it the current one there; an upload that was cut off goes on where it was.

    What is there already is read back and compared rather than sent again. Returns `release_id`, `url`, `copied` (files
    sent) and `switched` (whether the pointer has changed). Raises ObjectStoreError, and ReleaseError where there is no
    such release.
    """
    release = find_release(lake, name)
    if faults := check_files(release):
        raise ObjectStoreError(f"{release}: {faults[0]}; nothing was copied, choose another release")
    store, root = _open(url)
    package: dict[str, Any] = read_descriptor(release)
    there = f"{root}/releases/{release.name}"
    try:
        copied = 0
        for resource in package["resources"]:
            copied += _send(store, release / resource["path"], f"{there}/{resource['path']}", resource)
        descriptor = (release / DESCRIPTOR).read_bytes()
        if _content(store, f"{there}/{DESCRIPTOR}") != descriptor:
            _write(store, f"{there}/{DESCRIPTOR}", descriptor)
            copied += 1
        switched = _point(store, f"{root}/{POINTER}", release.name, package)
    except ObjectStoreError:
        raise
    except Exception as error:
        # Each store's package has errors of its own.
        raise ObjectStoreError(
            f"{url}: release {release.name} could not be copied ({_told(error)}); "
            "what is current there is as it was; run `materiel publish` again to go on"
        ) from error
    return {"release_id": release.name, "url": url, "copied": copied, "switched": switched}


def remote_current(url: str) -> str | None:
    """The id of the release that is current at a URL; None where there is none. Raises ObjectStoreError."""
    store, root = _open(url)
    try:
        content = _content(store, f"{root}/{POINTER}")
        return None if content is None else str(json.loads(content)["release"])
    except Exception as error:
        raise ObjectStoreError(f"{url}/{POINTER}: cannot be read ({_told(error)}); check the address") from error


def _told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _open(url: str) -> tuple[Any, str]:
    """The file system of a URL and the path in it. Raises ObjectStoreError where its package is missing."""
    import fsspec

    try:
        store, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise ObjectStoreError(
            f"{url}: cannot be opened ({_told(error)}); check the address and install the package of its scheme"
        ) from error
    return store, str(root).rstrip("/")


def _send(store: Any, path: Path, target: str, resource: dict[str, Any]) -> bool:
    """Copy one file unless it is there, and read it back; returns whether it was sent. Raises ObjectStoreError."""
    wanted = resource["hash"].removeprefix("sha256:")
    if _hash(store, target, resource["bytes"]) == wanted:
        return False
    store.makedirs(target.rpartition("/")[0], exist_ok=True)
    store.put_file(str(path), target)
    if _hash(store, target, resource["bytes"]) != wanted:
        raise ObjectStoreError(
            f"{target}: what is read back is not what was sent; what is current there is as it was, try again"
        )
    return True


def _hash(store: Any, target: str, size: int) -> str | None:
    """The SHA-256 of a file of the store; None where it is missing or has another size."""
    store.invalidate_cache()
    if not store.exists(target) or store.size(target) != size:
        return None
    digest = hashlib.sha256()
    with store.open(target, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _point(store: Any, target: str, release: str, package: dict[str, Any]) -> bool:
    """Name the current release, unless it is named already; returns whether it was not."""
    content = _content(store, target)
    if content is not None and json.loads(content).get("release") == release:
        return False
    pointer = {
        "release": release,
        "path": f"releases/{release}",
        "content_hash": package["content_hash"],
        "switched": datetime.now(UTC).isoformat(timespec="seconds"),
        "tables": {resource["name"]: f"releases/{release}/{resource['path']}" for resource in package["resources"]},
    }
    _write(store, target, json.dumps(pointer, indent=2).encode() + b"\n")
    return True


def _write(store: Any, target: str, content: bytes) -> None:
    """Replace a small file in one step: object stores do so themselves, a file system by renaming."""
    protocols = {store.protocol} if isinstance(store.protocol, str) else set(store.protocol)
    store.makedirs(target.rpartition("/")[0], exist_ok=True)
    if not protocols & set(_PLAIN_FILES):
        store.pipe_file(target, content)
        return
    aside = f"{target}.next"
    store.pipe_file(aside, content)
    Path(aside).replace(target)


def _content(store: Any, target: str) -> bytes | None:
    store.invalidate_cache()
    try:
        return bytes(store.cat_file(target))
    except FileNotFoundError:
        return None
