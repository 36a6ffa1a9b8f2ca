"""What differs between two releases: rows per table, and for each transfer which columns, and because of which claims.

DuckDB does the work over the two sets of Parquet files; files with the same SHA-256 are not even opened. Columns and
tables that only one release has are told of by themselves, and are no difference of any row.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from flows.catalog import read_descriptor
from flows.releases import versions_of

if TYPE_CHECKING:
    import duckdb

Change = Literal["new", "changed", "gone"]

_ROWS_FETCHED = 1_000


@dataclass(frozen=True, slots=True)
class TableDiff:
    """How a table differs: its rows, and its columns as `name` lists of what only one of the two has."""

    name: str
    new: int
    changed: int
    gone: int
    columns_changed: dict[str, int]
    """In how many of the changed rows a column differs."""
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    columns_retyped: tuple[str, ...]
    only_in: Literal["a", "b"] | None = None
    """The release that has the table, where the other has not."""

    @property
    def differs(self) -> bool:
        """Whether there is anything to tell."""
        schema = self.columns_added or self.columns_removed or self.columns_retyped or self.only_in
        return bool(self.new or self.changed or self.gone or schema)


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """A claim that came to a transfer, left it, or reads otherwise."""

    claim_id: str
    change: Change
    why: str
    """One of the keys of `REASONS`."""
    other_transfer: str | None = None
    """Where a claim came from or went to, if that is another transfer."""
    columns: tuple[str, ...] = ()
    """The columns of a changed claim that differ."""


REASONS = {
    "new_document": "from a document that is new",
    "gone_document": "of a document that is gone",
    "read_anew": "of a document that was there and is read otherwise now",
    "no_longer_read": "of a document that is still there, and no longer read so",
    "from_other_transfer": "was with another transfer",
    "to_other_transfer": "is with another transfer now",
    "counts_now": "was there and counts for a transfer now",
    "counts_no_more": "is still there and counts for no transfer now",
    "changed": "is the same claim with other values",
}
"""Why a claim came or went, in words."""


@dataclass(frozen=True, slots=True)
class TransferChange:
    """A transfer that only one of the releases has, or that differs."""

    transfer_id: str
    change: Change
    row: dict[str, object]
    """The transfer: as it is in the newer release, of a gone one as it was."""
    columns: dict[str, tuple[object, object]]
    """Of a changed one: column, and its value before and after."""
    claims: tuple[ClaimChange, ...]
    causes: tuple[str, ...]
    """Why, in short: the reasons of its claims, else `versions` (made with other code or reference tables), else
    `surroundings` (its claims are the same; what counts as a source or as one transfer depends on others too)."""


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A part that the two releases were made with in different versions."""

    kind: str
    before: str | None
    after: str | None


class ReleaseDiff:
    """The differences between two releases, `a` the older and `b` the newer; see `comparing`."""

    def __init__(self, a: Path, b: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.a, self.b = a, b
        self._connection = connection
        before: dict[str, Any] = read_descriptor(a)
        after: dict[str, Any] = read_descriptor(b)
        old, new = versions_of(before), versions_of(after)
        self.versions = [
            VersionChange(kind, old.get(kind), new.get(kind))
            for kind in sorted(old.keys() | new.keys())
            if old.get(kind) != new.get(kind)
        ]
        """What they were made with in different versions."""
        self._resources = tuple(
            {resource["name"]: resource for resource in package["resources"]} for package in (before, after)
        )
        names = sorted(self._resources[0].keys() | self._resources[1].keys())
        self._shared: dict[str, list[str]] = {}
        self.tables = [self._compare(name) for name in names]
        """Every table, also those that are the same."""

    def transfers(self) -> Iterator[TransferChange]:
        """The transfers that differ: changed ones first, then gone ones, then new ones, which are most, each by id."""
        if not {"transfers", "transfer_claim_links", "transfer_claims", "documents"} <= self._shared.keys():
            return
        self._find_claims()
        columns = self._shared["transfers"]
        old = ", ".join(f'a."{column}"' for column in columns)
        new = ", ".join(f'b."{column}"' for column in columns)
        query = (
            f"select d.change, {old}, {new} from diff_transfers as d left join a.transfers as a using (transfer_id) "
            "left join b.transfers as b using (transfer_id) "
            "order by list_position(['changed', 'gone', 'new'], d.change), d.transfer_id"
        )
        claims = self._claims_by_transfer()
        waiting = next(claims, None)
        # A cursor of its own: both results are read side by side, in the same order.
        for change, *values in _rows(self._connection.cursor(), query):
            before = dict(zip(columns, values[: len(columns)], strict=True))
            after = dict(zip(columns, values[len(columns) :], strict=True))
            row = before if change == "gone" else after
            found: tuple[ClaimChange, ...] = ()
            if waiting is not None and waiting[0] == (change, row["transfer_id"]):
                found = waiting[1]
                waiting = next(claims, None)
            differing = {c: (before[c], after[c]) for c in columns if before[c] != after[c]}
            yield TransferChange(
                transfer_id=str(row["transfer_id"]),
                change=change,
                row=row,
                columns=differing if change == "changed" else {},
                claims=found,
                causes=self._causes(found),
            )

    def _causes(self, claims: Sequence[ClaimChange]) -> tuple[str, ...]:
        reasons = tuple(reason for reason in REASONS if any(claim.why == reason for claim in claims))
        return reasons or (("versions",) if self.versions else ("surroundings",))

    def _compare(self, name: str) -> TableDiff:
        """Put views `a.name` and `b.name` over a table, and count what differs in a table of its keys."""
        resources = [side.get(name) for side in self._resources]
        only_in: Literal["a", "b"] | None = "b" if resources[0] is None else "a" if resources[1] is None else None
        types: list[dict[str, str]] = []
        for schema, folder, resource in zip("ab", (self.a, self.b), resources, strict=True):
            if resource is not None:
                path = str(folder / resource["path"]).replace("'", "''")
                self._connection.execute(f"create view {schema}.{name} as from read_parquet('{path}')")
        for schema, resource in zip("ab", resources, strict=True):
            if resource is None:
                other = "a" if schema == "b" else "b"
                self._connection.execute(f"create view {schema}.{name} as from {other}.{name} limit 0")
            types.append({row[0]: row[1] for row in self._connection.execute(f"describe {schema}.{name}").fetchall()})
        shared = [column for column in types[1] if column in types[0] and types[0][column] == types[1][column]]
        self._shared[name] = shared
        keys = [resource["schema"]["primaryKey"] for resource in resources if resource is not None]
        key = [column for column in keys[-1] if column in shared]
        same = None not in resources and resources[0]["hash"] == resources[1]["hash"]  # type: ignore[index]
        counts = {"new": 0, "changed": 0, "gone": 0}
        self._connection.execute(f"create table diff_{name} as {self._differing(name, key, shared, same)}")
        query = f"select change, count(*) from diff_{name} group by change"
        counts |= dict(self._connection.execute(query).fetchall())
        return TableDiff(
            name=name,
            columns_changed=self._columns_changed(name, key, shared) if counts["changed"] else {},
            columns_added=tuple(column for column in types[1] if column not in types[0]),
            columns_removed=tuple(column for column in types[0] if column not in types[1]),
            columns_retyped=tuple(c for c in types[1] if c in types[0] and types[0][c] != types[1][c]),
            only_in=only_in,
            **counts,
        )

    def _differing(self, name: str, key: Sequence[str], shared: Sequence[str], same: bool) -> str:
        """The keys of the rows that differ, with `change`: hashes of whole rows are compared, so texts are not kept."""
        names = _quoted(key)
        rows = f"select {names}, hash({_quoted(shared)}) as row_hash from {{}}.{name}"
        joined = " and ".join(f'a."{column}" is not distinct from b."{column}"' for column in key)
        if not key or same:
            return f"select *, '' as change from b.{name} limit 0"
        both = ", ".join(f'coalesce(a."{column}", b."{column}") as "{column}"' for column in key)
        return (
            f"select {both}, case when a.row_hash is null then 'new' when b.row_hash is null then 'gone' "
            f"else 'changed' end as change from ({rows.format('a')}) as a full join ({rows.format('b')}) as b "
            f"on {joined} where a.row_hash is distinct from b.row_hash"
        )

    def _columns_changed(self, name: str, key: Sequence[str], shared: Sequence[str]) -> dict[str, int]:
        """In how many of the changed rows each column differs, without those in which none does."""
        compared = [column for column in shared if column not in key]
        counts = ", ".join(f'count(*) filter (a."{c}" is distinct from b."{c}")' for c in compared)
        names = _quoted(key)
        query = (
            f"select {counts} from diff_{name} as d join a.{name} as a using ({names}) "
            f"join b.{name} as b using ({names}) where d.change = 'changed'"
        )
        [values] = self._connection.execute(query).fetchall()
        return {column: count for column, count in zip(compared, values, strict=True) if count}

    def _find_claims(self) -> None:
        """Make the table `diff_claims`: the claims that differ for each transfer that differs, and why."""
        columns = [column for column in self._shared["transfer_claims"] if column != "claim_id"]
        differing = ", ".join(f'case when x."{c}" is distinct from y."{c}" then \'{c}\' end' for c in columns)
        self._connection.execute(
            f"""
            create or replace table diff_links as
            select
                transfer_id, claim_id,
                case when a.claim_id is null then 'new' when b.claim_id is null then 'gone' else 'changed' end as change
            from (select distinct transfer_id, claim_id from a.transfer_claim_links
                  semi join diff_transfers using (transfer_id)) as a
            full join (select distinct transfer_id, claim_id from b.transfer_claim_links
                       semi join diff_transfers using (transfer_id)) as b using (transfer_id, claim_id)
            where a.claim_id is null or b.claim_id is null
                or claim_id in (select claim_id from diff_transfer_claims where change = 'changed');

            create or replace table diff_claims as
            with others as (
                select l.transfer_id, l.claim_id, min(o.transfer_id) as other_transfer
                from diff_links as l
                join (select transfer_id, claim_id, 'new' as change from a.transfer_claim_links
                      union all
                      select transfer_id, claim_id, 'gone' from b.transfer_claim_links) as o
                on o.claim_id = l.claim_id and o.change = l.change and o.transfer_id != l.transfer_id
                group by all
            )
            select
                l.transfer_id, l.claim_id, l.change,
                case
                    when l.change = 'changed' then 'changed'
                    when o.other_transfer is not null and l.change = 'new' then 'from_other_transfer'
                    when o.other_transfer is not null then 'to_other_transfer'
                    when l.change = 'new' and x.claim_id is not null then 'counts_now'
                    when l.change = 'gone' and y.claim_id is not null then 'counts_no_more'
                    when l.change = 'new' and y.document_id in (select document_id from a.documents) then 'read_anew'
                    when l.change = 'new' then 'new_document'
                    when x.document_id in (select document_id from b.documents) then 'no_longer_read'
                    else 'gone_document'
                end as why,
                o.other_transfer,
                case when l.change = 'changed' then list_filter([{differing}], lambda c: c is not null) end as columns
            from diff_links as l
            left join others as o using (transfer_id, claim_id)
            left join a.transfer_claims as x on x.claim_id = l.claim_id
            left join b.transfer_claims as y on y.claim_id = l.claim_id;
            """
        )

    def _claims_by_transfer(self) -> Iterator[tuple[tuple[str, str], tuple[ClaimChange, ...]]]:
        """The claims that differ, together by transfer, in the order of `transfers`."""
        query = (
            "select d.change, transfer_id, c.claim_id, c.change, why, other_transfer, columns "
            "from diff_claims as c join diff_transfers as d using (transfer_id) "
            "order by list_position(['changed', 'gone', 'new'], d.change), transfer_id, "
            "list_position(['new', 'changed', 'gone'], c.change), c.claim_id"
        )
        rows = _rows(self._connection.cursor(), query)
        for key, members in groupby(rows, key=lambda row: (row[0], row[1])):
            yield key, tuple(ClaimChange(row[2], row[3], row[4], row[5], tuple(row[6] or ())) for row in members)


@contextmanager
def comparing(a: Path, b: Path) -> Iterator[ReleaseDiff]:
    """Compare two releases, `a` with the newer `b`, given by their folders; the differences can be read in the block.

    Raises CatalogError where a descriptor cannot be read, duckdb.Error where a file cannot.
    """
    import duckdb

    # Large joins spill here rather than into the working directory.
    spill = str(Path(tempfile.gettempdir(), f"materiel-diff-{os.getpid()}"))
    with duckdb.connect(config={"temp_directory": spill}) as connection:
        connection.execute("create schema a; create schema b")
        yield ReleaseDiff(Path(a).resolve(), Path(b).resolve(), connection)


def changes(a: Path, b: Path) -> dict[str, dict[str, int]]:
    """Per table that differs, how many rows are `new`, `changed` and `gone` from `a` to `b`."""
    with comparing(a, b) as diff:
        return {
            table.name: {"new": table.new, "changed": table.changed, "gone": table.gone}
            for table in diff.tables
            if table.differs
        }


def _quoted(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    cursor = connection.execute(query)
    while rows := cursor.fetchmany(_ROWS_FETCHED):
        yield from rows
