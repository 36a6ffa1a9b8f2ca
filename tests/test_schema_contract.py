"""The published schema: it grows freely, and breaks nothing without a line in the changelog."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from small_lake import sample_release

from flows.catalog import current_release, read_descriptor
from flows.contract import (
    CHANGELOG,
    REFRESH,
    ContractError,
    breaking,
    noted,
    read_released,
    refreshed,
    schema_of_models,
)

RELEASED = {
    "tables": {
        "transfers": {
            "key": ["transfer_id"],
            "columns": {
                "transfer_id": {"type": "varchar", "nullable": False},
                "weapon": {"type": "varchar", "nullable": True},
                "n_claims": {"type": "bigint", "nullable": False},
            },
        },
        "rejects": {"key": ["uri"], "columns": {"uri": {"type": "varchar", "nullable": False}}},
    },
    "broken": {},
}


def changed(**columns: dict | None) -> dict:
    """The schema above with other columns of `transfers`; None removes one."""
    tables = copy.deepcopy(RELEASED["tables"])
    for name, column in columns.items():
        tables["transfers"]["columns"].pop(name, None)
        if column is not None:
            tables["transfers"]["columns"][name] = column
    return tables


def changelog(line: str) -> str:
    return f"# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Much.\n\n### Schema changes\n\n{line}\n\n## [0.1.0]\n"


def test_the_schema_breaks_nothing_that_the_changelog_does_not_name() -> None:
    schema = refreshed(read_released(), schema_of_models(), CHANGELOG.read_text(encoding="utf-8"))
    assert schema == read_released(), f"the schema has grown or changed; run: {REFRESH}"


def test_releases_have_the_schema_of_the_models(tmp_path_factory: pytest.TempPathFactory) -> None:
    package: dict = read_descriptor(current_release(sample_release(tmp_path_factory.getbasetemp()).root))
    kinds = {"varchar": "string", "bigint": "integer", "double": "number", "boolean": "boolean", "date": "date"}
    published = {
        resource["name"]: {
            "key": resource["schema"]["primaryKey"],
            "columns": {
                field["name"]: {
                    "type": field["type"],
                    "nullable": not field.get("constraints", {}).get("required", False),
                }
                for field in resource["schema"]["fields"]
            },
        }
        for resource in package["resources"]
    }
    expected = schema_of_models()
    for table in expected.values():
        for column in table["columns"].values():
            column["type"] = kinds[column["type"]]
    assert published == expected


def test_columns_and_tables_may_come() -> None:
    now = changed(origin_id={"type": "varchar", "nullable": True})
    now["extra"] = {"key": ["id"], "columns": {"id": {"type": "varchar", "nullable": False}}}
    assert refreshed(RELEASED, now, "") == {"tables": now, "broken": {}}


@pytest.mark.parametrize(
    ("now", "what", "line"),
    [
        (changed(weapon=None), "transfers.weapon", "- `transfers.weapon`: removed."),
        (
            changed(weapon=None, designation={"type": "varchar", "nullable": True}),
            "transfers.weapon",
            "- `transfers.weapon`: renamed to `designation`.",
        ),
        (
            changed(n_claims={"type": "double", "nullable": False}),
            "transfers.n_claims",
            "- `transfers.n_claims`: type is double now.",
        ),
        (
            changed(n_claims={"type": "bigint", "nullable": True}),
            "transfers.n_claims",
            "- `transfers.n_claims`: may be null now.",
        ),
        ({"transfers": RELEASED["tables"]["transfers"]}, "rejects", "- `rejects`: removed."),
    ],
)
def test_what_breaks_readers_needs_a_line_for_good(now: dict, what: str, line: str) -> None:
    assert list(breaking(RELEASED["tables"], now)) == [what]
    for hidden in ("", changelog(f"- `{what}`: new column, null where nothing was removed."), line):
        with pytest.raises(ContractError, match=what) as caught:
            refreshed(RELEASED, now, hidden)
        assert "\n" not in str(caught.value)
    after = refreshed(RELEASED, now, changelog(line))
    assert after["tables"] == now
    assert list(after["broken"]) == [what]
    # The line may not be taken out again, also after the file has been refreshed.
    with pytest.raises(ContractError, match=what):
        refreshed(after, now, "")


def test_the_file_is_made_by_the_command_that_the_error_names(tmp_path: Path) -> None:
    assert REFRESH == "python -m flows.contract --refresh"
    assert noted(changelog("- `a.b`: removed.")) == {"a.b"}
