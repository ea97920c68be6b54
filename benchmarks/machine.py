"""The machine, the versions and the settings that a run stands on."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from tests.support.served import ROOT

_SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "autovacuum",
)


def machine_of(database_url: str | None = None) -> dict[str, Any]:
    """Everything that a reader of the figures has to know about where they come from."""
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load": round(os.getloadavg()[0], 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }
    return found if database_url is None else found | {"postgresql": _postgresql(database_url)}


def lines(machine: dict[str, Any]) -> list[str]:
    """The same for a reader."""
    place = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
    return [
        f"{place}, load {machine['load']}; {machine['system']}; Python {machine['python']}",
        *_told(machine.get("postgresql")),
        f"commit {machine['commit']}, {machine['at']}",
    ]


def _told(postgresql: dict[str, str] | None) -> list[str]:
    if postgresql is None:
        return []
    settings = dict(postgresql)
    version = settings.pop("server_version")
    return [
        f"PostgreSQL {version}: " + ", ".join(f"{name} {value}" for name, value in settings.items())
    ]


def _postgresql(database_url: str) -> dict[str, str]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", (list(_SETTINGS),)
        ).fetchall()
    return dict(rows)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _commit() -> str:
    """The commit that was measured; a `+` follows it where files differ from it."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--", "src", "benchmarks")
    if commit is None:
        return "unknown"
    changes = [line for line in (changed or "").splitlines() if "benchmarks/results/" not in line]
    return f"{commit}+" if changes else commit


def _git(*words: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    ran = subprocess.run([git, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.stdout.strip() if ran.returncode == 0 else None
