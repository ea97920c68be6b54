"""`usage import` and `usage send` as a client uses them: run again until they are through."""

import json
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.doors import bodies
from tests.doors.client import Told
from tests.doors.uses import Use

ATTEMPTS = 20
_KILLED = -9
_AGAIN = {1, 5, 130}
"""Exit codes after which the same command may be run again: failed, no database, interrupted."""


@dataclass
class FileSender:
    """`command` runs `tallybook`; imports go to the database of `data_dir`, or to that of the
    environment where it is empty."""

    command: list[str]
    data_dir: str
    base_url: str
    api_key: str
    folder: Path
    told: Told
    _files: int = 0

    def send(self, door: str, uses: list[Use]) -> None:
        """Send records by a file, as often as it takes."""
        for words in self._import(uses) if door == "import" else self._send(uses):
            self._until_done(door, words)

    def _send(self, uses: list[Use]) -> Iterator[list[str]]:
        file = self._file(".ndjson", bodies.ndjson(uses))
        yield ["send", str(file), "--url", self.base_url, "--key", self.api_key]

    def _import(self, uses: list[Use]) -> Iterator[list[str]]:
        """One file a meter, since the command takes the event name as a word."""
        by_meter: dict[str, list[Use]] = defaultdict(list)
        for use in uses:
            by_meter[use.event_name].append(use)
        for event_name, theirs in by_meter.items():
            file = self._file(".csv", bodies.table(theirs))
            words = ["import", str(file), "--event-name", event_name]
            words += ["--customer-column", "stripe_customer_id", "--value-column", "value"]
            words += ["--identifier-column", "identifier"]
            for key, _ in theirs[0].dimensions:
                words += ["--dimension", key]
            yield [*words, *(["--data-dir", self.data_dir] if self.data_dir else [])]

    def _file(self, ending: str, content: bytes) -> Path:
        self._files += 1
        file = self.folder / f"{self._files}{ending}"
        file.write_bytes(content)
        return file

    def _until_done(self, door: str, words: list[str]) -> None:
        self.told.begun(door)
        for attempt in range(ATTEMPTS):
            time.sleep(min(0.2 * attempt, 2.0))
            ended = self._run(words)
            kind = f"{door}: exit code {ended.returncode}"
            if ended.returncode == _KILLED:
                self.told.was_cut_off(door, "killed")
                continue
            self.told.answers[kind] += 1
            self.told.accepted[door] += _accepted(ended.stdout)
            if ended.returncode == 0:
                return
            if ended.returncode not in _AGAIN or not ended.stderr.strip():
                said = f"{kind}: {ended.stdout[-500:]} {ended.stderr[-500:]}"
                self.told.was_unclear(door, said)
                return
        self.told.was_unclear(door, "never ended")

    def _run(self, words: list[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self.command, "usage", *words, "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def _accepted(told: str) -> int:
    try:
        return int(json.loads(told)["accepted"])
    except (ValueError, KeyError):
        return 0
