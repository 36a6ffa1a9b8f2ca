"""The house keeps its order: what may import what, and that a cold command stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN_IN_TRANSFORMS = {
    "flows", "training", "sklearn", "scipy", "prefect", "duckdb", "dbt", "pyarrow", "dask", "distributed", "httpx",
    "requests", "urllib3", "socket",
    "subprocess", "os", "pathlib", "shutil", "tempfile", "io", "time", "random", "asyncio", "threading",
    "multiprocessing",
}  # fmt: skip


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "transforms").glob("*.py")), ids=lambda p: p.name)
def test_transforms_are_pure(path: Path) -> None:
    assert not imported(path) & FORBIDDEN_IN_TRANSFORMS
    calls = {
        n.func.id
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    assert not calls & {"open", "print", "input"}
    clock = [
        n
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.Attribute) and n.attr in {"today", "now", "utcnow"}
    ]
    assert not clock


def test_extract_imports_no_orchestration() -> None:
    """`materiel extract` starts as fast as its language model: nothing of Prefect, DuckDB or dbt is loaded."""
    code = (
        "import sys, flows.cli, flows.reference, flows.inputs, flows.render\n"
        "heavy = {'prefect', 'duckdb', 'dbt', 'pyarrow', 'httpx', 'trafilatura', 'spacy', 'numpy', 'sklearn'}\n"
        "heavy &= set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def used_by(module: str) -> set[str]:
    """The modules of `transforms` that one of them imports, directly or not, itself included."""
    waiting, found = [module], set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        tree = ast.parse((ROOT / "transforms" / f"{name}.py").read_text(encoding="utf-8"))
        named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        waiting += [name for name in (m.partition("transforms.")[2] for m in named) if name and name not in found]
    return found


def test_the_versions_cover_the_code_that_they_stand_for() -> None:
    from flows.parsing import PARSER_MODULES
    from flows.reference import NOT_EXTRACTING

    modules = {path.stem for path in (ROOT / "transforms").glob("*.py")} - {"__init__"}
    assert used_by("parse") == set(PARSER_MODULES)
    assert modules - used_by("extractor") == NOT_EXTRACTING
