"""What parsing starts from, its limits, and how it says that something cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, field

from transforms.documents import Hints
from transforms.rows import Reject

MAX_TEXT_CHARS = 2_000_000
MAX_PAGE_BYTES = 25_000_000


@dataclass(frozen=True, slots=True)
class RawInput:
    """The content of one file, page or standard input, after decompression."""

    source_uri: str
    content: bytes
    media_type: str | None
    """Content-Type as the server gave it or as the file name implies; None where unknown."""
    hints: Hints = field(default_factory=Hints)
    """What is known of its documents besides."""
    url: str | None = None
    """Address that the content was fetched from, after redirects."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Characters of a document's text, and bytes of a page."""

    text_chars: int = MAX_TEXT_CHARS
    page_bytes: int = MAX_PAGE_BYTES


class Unusable(Exception):
    """A document that cannot be made; carries the reason code and the sentence for the reject."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def check_text(text: str, limits: Limits) -> None:
    """Raise Unusable for a text that is empty or too long."""
    if not text.strip():
        raise Unusable("empty", "The text is empty; remove the input or give its text.")
    if len(text) > limits.text_chars:
        raise Unusable(
            "too_long",
            f"The text has {len(text):,} characters, more than the {limits.text_chars:,} of one document; "
            "split it into articles or raise MATERIEL_MAX_TEXT_CHARS.",
        )


def reject(source_uri: str, fault: Unusable) -> Reject:
    """The reject of an input that cannot be used."""
    return Reject(source_uri, "parse", fault.reason, fault.detail)
