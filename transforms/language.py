"""Which language a text is in, and whether that is one that the extractor reads."""

from __future__ import annotations

import functools
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# fmt: off
ENGLISH_WORDS = frozenset([
    "about", "after", "and", "are", "at", "been", "by", "for", "from", "had", "has", "have", "he", "his", "it", "its",
    "not", "of", "said", "she", "that", "the", "their", "they", "this", "to", "were", "which", "will", "with", "would",
])
# fmt: on
"""Frequent English words that are rare in other languages written in Latin script."""

LANGUAGES_READ = frozenset({"en", None})
"""What the extractor reads: English, and what no language was found for, such as lists and headlines."""

ENGLISH_SHARE = 0.12
"""Share of ENGLISH_WORDS among all words from which a text is English beyond doubt; news has 0.20 to 0.30."""

READABLE_SHARE = 0.3
"""Share of a text's characters that stand in English paragraphs, from which the text counts as English.

Less than half, because the extractor finds what there is in the English part and nothing in the other.
"""

SURE = 0.9
"""Probability from which an identification counts; below it stand names, headlines and lists."""

SAMPLED_CHARS = 20_000
SAMPLED_PARAGRAPHS = 12
PARAGRAPH_CHARS = 240
"""How many paragraphs are looked at, and how much of each."""

PARAGRAPH_LETTERS = 40
"""Letters of which a paragraph is made up by itself; shorter ones are judged together with their neighbours."""

# fmt: off
NEWS_LANGUAGES = (
    "af", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "eu", "fa",
    "fi", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "kk", "km", "kn", "ko",
    "ky", "lo", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "nb", "ne", "nl", "no", "pa", "pl", "ps", "pt", "ro", "ru",
    "rw", "si", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "uz", "vi", "xh", "zh",
    "zu",
)
# fmt: on
"""Languages that news is written in, ISO 639-1; more of them would only be more to confuse short texts with."""

_WORD = re.compile(r"[^\W\d_]+")


def language_of(text: str, declared: str | None = None) -> str | None:
    """The language of the text, ISO 639-1; where the text itself does not tell, the one declared, else None.

    Of a text in several languages: English where READABLE_SHARE of it is, else the one of most of it. A
    declared 'en' that a longer text does not bear out counts for nothing. The identifier is loaded only for texts that
    are not plainly English.
    """
    sample = text[:SAMPLED_CHARS]
    if _english_share(sample) >= ENGLISH_SHARE:
        return "en"
    characters: Counter[str] = Counter()
    total = 0
    paragraphs = _paragraphs(sample)
    # Spread over the text: its first paragraphs may be a summary in another language.
    for paragraph in paragraphs[:: 1 + len(paragraphs) // SAMPLED_PARAGRAPHS]:
        size = len(paragraph)
        total += size
        if (found := _identified(paragraph[:PARAGRAPH_CHARS])) is not None:
            characters[found] += size
    if not characters:
        return None if declared == "en" and total >= 50 * 5 else declared
    if characters["en"] >= READABLE_SHARE * characters.total():
        return "en"
    return max(sorted(characters), key=characters.__getitem__)


def _english_share(text: str) -> float:
    words = _WORD.findall(text.lower())
    return sum(word in ENGLISH_WORDS for word in words) / len(words) if words else 0.0


def _paragraphs(text: str) -> list[str]:
    """The paragraphs; short ones joined to the next, so that each has something to go by."""
    found: list[str] = []
    pending = ""
    for line in text.splitlines():
        pending = f"{pending} {line.strip()}".strip()
        if len(pending) >= PARAGRAPH_LETTERS and sum(map(str.isalpha, pending)) >= PARAGRAPH_LETTERS:
            found.append(pending)
            pending = ""
    if pending:
        found.append(pending)
    return found


def _identified(paragraph: str) -> str | None:
    if _english_share(paragraph) >= ENGLISH_SHARE and len(paragraph) >= PARAGRAPH_LETTERS:
        return "en"
    code, probability = load_identifier().classify(paragraph)
    if probability < SURE:
        return None
    # ISO 639-1 has both; written Norwegian in the news is Bokmål.
    return "no" if code == "nb" else str(code)


@functools.lru_cache(maxsize=1)
def load_identifier() -> LanguageIdentifier:
    """The identifier, loaded once per process (more than a second, so that a process may want to do it beforehand)."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known = set(identifier.labels)
    identifier.set_languages([code for code in NEWS_LANGUAGES if code in known])
    return identifier
