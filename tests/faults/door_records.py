"""The records that every client of a door run sends: the same for all, made from the seed."""

import random
import uuid
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Self

from tests.doors.uses import MICROSECONDS, Use

HOUR = 3_600
SPAN = 6 * HOUR
"""Seconds over which the usage of each customer and meter is spread."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent. `meters` are event names; `start` is in epoch seconds."""

    seed: int
    size: int
    meters: tuple[str, ...]
    customers: tuple[str, ...]
    start: int

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        lists = {name: tuple(document[name]) for name in ("meters", "customers")}
        return cls(**{**document, **lists})

    def uses(self) -> list[Use]:
        """Every record. No two of a meter and a customer are of the same second, so that all
        that is read of them does not depend on the order in which they are recorded."""
        chance = random.Random(self.seed)
        series = [(meter, customer) for meter in self.meters for customer in self.customers]
        step = max(1, SPAN * len(series) // self.size)
        made, counts = list[Use](), Counter[tuple[str, str]]()
        for number in range(self.size):
            meter, customer = one = chance.choice(series)
            second = self.start + counts[one] * step
            counts[one] += 1
            made.append(
                Use(
                    meter,
                    _identifier(chance, number),
                    customer,
                    second * MICROSECONDS,
                    _value(chance),
                    (("model", chance.choice(("large", "small"))),),
                )
            )
        return made


def _identifier(chance: random.Random, number: int) -> str:
    """Mostly UUIDs, and some texts of another form."""
    if number % 4 == 0:
        return f"event-{number}"
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def _value(chance: random.Random) -> str:
    if chance.random() < 0.1:
        return f"-{chance.randint(1, 50)}"
    return f"{chance.randint(0, 500)}.{chance.randint(1, 9)}"
