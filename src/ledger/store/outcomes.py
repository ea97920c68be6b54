"""What an append takes beside events, and how it ends."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Appended:
    """Positions of the events just appended, contiguous and in order."""

    positions: list[int]


@dataclass(frozen=True, slots=True)
class IdempotencyRow:
    """A claim of an idempotency key, written in the transaction of the events."""

    key: str
    request_hash: bytes
    created_at: datetime


class StaleRead(Exception):
    """A stream that the decision was made from has moved since it was read."""


class IdempotencyKeyTaken(Exception):
    """Another request with this key was committed first."""
