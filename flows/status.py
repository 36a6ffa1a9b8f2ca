"""What the log of attempts tells of each source: what its last run brought, what is there in all, and when."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from flows.attempts import Attempt, Look
from flows.lake import Lake, LakeError, iter_rows

COMMAND_LINE = "(command line)"
"""Stands for inputs that no source of `sources.toml` names."""


@dataclass
class SourceStatus:
    """One source; the counts are those of its last run."""

    source: str
    last_run: str = ""
    """When that run began, UTC."""
    new: int = 0
    unchanged: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Why inputs were rejected, and how many for each reason."""
    last_new: str = ""
    """When the last new document came in, UTC."""
    pages: int = 0
    """Distinct inputs that are in the archive, of all runs."""
    entries: int = 0
    """Pages or files that the source named in its last run."""
    left_out: str = ""
    """Why some of these were left out, with numbers."""
    problems: str = ""
    """What was wrong with the source itself."""


def source_statuses(lake: Lake) -> list[SourceStatus]:
    """The status of each source, sorted by name, the command line last. Raises LakeError where there is no log."""
    if not (lake.attempts.is_dir() or lake.looks.is_dir()):
        raise LakeError(
            f"{lake.root}: nothing has been read into this lake; run `materiel run` first, or name its lake"
        )
    statuses: dict[str, SourceStatus] = {}
    there: dict[str, set[str]] = defaultdict(set)
    for look in sorted(iter_rows(lake.looks, Look), key=lambda look: look.run):
        status = statuses.setdefault(look.source, SourceStatus(look.source))
        # What the archive has already is not asked for again: it stands in no attempt.
        status.last_run, status.entries, status.unchanged = look.run, look.entries, look.known
        status.left_out, status.problems = look.left_out or "", look.problems or ""
    for attempt in iter_rows(lake.attempts, Attempt):
        name = attempt.source or COMMAND_LINE
        status = statuses.setdefault(name, SourceStatus(name))
        if attempt.outcome != "rejected":
            there[name].add(attempt.source_uri)
        if attempt.outcome == "new":
            status.last_new = max(status.last_new, attempt.attempted_at)
        if attempt.run > status.last_run:
            status.last_run = attempt.run
            status.new = status.unchanged = status.rejected = 0
            status.reasons = Counter()
        if attempt.run == status.last_run:
            setattr(status, attempt.outcome, getattr(status, attempt.outcome) + 1)
            if attempt.reason is not None:
                status.reasons[attempt.reason] += 1
    for name, status in statuses.items():
        status.pages = len(there[name])
    return sorted(statuses.values(), key=lambda status: (status.source == COMMAND_LINE, status.source))


def reasons_note(status: SourceStatus) -> str:
    """The reasons of a source's rejects in words: `http_status 3, timeout 1`."""
    return ", ".join(f"{reason} {count:,}" for reason, count in status.reasons.most_common())


STATUS_COLUMNS = (
    "source", "last run (UTC)", "listed", "new", "unchanged", "rejected", "why", "problems", "in the archive",
    "last new (UTC)",
)  # fmt: skip


def status_row(status: SourceStatus) -> tuple[str | int, ...]:
    """The values of STATUS_COLUMNS."""
    s = status
    why = ", ".join(filter(None, [reasons_note(s), f"left out: {s.left_out}" if s.left_out else ""]))
    counts = (s.entries or s.new + s.unchanged + s.rejected, s.new, s.unchanged, s.rejected)
    return (s.source, f"{s.last_run[:19]}Z", *counts, why, s.problems, s.pages, s.last_new)


def status_markdown(statuses: list[SourceStatus]) -> str:
    """The statuses as a Markdown table, for the artifact of a run."""
    lines = [
        f"| {' | '.join(STATUS_COLUMNS)} |",
        "|---|---|---:|---:|---:|---:|---|---|---:|---|",
    ]
    lines += [f"| {' | '.join(str(value).replace('|', '/') for value in status_row(status))} |" for status in statuses]
    return "\n".join(lines) + "\n"
