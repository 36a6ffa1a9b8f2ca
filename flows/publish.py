"""From the built tables to a release: Parquet files and their descriptor, switched to in one step."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.catalog import DESCRIPTOR, CatalogError, current_release, read_descriptor
from flows.lake import Lake
from flows.model import build_lock, database_path, mart_names, sql_literal

if TYPE_CHECKING:
    import duckdb

ROW_GROUP_ROWS = 100_000

_FIELD_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "DATE": "date",
}


class PublishError(RuntimeError):
    """The tables could not be published; the current release is as it was."""


@flow(name="publish", log_prints=False)
def publish(lake: str) -> dict[str, Any]:
    """Publish the tables of the last build that passed its tests; see `publish_release`."""
    return publish_release(Path(lake))


def publish_release(lake: Path) -> dict[str, Any]:
    """Write the built tables as a release and make it the current one; nothing is written if it already is.

    The Parquet files depend on the tables' content and the software only, so the same input gives the same
    `content_hash`, the SHA-256 over the sorted names and SHA-256 of the files. Returns `release_id`, `content_hash`,
    `release` (path), `written`, and the rows per table (`tables`). Raises PublishError.
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
            content_hash = str(descriptor["content_hash"])
            release = stores.releases / content_hash[:16]
            written = _current_content(lake) != content_hash
            if written:
                text = json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"
                (aside / DESCRIPTOR).write_text(text, encoding="utf-8")
                if not release.is_dir():
                    aside.rename(release)
                _switch(stores, release)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return {
        "release_id": release.name,
        "content_hash": content_hash,
        "release": str(release),
        "written": written,
        "tables": {resource["name"]: resource["rows"] for resource in resources},
    }


def _write_table(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> dict[str, Any]:
    """Write one table, sorted by its key; returns its data resource."""
    path = folder / f"{name}.parquet"
    description, key = connection.execute(
        "select comment, (select constraint_column_names from duckdb_constraints() as c "
        "where c.table_oid = t.table_oid and constraint_type = 'PRIMARY KEY') "
        "from duckdb_tables() as t where schema_name = 'main' and table_name = ?",
        [name],
    ).fetchall()[0]
    columns = connection.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where schema_name = 'main' and table_name = ? order by column_index",
        [name],
    ).fetchall()
    described = json.dumps({column: text for column, _, text in columns}, ensure_ascii=False)
    connection.execute(
        f"copy (from main.{name} order by {', '.join(key)}) to {sql_literal(path)} (format parquet, compression zstd, "
        f"row_group_size {ROW_GROUP_ROWS}, "
        f"kv_metadata {{description: {sql_literal(description)}, columns: {sql_literal(described)}}})"
    )
    return {
        "name": name,
        "description": description,
        "path": path.name,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{_sha256(path)}",
        "rows": _one(connection, f"select count(*) from main.{name}"),
        "schema": {
            "fields": [
                {"name": column, "type": _FIELD_TYPES[data_type], "description": text}
                for column, data_type, text in columns
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
        "extractor_version": _one(connection, "select extractor_version from build.info"),
        "inputs_hash": _one(
            connection,
            "select sha256(coalesce(string_agg(sighting_id, ',' order by sighting_id), '')) "
            "from main.document_sightings",
        ),
        "resources": resources,
    }


def _current_content(lake: Path) -> str | None:
    """The content hash of the current release; None where there is none that can be read."""
    try:
        return str(read_descriptor(current_release(lake)).get("content_hash"))
    except CatalogError:
        return None


def _switch(lake: Lake, release: Path) -> None:
    """Point `current` at a release; readers see the old one or the new one, nothing between."""
    link = lake.root / ".current"
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(release, lake.root))
    link.replace(lake.current)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None
