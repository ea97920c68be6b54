"""The source stays small, plainly named, exact and at home on any machine."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 300
LONGEST_FUNCTION = 50

# What goes to outsiders as one file that they can read from top to bottom.
ONE_FILE = {"src/ledger/audit/evidence/verify.py"}
BANNED_NAMES = {"helper", "helpers", "manager", "misc", "util", "utils"}
SIDES = ("ledger", "projections", "api")

# How long to wait is no quantity and no amount.
WAITING = {
    "ledger/application.py",
    "ledger/kernel/clock.py",
    "ledger/store/datastore.py",
    "ledger/store/polling.py",
    "ledger/store/retrying.py",
    "projections/runtime/follower.py",
    "projections/runtime/leases.py",
    "projections/runtime/lookout.py",
    "projections/runtime/reader.py",
    "projections/runtime/rebuild/pace.py",
    "projections/runtime/rebuild/workers.py",
    "projections/runtime/wake.py",
}

# Machinery that has no counterpart on the other sides. Checkpoints are facts below every concept,
# of which the audit's other sides, and tests, tell.
ONLY_HERE = {
    "ledger": {"checkpoints", "kernel", "rating", "store"},
    "projections": {"due", "runtime"},
    "api": {"cli", "database", "demo", "http", "rebuild", "serve"},
}

REGISTRIES = re.compile(r"https?://[^\s\"']*(pypi|pythonhosted|npmjs|simple/|artifactory|nexus)")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:home|root|Users|work|opt/[a-z]+)/")


def tracked(*suffixes: str) -> list[Path]:
    """The project's own text files, without anything that is made when it runs."""
    found = [ROOT / "run.py"]
    for folder in ("src", "tests", "docs", "benchmarks", ".ci"):
        found += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    found += [path for path in ROOT.glob("*.*") if path.is_file()]
    kept = {path for path in found if path.suffix in suffixes and "__pycache__" not in path.parts}
    return sorted(kept)


PYTHON = tracked(".py")


def place(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_something_to_look_at() -> None:
    assert len(PYTHON) > 200


def test_files_are_short() -> None:
    long = {
        place(path): len(path.read_text().splitlines())
        for path in PYTHON
        if place(path) not in ONE_FILE
    }
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    def long_ones() -> Iterator[str]:
        for path in PYTHON:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or node.lineno) - node.lineno + 1
                    if lines > LONGEST_FUNCTION:
                        yield f"{place(path)}:{node.lineno} {node.name}: {lines} lines"

    assert list(long_ones()) == []


def test_names_say_something() -> None:
    names = {place(path): re.split(r"[_.]", path.stem) for path in PYTHON}
    assert [name for name, words in names.items() if BANNED_NAMES & set(words)] == []


@pytest.mark.parametrize("side", ["ledger", "projections"])
def test_no_quantity_or_amount_is_a_float(side: str) -> None:
    def floats() -> Iterator[str]:
        for path in sorted((ROOT / "src" / side).rglob("*.py")):
            if str(path.relative_to(ROOT / "src")) in WAITING:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Name(id="float") | ast.Constant(value=float()):
                        yield f"{place(path)}:{node.lineno}"
                    case _:
                        pass

    assert list(floats()) == []


def test_files_that_wait_know_nothing_of_money() -> None:
    for name in WAITING:
        text = (ROOT / "src" / name).read_text()
        assert "Decimal" not in text, name


def test_no_registry_and_no_machine_is_named() -> None:
    suffixes = (".py", ".md", ".toml", ".lock", ".sql", ".html", ".yaml", ".txt")
    named = [
        f"{place(path)}: {found.group()}"
        for path in tracked(*suffixes)
        if path != Path(__file__)
        for pattern in (REGISTRIES, MACHINE_PATHS)
        for found in [pattern.search(path.read_text())]
        if found
    ]
    assert named == []


def test_concepts_have_one_name_on_every_side() -> None:
    concepts = {
        side: {
            path.parent.name
            for path in (ROOT / "src" / side).glob("*/__init__.py")
            if path.parent.name not in ONLY_HERE[side]
        }
        for side in SIDES
    }
    assert concepts["ledger"] == concepts["projections"] == concepts["api"]
    assert len(concepts["ledger"]) >= 8


def test_every_concept_is_tested_under_its_name() -> None:
    concepts = {
        path.parent.name for side in SIDES for path in (ROOT / "src" / side).glob("*/__init__.py")
    }
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    elsewhere = {"checkpoints", "cli", "due", "rebuild", "serve"}
    assert concepts - folders <= elsewhere
