"""The only reader of the system clock, and the ways to write a time as a number."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_MICROSECOND: Final = timedelta(microseconds=1)


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


def from_microseconds(microseconds: int) -> datetime:
    """The UTC time of epoch microseconds, as meter events are recorded."""
    return EPOCH + microseconds * _MICROSECOND


def to_microseconds(moment: datetime) -> int:
    """Exact epoch microseconds of an aware time."""
    return (moment - EPOCH) // _MICROSECOND
