"""From the built tables to a release: Parquet files and their descriptor, switched to in one step."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.catalog import DESCRIPTOR
from flows.lake import Lake
from flows.model import build_lock, database_path, mart_names, sql_literal
from flows.parquet_format import field_descriptions
from flows.pruning import KeepRule, prune
from flows.releases import (
    check_files,
    current_id,
    discard,
    flush_to_disk,
    history,
    release_lock,
    sha256,
    state_of,
    switch,
)
from flows.settings import Settings

if TYPE_CHECKING:
    import duckdb

ROW_GROUP_ROWS = 100_000
"""Rows of one row group: a reader that looks for one day of a large table skips the others by their statistics."""

SORTED_FIRST = ("published_on", "document_id")
"""Columns by which a table that has them is sorted before its key: news is asked for by day, and the rows of one
document, which repeat its evidence, compress together."""

_FIELD_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "DATE": "date",
}


class PublishError(RuntimeError):
    """The tables could not be published; the current release is as it was, unless the message says otherwise."""


@flow(name="publish", log_prints=False)
def publish(lake: str) -> dict[str, Any]:
    """Publish the tables of the last build that passed its tests; see `publish_release`.

    Then, where the settings say so, the release is copied to an object store, and old releases are removed.
    """
    settings = Settings.from_environment()
    figures = publish_release(Path(lake))
    if settings.publish_to:
        from flows.object_store import upload_release

        figures["copied"] = upload_release(Path(lake), settings.publish_to)["copied"]
    if settings.keep_releases:
        rule = KeepRule.parse(settings.keep_releases)
        figures["pruned"] = [release.id for release in prune(Path(lake), rule)]
    return figures


def publish_release(lake: Path) -> dict[str, Any]:
    """Write the built tables as a release and make it the current one; nothing is written if it already is.

    The Parquet files depend on the tables' content and the software only, so the same input gives the same
    `content_hash`, the SHA-256 over the sorted names and SHA-256 of the files. Tables that were rolled back from are
    not made current again, nor is anything after a rollback that holds; `note` says so.

    Returns `release_id`, `content_hash`, `release` (path), `written` (whether another release is current now), `note`
    (None or a sentence on rollbacks), and the rows per table (`tables`). Raises PublishError.
    """
    import duckdb

    stores = Lake(lake)
    with build_lock(stores):
        database = database_path(stores)
        if not database.is_file():
            raise PublishError(f"{database}: no tables have been built yet; run the `model` flow first")
        stores.releases.mkdir(parents=True, exist_ok=True)
        # One name under the lock: what a killed run left there is removed by the next one.
        aside = stores.releases / ".next"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        try:
            with duckdb.connect(str(database), read_only=True) as connection:
                # More threads would cut row groups at other places from run to run.
                connection.execute("set threads = 1")
                resources = [_write_table(connection, name, aside) for name in mart_names(connection)]
                _audit(connection, resources, aside)
                descriptor = _descriptor(connection, resources)
            with release_lock(lake):
                written, note = _make_current(stores, aside, descriptor)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    release = stores.releases / str(descriptor["id"])
    return {
        "release_id": release.name,
        "content_hash": descriptor["content_hash"],
        "release": str(release),
        "written": written,
        "note": note,
        "tables": {resource["name"]: resource["rows"] for resource in resources},
    }


def _make_current(stores: Lake, aside: Path, descriptor: dict[str, Any]) -> tuple[bool, str | None]:
    """Give the release its name and switch to it, unless a rollback stands against it; the caller holds the lock.

    Returns whether it was switched to, and what there is to say of rollbacks.
    """
    lake, current = stores.root, current_id(stores.root)
    release = stores.releases / str(descriptor["id"])
    if current == release.name:
        return False, None
    _put(aside, release, descriptor, stores.releases / current if current else None)
    state = state_of(history(lake))
    against = state.hold or state.turned_from.get(release.name)
    if against is not None:
        kind = "a rollback holds" if state.hold else "these tables were rolled back from"
        return False, (
            f"{release.name} is there and not current: {kind} ({against.at[:10]} by {against.by}"
            f"{f': {against.why}' if against.why else ''}); `materiel rollback {release.name}` makes it current, "
            "`materiel releases resume` lifts what rollbacks have set"
        )
    switch(lake, release.name, "publish")
    if not state.turned_from:
        return True, None
    last = max(state.turned_from.values(), key=lambda event: event.at)
    return True, (
        f"{release.name} takes the place of {last.release}, which was rolled back to on {last.at[:10]} by {last.by}"
        f"{f' ({last.why})' if last.why else ''}"
    )


def _put(aside: Path, release: Path, descriptor: dict[str, Any], predecessor: Path | None) -> None:
    """Complete what was written aside and give it the release's name; a whole release of that name stays as it is."""
    if release.is_dir():
        if (release / DESCRIPTOR).is_file() and not check_files(release):
            return
        discard(release)
    text = json.dumps(descriptor | _since(aside, descriptor, predecessor), ensure_ascii=False, indent=2) + "\n"
    (aside / DESCRIPTOR).write_text(text, encoding="utf-8")
    for path in aside.iterdir():
        path.chmod(0o444)
        flush_to_disk(path)
    flush_to_disk(aside)
    aside.rename(release)
    flush_to_disk(release.parent)


def _since(aside: Path, descriptor: dict[str, Any], predecessor: Path | None) -> dict[str, Any]:
    """The release that this one follows, and how many rows of each table are new, changed and gone."""
    import duckdb

    from flows.catalog import CatalogError
    from flows.release_diff import changes

    if predecessor is None:
        return {"predecessor": None, "changes": None}
    (aside / DESCRIPTOR).write_text(json.dumps(descriptor), encoding="utf-8")
    try:
        differences = changes(predecessor, aside)
    except (CatalogError, duckdb.Error, OSError) as error:
        # What is wrong with the old release must not keep the new one back.
        return {"predecessor": predecessor.name, "changes": None, "changes_unknown": " ".join(str(error).split())}
    return {"predecessor": predecessor.name, "changes": differences}


def _write_table(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> dict[str, Any]:
    """Write one table, sorted; returns its data resource."""
    path = folder / f"{name}.parquet"
    description, key = connection.execute(
        "select comment, (select constraint_column_names from duckdb_constraints() as c "
        "where c.table_oid = t.table_oid and constraint_type = 'PRIMARY KEY') "
        "from duckdb_tables() as t where schema_name = 'main' and table_name = ?",
        [name],
    ).fetchall()[0]
    columns = connection.execute(
        "select column_name, data_type, comment, is_nullable from duckdb_columns() "
        "where schema_name = 'main' and table_name = ? order by column_index",
        [name],
    ).fetchall()
    metadata = {
        "description": description,
        "columns": json.dumps({column: text for column, _, text, _ in columns}, ensure_ascii=False),
        **field_descriptions([(column, data_type, text) for column, data_type, text, _ in columns]),
    }
    pairs = ", ".join(f"{sql_literal(key)}: {sql_literal(value)}" for key, value in metadata.items())
    names = {column for column, *_ in columns}
    order = dict.fromkeys([*(column for column in SORTED_FIRST if column in names), *key])
    connection.execute(
        f"copy (from main.{name} order by {', '.join(order)}) to {sql_literal(path)} "
        f"(format parquet, compression zstd, row_group_size {ROW_GROUP_ROWS}, kv_metadata {{{pairs}}})"
    )
    return {
        "name": name,
        "description": description,
        "path": path.name,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256(path)}",
        "rows": _one(connection, f"select count(*) from main.{name}"),
        "schema": {
            "fields": [
                {"name": column, "type": _FIELD_TYPES[data_type], "description": text}
                | ({} if nullable else {"constraints": {"required": True}})
                for column, data_type, text, nullable in columns
            ],
            "primaryKey": key,
        },
    }


def _audit(connection: duckdb.DuckDBPyConnection, resources: Sequence[dict[str, Any]], folder: Path) -> None:
    """Read every file back whole and hold its rows against the table. Raises PublishError."""
    import duckdb

    for resource in resources:
        name, path = resource["name"], folder / resource["path"]
        checksum = "select count(*), bit_xor(hash(t)) from {} as t"
        try:
            with duckdb.connect() as reader:
                found = reader.execute(checksum.format(f"read_parquet({sql_literal(path)})")).fetchone()
        except duckdb.Error as error:
            raise PublishError(f"{path.name}: the file written cannot be read back: {error}; check the disk") from error
        if found != connection.execute(checksum.format(f"main.{name}")).fetchone():
            raise PublishError(f"{path.name}: the file written differs from the table; check the disk and run again")


def _descriptor(connection: duckdb.DuckDBPyConnection, resources: list[dict[str, Any]]) -> dict[str, Any]:
    """The Frictionless data package of a release."""
    digest = hashlib.sha256()
    for resource in sorted(resources, key=lambda resource: resource["path"]):
        digest.update(f"{resource['path']} {resource['hash'].removeprefix('sha256:')}\n".encode())
    content_hash = digest.hexdigest()
    return {
        "profile": "tabular-data-package",
        "name": "materiel",
        "id": content_hash[:16],
        "title": "Who arms whom: claims in the news and the transfers they tell of",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "content_hash": content_hash,
        "code_version": importlib.metadata.version("materiel"),
        **_versions(connection),
        "duckdb_version": importlib.metadata.version("duckdb"),
        "inputs_hash": _one(
            connection,
            "select sha256(coalesce(string_agg(sighting_id, ',' order by sighting_id), '')) "
            "from main.document_sightings",
        ),
        "resources": resources,
    }


def _versions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What the tables were made with, as the build has noted it: of the extractor, the models, the reference tables."""
    versions: dict[str, str] = {}
    tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'build' order by 1")
    for (table,) in tables.fetchall():
        cursor = connection.execute(f"from build.{table}")
        names = [column[0] for column in cursor.description or []]
        versions |= dict(zip(names, cursor.fetchall()[0], strict=True))
    return dict(sorted(versions.items()))


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None
