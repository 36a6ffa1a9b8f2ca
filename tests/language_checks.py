"""What differs between the claims found in a text and those that a careful reader finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training.scoring import KINDS, Label, compare, options, plain
from transforms.rows import TransferClaim

_CORE = KINDS["core"]
_EMPTY_WORDS = frozenset("a an the of and in".split())


def differences(labels: Sequence[Label], claims: Sequence[TransferClaim]) -> list[str]:
    """What is missed, invented or told otherwise, in words; an empty list if all is right.

    A label names supplier, recipient and category, and of the other fields those that it is about.
    """
    compared = compare(_CORE, labels, claims)
    told = [f"missed {_of_label(label)}" for label in compared.missed]
    told += [f"invented {claim.supplier_id}>{claim.recipient_id} {claim.category}" for claim in compared.invented]
    free = list(claims)
    for label in labels:
        fitting = [c for c in free if _CORE.fits(_CORE.admits(label), _CORE.answer(c))]
        if fitting:
            best = min(fitting, key=lambda c: len(_wrong(label, c)))
            told += _wrong(label, best)
            if len(fitting) > 1 or sum(_of_label(other) == _of_label(label) for other in labels) > 1:
                free.remove(best)
        elif not label.get("optional") and label not in compared.missed:
            told.append(f"missed another {_of_label(label)}")
    return told


def _of_label(label: Label) -> str:
    return f"{label['supplier']}>{label['recipient']} {label['category']}"


def _wrong(label: Label, claim: TransferClaim) -> list[str]:
    """The fields of a label that a claim has otherwise."""
    found = {
        "status": claim.status,
        "factuality": claim.factuality,
        "basis": claim.basis,
        "weapon": claim.weapon,
        "origin": claim.origin_id,
        "approved_by": claim.approved_by_id,
        "unit": claim.quantity_unit,
    }
    wrong = [
        f"{name} {value}, not {label[name]}"
        for name, value in found.items()
        if name in label and plain(value) not in options(label[name])
    ]
    spans: Mapping[str, dict[str, Any]] = {
        "quantity": {"low": claim.quantity_low, "high": claim.quantity_high},
        "value": {"amount": claim.value_amount, "currency": claim.value_currency},
        "date": {"start": _day(claim.date_start), "end": _day(claim.date_end)},
    }
    for name, span in spans.items():
        admitted = label.get(name, span)
        if span not in (admitted if isinstance(admitted, list) else [admitted]):
            wrong.append(f"{name} {tuple(span.values())}, not {label[name]}")
    if "intermediaries" in label and set(label["intermediaries"]) != set((claim.intermediary_ids or "").split(";")):
        wrong.append(f"intermediaries {claim.intermediary_ids}, not {label['intermediaries']}")
    if "attribution" in label and not _same_sources(label["attribution"], claim.attribution):
        wrong.append(f"attribution {claim.attribution}, not {label['attribution']}")
    return wrong


def _day(value: object) -> str | None:
    return None if value is None else str(value)


def _same_sources(links: Sequence[str], attribution: str | None) -> bool:
    """Whether a chain has the same links in the same order, articles aside; a link may list alternatives."""
    found = attribution.split(" > ") if attribution else []
    return len(found) == len(links) and all(
        any(_words(found_link) == _words(option) for option in link.split("|"))
        for found_link, link in zip(found, links, strict=True)
    )


def _words(source: str) -> set[str]:
    return set(plain(source).replace("-", " ").split()) - _EMPTY_WORDS
