"""Folders that the user who runs PostgreSQL for root can reach; pytest's own are closed to it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tallybook-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)
