"""The rows that travel through the lake: one frozen dataclass per table, columns in order.

These classes are the only definition of the lake's columns. The Parquet schemas are derived from their annotations
(`flows.lake`), and a test holds them against the column lists of the SQL models, which describe what is published.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date


def content_id(*parts: object) -> str:
    """A stable 16-digit hexadecimal id of the parts; None and the empty string differ."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"\x00" if part is None else b"\x01" + str(part).encode("utf-8", "surrogatepass"))
        digest.update(b"\x1f")
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Document:
    """One sighting of a text at a source. Offsets everywhere count characters of `text`."""

    document_id: str
    """Content id of the text: the same text has the same id wherever it was found."""
    extraction_key: str
    """Content id of all that the extractor reads: text, title and publication date."""
    source_uri: str
    url: str | None
    title: str | None
    author: str | None
    outlet: str | None
    published_on: date | None
    """Day of publication; where less is known, the first day of the month or year."""
    published_precision: str | None
    """How much of `published_on` is known: `day`, `month` or `year`."""
    published_from: str | None
    """Where the date was found: `record`, `feed`, `sitemap`, `archive`, `page`, `url`, `text` or `option`."""
    language: str | None
    """ISO 639-1."""
    wire: str | None
    """Actor id of the news agency that the text or its author line credits."""
    source: str | None
    """Name of the source in `sources.toml` that led here."""
    tags: str | None
    """Tags of that source, sorted, joined by `;`."""
    text: str


@dataclass(frozen=True, slots=True)
class Reject:
    """An input, or a part of one, that could not be used."""

    source_uri: str
    step: str
    """Where it was turned away: `fetch`, `read`, `parse` or `extract`."""
    reason: str
    """A short code, the same for the same kind of fault: `empty`, `not_text`, `timeout`, …"""
    detail: str
    """One sentence for a person: what was wrong with this input and what to do."""


@dataclass(frozen=True, slots=True)
class StoryMember:
    """Which story a text belongs to: texts of one story repeat each other and are one voice."""

    document_id: str
    story_id: str
    """The document id of the story's first text: the earliest published, undated ones last, then the smallest id."""
    containment: float
    """Share of this text and the first one that both have, of the shorter of the two, to 4 digits; 1 of itself."""
    jaccard: float
    """The same share of the two taken together."""
    method: str
    """Version of the method that compared them."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """The mark that a document has been read by the extractor, whatever it found."""

    extraction_key: str
    document_id: str
    n_sentences: int
    n_sentences_parsed: int


@dataclass(frozen=True, slots=True)
class TransferClaim:
    """A claim that materiel moved, moves or would move from one actor to another (FACTS: transfer claims)."""

    claim_id: str
    extraction_key: str
    document_id: str
    supplier_id: str | None
    recipient_id: str | None
    intermediary_ids: str | None
    origin_id: str | None
    approved_by_id: str | None
    materiel: str
    weapon: str | None
    category: str
    quantity_low: float | None
    quantity_high: float | None
    quantity_unit: str | None
    value_amount: float | None
    value_currency: str | None
    status: str
    factuality: str
    basis: str
    date_start: date | None
    date_end: date | None
    date_precision: str | None
    date_text: str | None
    attribution: str | None
    confidence: float | None
    """Probability, to 4 digits, that the document tells of this supplier, recipient and item; None by rules alone."""
    evidence: str
    evidence_start: int
    evidence_end: int
    evidence_marks: str
    """Which characters of the document carry which field: `supplier=12:23;recipient=46:52`, sorted by offset."""


@dataclass(frozen=True, slots=True)
class RelationClaim:
    """A claim of what one actor does toward another, other than a transfer; `relation` is a PLOVER 2.0 event type."""

    claim_id: str
    extraction_key: str
    document_id: str
    subject_id: str
    relation: str
    object_id: str
    status: str | None
    factuality: str
    date_start: date | None
    date_end: date | None
    date_precision: str | None
    date_text: str | None
    attribution: str | None
    evidence: str
    evidence_start: int
    evidence_end: int
    evidence_marks: str


@dataclass(frozen=True, slots=True)
class Affiliation:
    """A person's office or post, as a document tells it."""

    affiliation_id: str
    extraction_key: str
    document_id: str
    person_id: str
    person_name: str
    title: str
    actor_id: str
    is_current: bool
    evidence: str
    evidence_start: int
    evidence_end: int


@dataclass(frozen=True, slots=True)
class ActorMention:
    """An actor named by a claim or an affiliation of a document; the first mention's name where no table knows it."""

    extraction_key: str
    document_id: str
    actor_id: str
    name: str
    kind: str
    country: str | None
