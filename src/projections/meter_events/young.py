"""The single events of days and hours that have no finer rows yet.

Where the rows of single events cannot be read yet (`Rows.memory`), they are kept from page to page:
to make a stretch finer takes all of its events.
"""

from collections import OrderedDict
from typing import Final, Self
from uuid import UUID

from projections.meter_events.singles import Singles, Stretch
from projections.runtime.rows import Rows

_MOST_EVENTS: Final = 250_000
_NAME: Final = "young usage"

_Place = tuple[UUID, int, int]
"""Series, resolution and bucket."""


class Young:
    """Some stretches and their events: those that were looked at last, as many as there is room
    for."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._events = 0
        # The first key of a plain dict is slow to find after others before it were taken out.
        self._held: OrderedDict[_Place, list[Singles]] = OrderedDict()

    @classmethod
    def of(cls, rows: Rows) -> Self | None:
        """Those kept beside some rows; None where the rows can be read."""
        return None if rows.memory is None else rows.memory.setdefault(_NAME, cls(_MOST_EVENTS))

    def keep(self, resolution: int, stretch: Stretch) -> None:
        """Keep the events of a page that a stretch got."""
        parts = self._held.setdefault(_place(resolution, stretch), [])
        parts.append(stretch.part())
        self._events += len(parts[-1])
        while self._events > self._most:
            self._forget(next(iter(self._held)))

    def take(self, resolution: int, stretch: Stretch, count: int) -> Singles | None:
        """All `count` events of a stretch, with those that it gets now; None where some were not
        kept."""
        parts = [*self._forget(_place(resolution, stretch)), stretch.part()]
        return Singles.joined(parts) if sum(map(len, parts)) == count else None

    def _forget(self, place: _Place) -> list[Singles]:
        parts = self._held.pop(place, [])
        self._events -= sum(map(len, parts))
        return parts


def _place(resolution: int, stretch: Stretch) -> _Place:
    return stretch.singles.series, resolution, stretch.bucket
