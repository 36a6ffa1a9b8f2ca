"""Training: the fixed split, weights that come out the same, and trees that say what scikit-learn's say."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flows.reference import WEIGHTS, WeightsError, load_rules, read_weights, write_weights
from training import fit, labels
from training.baseline import MEASURED
from training.labels import GOLD, LabelError, Labelled, read_set, split, training_sets
from transforms.decisions import Decisions, from_arrays, to_arrays
from transforms.extractor import Extractor


def all_documents() -> list[Labelled]:
    return [labelled for folder in training_sets() for labelled in read_set(folder)]


def ids(documents: list[Labelled]) -> list[str]:
    return [labelled.label["id"] for labelled in documents]


# The split


def test_the_split_never_mixes() -> None:
    documents = all_documents()
    train, test = split(documents)
    assert sorted(ids(train) + ids(test)) == sorted(set(ids(documents)))
    texts = [{labelled.document.document_id for labelled in part} for part in (train, test)]
    assert not texts[0] & texts[1]
    folders = {folder.name for folder in training_sets()}
    assert {d.set_name for d in train} == {d.set_name for d in test} == folders
    assert 0.1 < len(test) / len(documents) < 0.2


def test_the_split_is_the_same_whatever_else_is_read() -> None:
    _, test = split(all_documents())
    assert split(all_documents())[1] == test
    backwards = [labelled for folder in training_sets()[::-1] for labelled in read_set(folder)]
    assert sorted(ids(split(backwards)[1])) == sorted(ids(test))
    one = training_sets()[0]
    # A document put at the end of a set leaves the others in their part.
    assert ids(split(read_set(one)[:-1])[1]) == [i for i in ids(test) if i in ids(read_set(one)[:-1])]


def test_what_is_for_measuring_is_not_trained_on() -> None:
    measured = {labelled.document.document_id for name in MEASURED for labelled in read_set(GOLD / name)}
    assert not measured & {labelled.document.document_id for labelled in all_documents()}
    assert not {folder.name for folder in training_sets()} & set(MEASURED)


def test_without_the_project_s_sets_folders_must_be_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(labels, "GOLD", tmp_path)
    with pytest.raises(LabelError, match="give the folders"):
        training_sets()


@pytest.mark.parametrize(
    ("documents", "label_lines", "words"),
    [
        (None, "", "cannot be read"),
        ('{"id": "a", "text": "Berlin."}', "", "no line for a"),
        ('{"id": "a"}', '{"id": "a"}', "a has no text"),
        ('{"id": "a", "text": "x", "published_on": "May"}', '{"id": "a"}', "May"),
        ("[1]", "", "line 1: not an object"),
        ("{", "", "line 1: no JSON"),
    ],
)
def test_a_wrong_set_is_told(tmp_path: Path, documents: str | None, label_lines: str, words: str) -> None:
    if documents is not None:
        (tmp_path / "documents.jsonl").write_text(documents)
        (tmp_path / "labels.jsonl").write_text(label_lines)
    with pytest.raises(LabelError, match=words) as caught:
        read_set(tmp_path)
    assert str(tmp_path) in str(caught.value)


# The weights


@pytest.fixture(scope="module")
def rules() -> Extractor:
    return load_rules()


@pytest.fixture(scope="module")
def dozen() -> list[Labelled]:
    """The twelve shortest documents with a transfer that may be trained on."""
    train, _ = split(all_documents())
    telling = [labelled for labelled in train if labelled.label["transfers"]]
    return sorted(telling, key=lambda labelled: len(labelled.document.text))[:12]


def test_training_twice_gives_the_same_bytes(
    rules: Extractor, dozen: list[Labelled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fit._TREES, "max_iter", 5)
    examples = [fit.example(labelled, rules) for labelled in dozen]
    lines: list[str] = []
    first, second = fit.fit(examples, lines.append), fit.fit(examples)
    assert lines[0].startswith("12 documents")
    arrays, again = to_arrays(first), to_arrays(second)
    assert all(np.array_equal(arrays[name], again[name]) for name in arrays)
    write_weights(tmp_path / "first.npz", first)
    # The bytes do not depend on the time.
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    write_weights(tmp_path / "second.npz", second)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.npz", "second.npz"]
    # What is read back decides as what was written.
    read = replace(rules, decisions=read_weights(tmp_path / "first.npz"))
    trained = replace(rules, decisions=first)
    assert all(read.extract(d.document) == trained.extract(d.document) for d in dozen[:3])


def test_trees_give_the_probabilities_of_scikit_learn() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    random = np.random.RandomState(3)
    real, whole = random.normal(size=(600, 4)), random.randint(0, 4, size=(600, 3))
    rows = np.hstack([real, whole]).astype(np.float32)
    is_so = rows[:, 0] * rows[:, 4] + random.normal(size=600) > 0.5
    model = HistGradientBoostingClassifier(max_iter=40, early_stopping=False, random_state=1).fit(rows, is_so)
    fresh = np.hstack([random.normal(size=(400, 4)), random.randint(-1, 6, size=(400, 3))]).astype(np.float32)
    for part in (rows, fresh):
        expected = model.predict_proba(part)[:, 1]
        assert np.abs(fit._forest([model]).probabilities(part) - expected).max() < 1e-5


@pytest.fixture(scope="module")
def shipped() -> Decisions:
    return read_weights(WEIGHTS)


def test_weights_for_other_columns_are_refused(shipped: Decisions, tmp_path: Path) -> None:
    arrays = to_arrays(shipped)
    arrays["columns"] = arrays["columns"][1:]
    with pytest.raises(ValueError, match="materiel train"):
        from_arrays(arrays)
    np.savez_compressed(tmp_path / "old.npz", **arrays)
    with pytest.raises(WeightsError, match=r"old\.npz.*run `materiel train`"):
        read_weights(tmp_path / "old.npz")


@pytest.mark.parametrize("content", [None, b"", b"no weights", b"PK\x03\x04"])
def test_missing_and_broken_weights_are_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "weights.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"weights\.npz.*`materiel train`"):
        read_weights(path)


def test_the_file_holds_the_whole_model(shipped: Decisions, tmp_path: Path) -> None:
    write_weights(tmp_path / "copy.npz", shipped)
    copy, arrays = to_arrays(read_weights(tmp_path / "copy.npz")), to_arrays(shipped)
    assert copy.keys() == arrays.keys()
    assert all(np.array_equal(copy[name], arrays[name]) for name in arrays)
