"""The extractor for tests: loaded once per process, texts in, rows out."""

from __future__ import annotations

from datetime import date
from functools import cache

from flows.reference import load_extractor
from transforms.documents import make_document
from transforms.extractor import Extracted
from transforms.rows import Document

# A Wednesday; the day on which texts of tests are published unless they say otherwise.
PUBLISHED_ON = "2025-06-11"


def document(text: str, published_on: str | None = PUBLISHED_ON, title: str | None = None) -> Document:
    """A document of the test's own."""
    day = date.fromisoformat(published_on) if published_on else None
    return make_document(text, source_uri="test:story", published_on=day, title=title)


@cache
def extract(text: str, published_on: str | None = PUBLISHED_ON, title: str | None = None) -> Extracted:
    """What the extractor finds in a text; each text is read once per process."""
    return load_extractor().extract(document(text, published_on, title))


def parties(text: str, published_on: str | None = PUBLISHED_ON, title: str | None = None) -> set[str]:
    """The transfers found, as `SWE>EST artillery`; `?` stands for a party that is not told."""
    claims = extract(text, published_on, title).transfer_claims
    return {f"{c.supplier_id or '?'}>{c.recipient_id or '?'} {c.category}" for c in claims}


def told(text: str, *fields: str, published_on: str | None = PUBLISHED_ON) -> set[object]:
    """The values of one field, or of several as tuples, over the transfers found."""
    claims = extract(text, published_on).transfer_claims
    rows = [tuple(getattr(claim, field) for field in fields) for claim in claims]
    return {row[0] if len(fields) == 1 else row for row in rows}
