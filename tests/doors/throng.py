"""Several connections of one client, which send through a door side by side."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from tests.doors.answers import Unclear
from tests.doors.bodies import MOST_STREAMED, SINGLE, Door
from tests.doors.client import DoorClient, GivenUp, Told
from tests.doors.uses import Use, cut

CONNECTIONS: Final = 16
"""At the doors for single events; the stream has a quarter."""


@dataclass
class Throng:
    """What could not be sent is in what was `told`. It must be closed."""

    base_url: str
    api_key: str
    name: str
    chance: random.Random
    told: Told = field(default_factory=Told)

    def __post_init__(self) -> None:
        self._clients = [
            DoorClient(self.base_url, self.api_key, self.name, self.told, _own(self.chance))
            for _ in range(CONNECTIONS)
        ]
        self._threads = ThreadPoolExecutor(CONNECTIONS)

    def close(self) -> None:
        self._threads.shutdown()
        for client in self._clients:
            client.close()

    def send(self, door: Door, uses: list[Use]) -> None:
        """Single events each by itself, a stream in requests of any size, anything else whole."""
        if door in SINGLE:
            parts, wide = [[use] for use in uses], CONNECTIONS
        elif door == "stream":
            parts = list(cut(uses, self.chance.randint(1, MOST_STREAMED)))
            wide = CONNECTIONS // 4
        else:
            parts, wide = [uses], 1
        sending = [
            self._threads.submit(_send_all, door, self._clients[n], parts[n::wide])
            for n in range(wide)
        ]
        for one in sending:
            one.result()


def _own(chance: random.Random) -> random.Random:
    return random.Random(chance.random())


def _send_all(door: Door, client: DoorClient, parts: list[list[Use]]) -> None:
    for part in parts:
        with suppress(GivenUp, Unclear):
            client.send(door, part)
