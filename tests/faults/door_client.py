"""One client of a door run, as a process: sends all records in an order and in pieces of its own.

Reads lines of JSON from standard input: first its order, then how many records it may have begun
to send. Writes a line whenever it has sent more, and at the end what it was told.
"""

import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.doors.answers import Unclear
from tests.doors.bodies import DOORS, MOST_STREAMED, SINGLE, Door
from tests.doors.client import DoorClient, GivenUp, Told
from tests.doors.uses import Use, cut
from tests.faults.door_files import FileSender
from tests.faults.door_records import Plan

REPEATED = 0.03
"""The share of the pieces that are sent twice."""

STRAYING = 0.2
"""The share of the records whose place in a client's order is any."""

THREADS = 16
"""Connections of a client at the doors for single events; the stream has a quarter."""

PIECES = {"bulk": (1, 4_000), "single": (100, 1_000), "files": (2_000, 20_000)}
"""Records that are dealt with at a time, least and most."""


@dataclass(frozen=True)
class Order:
    """`doors` are the doors of this client with their shares."""

    name: str
    plan: Plan
    base_url: str
    api_key: str
    doors: dict[str, float]
    folder: Path
    command: list[str]
    data_dir: str

    @classmethod
    def read(cls, document: dict[str, Any]) -> "Order":
        plan = Plan.read(document.pop("plan"))
        return cls(plan=plan, folder=Path(document.pop("folder")), **document)


class Leash:
    """How far a client may go, so that all are on their way for as long as there are faults."""

    def __init__(self) -> None:
        self._limit = 0
        self._moved = threading.Condition()

    def move(self, limit: int) -> None:
        with self._moved:
            self._limit = limit
            self._moved.notify()

    def wait_for(self, sent: int) -> None:
        with self._moved:
            self._moved.wait_for(lambda: sent < self._limit)


@dataclass
class Sending:
    """What was sent to which door, and what was told."""

    order: Order
    leash: Leash
    say: Callable[[dict[str, Any]], None]
    told: Told = field(default_factory=Told)
    sent: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        order = self.order
        self._chance = random.Random(f"{order.plan.seed}-{order.name}")
        self._clients = [self._client(n) for n in range(THREADS)]
        self._files = FileSender(
            order.command, order.data_dir, order.base_url, order.api_key, order.folder, self.told
        )

    def _client(self, number: int) -> DoorClient:
        order = self.order
        chance = random.Random(f"{order.plan.seed}-{order.name}-{number}")
        return DoorClient(order.base_url, order.api_key, order.name, self.told, chance)

    def run(self) -> None:
        """All records, some of them twice on purpose."""
        with ThreadPoolExecutor(THREADS) as threads:
            for door, piece in self._pieces(self._ordered()):
                self.leash.wait_for(self.sent.total())
                self._send(door, piece, threads)
                if self._chance.random() < REPEATED:
                    self._send(door, piece, threads)
                self.sent[door] += len(piece)
                self.say({"sent": self.sent.total()})
        for client in self._clients:
            client.close()

    def _ordered(self) -> list[Use]:
        """An order of its own, in which new records come for as long as there are any: most are
        near their place in the plan, the others anywhere."""
        uses, chance = self.order.plan.uses(), self._chance
        places = [
            chance.random() if chance.random() < STRAYING else (n / len(uses)) + chance.random() / 8
            for n in range(len(uses))
        ]
        return [uses[n] for n in sorted(range(len(uses)), key=places.__getitem__)]

    def _pieces(self, uses: list[Use]) -> Iterator[tuple[str, list[Use]]]:
        """The records in order, each piece with the door it goes to."""
        doors, start = self.order.doors, 0
        while start < len(uses):
            door = min(doors, key=lambda one: self.sent[one] / doors[one])
            kind = "single" if door in SINGLE else "bulk" if door in DOORS else "files"
            if len(doors) > 1 and kind == "bulk":
                kind = "single"  # small pieces, so that its doors take turns often
            size = min(self._chance.randint(*PIECES[kind]), max(1, len(uses) // 8))
            yield door, uses[start : start + size]
            start += size

    def _send(self, door: str, piece: list[Use], threads: ThreadPoolExecutor) -> None:
        if door not in DOORS:
            self._files.send(door, piece)
            return
        if door in SINGLE:
            parts, workers = [[use] for use in piece], THREADS
        elif door == "stream":
            parts = list(cut(piece, self._chance.randint(1, MOST_STREAMED)))
            workers = THREADS // 4
        else:
            parts, workers = [piece], 1
        lanes = [(door, self._clients[n], parts[n::workers]) for n in range(workers)]
        for _ in threads.map(_send_all, *zip(*lanes, strict=True)):
            pass


def _send_all(door: Door, client: DoorClient, parts: list[list[Use]]) -> None:
    for part in parts:
        with suppress(GivenUp, Unclear):  # kept in what was told, which fails the run
            client.send(door, part)


def main() -> int:
    def say(what: dict[str, Any]) -> None:
        print(json.dumps(what), flush=True)

    leash = Leash()

    def listen() -> None:
        for line in sys.stdin:
            leash.move(json.loads(line)["limit"])

    sending = Sending(Order.read(json.loads(sys.stdin.readline())), leash, say)
    threading.Thread(target=listen, daemon=True).start()
    sending.run()
    told = sending.told
    say(
        {
            "door_records": sending.sent,
            "requests": told.requests,
            "answers": told.answers,
            "cut_off": told.cut_off,
            "accepted": told.accepted,
            "unclear": told.unclear,
        }
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
