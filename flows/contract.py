"""The schema that is published, held against the one that was released last.

`sql/released_schema.json` is written from the models' YAML. `python -m flows.contract` says what has changed since;
`python -m flows.contract --refresh` writes it anew. What breaks other people's work (a column that goes, changes its
name or type, or may be null now) is kept in its list `broken` for good, and has to stand in CHANGELOG.md under
"Schema changes", in a line such as

    - `transfers.weapon`: renamed to `designation`.
    - `transfers.weapon`: removed.
    - `transfers.n_claims`: type is double now.
    - `transfers.n_claims`: may be null now.
    - `rejects`: removed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MARTS = ROOT / "sql" / "models" / "marts"
RELEASED = ROOT / "sql" / "released_schema.json"
CHANGELOG = ROOT / "CHANGELOG.md"

REFRESH = "python -m flows.contract --refresh"

Schema = dict[str, dict[str, Any]]
"""Per table its `key` and its `columns`, each with `type` (of DuckDB) and `nullable`."""

_NOTE = re.compile(r"^- `(?P<what>\w+(?:\.\w+)?)`: (?P<how>removed|renamed to `\w+`|type\b|may be null\b)")


class ContractError(ValueError):
    """A change of the schema that would break readers is not in the changelog; the message names the columns."""


def schema_of_models(marts: Path = MARTS) -> Schema:
    """The tables that the models' YAML describes."""
    import yaml

    tables: Schema = {}
    for path in sorted(marts.glob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            key = next(c["columns"] for c in model["constraints"] if c["type"] == "primary_key")
            tables[model["name"]] = {
                "key": key,
                "columns": {
                    column["name"]: {
                        "type": column["data_type"].lower(),
                        "nullable": column["name"] not in key
                        and not any(c["type"] == "not_null" for c in column.get("constraints", [])),
                    }
                    for column in model["columns"]
                },
            }
    return dict(sorted(tables.items()))


def breaking(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """What a reader of the old schema cannot rely on any more: `table` or `table.column`, and what became of it."""
    found: dict[str, str] = {}
    for table, before in old.items():
        if table not in new:
            found[table] = "removed"
            continue
        columns = new[table]["columns"]
        for name, column in before["columns"].items():
            if name not in columns:
                found[f"{table}.{name}"] = "removed"
            elif columns[name]["type"] != column["type"]:
                found[f"{table}.{name}"] = f"type was {column['type']}, is {columns[name]['type']}"
            elif columns[name]["nullable"] and not column["nullable"]:
                found[f"{table}.{name}"] = "may be null"
    return found


def noted(changelog: str) -> set[str]:
    """What the changelog says, under "Schema changes", to be removed, renamed, of another type, or null at times."""
    found = set()
    for section in re.split(r"^#{2,3} ", changelog, flags=re.MULTILINE):
        if section.startswith("Schema changes"):
            found |= {match["what"] for line in section.splitlines() if (match := _NOTE.match(line))}
    return found


def refreshed(released: Mapping[str, Any], now: Schema, changelog: str) -> dict[str, Any]:
    """The released schema after a release of `now`. Raises ContractError where the changelog hides what breaks."""
    broken = {**released.get("broken", {}), **breaking(released.get("tables", {}), now)}
    hidden = sorted(broken.keys() - noted(changelog))
    if hidden:
        told = ", ".join(f"`{what}`: {broken[what]}" for what in hidden)
        raise ContractError(f"{told}; write a line for each under Schema changes in {CHANGELOG.name}")
    return {"tables": now, "broken": dict(sorted(broken.items()))}


def read_released(path: Path = RELEASED) -> dict[str, Any]:
    """The schema that was released last."""
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def main() -> int:
    """Check or refresh the released schema; returns the exit status."""
    released = read_released() if RELEASED.is_file() else {}
    try:
        schema = refreshed(released, schema_of_models(), CHANGELOG.read_text(encoding="utf-8"))
    except ContractError as error:
        sys.stderr.write(f"materiel: {error}\n")
        return 1
    if schema == released:
        return 0
    if "--refresh" not in sys.argv[1:]:
        sys.stderr.write(f"materiel: {RELEASED.name} is out of date; run {REFRESH}\n")
        return 1
    RELEASED.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
