"""What feeds and sitemaps have in common: the pages that they list, their addresses and their days."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

EARLIEST = date(1990, 1, 1)
"""No page of the web was published before; such a date is a default or a mistake."""

TRACKING_PARAMETERS = frozenset(
    {
        "_hsenc", "_hsmi", "at_campaign", "at_format", "at_link_id", "at_link_origin", "at_link_type", "at_medium",
        "at_ptr_name", "cmp", "cmpid", "dclid", "fbclid", "ftag", "gbraid", "gclid", "gclsrc", "icid", "igshid", "igsh",
        "ito", "mc_cid", "mc_eid", "mkt_tok", "msclkid", "ns_campaign", "ns_mchannel", "ns_source", "oly_anon_id",
        "oly_enc_id", "ref_src", "ref_url", "smid", "taid", "twclid", "vero_conv", "vero_id", "wbraid", "wt_mc",
        "wt_zmc", "xtor", "yclid",
    }
)  # fmt: skip
"""Query parameters that tell a server where a reader comes from, and never which page is meant."""

TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "hsa_")

TITLE_CHARACTERS = 500
ADDRESS_CHARACTERS = 2_000
"""Longer addresses are no addresses of news pages; servers refuse them."""

_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|<!--[^<>]*-->")
_NOT_IN_AN_ADDRESS = re.compile(
    r"[\x00-\x20\x7f-\xa0\u2028\u2029\ufeff\ufffd\ud800-\udfff<>\"\\^`{|}]|%(?![0-9A-Fa-f]{2})"
)

_WITHOUT_HOST = re.compile(r"https?:(?!//[^/?#])", re.IGNORECASE)

_ISO_DAY = re.compile(r"\s*(\d{4})(-?)(\d\d)\2(\d\d)(?!\d)", re.ASCII)
_DAY_FIRST = re.compile(
    r"(?<![\d:])(\d{1,2})(?:st|nd|rd|th)?[\s-]+([A-Za-z]{3,9})\.?,?[\s-]+(\d{4}|\d\d)(?!\d)", re.ASCII
)
_MONTH_FIRST = re.compile(
    r"(?<![A-Za-z])([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:,\s*|\s+)(?:[\d:.]{5,12}\s+(?:[A-Z][A-Z0-9+:-]{0,9}\s+)?)?"
    r"(\d{4})(?!\d)",
    re.ASCII,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class BrokenListing(ValueError):
    """Content that is no feed or sitemap, or from which not one entry can be had; the message says what and why."""


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page that a feed or a sitemap names."""

    url: str
    """Absolute, http or https, without fragment and tracking parameters."""
    title: str | None = None
    outlet: str | None = None
    published_on: date | None = None
    """The day as the listing writes it, so in the offset that it uses; None where it states none that can be true."""
    modified_on: date | None = None
    """Day of the last change; says how old a page is at most, not when it was published."""
    language: str | None = None
    """Language tag as the listing gives it, in lower case."""


@dataclass(frozen=True, slots=True)
class FaultyEntry:
    """An entry without a usable address."""

    label: str
    """What the entry calls itself: its address as written, or its title."""


def page_url(link: str, base: str) -> str | None:
    """The address of a page, absolute and in one spelling; None where it is no http or https address.

    Scheme and host are in lower case and the port is named only where it is not the scheme's own (RFC 3986, 6.2);
    fragment and tracking parameters are dropped; characters that no address holds are percent-encoded. Nothing else is
    changed, because a server may tell any two spellings apart.
    """
    # As browsers do (WHATWG URL standard): white space around it, and tabs and line breaks in it, are no part of it.
    link = re.sub(r"[\t\r\n]", "", link.strip("\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f \xa0\ufeff"))
    if not link or len(link) > ADDRESS_CHARACTERS or _WITHOUT_HOST.match(link):
        return None
    try:
        parts = urlsplit(urljoin(base, link))
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https") or not host or port == 0 or _NOT_IN_AN_ADDRESS.search(host):
        return None
    if "@" in parts.netloc or not host.strip(".") or not host.isprintable():
        return None
    if ":" in host:
        host = f"[{host}]"
    netloc = host if port in (None, 80 if scheme == "http" else 443) else f"{host}:{port}"
    query = "&".join(part for part in parts.query.split("&") if not _is_tracking(part))
    cleaned = SplitResult(scheme, netloc, _encoded(parts.path) or "/", _encoded(query), "")
    return urlunsplit(cleaned)


def _is_tracking(parameter: str) -> bool:
    name = parameter.partition("=")[0].lower()
    return name in TRACKING_PARAMETERS or name.startswith(TRACKING_PREFIXES)


def _encoded(text: str) -> str:
    text = _NOT_IN_AN_ADDRESS.sub(lambda found: quote(found[0], safe="", errors="replace"), text)
    return text if text.isprintable() else "".join(c if c.isprintable() else quote(c, safe="") for c in text)


def calendar_day(text: str | None, latest: date) -> date | None:
    """The day that a feed or a sitemap writes, as it stands there: an offset moves the hour, not the day.

    Reads ISO 8601 (W3CDTF), RFC 822 and the common faulty forms of both. None for what cannot be read, days that do not
    exist, months without a day, and days before `EARLIEST` or after `latest`.
    """
    if text is None:
        return None
    text = text[:100]
    if found := _ISO_DAY.match(text.replace("/", "-")):
        year, month, day = int(found[1]), int(found[3]), int(found[4])
    elif found := _DAY_FIRST.search(text):
        year, month, day = _year(found[3]), _month(found[2]), int(found[1])
    elif found := _MONTH_FIRST.search(text):
        year, month, day = int(found[3]), _month(found[1]), int(found[2])
    else:
        return None
    try:
        written = date(year, month, day)
    except ValueError:
        return None
    return written if EARLIEST <= written <= latest else None


def _month(name: str) -> int:
    return _MONTHS.index(name[:3].lower()) + 1 if name[:3].lower() in _MONTHS else 0


def _year(digits: str) -> int:
    # RFC 2822, 4.3: two digits below 50 are of this century.
    return int(digits) + (0 if len(digits) == 4 else 2000 if int(digits) < 50 else 1900)


def plain_title(text: str | None) -> str | None:
    """A title without markup and entities, on one line; None where nothing is left."""
    if not text:
        return None
    text = html.unescape(_MARKUP.sub("", text[: 4 * TITLE_CHARACTERS]))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text[:TITLE_CHARACTERS].rstrip() or None
