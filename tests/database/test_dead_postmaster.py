"""A killed postmaster that nothing took away must not keep the server down for ever."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.database import dead_postmaster

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")

SEGMENT = 42


@pytest.fixture
def dead_child() -> Iterator[int]:
    """A process that has ended and that its parent has not asked about."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    while dead_postmaster._is_zombie(child.pid) is False:
        time.sleep(0.01)
    yield child.pid
    child.wait()


def pid_file(data: Path, pid: int) -> Path:
    file = data / "postmaster.pid"
    file.write_text(f"{pid}\n{data}\n1700000000\n5432\n/s\n\n  1474901  {SEGMENT}\nready\n")
    return file


def shared_memory(folder: Path, holders: int) -> Path:
    table = folder / "shm"
    table.write_text(f"key shmid perms nattch\n1474901 {SEGMENT} 600 {holders}\n")
    return table


@pytest.mark.parametrize(("holders", "kept"), [(0, False), (3, True)])
def test_a_dead_entry_is_forgotten_once_its_last_backend_has_ended(
    dead_child: int, holders: int, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_another_parent(pid: int, options: int) -> tuple[int, int]:
        raise ChildProcessError

    monkeypatch.setattr(os, "waitpid", of_another_parent)
    monkeypatch.setattr(dead_postmaster, "_SHARED_MEMORY", shared_memory(tmp_path, holders))
    file = pid_file(tmp_path, dead_child)
    dead_postmaster.bury(tmp_path)
    assert file.exists() is kept
    monkeypatch.undo()


def test_a_dead_child_of_ours_is_taken_away(dead_child: int, tmp_path: Path) -> None:
    pid_file(tmp_path, dead_child)
    dead_postmaster.bury(tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(dead_child, 0)


def test_a_living_postmaster_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_postmaster, "_SHARED_MEMORY", shared_memory(tmp_path, 0))
    file = pid_file(tmp_path, os.getpid())
    dead_postmaster.bury(tmp_path)
    assert file.exists()


@pytest.mark.parametrize("text", ["", "no number\n", "1\n"])
def test_a_file_that_says_too_little_is_left_to_postgresql(tmp_path: Path, text: str) -> None:
    file = tmp_path / "postmaster.pid"
    file.write_text(text)
    dead_postmaster.bury(tmp_path)
    assert file.exists()
