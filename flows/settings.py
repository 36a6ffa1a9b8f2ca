"""Settings: read once from `MATERIEL_*` environment variables; command-line options replace single fields."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from flows.guard import allowed_hosts


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the message names it and says what is expected."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run behaves. Sizes are in bytes or characters, times in seconds."""

    lake: Path = Path("lake")
    """Folder that holds everything a run stores (`MATERIEL_LAKE`)."""
    runner: str | None = None
    """Where tasks run: `processes[:N]`, `threads[:N]` or a Dask address (`MATERIEL_RUNNER`); see `flows.runners`."""
    batch_size: int = 200
    """Units (files, URLs) or documents that one task takes (`MATERIEL_BATCH_SIZE`)."""
    timeout: float = 30.0
    """Wall-clock limit of one fetch, redirects and body included (`MATERIEL_TIMEOUT`)."""
    max_bytes: int = 25_000_000
    """Largest page, fetched or read, before and after decompression (`MATERIEL_MAX_BYTES`)."""
    max_file_bytes: int = 250_000_000
    """Largest text or JSON-lines file, and the most that is read from standard input (`MATERIEL_MAX_FILE_BYTES`)."""
    max_text_chars: int = 2_000_000
    """Longest text of one document (`MATERIEL_MAX_TEXT_CHARS`)."""
    publish_to: str | None = None
    """URL of an object store that each release is copied to (`MATERIEL_PUBLISH_TO`)."""
    keep_releases: str | None = None
    """Rule by which old releases are removed after publishing (`MATERIEL_KEEP_RELEASES`); see `flows.pruning`."""
    document_seconds: float = 60.0
    """How long one document may keep the parser, and 100,000 characters of one the extractor
    (`MATERIEL_DOCUMENT_SECONDS`)."""
    document_megabytes: int = 2_000
    """Memory that one document may take in the parser or the extractor (`MATERIEL_DOCUMENT_MEGABYTES`)."""
    contact: str | None = None
    """Address or web page that publishers can turn to; part of the user agent (`MATERIEL_CONTACT`)."""
    corrections: Path | None = None
    """File of the analysts' decisions (`MATERIEL_CORRECTIONS`); without it, `corrections.csv` in the lake."""
    spacing: float = 1.0
    """Shortest time between the starts of two requests to a host (`MATERIEL_SPACING`); see `docs/fetching.md`."""
    per_host: int = 2
    """Requests to one host at once (`MATERIEL_PER_HOST`)."""
    attempts: int = 3
    """Attempts at a page whose fault may pass (`MATERIEL_ATTEMPTS`)."""
    retry_delay: float = 2.0
    """Time before the second attempt, doubled before each further one (`MATERIEL_RETRY_DELAY`)."""
    max_retry_after: float = 120.0
    """Longest `Retry-After` that is waited for (`MATERIEL_MAX_RETRY_AFTER`)."""
    max_crawl_delay: float = 30.0
    """Longest `Crawl-delay` of a robots.txt that is kept (`MATERIEL_MAX_CRAWL_DELAY`)."""
    host_failures: int = 10
    """Pages in a row for which a host was not there, after which it is asked no more (`MATERIEL_HOST_FAILURES`)."""
    allow_hosts: str = ""
    """Hosts that are fetched from although they are not public: `host[:port]`, IP address or CIDR range, separated by
    commas (`MATERIEL_ALLOW_HOSTS`)."""
    proxy: str | None = None
    """HTTP proxy that all requests go through (`MATERIEL_PROXY`)."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; unset or blank variables keep their defaults. Raises SettingsError for a bad value."""
        environ = os.environ if environ is None else environ
        values: dict[str, object] = {}
        for field, convert in _CONVERTERS.items():
            variable = f"MATERIEL_{field.upper()}"
            text = environ.get(variable, "").strip()
            if text:
                values[field] = convert(variable, text)
        return cls(**values)  # type: ignore[arg-type]

    def with_options(self, **options: object) -> Settings:
        """A copy in which the options that are not None replace the fields of the same name."""
        given = {name: value for name, value in options.items() if value is not None}
        return replace(self, **given)  # type: ignore[arg-type]


def _whole_number(variable: str, text: str) -> int:
    digits = text.replace("_", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15 and int(digits) > 0):
        raise SettingsError(f"{variable}={text!r} is not a whole number above 0; set it to one or unset it")
    return int(digits)


def _seconds(variable: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise SettingsError(f"{variable}={text!r} is not a number of seconds between 0 and 86400; set it or unset it")
    return seconds


def _seconds_or_none(variable: str, text: str) -> float:
    return 0.0 if text in ("0", "0.0") else _seconds(variable, text)


def _hosts(variable: str, text: str) -> str:
    try:
        allowed_hosts(text)
    except ValueError as error:
        raise SettingsError(f"{variable}: {error}; separate entries by commas") from None
    return text


def _proxy(variable: str, text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@]+/?", text):
        raise SettingsError(
            f"{variable}={text!r} is not the address of a proxy; set it to http://host:port or unset it"
        )
    return text


def _one_line(variable: str, text: str) -> str:
    if not text.isprintable():
        raise SettingsError(f"{variable}={text!r} holds characters that cannot be printed; set it to one plain line")
    return text


def _folder(variable: str, text: str) -> Path:
    return Path(_one_line(variable, text)).expanduser()


_CONVERTERS: dict[str, Callable[[str, str], object]] = {
    "lake": _folder,
    "runner": _one_line,
    "batch_size": _whole_number,
    "timeout": _seconds,
    "max_bytes": _whole_number,
    "max_file_bytes": _whole_number,
    "max_text_chars": _whole_number,
    "publish_to": _one_line,
    "keep_releases": _one_line,
    "document_seconds": _seconds,
    "document_megabytes": _whole_number,
    "contact": _one_line,
    "corrections": _folder,
    "spacing": _seconds_or_none,
    "per_host": _whole_number,
    "attempts": _whole_number,
    "retry_delay": _seconds,
    "max_retry_after": _seconds_or_none,
    "max_crawl_delay": _seconds_or_none,
    "host_failures": _whole_number,
    "allow_hosts": _hosts,
    "proxy": _proxy,
}
