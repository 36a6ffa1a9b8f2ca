"""What claims of both kinds share: the facts of their document, and the marks that lead back to its characters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from transforms.mentions import ActorMention


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What a claim needs to know of its document; `text` is the document's own, not the normal form."""

    document_id: str
    extraction_key: str
    published_on: date | None
    text: str
    home: ActorMention | None = None
    """The state that the document is written from or about."""
    named: Mapping[str, ActorMention] = field(default_factory=dict)
    """The first mention of each state that the document names, by its id."""


def render_marks(marks: Iterable[tuple[str, int, int]]) -> str:
    """`field=start:end` joined by `;`, sorted by offset."""
    return ";".join(f"{name}={start}:{end}" for start, end, name in sorted({(s, e, n) for n, s, e in marks}))
