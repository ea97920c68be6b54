"""`run.py`: what it does before anything is installed. No test here needs a network."""

import os
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from ledger.kernel.clock import monotonic

CHECKOUT = Path(__file__).parents[2]
FILES = ("run.py", "requirements.lock", "pyproject.toml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a space in its name, not set up."""
    folder = tmp_path / "a check out"
    folder.mkdir()
    for name in FILES:
        shutil.copy(CHECKOUT / name, folder)
    return folder


@pytest.fixture
def run(checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The `run.py` of that checkout."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    spec = spec_from_file_location("run", checkout / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def set_up_by_hand(run: ModuleType, checkout: Path) -> None:
    environment = checkout / ".tallybook" / f"venv-{sys.version_info[0]}.{sys.version_info[1]}"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(sys.executable)
    (environment / "complete").write_text(run.state())


def test_words_go_to_the_command_as_they_are_and_at_once(run: ModuleType, checkout: Path) -> None:
    set_up_by_hand(run, checkout)
    package = checkout / "src" / "api"
    package.mkdir(parents=True)
    (package / "main.py").write_text("import sys; print(sys.argv[1:]); sys.exit(3)")
    words = ["invoice", "replay", "in 1", "--as-of", "'7'"]
    started = monotonic()
    done = subprocess.run(
        [sys.executable, checkout / "run.py", *words],
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == (f"{words}\n", "", 3)
    assert monotonic() - started < 3


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_an_installation_is_current_until_its_files_change(
    run: ModuleType, checkout: Path, changed: str
) -> None:
    set_up_by_hand(run, checkout)
    (environment,) = (checkout / ".tallybook").iterdir()
    assert run.is_current(environment)
    with (checkout / changed).open("a") as file:
        file.write("\n# changed\n")
    assert not run.is_current(environment)


def test_an_old_python_is_told_which_one_is_needed(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert run.main(["demo"]) == 1
    assert "needs Python 3.11 or newer" in capsys.readouterr().err


def test_a_folder_that_another_user_prepared_is_never_used(
    run: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run.own_folder() == checkout / ".tallybook"
    someone_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone_else)
    assert run.own_folder() is None
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if os.geteuid() == 0:
        os.chown(checkout / ".tallybook", someone_else, -1)
        folder = run.own_folder()
        assert folder is not None
        assert folder.is_relative_to(tmp_path / "cache" / "tallybook")


def test_without_a_folder_to_write_to_nothing_is_tried(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "own_folder", lambda: None)
    assert run.main(["demo"]) == 1
    assert "can be written to" in capsys.readouterr().err


def test_uv_is_fetched_by_the_hashes_of_the_lock(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(run, "first_failure", lambda *given: commands.extend(given))
    assert run.fetch_uv(tmp_path) is None
    first, *hashes = (tmp_path / "uv.requirement").read_text().splitlines()
    assert first.startswith("uv==")
    assert hashes
    assert all(line.strip().startswith("--hash=sha256:") for line in hashes)
    assert "--require-hashes" in commands[0]
    assert run.fetch_uv(tmp_path) is None
    assert len(commands) == 1


def test_pip_alone_serves_where_uv_does_not(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(home: Path, environment: Path) -> None:
        environment.mkdir()

    monkeypatch.setattr(run, "with_uv", lambda *_: "uv cannot be had")
    monkeypatch.setattr(run, "with_pip", install)
    home = run.own_folder()
    assert run.set_up(home, home / "venv")
    assert run.is_current(home / "venv")


def test_a_set_up_that_fails_says_why_and_leaves_nothing_that_looks_whole(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "with_uv", lambda *_: "uv cannot be had")
    monkeypatch.setattr(run, "with_pip", lambda *_: "no network")
    assert run.main(["demo"]) == 1
    said = capsys.readouterr().err
    assert "uv cannot be had" in said
    assert "no network" in said
    assert not list(run.own_folder().glob("venv-*/complete"))


def test_the_lock_names_no_address_and_a_hash_for_every_file() -> None:
    text = (CHECKOUT / "requirements.lock").read_text()
    assert "://" not in text
    assert "--index-url" not in text
    entries = text.replace("\\\n", "").splitlines()
    pinned = [line for line in entries if line and not line.startswith("#")]
    assert all("==" in line and "--hash=sha256:" in line for line in pinned)


def test_a_test_run_reports_each_check_and_fails_with_any(
    run: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    programs = tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("ruff", "pyright", "lint-imports", "python"):
        program = programs / name
        program.write_text(f'#!/bin/sh\necho "{name} $*"\ntest {name} != pyright\n')
        program.chmod(0o755)
    assert run.test(tmp_path, tmp_path / "venv", ["-k", "one"]) == 1
    said = capfd.readouterr().out
    assert "ruff check ." in said
    assert "ruff format --check ." in said
    assert "python -m pytest -n 2" in said
    assert "-k one\n" in said
    assert said.endswith("Failed: pyright.\n")
