"""What an append takes beside events, and how it ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Place(NamedTuple):
    """Where an event stands: its stream, and its position in the log."""

    stream: str
    position: int


@dataclass(frozen=True, slots=True)
class Appended:
    """Positions of the events just appended, contiguous and in order."""

    positions: list[int]


class SealedAnswer(NamedTuple):
    """A response as an idempotency row holds it: its body can be read by the caller alone."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class IdempotencyRow:
    """A claim of an idempotency key, written in the transaction of the events.

    With `answer`, where that is known before the commit.
    """

    key: str
    request_hash: bytes
    created_at: datetime
    answer: SealedAnswer | None = None


class StaleRead(Exception):
    """A stream that the decision was made from has moved since it was read."""


class IdempotencyKeyTaken(Exception):
    """Another request with this key was committed first."""
