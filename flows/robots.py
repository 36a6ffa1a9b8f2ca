"""robots.txt by RFC 9309: which pages of a host may be fetched, and how fast."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protego import Protego

PRODUCT_TOKEN = "materiel"
"""What publishers write behind `User-agent:` to address this fetcher."""

MAX_BYTES = 500 * 1024
"""What is read of a robots.txt (RFC 9309, 2.5)."""

MAX_REDIRECTS = 5
"""Redirects that are followed to a robots.txt (RFC 9309, 2.3.1.2)."""

_AGENT_LINE = re.compile(r"[\s\ufeff]*user[- ]?agent(?![\w-])\s*:?\s*(?P<value>[^#]*)", re.IGNORECASE)
_TOKEN = re.compile(r"[a-z_-]+", re.IGNORECASE)
_EVERYBODY, _OTHERS = "*", "another-agent"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a robots.txt says to this fetcher."""

    parsed: Protego | None
    """None: there are no rules, so everything is allowed."""
    addressee: str = _EVERYBODY
    """Whom the rules that count are written for: the product token, or `*` for everybody."""
    spacing: float = 0.0
    """Seconds that must lie between two requests, by `Crawl-delay` or `Request-rate`."""

    def allows(self, url: str) -> bool:
        """Whether the page may be fetched."""
        return self.parsed is None or bool(self.parsed.can_fetch(url, PRODUCT_TOKEN))


ALLOW_ALL = Rules(None)


def parse_rules(content: bytes, token: str = PRODUCT_TOKEN) -> Rules:
    """Read a robots.txt, of which the first 500 KiB count. Any bytes are valid.

    Groups for other agents are merged first. That makes the product token match as RFC 9309 (2.2.1) has it, whole and
    whatever version stands behind it, and bounds the work: thousands of agents over thousands of rules would otherwise
    be multiplied.
    """
    from protego import Protego

    text = content[:MAX_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
    lines: list[str] = []
    is_addressed = False
    for line in re.split(r"\r\n?|\n", text):
        agent = _AGENT_LINE.match(line)
        if agent is None:
            lines.append(line)
            continue
        whom = _addressee(agent["value"].strip(), token)
        is_addressed |= whom == PRODUCT_TOKEN
        agent_line = f"User-agent: {whom}"
        if not lines or lines[-1] != agent_line:
            lines.append(agent_line)
    parsed = Protego.parse("\n".join(lines))
    delay = parsed.crawl_delay(PRODUCT_TOKEN) or 0.0
    rate = parsed.request_rate(PRODUCT_TOKEN)
    if rate is not None:
        delay = max(delay, rate.seconds / rate.requests)
    return Rules(parsed, PRODUCT_TOKEN if is_addressed else _EVERYBODY, delay)


def _addressee(value: str, token: str) -> str:
    if re.match(r"\*(?!\S)", value):  # but not '*WordPress*', which some hosts write
        return _EVERYBODY
    named = _TOKEN.match(value)
    return PRODUCT_TOKEN if named and named[0].lower() == token.lower() else _OTHERS
