"""A doorbell between processes of one machine: a datagram tells a follower that there is news.

It only shortens the wait. A follower that hears nothing finds the news by polling.
"""

import contextlib
import os
import select
import socket
from pathlib import Path


class Doorbell:
    """The follower's end: bound to a socket in a private folder."""

    def __init__(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(os.fspath(path))

    def wait(self, seconds: float) -> bool:
        """Wait for a ring; True when one came."""
        ready, _, _ = select.select([self._socket], [], [], seconds)
        if ready:
            self._drain()
        return bool(ready)

    def close(self) -> None:
        self._socket.close()

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(64):
                pass


class Ringer:
    """The other end: rings the bell at a path, and does nothing while nobody listens."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._target = os.fspath(path)

    def ring(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(b"!", self._target)

    def close(self) -> None:
        self._socket.close()
