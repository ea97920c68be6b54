"""A killed postmaster whose process entry was never taken away.

In a container whose first process reaps no children, a killed postmaster stays as a zombie. Its
pid then looks alive to PostgreSQL, which refuses to start for as long as `postmaster.pid` names it.
"""

import os
from pathlib import Path

_PROCESSES = Path("/proc")
_SHARED_MEMORY = Path("/proc/sysvipc/shm")
_SHARED_MEMORY_LINE = 6


def bury(data: Path) -> None:
    """Remove `postmaster.pid` when its process is dead and no backend of it is left."""
    file = data / "postmaster.pid"
    try:
        lines = file.read_text().splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return
    _reap(pid)
    if _is_zombie(pid) and len(lines) > _SHARED_MEMORY_LINE:
        key_and_id = lines[_SHARED_MEMORY_LINE].split()
        if key_and_id and not _attached(key_and_id[-1]):
            file.unlink(missing_ok=True)


def _reap(pid: int) -> None:
    """Take away the process entry if it is a dead child of ours."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _is_zombie(pid: int) -> bool:
    try:
        status = (_PROCESSES / str(pid) / "stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[:1] == ["Z"]


def _attached(segment: str) -> bool:
    """Whether any process holds the shared memory segment, on which every backend hangs."""
    try:
        rows = [line.split() for line in _SHARED_MEMORY.read_text().splitlines()]
    except OSError:
        return True
    columns = rows[0]
    identity, holders = columns.index("shmid"), columns.index("nattch")
    return any(row[identity] == segment and row[holders] != "0" for row in rows[1:])
