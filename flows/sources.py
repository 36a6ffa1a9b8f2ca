"""The watch list: `sources.toml`, which names where documents come from, read and checked as a whole."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from transforms.documents import Hints

DEFAULT_FILE = Path("sources.toml")

MAX_FILE_BYTES = 5_000_000
MAX_PAGES = 500
"""Pages that one source may add to a run, where it sets no other number."""

LISTINGS = ("feed", "sitemap")
FILES = ("folder", "jsonl", "warc")
KINDS = (*LISTINGS, "urls", *FILES)

DEFAULTS = "defaults"
SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of the watch list."""

    name: str
    kind: str
    """One of KINDS."""
    url: str | None = None
    """Address of a feed or sitemap."""
    urls: tuple[str, ...] = ()
    path: Path | None = None
    """File, folder or glob; for `urls` a file that lists them. Relative to the folder of the watch list."""
    enabled: bool = True
    outlet: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    """ISO 639-1 code: entries that say they are in another language are left out."""
    spacing: float | None = None
    """At least so many seconds between two requests to a host."""
    max_pages: int = MAX_PAGES
    max_bytes: int | None = None
    max_age_days: int | None = None
    include: tuple[re.Pattern[str], ...] = ()
    exclude: tuple[re.Pattern[str], ...] = ()

    @property
    def address(self) -> str:
        """Where it lies, for a person."""
        if self.url is not None:
            return self.url
        return self.path.as_posix() if self.path is not None else f"{len(self.urls)} addresses"

    @property
    def hints(self) -> Hints:
        """What it says of each of its documents."""
        return Hints(source=self.name, tags=";".join(self.tags) or None, outlet=self.outlet)


class SourcesError(ValueError):
    """The watch list cannot be used. `faults` are all that is wrong with it, each in one line that says where."""

    def __init__(self, faults: Sequence[str]) -> None:
        more = f" (and {len(faults) - 1} more; `materiel sources list` shows all)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")
        self.faults = tuple(faults)


class _Wrong(Exception):
    """A value that cannot be used; the message says what is expected."""


def load_sources(path: Path, names: Sequence[str] = ()) -> list[Source]:
    """The sources of a watch list, in its order; only those with the given names, where there are any.

    Raises SourcesError with everything that is wrong.
    """
    text = _text(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourcesError([_decode_fault(path, error)]) from None
    except RecursionError:
        raise SourcesError([f"{path}: the tables are nested too deeply; write one [[source]] per source"]) from None
    faults: list[tuple[int, str]] = []
    sources: list[Source] = []
    lines = _Lines(text)

    def tell(where: Sequence[str | int], what: str) -> None:
        line = lines.of(where)
        faults.append((line, f"{path}:{line}: {what}"))

    for key in content:
        if key not in (SOURCE, DEFAULTS):
            tell([key], f"unknown table {key!r}; {_suggestion(key, (SOURCE, DEFAULTS))}")
    defaults = _defaults(content.get(DEFAULTS, {}), tell)
    tables = content.get(SOURCE, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        tell([SOURCE], "sources are an array of tables; write [[source]] with two brackets above each")
        tables = []
    elif not tables and not faults:
        faults.append((0, f"{path}: no source; add a [[source]] with name, kind and its address"))
    first_lines: dict[str, int] = {}
    for number, table in enumerate(tables):
        source = _source(number, table, defaults, path.parent, tell)
        name = table.get("name")
        if isinstance(name, str):
            line = lines.of([SOURCE, number, "name"])
            if name in first_lines:
                tell(
                    [SOURCE, number, "name"],
                    f"source {name!r}, key 'name': line {first_lines[name]} has a source of this name; choose another",
                )
            first_lines.setdefault(name, line)
        if source is not None:
            sources.append(source)
    if faults:
        raise SourcesError([fault for _, fault in sorted(faults, key=lambda fault: fault[0])])
    if unknown := [name for name in names if name not in first_lines]:
        raise SourcesError([f"{path}: no source {name!r}; {_suggestion(name, list(first_lines))}" for name in unknown])
    return [source for source in sources if not names or source.name in names]


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise SourcesError([f"{path}: there is no such file; write one (docs/sources.md) or name another"]) from None
    except OSError as error:
        raise SourcesError([f"{path}: it cannot be read ({error.strerror}); check the path"]) from None
    if len(content) > MAX_FILE_BYTES:
        raise SourcesError([f"{path}: it is larger than {MAX_FILE_BYTES:,} bytes; put long lists of URLs into files"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SourcesError([f"{path}:{line}: bytes that are not UTF-8; save the file as UTF-8"]) from None


def _decode_fault(path: Path, error: tomllib.TOMLDecodeError) -> str:
    message = str(error)
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    what = message[: place.start()] if place else message
    where = f":{place[1]}:{place[2]}" if place and place[1] else ""
    return f"{path}{where}: no valid TOML: {what[:1].lower()}{what[1:]}; correct it (https://toml.io)"


# ---------------------------------------------------------------------------------------------------- one source


Tell = Callable[[Sequence[str | int], str], None]


def _source(number: int, table: dict[str, Any], defaults: Mapping[str, Any], folder: Path, tell: Tell) -> Source | None:
    """One source; None where something is wrong with it, which is told."""
    label = f"source {table['name']!r}" if isinstance(table.get("name"), str) else f"source number {number + 1}"
    is_sound = True

    def fault(what: str, key: str | None = None) -> None:
        nonlocal is_sound
        is_sound = False
        present = key is not None and key in table
        tell([SOURCE, number, key] if present and key else [SOURCE, number], f"{label}{_of(key)}: {what}")

    kind = table.get("kind")
    if kind is None:
        fault(f"is missing; set it to one of {', '.join(KINDS)}", "kind")
    elif kind not in KINDS:
        fault(f"unknown kind {kind!r}; {_suggestion(kind, KINDS)}", "kind")
        kind = None
    if "name" not in table:
        fault("is missing; give the source a name of its own", "name")
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key == "kind":
            continue
        if key not in _KEYS:
            fault(f"unknown key; {_suggestion(key, ('kind', *_KEYS))}", key)
        elif kind is not None and kind not in _KEYS[key][1]:
            fault(f"has no meaning for kind {kind!r}; remove it", key)
        else:
            try:
                values[key] = _KEYS[key][0](value)
            except _Wrong as wrong:
                fault(str(wrong), key)
    if kind in LISTINGS and "url" not in table:
        fault(f"is missing; give the address of the {kind}", "url")
    if kind in FILES and "path" not in table:
        fault(f"is missing; say where the {kind} lies", "path")
    if kind == "urls" and ("urls" in table) == ("path" in table):
        fault("give either 'urls', a list of addresses, or 'path', a file that lists them")
    if not is_sound or not isinstance(kind, str):
        return None
    if "path" in values:
        values["path"] = folder / values["path"]
    shared = {key: value for key, value in defaults.items() if kind in _KEYS[key][1]}
    return Source(kind=kind, **(shared | values))


def _defaults(table: object, tell: Tell) -> dict[str, Any]:
    """The values that hold for every source that sets no other."""
    if not isinstance(table, dict):
        tell([DEFAULTS], "'defaults' is a table; write [defaults] and the keys below it")
        return {}
    values = {}
    for key, value in table.items():
        if key not in _DEFAULT_KEYS:
            tell([DEFAULTS, key], f"defaults, key {key!r}: unknown key; {_suggestion(key, _DEFAULT_KEYS)}")
            continue
        try:
            values[key] = _KEYS[key][0](value)
        except _Wrong as wrong:
            tell([DEFAULTS, key], f"defaults, key {key!r}: {wrong}")
    return values


def _of(key: str | None) -> str:
    return f", key {key!r}" if key else ""


def _suggestion(word: object, known: Sequence[str]) -> str:
    text = str(word).lower()
    begin_alike = [name for name in known if len(text) > 2 and name.startswith(text)]
    close = begin_alike or difflib.get_close_matches(text, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known) or 'none'}"


# ------------------------------------------------------------------------------------------------------- values


def _words(value: object) -> str:
    if not isinstance(value, str):
        raise _Wrong(f"has to be a text in quotes, not {_kind_of(value)}")
    if not value.strip() or not value.isprintable():
        raise _Wrong("is blank or holds characters that cannot be printed; write one plain line")
    return value.strip()


def _name(value: object) -> str:
    name = _words(value)
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?", name):
        raise _Wrong(f"{name!r} is no name; use up to 64 small letters, digits, dots and hyphens")
    return name


def _address(value: object) -> str:
    text = _words(value)
    try:
        parts = urlsplit(text)
        complete = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        complete = False
    if not complete or re.search(r"[\s<>\"]", text):
        raise _Wrong(f"{text!r} is no complete http or https address; correct it")
    if "@" in urlsplit(text).netloc:
        raise _Wrong("names and passwords in addresses are not sent; give the address without them")
    return text


def _addresses(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise _Wrong('has to be a list of addresses, as ["https://example.org/1"]')
    return tuple(dict.fromkeys(_address(item) for item in value))


def _path(value: object) -> Path:
    return Path(_words(value)).expanduser()


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(f"has to be true or false, without quotes, not {_kind_of(value)}")
    return value


def _tags(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Wrong(f'has to be a list of texts, as ["state", "europe"], not {_kind_of(value)}')
    tags = [_words(item) for item in value]
    if bad := [tag for tag in tags if ";" in tag]:
        raise _Wrong(f"{bad[0]!r} holds a semicolon, which stands between tags; write two tags")
    return tuple(sorted(set(tags)))


def _language(value: object) -> str:
    code = _words(value)
    if not re.fullmatch(r"[a-z]{2}", code):
        raise _Wrong(f'{code!r} is no ISO 639-1 code; write two small letters, as "en"')
    return code


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3_600:
        raise _Wrong(f"has to be a number of seconds from 0 to 3600, not {_shown(value)}")
    return float(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 10**12:
        raise _Wrong(f"has to be a whole number above 0, not {_shown(value)}")
    return value


def _patterns(value: object) -> tuple[re.Pattern[str], ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts:
        raise _Wrong(f"has to be a regular expression or a list of them, not {_kind_of(value)}")
    patterns = []
    for text in texts:
        try:
            patterns.append(re.compile(_words(text)))
        except (re.error, RecursionError, OverflowError) as error:
            raise _Wrong(f"{text!r} is no regular expression ({error}); correct it, or put \\ before signs") from None
    return tuple(patterns)


def _kind_of(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str | int | float) else _kind_of(value)


_KEYS: dict[str, tuple[Callable[[object], object], Sequence[str]]] = {
    "name": (_name, KINDS),
    "enabled": (_flag, KINDS),
    "url": (_address, LISTINGS),
    "urls": (_addresses, ("urls",)),
    "path": (_path, (*FILES, "urls")),
    "outlet": (_words, KINDS),
    "tags": (_tags, KINDS),
    "language": (_language, LISTINGS),
    "spacing": (_seconds, (*LISTINGS, "urls")),
    "max_pages": (_count, (*LISTINGS, "urls")),
    "max_bytes": (_count, KINDS),
    "max_age_days": (_count, LISTINGS),
    "include": (_patterns, (*LISTINGS, "urls")),
    "exclude": (_patterns, (*LISTINGS, "urls")),
}
"""Keys of a source besides `kind`: how their value is read, and the kinds that have them."""

_DEFAULT_KEYS = ("language", "spacing", "max_pages", "max_bytes", "max_age_days")

# ---------------------------------------------------------------------------------------------------- line numbers


class _Lines:
    """Where in a TOML text a key stands. `tomllib` does not say; but it reads the text up to any line between two
    statements, so the first line after which a key is there is found by halving.
    """

    _BEGINS = re.compile(r"\s*(?:#|$|\[|(?:\"[^\"]*\"|'[^']*'|[\w.-]+)[ \t]*[.=])")
    """What a line looks like that may begin a statement."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._read: dict[int, dict[str, Any] | None] = {}

    def of(self, path: Sequence[str | int]) -> int:
        """The number of the line, from 1, where the statement begins that brings the key or table of this path."""
        low, high = 1, len(self._lines)
        while low < high:
            middle = (low + high) // 2
            if self._is_there(path, middle):
                high = middle
            else:
                low = middle + 1
        return low

    def _is_there(self, path: Sequence[str | int], line: int) -> bool:
        """Whether the path is there once the statement is complete that the line belongs to."""
        for end in range(line, len(self._lines) + 1):
            if end < len(self._lines) and not self._BEGINS.match(self._lines[end]):
                continue
            if (content := self._up_to(end)) is not None:
                return _has(content, path)
        return True

    def _up_to(self, line: int) -> dict[str, Any] | None:
        if line not in self._read:
            try:
                self._read[line] = tomllib.loads("\n".join(self._lines[:line]) + "\n")
            except tomllib.TOMLDecodeError:
                self._read[line] = None
        return self._read[line]


def _has(content: Any, path: Sequence[str | int]) -> bool:
    for key in path:
        if isinstance(key, int):
            if not isinstance(content, list) or key >= len(content):
                return False
        elif not isinstance(content, dict) or key not in content:
            return False
        content = content[key]
    return True
