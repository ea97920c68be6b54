"""Points of a ledger's log: which position an instant stands for, and when a position was recorded.

Events are recorded in the order of positions, but what they say of when is the time at which their
requests came in, so that neighbours may stand in another order. An instant therefore stands for the
last position before the first event that was recorded after it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.kernel.clock import EPOCH
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.events import UsageRecorded
from projections.runtime.log import Log

_NEIGHBOURS: Final = 64
"""How far apart events may stand that were recorded in another order than they came in."""


@dataclass(frozen=True, slots=True)
class PointInTime:
    """What was recorded up to and with a position, at an instant: the moment of an answer."""

    position: int
    at: datetime


def recorded_at(log: Log, position: int) -> datetime:
    """When the event at a position was recorded; the epoch for 0, before the first one."""
    if position < 1:
        return EPOCH
    [recorded] = log.page(position - 1, 1)
    return recorded.recorded_at


def position_at(log: Log, instant: datetime) -> int:
    """The position up to which everything was recorded by an instant; 0 where nothing was."""
    low, high = 0, log.head()
    while low < high:
        middle = (low + high + 1) // 2
        if recorded_at(log, middle) <= instant:
            low = middle
        else:
            high = middle - 1
    first = max(0, low - _NEIGHBOURS)
    for recorded in log.page(first, low - first) if low else []:
        if recorded.recorded_at > instant:
            return recorded.position - 1
    return low


def last_whole(log: Log, position: int) -> int:
    """The last position, at most this one, at which no command was recorded in part: what one
    command led to was recorded at once, so that nobody ever read up to the middle of it."""
    if position >= log.head():
        return position
    while position > 0:
        before, after = log.page(position - 1, 2)
        if not _of_one_command(before, after):
            break
        position -= 1
    return position


def _of_one_command(before: RecordedEvent, after: RecordedEvent) -> bool:
    """A command has a correlation of its own; only usage may come in parts."""
    if isinstance(before.event, UsageRecorded) or isinstance(after.event, UsageRecorded):
        return False
    return before.metadata == after.metadata
