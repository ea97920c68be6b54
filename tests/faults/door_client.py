"""One client of a door run, as a process: sends all records in an order and in pieces of its own.

Reads lines of JSON from standard input: first its order, then how many records it may have begun
to send. Writes a line whenever it has sent more, and at the end what it was told.
"""

import json
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from tests.doors.bodies import DOORS, SINGLE, Door
from tests.doors.client import Told
from tests.doors.throng import Throng
from tests.doors.uses import Use
from tests.faults.door_files import FileSender
from tests.faults.door_records import Plan

REPEATED = 0.03
"""The share of the pieces that are sent twice."""

STRAYING = 0.2
"""The share of the records whose place in a client's order is any."""

PIECES = {"bulk": (1, 4_000), "single": (100, 1_000), "files": (2_000, 20_000)}
"""Records that are dealt with at a time, least and most."""


@dataclass(frozen=True)
class Order:
    """`doors` are the doors of this client with their shares, `least` the fewest records that are
    worth a file."""

    name: str
    plan: Plan
    base_url: str
    api_key: str
    doors: dict[str, float]
    least: int
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

    def after(self, sent: int, least: int) -> int:
        """How many may follow; waits until it is so many at least."""
        with self._moved:
            self._moved.wait_for(lambda: sent + least <= self._limit)
            return self._limit - sent


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
        self._throng = Throng(order.base_url, order.api_key, order.name, self._chance, self.told)
        self._files = FileSender(
            order.command, order.data_dir, order.base_url, order.api_key, order.folder, self.told
        )

    def run(self) -> None:
        """All records, some of them twice on purpose."""
        for door, piece in self._pieces(self._ordered()):
            self._send(door, piece)
            if self._chance.random() < REPEATED:
                self._send(door, piece)
            self.sent[door] += len(piece)
            self.say({"sent": self.sent.total()})
        self._throng.close()

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
            # A file costs a process or more, so that it waits until it is worth one.
            least = min(len(uses) - start, self.order.least if kind == "files" else 1)
            size = min(self._chance.randint(*PIECES[kind]), self.leash.after(start, least))
            yield door, uses[start : start + size]
            start += size

    def _send(self, door: str, piece: list[Use]) -> None:
        if door in DOORS:
            self._throng.send(cast("Door", door), piece)
        else:
            self._files.send(door, piece)


def main() -> int:
    def say(what: dict[str, Any]) -> None:
        print(json.dumps(what), flush=True)

    leash = Leash()

    def listen() -> None:
        for line in sys.stdin:
            leash.move(json.loads(line)["limit"])
        os._exit(1)  # whoever began this run is gone

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
