"""The language of the field: each construction of `tests/language/constructions.jsonl`, read by the whole extractor."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from extracting import extract
from language_checks import differences

TABLE = Path(__file__).parent / "language" / "constructions.jsonl"
CASES: list[dict[str, Any]] = [json.loads(line) for line in TABLE.read_text(encoding="utf-8").splitlines()]
LEAST = 8
"""Cases of a construction, at least."""
MOSTLY_BEYOND = frozenset({"headline", "financier", "item_anaphor"})
"""Parties that only a headline names, and who pays for arms, are still mostly missed."""


def _parameter(case: dict[str, Any]) -> Any:
    """A case, marked where it is known to be beyond the rules or the trained model."""
    marks = [pytest.mark.xfail(reason=case["beyond"], strict=False)] if "beyond" in case else []
    return pytest.param(case, id=f"{case['construction']}: {case['text'][:60]}", marks=marks)


@pytest.mark.parametrize("case", [_parameter(case) for case in CASES])
def test_construction(case: dict[str, Any]) -> None:
    claims = extract(case["text"], title=case.get("title")).transfer_claims
    assert differences(case["transfers"], claims) == []


def test_every_construction_has_its_cases() -> None:
    counts = Counter(case["construction"] for case in CASES)
    assert min(counts.values()) >= LEAST
    assert len({case["text"] for case in CASES}) == len(CASES)


def test_most_cases_of_a_construction_are_read_rightly() -> None:
    """What is beyond the extractor stays the smaller part, but for the constructions that are known to be."""
    beyond = Counter(case["construction"] for case in CASES if "beyond" in case)
    counts = Counter(case["construction"] for case in CASES)
    assert sum(beyond.values()) < len(CASES) / 3
    assert {name for name in counts if beyond[name] > counts[name] / 2} <= MOSTLY_BEYOND
