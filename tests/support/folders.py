"""Folders that the user who runs PostgreSQL for root can reach; pytest's own are closed to it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """One such folder for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="tallybook-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def folder() -> Iterator[Path]:
    """One such folder for a test."""
    with reachable_folder() as path:
        yield path
