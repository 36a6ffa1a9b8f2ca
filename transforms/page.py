"""Main text and metadata of an HTML page."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin

from transforms.language import language_of
from transforms.published import Stated, dates_of_page
from transforms.raw_input import Limits, Unusable, check_text

if TYPE_CHECKING:
    from lxml.html import HtmlElement

THIN_CHARS = 1_500
"""A main text shorter than this is looked at again where the page has much more to read."""

THIN_SHARE = 0.22
"""Share of the page's paragraphs below which a short main text is taken for an introduction to a longer one."""


_UNFIT = tuple(map(chr, [*range(9), 11, 12, *range(14, 32)]))
"""Control characters that the parser refuses."""

MAX_TITLE_CHARS = 400
"""Longer titles are left as they are."""

_SITE_TAIL = re.compile(r"(.{8,}\S)\s*(?:\s[|*·•–—-]\s|[|｜ㅣ：])\s*([^|｜]{2,60})$")


@dataclass(frozen=True, slots=True)
class Page:
    """What a page holds."""

    text: str
    title: str | None
    author: str | None
    outlet: str | None
    url: str | None
    dates: tuple[Stated, ...]
    """Dates of publication that the page states, most trusted first."""
    language: str | None


def read_page(html: str, url: str | None, limits: Limits) -> Page:
    """Main text and metadata of a page fetched from `url`.

    Raises Unusable for a page that is too large, has no main text, or breaks the parser.
    """
    if len(html) > limits.page_bytes:
        raise Unusable(
            "too_large",
            f"The page is larger than {limits.page_bytes:,} bytes; give the article's own page "
            "or raise MATERIEL_MAX_BYTES.",
        )
    try:
        page = _extracted(_clean_markup(html), url)
    except Exception as error:  # a parser fed with hostile pages may fail in any way; the page is then rejected
        raise Unusable(
            "parser_error",
            f"The HTML parser failed on this page ({type(error).__name__}); give its text instead.",
        ) from error
    if page is None:
        raise Unusable("no_text", "No main text was found on the page; give its text instead.")
    check_text(page.text, limits)
    return page


def _extracted(html: str, url: str | None) -> Page | None:
    """The page as trafilatura reads it; None where it finds no text."""
    import trafilatura

    # Its warnings tell of single pages; a reject does that here.
    for name in ("trafilatura", "htmldate", "courlan"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    tree = trafilatura.load_html(html)
    if tree is None:
        return None
    address = _address(tree, url)
    title, author, outlet = _metadata(tree, address)
    dates = tuple(dates_of_page(tree, address))
    declared = re.match(r"[A-Za-z]{2,3}\b", tree.get("lang") or tree.get("xml:lang") or "")
    text = _main_text(tree, address)
    if not text:
        return None
    title = _own_title(tree, title, outlet)
    text = _without_title(text, title)
    return Page(text, title, author, outlet, address, dates, language_of(text, declared and declared[0].lower()))


def _main_text(tree: HtmlElement, url: str | None) -> str:
    """The text of the article.

    Precision first: teasers of other stories inside the text would yield claims that the article does not make. Where
    that leaves no more than an introduction of what stands on the page, the balanced reading is tried.
    """
    text = _text_of(tree, url, precise=True)
    paragraphs = sum(len(" ".join(p.itertext())) for p in tree.iter("p")) if len(text) < THIN_CHARS else 0
    if not text or len(text) < THIN_SHARE * paragraphs:
        fuller = _text_of(tree, url, precise=False)
        if len(text) < THIN_SHARE * len(fuller):
            return fuller
    return text


def _text_of(tree: HtmlElement, url: str | None, *, precise: bool) -> str:
    import trafilatura

    found = trafilatura.bare_extraction(tree, url=url, favor_precision=precise, include_comments=False)
    return (found.text or "").strip() if found is not None and not isinstance(found, dict) else ""


def _metadata(tree: HtmlElement, url: str | None) -> tuple[str | None, str | None, str | None]:
    """Title, author and outlet, found as `trafilatura.extract_metadata` does, without what it looks for besides."""
    from trafilatura import metadata as finder

    found = finder.examine_meta(tree)
    try:
        found = finder.extract_meta_json(tree, found)
    except Exception:  # structured data may be broken in any way; what else the page says still counts
        found = finder.examine_meta(tree)
    title = unescape(found.title or finder.extract_title(tree) or "")
    author = _author(unescape(found.author or "")) or _author(finder.extract_author(tree))
    outlet = found.sitename or finder.extract_sitename(tree)
    outlet = unescape(outlet or "").strip(" @").replace("_", " ")
    if (not outlet or "://" in outlet) and url:
        outlet = re.sub(r"^https?://(?:www\.)?([^/:?#]+).*$", r"\1", url)
    return one_line(title), author, one_line(outlet)


def _author(found: str | None) -> str | None:
    """The names of an author line; None for addresses, numbers and words that are no names."""
    names: list[str] = []
    for part in re.split(r"\s*;\s*", found or ""):
        # 'Von' and 'Da' may belong to the name.
        name = re.sub(r"^(?i:by|par|por)\s+(?=\S)", "", " ".join(part.split())).strip(" ,.|–-")
        if not name or len(name) > 80 or re.search(r"https?\b|\bwww\b|@|\d{3}", name, re.IGNORECASE):
            continue
        if name.casefold() in ("admin", "administrator", "editor", "unknown", "none", "null", "redaktion", "webmaster"):
            continue
        # The author's address on the site ('ann-smith') is often given beside the name.
        if name.replace("-", " ").casefold() not in (known.replace("-", " ").casefold() for known in names):
            names.append(name)
    return one_line("; ".join(names))


def _own_title(tree: HtmlElement, title: str | None, outlet: str | None) -> str | None:
    """The title without the name of the site behind it, where that is what stands there."""
    if title is None or len(title) > MAX_TITLE_CHARS or not _SITE_TAIL.match(title):
        return title
    headings = {_folded("".join(h1.itertext())) for h1 in tree.iter("h1")}
    if _folded(title) in headings:
        return title
    cut = title
    while match := _SITE_TAIL.match(cut):
        rest, tail = match[1].rstrip(), match[2]
        if _folded(rest) in headings:
            return rest
        if outlet is None or not _names_site(tail, outlet):
            break
        cut = rest
    return cut


def _names_site(words: str, outlet: str) -> bool:
    tail, site = (re.sub(r"[\W_]+|^the\s", "", text.casefold()) for text in (words, outlet))
    return bool(tail) and (tail == site or (len(tail) >= 3 and (site.startswith(tail) or tail.startswith(site))))


def _address(tree: HtmlElement, url: str | None) -> str | None:
    """The page's own address where it is on the site that it was fetched from, else the address fetched.

    Tracking parameters and fragments go. A page read from a file is taken at its word.
    """
    from courlan import clean_url, extract_domain

    stated = [e.get("href") for e in tree.iterfind('.//link[@rel="canonical"]')]
    stated += [e.get("content") for e in tree.iterfind('.//meta[@property="og:url"]')]
    for candidate in stated:
        address = web_address(urljoin(url or "", candidate.strip())) if candidate else None
        if address is None or (url and extract_domain(address, fast=True) != extract_domain(url, fast=True)):
            continue
        if url and _is_front_page(address) and not _is_front_page(url):
            continue
        return clean_url(urldefrag(address).url) or address
    return (clean_url(urldefrag(url).url) or url) if url else None


def _is_front_page(url: str) -> bool:
    return re.fullmatch(r"https?://[^/]+/?(?:index\.\w+)?", url) is not None


def _clean_markup(html: str) -> str:
    """Markup that the parser accepts: no control characters or lone surrogates, and a fragment inside a body."""
    # Looking for each by itself is ten times as fast as one expression for all.
    if any(character in html for character in _UNFIT):
        html = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", html)
    html = html.encode("utf-8", "replace").decode("utf-8")
    if not re.search(r"<(?:html|body)\b", html, re.IGNORECASE):
        html = f"<html><body><div>{html}</div></body></html>"
    return html


def _without_title(text: str, title: str | None) -> str:
    """The text without a first line that only repeats the title."""
    first, _, rest = text.partition("\n")
    if title and rest.strip() and _folded(first) in (_folded(title), _folded(re.split(r"\s[|–—-]\s", title)[0])):
        return rest.strip()
    return text


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def web_address(url: str | None) -> str | None:
    """The address on one line where it is one of the web, else None."""
    return one_line(url) if url is not None and re.match(r"https?://[^\s/]", url) else None


def one_line(value: str | None) -> str | None:
    """The value on one line and fit for storing, or None where nothing is left."""
    if value is None:
        return None
    value = re.sub("[\ud800-\udfff]", "\ufffd", value)
    return " ".join(value.split()) or None
