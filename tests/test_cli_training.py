"""The calls `evaluate` and `train`: what they print, and how they fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import ROOT, Run
from test_cli import one_line_error

from training.labels import GOLD
from training.scoring import ATTRIBUTES, KINDS

TEXT = "Germany will send 18 tanks to Ukraine, the government in Berlin announced on Tuesday."


def transfer(**fields: object) -> dict[str, object]:
    told = {
        "supplier": "DEU", "recipient": "UKR", "category": "battle_tank", "status": "planned", "factuality": "CT+",
        "quantity": {"low": 18, "high": 18, "unit": "tank"}, "evidence": TEXT,
    }  # fmt: skip
    return told | fields


def write_set(folder: Path, *transfers: dict[str, object]) -> Path:
    """A labelled set of one document with these transfers."""
    folder.mkdir()
    document = {"id": "one", "uri": "test:one", "title": None, "published_on": "2025-07-01", "text": TEXT}
    label = {"id": "one", "transfers": transfers, "relations": [], "affiliations": []}
    (folder / "documents.jsonl").write_text(json.dumps(document) + "\n", encoding="utf-8")
    (folder / "labels.jsonl").write_text(json.dumps(label) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("call", ["evaluate", "train"])
def test_help_has_an_example(materiel: Run, call: str) -> None:
    done = materiel(call, "--help")
    assert done.returncode == 0
    assert f"  materiel {call}" in done.stdout.partition("Example")[2]


def test_evaluate_prints_the_scores(materiel: Run, tmp_path: Path) -> None:
    gold = write_set(tmp_path / "gold", transfer())
    done = materiel("evaluate", gold, gold / ".." / "gold")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("1 document") == 2
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["core", "1.000", "1.000", "1.000", "1", "of", "1", "0", "of", "1"] in lines
    assert ["quantity", "1", "of", "1", "1.000"] in lines
    assert "“" not in done.stdout


def test_evaluate_lists_errors_beside_their_sentences(materiel: Run, tmp_path: Path) -> None:
    wrong = transfer(status="ordered", quantity={"low": 20, "high": None})
    missed = transfer(supplier="POL")
    gold = write_set(tmp_path / "gold", wrong, missed)
    done = materiel("evaluate", gold, "--errors", "--rules")
    assert done.returncode == 0, done.stderr
    for words in ("one  transfer: missed", "POL → UKR, battle_tank, planned", "wrong status", "ordered", "20, ?"):
        assert words in done.stdout
    assert done.stdout.count("one  transfer: ") == done.stdout.count(f"sentence  “{TEXT}”") >= 3


@pytest.mark.parametrize("options", [(), ("--rules",)])
def test_evaluate_json_is_one_object(materiel: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    gold = write_set(tmp_path / "gold", transfer(supplier="POL"))
    done = materiel("evaluate", gold, "--json", *options)
    [(name, figures)] = json.loads(done.stdout).items()
    assert name == str(gold)
    assert set(figures) == {"documents", "attributes", *KINDS}
    assert set(figures["attributes"]) == set(ATTRIBUTES)
    assert figures["core"]["missed"] == figures["core"]["invented"] == 1
    with_errors = json.loads(materiel("evaluate", gold, "--json", "--errors", *options).stdout)
    missed, invented = with_errors[str(gold)]["errors"]
    assert (missed["fault"], missed["label"]["supplier"], missed["row"]) == ("missed", "POL", None)
    assert (invented["fault"], invented["row"]["supplier_id"], invented["label"]) == ("invented", "DEU", None)
    assert missed["sentence"] == invented["sentence"] == TEXT


@pytest.mark.parametrize("call", ["evaluate", "train"])
def test_a_folder_that_is_no_labelled_set(materiel: Run, tmp_path: Path, call: str) -> None:
    message = one_line_error(materiel(call, tmp_path))
    assert str(tmp_path) in message
    assert "a labelled set holds documents.jsonl" in message


def test_train_without_scikit_learn(materiel: Run, tmp_path: Path) -> None:
    (tmp_path / "sklearn.py").write_text("raise ModuleNotFoundError('no scikit-learn', name='sklearn')\n")
    gold = write_set(tmp_path / "gold", transfer())
    done = materiel("train", gold, "--output", tmp_path / "w.npz", PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert "pip install materiel[train]" in one_line_error(done)


def test_train_on_too_little(materiel: Run, tmp_path: Path) -> None:
    gold = write_set(tmp_path / "gold", transfer())
    done = materiel("train", gold, "--output", tmp_path / "w.npz")
    assert "give more of them" in done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "w.npz").exists()


@pytest.mark.slow
def test_train_writes_weights_and_shows_the_test(materiel: Run, tmp_path: Path) -> None:
    path = tmp_path / "new" / "weights.npz"
    done = materiel("train", GOLD / "train_c", "--output", path, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert path.is_file()
    assert done.stdout.startswith("test  2 documents")
    lines = done.stderr.splitlines()
    assert lines[0] == "reading 14 documents; 2 are kept for the test"
    assert lines[-1] == f"wrote {path}"
