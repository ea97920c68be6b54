"""Waiting for `tallybook serve` to say where it serves."""

import subprocess
import time
from pathlib import Path

_START_SECONDS = 60.0
_ANNOUNCED = "Tallybook serves on "


def announced(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The URL that a starting process writes to its log. Raises SystemExit when none comes."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            if line.startswith(_ANNOUNCED):
                return line.removeprefix(_ANNOUNCED).split()[0]
        time.sleep(0.05)
    raise SystemExit(f"nothing is served:\n{log.read_text()}")
