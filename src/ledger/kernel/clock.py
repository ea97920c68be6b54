"""The only reader of the system clock."""

import time
from datetime import UTC, datetime


def system_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds of a clock that never goes back, for timeouts and rates."""
    return time.monotonic()


def from_epoch(seconds: int) -> datetime:
    """The UTC time of integer epoch seconds, as they stand on the wire."""
    return datetime.fromtimestamp(seconds, UTC)


def to_epoch(moment: datetime) -> int:
    """Epoch seconds of an aware time, rounded down."""
    return int(moment.timestamp() // 1)
