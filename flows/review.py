"""Which claims are most worth a look, what an analyst sees of them, and the questions about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from flows.corrections import (
    FIELDS,
    SEEN,
    Correction,
    CorrectionsError,
    Vocabulary,
    check_value,
    make_correction,
    read_vocabulary,
)
from transforms.rows import content_id

if TYPE_CHECKING:
    from flows.catalog import Reader

Row = Mapping[str, object]

LEAST_CONFIDENCE = 0.4
"""`least_confidence` of `sql/dbt_project.yml`: from here on a claim counts."""

BARELY = 0.15
"""How far above the least confidence a claim is said to count barely."""

CONFIDENCE_OF_RULES = 0.5
"""Taken for claims that bear none, because rules alone made them."""

ID_CHARACTERS = 6
"""Fewest characters of an id that are looked up."""

QUESTION = "[c]onfirm  [r]eject  [s]et field  [k] skip  [q]uit: "

_WORTH = f"""
with judged as (
    select
        claim.*,
        link.transfer_id,
        1 - abs(coalesce(claim.confidence, {CONFIDENCE_OF_RULES}) - {LEAST_CONFIDENCE}) as doubt,
        1 + ln(coalesce(transfer.n_claims, 1)) as weight,
        coalesce(transfer.corroboration = 'disputed', false) as is_disputed,
        coalesce(transfer.corroboration in ('single_source', 'uncertain'), false) as is_alone,
        coalesce(regexp_matches(link.sets, 'status|quantity'), false) as is_decisive
    from transfer_claims as claim
    left join transfer_claim_links as link using (claim_id)
    left join transfers as transfer using (transfer_id)
    where claim.review is null and coalesce(claim.supplier_id, claim.recipient_id) is not null
)

select
    *,
    doubt * weight * if(is_disputed, 2, 1) * if(is_alone, 1.5, 1) * if(is_decisive, 1.5, 1) as worth
from judged
order by worth desc, claim_id
"""


def claims_worth_a_look(reader: Reader, limit: int, decided: Collection[str] = ()) -> list[dict[str, object]]:
    """The claims that nobody has decided about, those most worth a look first, at most `limit`.

    How much a look is worth: doubt (1 at the least confidence that counts, less with every step away from it) times
    weight (1 + the natural logarithm of the number of claims of its transfer), twice that where the transfer is
    disputed, one and a half times where it has a single source, and again where the claim sets its status or quantity.
    `decided` are ids of claims that the file of corrections decides about since the release was made.
    """
    cursor = reader.execute(_WORTH)
    names = [column[0] for column in cursor.description or []]
    found: list[dict[str, object]] = []
    while len(found) < limit and (values := cursor.fetchone()):
        row = dict(zip(names, values, strict=True))
        if row["claim_id"] not in decided:
            found.append(row)
    return found


def reasons(claim: Row) -> str:
    """Why a look at the claim is worth it, in words."""
    if claim["confidence"] is None:
        sureness = "by rules alone"
    elif claim["transfer_id"] is None:
        sureness = "below the least confidence"
    else:
        sureness = "barely counts" if float(str(claim["confidence"])) < LEAST_CONFIDENCE + BARELY else ""
    parts = [
        sureness,
        "its transfer is disputed" if claim["is_disputed"] else "",
        "single source" if claim["is_alone"] else "",
        "sets status or quantity" if claim["is_decisive"] else "",
    ]
    return ", ".join(part for part in parts if part)


def corrections_of(reader: Reader, claim_ids: Collection[str]) -> dict[str, list[dict[str, object]]]:
    """The decisions about claims by claim id, the earliest first; none in a release made before there were any."""
    tables = {name for (name,) in reader.execute("select table_name from (show tables) as t(table_name)").fetchall()}
    found: dict[str, list[dict[str, object]]] = {}
    if "corrections" in tables:
        cursor = reader.execute(
            "select * from corrections where list_contains(?, claim_id) order by decided_at, correction_id",
            [sorted(claim_ids)],
        )
        names = [column[0] for column in cursor.description or []]
        for values in cursor.fetchall():
            row = dict(zip(names, values, strict=True))
            found.setdefault(str(row["claim_id"]), []).append(row)
    return found


def seen(claim: Row, corrections: Sequence[Row] = ()) -> dict[str, str | None]:
    """What there is to see of a claim as the extractor read it: earlier corrections of its fields are taken back."""
    original = {row["field"]: row["original_value"] for row in corrections if row["action"] == "set_field"}
    values = {name: original.get(name, claim[name]) for name in SEEN}
    return {name: None if value is None else str(value) for name, value in values.items()}


def find_claim(reader: Reader, identifier: str) -> dict[str, object]:
    """The transfer claim of an id, or of the beginning of one; of a transfer, the claim published first.

    Raises CorrectionsError for none and for several.
    """
    cursor = reader.execute(
        "select claim.* from transfer_claims as claim where claim_id in ("
        "select claim_id from transfer_claims where starts_with(claim_id, $1) "
        "union select first_claim_id from transfers where starts_with(transfer_id, $1)) order by 1 limit 5",
        [identifier],
    )
    names = [column[0] for column in cursor.description or []]
    rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    if len(identifier) < ID_CHARACTERS or not rows:
        raise CorrectionsError(
            f"{identifier}: no such transfer claim in the current release; give {ID_CHARACTERS} or more characters of "
            "a claim_id or transfer_id"
        )
    if len(rows) > 1:
        shown = ", ".join(str(row["claim_id"]) for row in rows)
        raise CorrectionsError(f"{identifier}: several ids begin so ({shown}); give more characters")
    return rows[0]


def decide(
    reader: Reader, action: str, identifiers: Sequence[str], label: str | None = None, **fields: str | None
) -> list[Correction]:
    """One decision about several claims, given by ids or the beginnings of ids. Raises CorrectionsError.

    What is merged or split gets a label from the claims' ids where none is given.
    """
    claims = [find_claim(reader, identifier) for identifier in identifiers]
    ids = [str(claim["claim_id"]) for claim in claims]
    if action in ("merge_transfers", "split_claims"):
        label = label or f"{action.partition('_')[0]}-{content_id(*sorted(ids))[:8]}"
    corrected = corrections_of(reader, ids)
    return [
        make_correction(
            action,
            claim_id,
            transfer_label=label,
            decided_by=str(fields["decided_by"]),
            reason=fields.get("reason"),
            field=fields.get("field"),
            value=fields.get("value"),
            **seen(claim, corrected.get(claim_id, [])),
        )
        for claim_id, claim in zip(ids, claims, strict=True)
    ]


# The session

Ask = Callable[[str], str | None]
"""Put a question; the answer without the blanks around it, or None where there are no more answers."""


class Finished(Exception):
    """The analyst wants no more, or there are no more answers."""


def review(
    claims: Sequence[Row],
    who: str,
    ask: Ask,
    show: Callable[[int, Row], None],
    tell: Callable[[str], None],
    record: Callable[[Correction], None],
    seeds: Path,
) -> int:
    """Go through the claims; returns how many decisions were recorded.

    `show` presents a claim, `tell` says what is wrong with an answer, `record` stores a decision at once and may raise
    CorrectionsError, upon which the question is put again.
    """
    vocabulary = read_vocabulary(seeds)
    recorded = 0

    def stored(correction: Correction) -> bool:
        nonlocal recorded
        try:
            record(correction)
        except CorrectionsError as error:
            tell(str(error))
            return False
        recorded += 1
        return True

    try:
        for number, claim in enumerate(claims, start=1):
            show(number, claim)
            _decide_about(claim, who, ask, tell, stored, vocabulary)
    except Finished:
        pass
    return recorded


def _decide_about(
    claim: Row,
    who: str,
    ask: Ask,
    tell: Callable[[str], None],
    stored: Callable[[Correction], bool],
    vocabulary: Vocabulary,
) -> None:
    """Ask about one claim until there is a verdict, or it is skipped; fields may be set before."""

    def decision(action: str, **fields: str | None) -> Correction:
        return make_correction(action, str(claim["claim_id"]), decided_by=who, **fields, **seen(claim))

    while True:
        answer = _answer(ask, QUESTION).lower()
        if answer in ("q", "quit"):
            raise Finished
        if answer in ("k", "skip"):
            return
        if answer in ("c", "confirm"):
            if stored(decision("confirm_claim")):
                return
        elif answer in ("r", "reject"):
            if stored(decision("reject_claim", reason=_reason(ask, tell))):
                return
        elif answer in ("s", "set"):
            field = _answer(ask, f"field ({', '.join(FIELDS)}): ")
            if field not in FIELDS:
                tell(f"no field {field!r} can be set; write one of {', '.join(FIELDS)}")
                continue
            current = _as_text(claim[field])
            value = _answer(ask, f"value (now {current or 'empty'}; nothing to make it empty): ") or None
            if problem := check_value(field, value, vocabulary):
                tell(problem)
            else:
                stored(decision("set_field", field=field, value=value, reason=_reason(ask, tell)))
        else:
            tell(f"{answer!r} is no answer; type c, r, s, k or q")


def _answer(ask: Ask, question: str) -> str:
    answer = ask(question)
    if answer is None:
        raise Finished
    return answer


def _reason(ask: Ask, tell: Callable[[str], None]) -> str:
    while not (answer := _answer(ask, "why: ")):
        tell("a decision needs its reason; write why")
    return answer


def _as_text(value: object) -> str | None:
    if isinstance(value, float):
        return f"{value:.15g}"
    return value.isoformat() if isinstance(value, date) else None if value is None else str(value)
