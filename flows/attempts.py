"""The log of what was asked of each source and what came of it, which `materiel status` reads."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flows.inputs import InputUnit
from flows.lake import Lake, write_rows
from transforms.rows import Reject

if TYPE_CHECKING:
    from flows.discover import SourceOutcome


@dataclass(frozen=True, slots=True)
class Attempt:
    """One look at one unit."""

    run: str
    """The run that looked: when it began, UTC."""
    source: str | None
    """Name of the source in `sources.toml`; null for what the command line names."""
    source_uri: str
    attempted_at: str
    """UTC, to the second."""
    outcome: str
    """`new`, `unchanged` or `rejected`."""
    reason: str | None
    """Of what was rejected: the code of the reject."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a source of `sources.toml`: at the feed, the sitemap, the folder or the list."""

    run: str
    source: str
    entries: int
    """Pages or files that it named."""
    known: int
    """Those that the archive had already, which were not asked for."""
    left_out: str | None
    """Why others were left out, with numbers: `too_old 12, excluded 3`."""
    problems: str | None
    """What went wrong with the source itself, joined by `; `."""


class Attempts:
    """Attempts of one batch."""

    def __init__(self, run: str) -> None:
        self._run = run
        self.rows: list[Attempt] = []

    def add(
        self, unit: InputUnit, record_ids: Sequence[str], known: Collection[str], rejects: Sequence[Reject]
    ) -> None:
        """Note what came of a unit: records, which may be known from before, or rejects."""
        for name in record_ids:
            self._add(unit.hints.source, unit.source_uri, "unchanged" if name in known else "new", None)
        for reject in rejects:
            self._add(unit.hints.source, reject.source_uri, "rejected", reject.reason)

    def _add(self, source: str | None, source_uri: str, outcome: str, reason: str | None) -> None:
        self.rows.append(Attempt(self._run, source, source_uri, now(), outcome, reason))


def run_name() -> str:
    """The name of a run that begins now: the moment in UTC, to the microsecond, so that no two have one name."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def now() -> str:
    """This moment, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextlib.contextmanager
def written_attempts(lake: Lake, run: str) -> Iterator[Attempts]:
    """Attempts to add to; they are in the log when the block has ended without an error."""
    attempts = Attempts(run)
    yield attempts
    if attempts.rows:
        # Two looks at the same thing are two rows: the name has nothing to do with the content.
        write_rows(lake.attempts / f"{secrets.token_hex(8)}.parquet", Attempt, attempts.rows)


def write_looks(lake: Lake, run: str, outcomes: Sequence[SourceOutcome]) -> None:
    """Note what each source gave in a run."""
    looks = []
    for outcome in outcomes:
        known = outcome.excluded.get("known", 0)
        others = {reason: count for reason, count in sorted(outcome.excluded.items()) if reason != "known"}
        left_out = ", ".join(f"{reason} {count}" for reason, count in others.items()) or None
        problems = "; ".join(outcome.problems) or None
        looks.append(Look(run, outcome.name, outcome.entries, known, left_out, problems))
    if looks:
        write_rows(lake.looks / f"{secrets.token_hex(8)}.parquet", Look, looks)
