"""Processor time and memory of the processes of an installation, PostgreSQL's among them."""

import os
from pathlib import Path

import psycopg

from tests.support.served import Served

_ROLES = ("api", "projector", "scheduler")


def processor_seconds(served: Served) -> dict[str, float]:
    """Processor time used so far, by role. `postgres` counts sessions that have ended as well."""
    used = {role: sum(map(processor_time, served.process_ids(role))) for role in _ROLES}
    return used | {"postgres": postgres_seconds(served.database_url)}


def postgres_seconds(database_url: str) -> float:
    """Processor time that a server on this machine has used, also for sessions that have ended."""
    postmaster = postmaster_of(database_url)
    running = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    sessions = [process for process in running if _parent(process) == postmaster]
    return processor_time(postmaster, with_ended=True) + sum(map(processor_time, sessions))


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Processor time between two readings, by role."""
    return {role: after[role] - before[role] for role in after}


def peak_memory(process: int) -> int:
    """The most memory that a process has held so far, in bytes."""
    return _status(process, "VmHWM")


def memory(process: int) -> int:
    """The memory that a process holds now, in bytes."""
    return _status(process, "VmRSS")


def postmaster_of(database_url: str) -> int:
    """The process id of a server on this machine."""
    with psycopg.connect(database_url) as connection:
        return _parent(connection.info.backend_pid)


def _status(process: int, name: str) -> int:
    status = (Path("/proc") / str(process) / "status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) * 1024


def _parent(process: int) -> int:
    fields = _fields(process)
    return int(fields[1]) if fields else 0


def processor_time(process: int, *, with_ended: bool = False) -> float:
    """Processor time of a process in seconds, with its children where they have ended."""
    fields = _fields(process)
    last = 15 if with_ended else 13
    ticks = sum(map(int, fields[11:last])) if fields else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def _fields(process: int) -> list[str]:
    """What the kernel says of a process after its name; nothing once it has ended."""
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
