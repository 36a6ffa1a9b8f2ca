"""The documentation: links lead somewhere, what it names is there, and the output that it shows is real."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import click
import pytest
import yaml

from flows.cli import cli
from flows.isolation import Crashed, OutOfMemory, TimedOut
from flows.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "seeds/**/*.md", "tests/gold/*.md", "benchmarks/*.md")
    for path in ROOT.glob(pattern)
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
MACHINE_PATH = re.compile(r"(?<![\w/.~-])/(?:work|home|Users|root|tmp|mnt|opt)/[\w.-]+")
REASONS_FROM = (
    "flows/collect.py", "flows/discover.py", "flows/extract.py", "flows/fetch.py", "flows/guard.py", "flows/inputs.py",
    "flows/parsing.py", "flows/warc_input.py", "transforms/decoding.py", "transforms/page.py", "transforms/parse.py",
    "transforms/raw_input.py", "transforms/records.py",
)  # fmt: skip
PLACE_OF_REASON = {
    "Unusable": 0, "_Failed": 0, "Refused": 0, "_reject": 1, "_unreadable": 1, "unreadable": 1, "Reject": 2,
}  # fmt: skip
"""Which argument of a call that makes a reject is its reason."""

FENCE_REASONS = {error.reason for error in (TimedOut, OutOfMemory, Crashed)}


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or not path.is_relative_to(ROOT) or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_path_of_a_machine_or_outside_the_project(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert MACHINE_PATH.findall(text.replace("/path/to/", "")) == []
    assert "../shared" not in text


def test_readme_comes_in_order() -> None:
    headings = re.findall(r"^## (.+)$", README, flags=re.MULTILINE)
    assert headings == [
        "Two commands",
        "What a run prints",
        "Three queries worth asking",
        "The calls",
        "What comes out",
        "How to feed it",
        "How to schedule it",
        "How good it is",
        "Limits",
        "Where to read more",
    ]


def test_readme_names_every_call_and_no_other() -> None:
    section = README.partition("## The calls")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `materiel (\w+)", section, flags=re.MULTILINE)
    assert sorted(named) == sorted(cli.list_commands(click.Context(cli)))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_calls_and_options_that_pages_show_exist(page: Path) -> None:
    calls = re.findall(
        r"^(?:.*\| |\$ )?(?:\.venv/bin/)?materiel (\w+)(.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    for name, rest in calls:
        command = cli.get_command(click.Context(cli), name)
        if command is None:  # a sentence such as "materiel reads news"
            continue
        word = rest.split()[0] if rest.split() else ""
        if isinstance(command, click.Group) and (subcommand := command.get_command(click.Context(command), word)):
            command = subcommand
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert set(re.findall(r"(?<!\S)--[\w-]+", re.sub(r'"[^"]*"', "", rest).partition("#")[0])) <= known


def test_make_targets_that_pages_name_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"^make (\w+)|`make (\w+)`", text, flags=re.MULTILINE)
        assert {first or second for first, second in named} <= targets, page


def test_every_setting_is_documented_with_its_default() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `MATERIEL_(\w+)` \|.*\| (.+) \|$", page, flags=re.MULTILINE))
    assert {field.name.upper() for field in fields(Settings)} | {"DEBUG"} == set(table)
    for field in fields(Settings):
        if isinstance(field.default, int | float):
            assert float(table[field.name.upper()].replace(",", "")) == field.default


def test_deployments_are_those_that_the_page_names() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    page = (ROOT / "docs" / "scheduling.md").read_text(encoding="utf-8")
    for deployment in deployments:
        flow = deployment["entrypoint"].partition(":")[2]
        assert f"'{flow}/{deployment['name']}'" in page


def reasons_in_the_code() -> set[str]:
    found: set[str] = set()
    for name in REASONS_FROM:
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PLACE_OF_REASON:
                place = PLACE_OF_REASON[node.func.id]
                values = node.args[place : place + 1] + [word.value for word in node.keywords if word.arg == "reason"]
            elif isinstance(node, ast.Tuple) and len(node.elts) == 4 and isinstance(node.elts[0], ast.Tuple):
                values = node.elts[1:2]  # a row of the table of faults in flows/fetch.py
            else:
                continue
            found |= {str(value.value) for value in values if isinstance(value, ast.Constant)}
    return found


def test_every_reason_for_a_reject_is_documented() -> None:
    page = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \| (?:read|fetch|parse|extract)\b", page, flags=re.MULTILINE))
    found = reasons_in_the_code()
    assert len(found) > 20
    assert documented == found | FENCE_REASONS


def test_the_fact_model_names_the_words_of_the_data_tests() -> None:
    page = (ROOT / "docs" / "fact-model.md").read_text(encoding="utf-8")
    claims = yaml.safe_load((ROOT / "sql/models/marts/transfer_claims.yml").read_text(encoding="utf-8"))
    columns = {column["name"]: column for column in claims["models"][0]["columns"]}
    for name in ("status", "factuality", "category"):
        [values] = [
            test["accepted_values"].get("values") or test["accepted_values"]["arguments"]["values"]
            for test in columns[name]["data_tests"]
            if isinstance(test, dict) and "accepted_values" in test
        ]
        assert [value for value in values if f"| `{value}` |" not in page] == []


def test_decisions_are_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))
    for name in listed:
        headings = re.findall(r"^## (.+)$", (folder / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"]


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "images").iterdir()), ids=lambda path: path.name)
def test_pictures_need_nothing_else(picture: Path) -> None:
    assert picture.stat().st_size < 300_000
    text = picture.read_text(encoding="utf-8")
    assert re.findall(r"@font-face|@import|href=|url\(['\"]?(?!#)", text) == []


@pytest.mark.slow
def test_output_shown_is_real() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "refresh.py", "--check"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
