"""The releases of a lake: which there are, which one was current when, and how to go back to an earlier one.

A release never changes once it is there. What happens to releases (published, rolled back to, pinned, pruned) is a line
in `releases/history.jsonl`. A line is written before the link `current` is switched; where a process died in between,
the link is right, and the next line says where it was found.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from flows.catalog import DESCRIPTOR, read_descriptor
from flows.lake import Lake, sweep, written_aside

HISTORY = "history.jsonl"

CURRENT, PREVIOUS = "current", "previous"

PREFIX_CHARACTERS = 4
"""Fewest characters of a release id that stand for it."""

Action = Literal["publish", "rollback", "found", "resume", "pin", "unpin", "prune"]
_SWITCHES = ("publish", "rollback", "found")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ID = re.compile(r"[0-9a-f]{16}")


class ReleaseError(RuntimeError):
    """Releases cannot be listed, found or switched as asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done to a release."""

    at: str
    """When, ISO 8601 in UTC."""
    action: Action
    release: str | None = None
    previous: str | None = None
    """The release that was current before a switch."""
    by: str | None = None
    why: str | None = None
    name: str | None = None
    """The name that a pin gives to a release."""
    hold: bool = False
    """Of a rollback: nothing that is published is switched to until `resume`."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release that is there."""

    id: str
    path: Path
    created: str
    """When it was made first, ISO 8601 in UTC."""
    predecessor: str | None
    """The release that was current when it was made."""
    rows: dict[str, int]
    changes: dict[str, dict[str, int]] | None
    """Per table that differs from the predecessor's: rows `new`, `changed` and `gone`; None where it is not known."""
    versions: dict[str, str]
    is_current: bool
    last_current: str
    """When it last became current; where that is not known, when it was made."""
    pins: tuple[str, ...]
    """The names that keep it; an empty name for a pin without one."""
    is_turned_from: bool
    """Whether it was rolled back from and nothing has been published since."""


@dataclass(slots=True)
class State:
    """What the history amounts to."""

    line: list[str] = field(default_factory=list)
    """The releases that led to the current one, oldest first; what was rolled back from is left out."""
    turned_from: dict[str, Event] = field(default_factory=dict)
    """Releases that were rolled back from, with the rollback, until something else is published."""
    hold: Event | None = None
    pins: dict[str, str] = field(default_factory=dict)
    """Release by name of the pin; a pin without a name goes by the release's id."""
    last_current: dict[str, str] = field(default_factory=dict)
    """When each release last became current."""
    last_left: dict[str, str] = field(default_factory=dict)
    """When each release last ceased to be current."""


def releases(lake: Path) -> list[Release]:
    """The releases of a lake, the current one first, then by the time at which they last became current.

    Raises CatalogError where a descriptor cannot be read.
    """
    stores = Lake(lake)
    state, current = state_of(history(lake)), current_id(lake)
    found = []
    for path in release_folders(lake):
        package: dict[str, Any] = read_descriptor(path)
        made = str(package.get("created", ""))
        found.append(
            Release(
                id=path.name,
                path=stores.releases / path.name,
                created=made,
                predecessor=package.get("predecessor"),
                rows={resource["name"]: resource["rows"] for resource in package["resources"]},
                changes=package.get("changes"),
                versions=versions_of(package),
                is_current=path.name == current,
                last_current=state.last_current.get(path.name, made),
                pins=tuple(sorted("" if n == path.name else n for n, id_ in state.pins.items() if id_ == path.name)),
                is_turned_from=path.name in state.turned_from,
            )
        )
    place = {name: number for number, name in enumerate(state.last_current)}
    return sorted(
        found, key=lambda r: (r.is_current, r.last_current, place.get(r.id, -1), r.created, r.id), reverse=True
    )


def versions_of(package: dict[str, Any]) -> dict[str, str]:
    """What a release was made with, by kind (`code`, `extractor`, `models`, `reference`, …), from its descriptor."""
    return {key.removesuffix("_version"): str(value) for key, value in package.items() if key.endswith("_version")}


def release_folders(lake: Path) -> list[Path]:
    """The folders of whole releases, sorted by id."""
    folder = Lake(lake).releases
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _ID.fullmatch(path.name) and (path / DESCRIPTOR).is_file())


def current_id(lake: Path) -> str | None:
    """The id of the current release; None where there is none."""
    current = Lake(lake).current
    return current.resolve().name if (current / DESCRIPTOR).is_file() else None


def find_release(lake: Path, name: str) -> Path:
    """The folder of a release that is named by `current`, `previous`, the name of a pin, its id or the id's beginning.

    Raises ReleaseError where there is none, or where several ids begin so.
    """
    folders = {path.name: path for path in release_folders(lake)}
    if not folders:
        raise ReleaseError(f"{lake}: no release there; run `materiel run INPUT… --lake {lake}` first, or name its lake")
    if name == CURRENT:
        current = current_id(lake)
        if current is None:
            raise ReleaseError(f"{lake}: no release is current; choose one with `materiel rollback RELEASE`")
        return folders[current]
    state = state_of(history(lake))
    if name == PREVIOUS:
        skipped = {current_id(lake), *state.turned_from}
        earlier = [id_ for id_ in state.line[:-1] if id_ in folders and id_ not in skipped]
        if not earlier:
            raise ReleaseError(f"{lake}: no release before the current one; `materiel releases` lists those there are")
        return folders[earlier[-1]]
    pinned = state.pins.get(name)
    found = [pinned] if pinned is not None and pinned in folders else [id_ for id_ in folders if id_.startswith(name)]
    if len(name) < PREFIX_CHARACTERS and not pinned:
        raise ReleaseError(
            f"{name!r} is too short for a release; give at least {PREFIX_CHARACTERS} characters of its id"
        )
    if not found:
        raise ReleaseError(f"{name}: no such release; `materiel releases` lists those there are")
    if len(found) > 1:
        raise ReleaseError(f"{name}: several releases begin so ({', '.join(found)}); give more characters")
    return folders[found[0]]


def rollback(lake: Path, name: str = PREVIOUS, why: str | None = None, hold: bool = False) -> Event:
    """Make an earlier (or any other) release the current one, after checking its files; returns what was noted.

    What was current is turned from: publishing the same tables again does not bring it back. With `hold`, nothing that
    is published becomes current before `resume`. Raises ReleaseError.
    """
    with release_lock(lake):
        release = find_release(lake, name)
        if release.name == current_id(lake):
            raise ReleaseError(f"{release.name} is the current release already; `materiel releases` lists the others")
        if faults := check_files(release):
            raise ReleaseError(f"{release}: {faults[0]}; choose another release")
        return switch(lake, release.name, "rollback", why=why, hold=hold)


def resume(lake: Path, why: str | None = None) -> Event:
    """End what rollbacks have set: the next release that is published becomes current, whichever it is."""
    with release_lock(lake):
        _note_where_current_is(lake)
        return _note(lake, "resume", why=why)


def pin(lake: Path, name: str, as_name: str | None = None, why: str | None = None) -> Event:
    """Keep a release from being pruned, and let it go by a name of small letters, digits, `.`, `_` and `-`.

    Raises ReleaseError where the release is not there, or where the name cannot be used or is another release's.
    """
    with release_lock(lake):
        release = find_release(lake, name)
        if as_name is not None:
            taken = state_of(history(lake)).pins.get(as_name, release.name)
            if not _NAME.fullmatch(as_name) or as_name in (CURRENT, PREVIOUS) or re.fullmatch("[0-9a-f]+", as_name):
                raise ReleaseError(
                    f"{as_name!r} cannot be a name: use small letters, digits, `.`, `_` and `-`, "
                    "and nothing that could be an id"
                )
            if taken != release.name:
                raise ReleaseError(f"{as_name} is the name of release {taken}; unpin that first or choose another")
        return _note(lake, "pin", release=release.name, name=as_name, why=why)


def unpin(lake: Path, name: str) -> Event:
    """Take the pins off a release. Raises ReleaseError where it has none."""
    with release_lock(lake):
        release = find_release(lake, name)
        if release.name not in state_of(history(lake)).pins.values():
            raise ReleaseError(f"{release.name} is not pinned; `materiel releases` shows which are")
        return _note(lake, "unpin", release=release.name)


# The history


def history(lake: Path) -> list[Event]:
    """What was done to the releases of a lake, oldest first; none where nothing has been noted.

    A switch that was noted and not carried out is left out. Raises ReleaseError where a line cannot be read.
    """
    noted = _read_history(lake)
    carried_out = []
    for number, event in enumerate(noted):
        if event.action in _SWITCHES:
            later = next((other for other in noted[number + 1 :] if other.action in _SWITCHES), None)
            now = current_id(lake) if later is None else later.release if later.action == "found" else later.previous
            if now != event.release and event.action != "found":
                continue
        carried_out.append(event)
    return carried_out


def state_of(events: Sequence[Event]) -> State:
    """What a history amounts to."""
    state = State()
    for event in events:
        if event.action in _SWITCHES and event.release is not None:
            _follow(state, event)
        elif event.action == "resume":
            state.turned_from, state.hold = {}, None
        elif event.action == "pin" and event.release:
            state.pins[event.name or event.release] = event.release
        elif event.action == "unpin":
            state.pins = {name: id_ for name, id_ in state.pins.items() if id_ != event.release}
    return state


def _follow(state: State, event: Event) -> None:
    """What a switch changes in the state."""
    release = str(event.release)
    if state.line:
        state.last_left[state.line[-1]] = event.at
    elif event.previous:
        state.line.append(event.previous)
        state.last_left[event.previous] = event.at
    if event.action == "rollback":
        if event.previous:
            state.turned_from[event.previous] = event
        state.turned_from.pop(release, None)
        state.hold = event if event.hold else None
        # Back to where it stood in the line, so that `previous` of a rolled-back lake lies further back.
        if release in state.line:
            last = len(state.line) - 1 - state.line[::-1].index(release)
            del state.line[last:]
    elif event.action == "publish":
        state.turned_from = {}
    state.line.append(release)
    # Taken out first: the order of the names is that in which they became current, also within one second.
    state.last_current.pop(release, None)
    state.last_current[release] = event.at


def _read_history(lake: Path) -> list[Event]:
    path = Lake(lake).releases / HISTORY
    known = {field.name for field in fields(Event)}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
        return [Event(**{key: value for key, value in record.items() if key in known}) for record in records]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, AttributeError) as error:
        raise ReleaseError(f"{path}: not a readable history ({error}); mend the line or move the file away") from error


def _note(lake: Path, action: Action, **values: Any) -> Event:
    """Add a line to the history."""
    event = Event(at=datetime.now(UTC).isoformat(timespec="seconds"), action=action, by=_who(), **values)
    lines = [*_read_history(lake), event]
    path = Lake(lake).releases / HISTORY
    with written_aside(path) as aside:
        aside.write_text("".join(_line(each) for each in lines), encoding="utf-8")
        flush_to_disk(aside)
    return event


def _line(event: Event) -> str:
    values = {each.name: getattr(event, each.name) for each in fields(Event)}
    return json.dumps({key: value for key, value in values.items() if value}, ensure_ascii=False) + "\n"


def _who() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def note_pruned(lake: Path, ids: Sequence[str]) -> None:
    """Note that releases were removed; the caller holds the lock."""
    for id_ in ids:
        _note(lake, "prune", release=id_)


# Switching; the caller holds the lock


@contextmanager
def release_lock(lake: Path) -> Iterator[None]:
    """Let one process at a time switch, pin or remove releases; it is held for moments, also while a build goes on."""
    folder = Lake(lake).releases
    if not folder.is_dir():
        raise ReleaseError(f"{lake}: no release there; run `materiel run INPUT… --lake {lake}` first, or name its lake")
    with (Lake(lake).root / ".releases.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        remove_leftovers(lake)
        yield


def switch(lake: Path, release: str, action: Action, why: str | None = None, hold: bool = False) -> Event:
    """Note the switch and point `current` at the release; readers see the old one or the new one, nothing between."""
    stores = Lake(lake)
    _note_where_current_is(lake)
    event = _note(lake, action, release=release, previous=current_id(lake), why=why, hold=hold)
    link = stores.root / ".current"
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(stores.releases / release, stores.root))
    link.replace(stores.current)
    flush_to_disk(stores.root)
    return event


def _note_where_current_is(lake: Path) -> None:
    """Note the release that is current if the history does not end there: a killed run, or a link set by hand."""
    current = current_id(lake)
    switches = [event for event in _read_history(lake) if event.action in _SWITCHES]
    if current is not None and (not switches or switches[-1].release != current):
        _note(lake, "found", release=current)


def remove_leftovers(lake: Path) -> None:
    """Remove what killed runs left: unfinished files, and releases that were being removed or replaced."""
    sweep(Lake(lake).releases)
    for path in Lake(lake).releases.glob(".gone.*"):
        shutil.rmtree(path, ignore_errors=True)


def discard(release: Path) -> None:
    """Remove a release: under another name first, so that nobody ever finds half of it."""
    aside = release.with_name(f".gone.{release.name}")
    shutil.rmtree(aside, ignore_errors=True)
    release.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def check_files(release: Path) -> list[str]:
    """What is wrong with the files of a release: those that are missing or have another size or SHA-256."""
    faults = []
    package: dict[str, Any] = read_descriptor(release)
    for resource in package["resources"]:
        path = release / resource["path"]
        if not path.is_file():
            faults.append(f"{path.name} is missing")
        elif path.stat().st_size != resource["bytes"] or sha256(path) != resource["hash"].removeprefix("sha256:"):
            faults.append(f"{path.name} is not what was published")
    return faults


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush_to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk: a power cut must not undo what readers saw."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
