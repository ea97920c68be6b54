"""A client of a door run as the run sees it: a process, how far it is, and what it was told."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tests.support.served import ROOT


class ClientProcess:
    """Started at once. `sent` counts its records so far, `told` is there at the end."""

    def __init__(self, name: str, order: dict[str, Any], environment: Mapping[str, str]) -> None:
        self.name = name
        self.sent = 0
        self.told: dict[str, Any] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.door_client"],
            env={**environment, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        command = [sys.executable, "-m", "api.main"]
        self._write({"name": name, "command": command, **order})
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def let(self, limit: int) -> None:
        """Let it begin to send so many records in all."""
        with suppress(BrokenPipeError):  # it is through
            self._write({"limit": limit})

    def _write(self, what: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if "sent" in said:
                self.sent = said["sent"]
            else:
                self.told = said

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        """Take what it left, once it is through."""
        self._process.wait()
        self._reading.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()

    def problems(self) -> list[str]:
        """What it was told that told it nothing, and whether it came to its end."""
        if self._process.returncode != 0 or not self.told:
            return [f"{self.name} ended with {self._process.returncode}"]
        return [f"{self.name}: {unclear}" for unclear in self.told["unclear"]]
