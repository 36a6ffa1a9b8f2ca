"""Characters: a normal form of equal length, words, and slugs."""

from __future__ import annotations

import re
import unicodedata

# Every replacement is one character for one, so that offsets into the normal form are offsets into the text.
_SAME_LENGTH = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "ʼ": "'", "´": "'", "`": "'",
        "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "–",
        "\u00a0": " ", "\u2002": " ", "\u2003": " ", "\u2009": " ", "\u200a": " ", "\u202f": " ", "\u3000": " ",
        "\t": " ", "\u200b": " ", "\ufeff": " ", "\u00ad": "-",
    }
)  # fmt: skip


def normalise(text: str) -> str:
    """The text with typographic quotes, hyphens and spaces made plain, each character one for one."""
    return text.translate(_SAME_LENGTH)


def lower(text: str) -> str:
    """Lower case of equal length: the few characters whose lower case is longer stay as they are."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def slug(name: str) -> str:
    """The id of a name: lower case, accents stripped, every run of other characters one hyphen.

    >>> slug("Jan Lipavský"), slug("U.S. Central Command")
    ('jan-lipavsky', 'u-s-central-command')
    """
    plain = name.replace("ł", "l").replace("Ł", "L").replace("ø", "o").replace("Ø", "O").replace("ı", "i")
    plain = plain.replace("đ", "d").replace("Đ", "D").replace("ß", "ss").replace("æ", "ae").replace("Æ", "Ae")
    decomposed = unicodedata.normalize("NFKD", plain)
    kept = "".join(c for c in decomposed if not unicodedata.combining(c)).lower()
    return re.sub(r"[^a-z0-9]+", "-", kept).strip("-")
