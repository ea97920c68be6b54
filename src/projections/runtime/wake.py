"""A doorbell between processes of one machine: a datagram tells a follower which ledger has news.

It only shortens the wait. A follower that hears nothing finds the news by polling.
"""

import contextlib
import os
import select
import socket
from pathlib import Path
from typing import Protocol


class Bell(Protocol):
    """What a follower listens to."""

    def wait(self, seconds: float) -> bool:
        """Wait for a ring; True when one came."""
        ...

    def rung(self) -> set[int]:
        """The ledgers rung for since this was asked last."""
        ...


class Doorbell:
    """The follower's end: bound to a socket in a private folder."""

    def __init__(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(os.fspath(path))
        self._rung: set[int] = set()

    def wait(self, seconds: float) -> bool:
        """Wait for a ring; True when one came."""
        ready, _, _ = select.select([self._socket], [], [], seconds)
        if ready:
            self._drain()
        return bool(ready)

    def rung(self) -> set[int]:
        """The ledgers rung for since this was asked last."""
        self._drain()
        rung, self._rung = self._rung, set()
        return rung

    def close(self) -> None:
        self._socket.close()

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while named := self._socket.recv(64):
                self._rung.add(int(named))


class Ringer:
    """The other end: rings the bell at a path, and does nothing while nobody listens."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._target = os.fspath(path)

    def ring(self, ledger_id: int) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(b"%d" % ledger_id, self._target)

    def close(self) -> None:
        self._socket.close()
