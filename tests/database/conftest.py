"""Folders and other processes for the tests of the embedded PostgreSQL."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.folders import folder

__all__ = ["folder"]

SOURCE = Path(__file__).parents[2] / "src"
_CLIENT = """
import sys
from pathlib import Path
from api.database.embedded import Embedded
embedded = Embedded(Path(sys.argv[1])).start()
print("started", flush=True)
sys.stdin.read()
print("stopped" if embedded.stop() else "left running", flush=True)
"""


class Client:
    """Another process that uses the embedded server until it is told to leave, or killed."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CLIENT, folder],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_started(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "started\n"

    def leave(self) -> str:
        """What the process says of the server as it leaves."""
        return self.process.communicate()[0].strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def another_process() -> Iterator[Callable[[Path], Client]]:
    """Starts further clients of a server; what is left of them is killed after the test."""
    with ExitStack() as undo:

        def start(folder: Path) -> Client:
            client = Client(folder)
            undo.callback(client.kill)
            return client

        yield start
