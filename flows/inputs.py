"""From what a person names (files, folders, globs, URLs, lists of URLs, standard input) to units, and their bytes."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import urldefrag, urlsplit, urlunsplit

from flows.compression import BadCompression, TooLarge, gunzip
from flows.settings import Settings
from transforms.documents import Hints
from transforms.rows import Reject

MEDIA_TYPE_OF_SUFFIX = {
    ".txt": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "application/xhtml+xml",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".json": "application/json",
}
"""What a file name says of the content; for other names the content decides."""

WARC_SUFFIXES = (".warc", ".warc.gz")

MAX_LIST_BYTES = 10_000_000
"""Largest file that is looked into for a list of URLs."""

STDIN_URI = "stdin"

_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


NO_HINTS = Hints()


@dataclass(frozen=True, slots=True)
class InputUnit:
    """One file, one page to fetch, one WARC file of pages, or standard input."""

    kind: Literal["file", "stdin", "url", "warc"]
    source_uri: str
    path: str | None = None
    """Where a file lies."""
    hints: Hints = NO_HINTS
    spacing: float | None = None
    """Seconds between two requests to a host, where its source sets them; None: the settings'."""
    max_bytes: int | None = None
    """Largest page, where its source sets one; None: the settings'."""


@dataclass(frozen=True, slots=True)
class Received:
    """The bytes of a unit."""

    source_uri: str
    body: bytes
    """As received, perhaps compressed."""
    content: bytes
    """Decompressed."""
    media_type: str | None
    url: str | None = None
    """Address after redirects, of what was fetched."""
    status_line: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    archived_in: str | None = None
    """Of a record of a WARC file that is an input: the file and the offset of the record, `news.warc.gz#1234`."""


class Unreadable(Exception):
    """The bytes of a unit could not be had; carries the reject that tells why."""

    def __init__(self, reject: Reject) -> None:
        super().__init__(reject.detail)
        self.reject = reject

    def __reduce__(self) -> tuple[type[Unreadable], tuple[Reject]]:
        return type(self), (self.reject,)


def expand(inputs: Sequence[str], hints: Hints = NO_HINTS) -> tuple[list[InputUnit], list[Reject]]:
    """The units that the inputs name, each once, sorted; and a reject for each input that names none.

    `hints` is what is known of all their documents.

    Folders are read with their subfolders. Left out of folders and globs: hidden files, `README*`, and a `labels.jsonl`
    beside a `documents.jsonl` (the labels of a labelled set). A `.urls` file, or a `.txt` file of which every line is a
    URL, a `#` comment or blank, stands for the pages that it lists. A `.warc` or `.warc.gz` file is one unit of many
    pages (`flows.warc_input`).
    """
    units: set[InputUnit] = set()
    rejects: list[Reject] = []
    for text in inputs:
        for found in _expanded(text):
            if isinstance(found, Reject):
                rejects.append(found)
            else:
                units.add(replace(found, hints=hints) if hints != NO_HINTS else found)
    return (
        sorted(units, key=lambda unit: (unit.kind, unit.source_uri)),
        sorted(set(rejects), key=lambda reject: (reject.source_uri, reject.detail)),
    )


def listed_pages(path: Path) -> tuple[list[InputUnit], list[Reject]]:
    """The pages that the lines of a file name, whatever its name, and a reject for each line that names none."""
    uri = _uri(path.as_posix())
    try:
        if path.stat().st_size > MAX_LIST_BYTES:
            return [], [_reject(uri, "too_large", f"The list is larger than {MAX_LIST_BYTES:,} bytes; split it.")]
        found = list(_listed(_entries(path.read_bytes()), uri))
    except FileNotFoundError:
        return [], [_reject(uri, "not_found", "There is no such file; check the path.")]
    except OSError as error:
        detail = f"The file cannot be read ({error.strerror or type(error).__name__}); check its permissions."
        return [], [_reject(uri, "unreadable", detail)]
    units = [unit for unit in found if isinstance(unit, InputUnit)]
    return units, [reject for reject in found if isinstance(reject, Reject)]


def read(unit: InputUnit, settings: Settings) -> Received:
    """The bytes of a file or of standard input. Raises Unreadable where they cannot be had.

    A file compressed by gzip is decompressed; its type is that of its name without `.gz`.
    """
    limit = settings.max_file_bytes
    try:
        if unit.kind == "stdin":
            body = _read_at_most(sys.stdin.buffer, limit + 1)
        else:
            with Path(unit.path or unit.source_uri).open("rb") as file:
                body = _read_at_most(file, limit + 1)
    except FileNotFoundError:
        raise Unreadable(_reject(unit.source_uri, "not_found", "There is no such file; check the path.")) from None
    except OSError as error:
        detail = f"The file cannot be read ({error.strerror or type(error).__name__}); check its permissions."
        raise Unreadable(_reject(unit.source_uri, "unreadable", detail)) from None
    too_large = f"The file is larger than {limit:,} bytes; split it or raise MATERIEL_MAX_FILE_BYTES."
    if len(body) > limit:
        raise Unreadable(_reject(unit.source_uri, "too_large", too_large))
    name = unit.source_uri.lower()
    content = body
    if body.startswith(b"\x1f\x8b"):
        name = name.removesuffix(".gz")
        try:
            content = gunzip(body, limit)
        except TooLarge:
            raise Unreadable(_reject(unit.source_uri, "too_large", too_large)) from None
        except BadCompression:
            detail = "The gzip data is damaged or cut off; get the file again."
            raise Unreadable(_reject(unit.source_uri, "bad_compression", detail)) from None
    media_type = MEDIA_TYPE_OF_SUFFIX.get(Path(name).suffix) if unit.kind == "file" else None
    return Received(unit.source_uri, body, content, media_type)


def _read_at_most(file: BinaryIO, limit: int) -> bytes:
    """Up to `limit` bytes, in pieces: one read of that size would claim the memory at once."""
    pieces: list[bytes] = []
    size = 0
    while size < limit and (piece := file.read(min(1_000_000, limit - size))):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _expanded(text: str) -> Iterator[InputUnit | Reject]:
    if text == "-":
        yield InputUnit("stdin", STDIN_URI)
        return
    if not text.strip():
        yield _reject("''", "not_found", "The name is empty; give a file, a folder, a URL, or - for standard input.")
        return
    if scheme := _SCHEME.match(text.strip()):
        yield _url(text.strip(), scheme[1].lower(), named_in=None)
        return
    try:
        exists = os.path.lexists(text)
    except ValueError:  # a NUL byte in the name
        exists = False
    if exists:
        yield from _files(text, explicit=True)
    elif glob.has_magic(text):
        matches = [match for match in _globbed(text) if not _is_left_out(Path(match))]
        if not matches:
            yield _reject(_uri(text), "not_found", "The pattern matches no file; check the path.")
        for match in matches:
            if "**" not in text or not Path(match).is_dir():
                yield from _files(match, explicit=False)
    else:
        yield _reject(_uri(text), "not_found", "There is no such file or folder; check the path.")


def _globbed(pattern: str) -> list[str]:
    # Path.glob takes no absolute patterns.
    return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207


def _files(name: str, *, explicit: bool) -> Iterator[InputUnit | Reject]:
    path = Path(name)
    uri = _uri(path.as_posix())
    if path.is_dir():
        yield from _folder(path, uri)
    elif not path.is_file():
        if explicit or path.is_symlink():
            detail = "This is neither a file nor a folder (a broken link, a device or a pipe); give a file."
            yield _reject(uri, "not_a_file", detail)
    elif (urls := _listed_urls(path)) is not None:
        yield from _listed(urls, uri)
    else:
        kind: Literal["file", "warc"] = "warc" if path.name.lower().endswith(WARC_SUFFIXES) else "file"
        # Workers may have another working directory.
        yield InputUnit(kind, uri, str(path.absolute()))


def _folder(folder: Path, uri: str) -> Iterator[InputUnit | Reject]:
    faults: list[Reject] = []

    def tell(error: OSError) -> None:
        detail = f"The folder cannot be read ({error.strerror}); check its permissions."
        faults.append(_reject(_uri(Path(os.fsdecode(error.filename)).as_posix()), "unreadable", detail))

    empty = True
    for parent, folders, names in os.walk(folder, onerror=tell):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not _is_left_out(path):
                empty = False
                yield from _files(str(path), explicit=False)
    yield from faults
    if empty and not faults:
        yield _reject(uri, "empty_folder", "The folder holds no file that could be a document; check the path.")


def _is_left_out(path: Path) -> bool:
    if path.name.startswith(".") or path.name.upper().startswith("README"):
        return True
    return path.name == "labels.jsonl" and path.with_name("documents.jsonl").exists()


def _listed_urls(path: Path) -> list[tuple[int, str]] | None:
    """Line number and text of each entry of a list of URLs; None where the file is something else."""
    suffix = path.suffix.lower()
    try:
        if suffix not in (".urls", ".txt") or path.stat().st_size > MAX_LIST_BYTES:
            return None
        with path.open("rb") as file:
            first = file.readline(8_192) if suffix == ".txt" else b"#"
            while not first.strip() and first:
                first = file.readline(8_192)
            if not first.lstrip(b"\xef\xbb\xbf \t").lower().startswith((b"http://", b"https://", b"#")):
                return None
        entries = _entries(path.read_bytes())
    except OSError:
        return None  # reading it as a document will tell what is wrong
    if suffix == ".txt" and not (entries and all(_URL.fullmatch(line) for _, line in entries)):
        return None
    return entries


def _entries(content: bytes) -> list[tuple[int, str]]:
    """Line number and text of the lines that are neither blank nor a comment."""
    lines = enumerate(content.decode("utf-8-sig", "replace").splitlines(), 1)
    return [(number, line.strip()) for number, line in lines if line.strip() and not line.strip().startswith("#")]


def _listed(entries: Iterable[tuple[int, str]], uri: str) -> Iterator[InputUnit | Reject]:
    empty = True
    for number, line in entries:
        empty = False
        scheme = _SCHEME.match(line)
        yield _url(line, scheme[1].lower() if scheme else "", named_in=f"{uri}#{number}")
    if empty:
        yield _reject(uri, "empty", "The list holds no URL; put one on each line.")


def _url(text: str, scheme: str, named_in: str | None) -> InputUnit | Reject:
    uri = named_in or _uri(text)
    if scheme not in ("http", "https"):
        detail = "Only http and https URLs are fetched; give such a URL, or the path of a file."
        return _reject(uri, "unsupported_scheme", detail)
    try:
        parts = urlsplit(text)
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0) and bool(_URL.fullmatch(text))
    except ValueError:
        valid = False
    if not valid:
        return _reject(uri, "bad_url", "This is not a complete URL; check its spelling.")
    if parts.username is not None or parts.password is not None:
        # What is rejected is stored and published; a password is not.
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return _reject(named_in or _uri(bare), "bad_url", "The URL holds a user name or a password; give it without.")
    # The fragment is not sent to the server: two URLs that differ in it only are one page.
    return InputUnit("url", _uri(urldefrag(text).url))


def _uri(text: str) -> str:
    """The name in a form that can be stored: bytes that are not UTF-8 become U+FFFD."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _reject(source_uri: str, reason: str, detail: str) -> Reject:
    return Reject(source_uri, "read", reason, detail)
