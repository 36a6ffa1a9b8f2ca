"""One document from a text or a page and from what is known besides."""

from __future__ import annotations

from transforms.documents import Hints, make_document
from transforms.language import language_of
from transforms.page import Page
from transforms.published import Stated, published
from transforms.rows import Document
from transforms.wire import WireAgencies, wire_agency


def document_of(
    *,
    text: str | None,
    page: Page | None,
    source_uri: str,
    hints: Hints,
    agencies: WireAgencies,
    title: str | None = None,
    url: str | None = None,
    author: str | None = None,
    outlet: str | None = None,
    stated: Stated | None = None,
) -> Document:
    """The document of a text, or of a page where there is no text.

    What the input's own record says comes first, then the page, then the hints. The hints' outlet comes before the
    page's, which is often the name of a host; the date has an order of its own (`transforms.published`).
    """
    if text is None:
        text = page.text if page else ""
    dated = published(hints, page.dates if page else (), stated)
    author = author or (page.author if page else None)
    return make_document(
        text,
        source_uri=source_uri,
        title=title or (page.title if page else None) or hints.title,
        published_on=dated.day if dated else None,
        published_precision=dated.precision if dated else None,
        published_from=dated.where if dated else None,
        url=url or (page.url if page else None),
        author=author,
        outlet=outlet or hints.outlet or (page.outlet if page else None),
        language=page.language if page else language_of(text),
        wire=wire_agency(text, author, agencies),
        source=hints.source,
        tags=hints.tags,
    )
