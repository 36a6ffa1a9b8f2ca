"""What analysts decided about claims: a CSV file, checked when it is read and appended to as a whole."""

from __future__ import annotations

import csv
import fcntl
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path

from flows.lake import Lake, written_aside
from transforms.rows import content_id

ACTIONS = ("confirm_claim", "reject_claim", "set_field", "merge_transfers", "split_claims")
"""What a line can decide; `docs/corrections.md` says what each does."""

PROBLEMS_SHOWN = 20
"""Wrong lines that one error names; of more, their number is told."""


class CorrectionsError(ValueError):
    """The file of corrections cannot be used; the message names file, lines and what to do with each."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A decision about one transfer claim.

    The columns from `document_id` on are what the analyst saw, as it was extracted: by them the claim is found again
    when another version of the extractor gives it another id.
    """

    correction_id: str
    line: int
    action: str
    claim_id: str
    field: str | None
    value: str | None
    transfer_label: str | None
    """A name of the analyst's own: claims to be merged, or to be split off together, bear the same."""
    decided_by: str
    decided_at: str
    """Day or second in UTC, ISO 8601."""
    reason: str | None
    document_id: str | None = None
    source_uri: str | None = None
    evidence: str | None = None
    supplier_id: str | None = None
    recipient_id: str | None = None
    materiel: str | None = None
    weapon: str | None = None
    category: str | None = None
    status: str | None = None
    factuality: str | None = None


COLUMNS = tuple(field.name for field in fields(Correction) if field.name not in ("correction_id", "line"))
"""The columns of the file."""

SEEN = COLUMNS[COLUMNS.index("document_id") :]
"""The columns that tell what the analyst saw."""

_REQUIRED = ("action", "claim_id", "decided_by", "decided_at", "reason")
_CLAIM_ID = re.compile(r"[0-9a-f]{16}")
_ACTOR_ID = re.compile(r"[A-Z]{3}|[a-z0-9]+(?:-[a-z0-9]+)*")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?Z)?")


def corrections_path(lake: Path, chosen: Path | None = None) -> Path:
    """The file of corrections of a lake, unless another one is chosen."""
    return chosen or Lake(lake).root / "corrections.csv"


def make_correction(
    action: str,
    claim_id: str,
    *,
    decided_by: str,
    reason: str | None = None,
    field: str | None = None,
    value: str | None = None,
    transfer_label: str | None = None,
    decided_at: str | None = None,
    **seen: str | None,
) -> Correction:
    """A correction with its id; without a moment it is decided now. The id is of what is decided, not of by whom."""
    return Correction(
        correction_id=content_id("correction", action, claim_id, field, value, transfer_label),
        line=0,
        action=action,
        claim_id=claim_id,
        field=field,
        value=value,
        transfer_label=transfer_label,
        decided_by=decided_by,
        decided_at=decided_at or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        reason=reason,
        **seen,
    )


# Values


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of the reference tables that a value can be."""

    weapons: frozenset[str]
    categories: frozenset[str]


def read_vocabulary(seeds: Path) -> Vocabulary:
    """The weapons and categories of the reference tables. Raises CorrectionsError where a table is missing."""

    def words(name: str, column: str) -> frozenset[str]:
        path = seeds / f"{name}.csv"
        try:
            with path.open(encoding="utf-8", newline="") as file:
                return frozenset(row[column] for row in csv.DictReader(file))
        except FileNotFoundError:
            raise CorrectionsError(f"{path}: the reference table is missing; restore it from the repository") from None

    return Vocabulary(words("weapons", "weapon"), words("materiel_categories", "category"))


Check = Callable[[str, Vocabulary], str | None]
"""What is wrong with a value and what to write, or None."""


def _one_of(*words: str) -> Check:
    def check(value: str, _vocabulary: Vocabulary) -> str | None:
        return None if value in words else f"write one of {', '.join(words)}"

    return check


def _matching(pattern: str, advice: str) -> Check:
    compiled = re.compile(pattern)

    def check(value: str, _vocabulary: Vocabulary) -> str | None:
        return None if compiled.fullmatch(value) else advice

    return check


def _category(value: str, vocabulary: Vocabulary) -> str | None:
    return None if value in vocabulary.categories else f"write one of {', '.join(sorted(vocabulary.categories))}"


def _weapon(value: str, vocabulary: Vocabulary) -> str | None:
    return None if value in vocabulary.weapons else "write a weapon of seeds/weapons.csv, or add it there first"


def _actors(value: str, _vocabulary: Vocabulary) -> str | None:
    # Whether there is such an actor, the models say: documents name actors that no table has.
    valid = all(_ACTOR_ID.fullmatch(part) for part in value.split(";"))
    return None if valid else "write actor ids such as DEU or lockheed-martin, joined by ;"


def _actor(value: str, _vocabulary: Vocabulary) -> str | None:
    return None if _ACTOR_ID.fullmatch(value) else "write an actor id such as DEU or lockheed-martin"


def _date(value: str, _vocabulary: Vocabulary) -> str | None:
    return None if _is_date(value) else "write a date as 2024-06-30"


_NUMBER = _matching(r"\d{1,15}(\.\d{1,6})?", "write a plain number such as 20 or 1500000")
_WORDS = _matching(r"\S.*", "write some text")

FIELDS: Mapping[str, Check] = {
    "supplier_id": _actor,
    "recipient_id": _actor,
    "intermediary_ids": _actors,
    "origin_id": _actor,
    "approved_by_id": _actor,
    "materiel": _WORDS,
    "weapon": _weapon,
    "category": _category,
    "quantity_low": _NUMBER,
    "quantity_high": _NUMBER,
    "quantity_unit": _matching(r"[a-z0-9][a-z0-9 -]*", "write a noun in the singular, in lower case"),
    "value_amount": _NUMBER,
    "value_currency": _matching(r"[A-Z]{3}", "write a currency of ISO 4217, such as USD"),
    "status": _one_of(
        "requested", "offered", "planned", "negotiated", "ordered", "approved", "in_transit", "delivered", "suspended",
        "cancelled", "seized",
    ),
    "factuality": _one_of("CT+", "PR+", "PS+", "CT-", "PR-", "PS-", "Uu"),
    "basis": _one_of("stated", "inferred"),
    "date_start": _date,
    "date_end": _date,
    "date_precision": _one_of("day", "month", "season", "year", "span"),
    "attribution": _WORDS,
}  # fmt: skip
"""The fields that `set_field` can set, each with the check of its value (vocabularies of `docs/fact-model.md`)."""

NEVER_EMPTY = ("materiel", "category", "status", "factuality", "basis")
"""Fields that every claim has."""


def check_value(field: str, value: str | None, vocabulary: Vocabulary) -> str | None:
    """What is wrong with a field and its new value, with what to do, or None; no value makes the field empty."""
    if field not in FIELDS:
        return f"no field {field!r} can be set; write one of {', '.join(FIELDS)}"
    if not value:
        return f"{field} cannot be empty; write a value" if field in NEVER_EMPTY else None
    advice = FIELDS[field](value, vocabulary)
    return f"{value!r} is no value of {field}; {advice}" if advice else None


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


# Reading


def load_corrections(path: Path, seeds: Path) -> list[Correction]:
    """Read a file of corrections and check it against the reference tables; none where there is no file.

    Raises CorrectionsError that names every wrong line at once, with what to do.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise CorrectionsError(f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8") from None
    corrections: list[Correction] = []
    problems: list[tuple[int, str]] = []
    vocabulary = read_vocabulary(seeds)
    for line, values in _records(path, text):
        correction = _correction(line, values)
        corrections.append(correction)
        problems += [(line, problem) for problem in _problems(values, vocabulary)]
    problems += _contradictions(corrections)
    if problems:
        shown = [f"line {line}: {problem}" for line, problem in sorted(set(problems))]
        more = f" | and {len(shown) - PROBLEMS_SHOWN} more" if len(shown) > PROBLEMS_SHOWN else ""
        raise CorrectionsError(f"{path}: {' | '.join(shown[:PROBLEMS_SHOWN])}{more}")
    return corrections


def _records(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines with their numbers, from 1 for the header. Raises CorrectionsError for what is no table."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        missing = [name for name in _REQUIRED if name not in header]
        unknown = [name for name in header if name not in COLUMNS]
        if missing or unknown or len(set(header)) < len(header):
            faults = [*(f"{name} missing" for name in missing), *(f"{name!r} unknown" for name in unknown)]
            fault = ", ".join(faults) or "one stands twice"
            raise CorrectionsError(
                f"{path}: line 1: the columns are not those of corrections ({fault}); "
                f"write, separated by commas and each once: {','.join(COLUMNS)}"
            )
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) != len(header):
                    raise CorrectionsError(
                        f"{path}: line {line}: {len(cells)} cells under {len(header)} columns; "
                        "quote cells that hold commas and give every column a cell"
                    )
                yield line, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorrectionsError(f"{path}: line {reader.line_num}: {error}; correct the quotes of the line") from None


def _correction(line: int, values: Mapping[str, str]) -> Correction:
    given = {name: values.get(name) or None for name in COLUMNS}
    required = {name: values[name] for name in ("action", "claim_id", "decided_by", "decided_at")}
    return replace(make_correction(**{**given, **required}), line=line)  # type: ignore[arg-type]


def _problems(values: Mapping[str, str], vocabulary: Vocabulary) -> Iterator[str]:
    """What is wrong with the cells of one line."""
    action, field, value = values["action"], values.get("field", ""), values.get("value", "")
    label = values.get("transfer_label", "")
    for name, cell in values.items():
        if name not in SEEN and not cell.isprintable():
            yield f"{name} holds characters that cannot be printed; write it on one plain line"
    if action not in ACTIONS:
        yield f"unknown action {action!r}; write one of {', '.join(ACTIONS)}"
        return
    if not _CLAIM_ID.fullmatch(values["claim_id"]):
        yield f"claim_id {values['claim_id']!r} is no id; copy the 16 digits of a claim from transfer_claims"
    if action == "set_field":
        problem = check_value(field, value, vocabulary)
        if problem:
            yield problem
    elif field or value:
        yield f"{action} takes no field and no value; leave both empty"
    if action in ("merge_transfers", "split_claims"):
        if not label:
            yield f"{action} needs a transfer_label; give all claims that belong together the same"
    elif label:
        yield f"{action} takes no transfer_label; leave it empty"
    if not values["decided_by"]:
        yield "decided_by is empty; write who decided"
    if not (_MOMENT.fullmatch(values["decided_at"]) and _is_moment(values["decided_at"])):
        yield f"decided_at {values['decided_at']!r} is no moment in UTC; write 2024-06-30 or 2024-06-30T12:00:00Z"
    if not values["reason"] and action != "confirm_claim":
        yield "reason is empty; write why"


def _is_moment(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _contradictions(corrections: Sequence[Correction]) -> Iterator[tuple[int, str]]:
    """Lines that decide twice, decide about a rejected claim, or tie nothing together."""
    first: dict[tuple[str, str], Correction] = {}
    rejected = {found.claim_id: found.line for found in reversed(corrections) if found.action == "reject_claim"}
    labels = Counter((found.action, found.transfer_label) for found in corrections)
    for found in corrections:
        earlier = first.setdefault((found.claim_id, decided_subject(found)), found)
        if earlier is not found:
            verb = "repeats" if earlier.correction_id == found.correction_id else "contradicts"
            yield found.line, f"{verb} line {earlier.line} about claim {found.claim_id}; delete one of the two"
        elif found.claim_id in rejected and found.action not in ("reject_claim", "confirm_claim"):
            yield (
                found.line,
                f"claim {found.claim_id} is rejected by line {rejected[found.claim_id]}; delete one of the two",
            )
        label = found.transfer_label
        if found.action == "merge_transfers" and label and labels[found.action, label] < 2:
            yield found.line, f"merge_transfers {label!r} names one claim; add a line for one of the other transfer"


def decided_subject(correction: Correction) -> str:
    """What a line decides of its claim; two lines about the same claim and subject repeat or contradict each other."""
    if correction.action == "set_field":
        return f"field {correction.field}"
    if correction.action == "merge_transfers":
        return f"merge {correction.transfer_label}"
    return "split" if correction.action == "split_claims" else "verdict"


# Writing


def append_corrections(path: Path, new: Sequence[Correction], seeds: Path) -> None:
    """Add corrections to the file, which is replaced whole under a lock; what stands there stays.

    Raises CorrectionsError, and leaves the file as it was, where it would not be valid afterwards.
    """
    with _lock(path.parent):
        corrections = [*load_corrections(path, seeds), *new]
        with written_aside(path) as aside:
            with aside.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
                writer.writeheader()
                writer.writerows(asdict(correction) for correction in corrections)
            try:
                load_corrections(aside, seeds)
            except CorrectionsError as error:
                raise CorrectionsError(str(error).replace(str(aside), str(path), 1)) from None


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time write in the folder; the system frees it when a process dies."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
