"""A doorbell between processes of one machine: a datagram tells a follower which ledger has news.

It only shortens the wait. A follower that hears nothing finds the news by polling. A ring is from
somebody who waits for the follower; word of news is from somebody who does not.
"""

import contextlib
import os
import select
import socket
from pathlib import Path
from typing import Final, Protocol

from ledger.kernel.clock import monotonic

_NEWS: Final = b"news "


class Bell(Protocol):
    """What a follower listens to."""

    def wait(self, seconds: float) -> bool:
        """Wait for a ring or for word of news; True when one came."""
        ...

    def wait_for_ring(self, seconds: float) -> bool:
        """Wait for a ring, whatever the news; True when one came."""
        ...

    def rung(self) -> set[int]:
        """The ledgers that a ring or word came for since this was asked last."""
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
        self._waited_for = False

    def wait(self, seconds: float) -> bool:
        """See Bell."""
        ready, _, _ = select.select([self._socket], [], [], seconds)
        if ready:
            self._drain()
        return bool(ready)

    def wait_for_ring(self, seconds: float) -> bool:
        """See Bell."""
        until = monotonic() + seconds
        self._drain()
        while not self._waited_for and (left := until - monotonic()) > 0:
            self.wait(left)
        return self._waited_for

    def rung(self) -> set[int]:
        """See Bell."""
        self._drain()
        rung, self._rung, self._waited_for = self._rung, set(), False
        return rung

    def close(self) -> None:
        self._socket.close()

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while said := self._socket.recv(64):
                self._waited_for = self._waited_for or not said.startswith(_NEWS)
                self._rung.add(int(said.removeprefix(_NEWS)))


class Ringer:
    """The other end: rings the bell at a path, and does nothing while nobody listens."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._target = os.fspath(path)

    def ring(self, ledger_id: int) -> None:
        """Say that somebody waits for what is new in a ledger."""
        self._say(b"%d" % ledger_id)

    def tell(self, ledger_id: int) -> None:
        """Say that there is something new in a ledger."""
        self._say(_NEWS + b"%d" % ledger_id)

    def _say(self, what: bytes) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(what, self._target)

    def close(self) -> None:
        self._socket.close()
