"""Content ids of what decides what the tables hold, so that two releases can be told apart by what made them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

VERSION_CHARACTERS = 12
"""Hexadecimal digits of a version, as of the extractor's."""


def reference_version(seeds: Path) -> str:
    """The version of the reference tables: the names and bytes of the CSV files directly in the folder."""
    return _version(seeds, seeds.glob("*.csv"))


def models_version(project: Path) -> str:
    """The version of the SQL models: the names and bytes of the dbt project's settings, models and macros."""
    files = [path for folder in ("models", "macros") for path in (project / folder).rglob("*") if path.is_file()]
    return _version(project, [project / "dbt_project.yml", *files])


def _version(root: Path, paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in paths):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:VERSION_CHARACTERS]
