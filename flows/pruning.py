"""Removing old releases by a rule; the current one, pinned ones and those that readers may still use always stay."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.releases import (
    PREVIOUS,
    Release,
    ReleaseError,
    discard,
    find_release,
    history,
    note_pruned,
    release_lock,
    releases,
    state_of,
)

DEFAULT_RULE = "last=7,daily=7,weekly=4,monthly=12"

READ_FOR = timedelta(hours=24)
"""How long after it was current a release stays: a job that has resolved the link may still open its files."""


@dataclass(frozen=True, slots=True)
class KeepRule:
    """How many releases to keep: the last ones, and the last one of each of so many days, weeks (ISO) and months."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    @classmethod
    def parse(cls, text: str) -> KeepRule:
        """Read `last=7,daily=7,weekly=4,monthly=12`, in which parts may be left out. Raises ReleaseError."""
        known = [field.name for field in fields(cls)]
        numbers: dict[str, int] = {}
        for part in text.split(","):
            name, _, number = (word.strip() for word in part.partition("="))
            if name not in known or name in numbers or not (number.isascii() and number.isdigit() and len(number) < 6):
                raise ReleaseError(f"{text!r} is not a rule for releases; write it as {DEFAULT_RULE}")
            numbers[name] = int(number)
        if not any(numbers.values()):
            raise ReleaseError(f"{text!r} would keep no release; write a rule such as {DEFAULT_RULE}")
        return cls(**numbers)


_PERIODS = {"last": None, "daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m"}


def prune(lake: Path, rule: KeepRule, *, dry_run: bool = False, now: datetime | None = None) -> list[Release]:
    """Remove the releases that the rule does not keep; returns them, the one that was current longest ago last.

    Never removed: the current one, the one that `materiel rollback` would go back to, pinned ones, and those that were
    current within `READ_FOR`. With `dry_run` nothing is removed. Raises ReleaseError.
    """
    with release_lock(lake):
        found = releases(lake)
        kept = _kept_by(rule, found) | _always_kept(lake, found, now or datetime.now(UTC))
        removed = [release for release in found if release.id not in kept]
        if not dry_run:
            for release in removed:
                discard(release.path)
            note_pruned(lake, [release.id for release in removed])
    return removed


def _kept_by(rule: KeepRule, found: list[Release]) -> set[str]:
    """The ids that the rule keeps; `found` begins with the newest, which stands for its day, week and month."""
    kept: set[str] = set()
    for name, period in _PERIODS.items():
        first: dict[str, str] = {}
        for release in found:
            moment = datetime.fromisoformat(release.last_current).astimezone(UTC)
            first.setdefault(moment.strftime(period) if period else release.id, release.id)
        kept |= set(list(first.values())[: getattr(rule, name)])
    return kept


def _always_kept(lake: Path, found: list[Release], now: datetime) -> set[str]:
    left = state_of(history(lake)).last_left
    kept = {release.id for release in found if release.is_current or release.pins}
    kept |= {id_ for id_, at in left.items() if now - datetime.fromisoformat(at) < READ_FOR}
    # Where there is none before the current one, there is nothing to keep.
    with suppress(ReleaseError):
        kept.add(find_release(lake, PREVIOUS).name)
    return kept
