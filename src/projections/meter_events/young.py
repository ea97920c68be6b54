"""The single events of days and hours that have no finer rows yet.

Where the rows of single events cannot be read yet (`Rows.memory`), they are kept from page to page:
to make a stretch finer takes all of its events.
"""

from collections import OrderedDict
from typing import Final, Self

from ledger.meter_events.aggregation import MICROSECONDS
from projections.meter_events.rollup_rows import DAY, USAGE_ROLLUPS
from projections.meter_events.singles import Singles, Stretch
from projections.runtime.rows import Rows, Within

_MOST_EVENTS: Final = 250_000
_NAME: Final = "young usage"

_WORTH_CUTTING: Final = 16
"""So many times as many events as are kept may stay in memory with them; to cut them out of their
page takes as long as all the rest."""

_DAY: Final = DAY * MICROSECONDS

_Place = tuple[int, int, int]
"""Series, resolution and bucket."""


class Young:
    """Some stretches and their events: those that were looked at last, as many as there is room
    for."""

    def __init__(self, most: int, latest: int) -> None:
        self.latest = latest
        """No usage that was added so far is later than this time. There are no rows of a stretch
        that begins after it."""
        self._most = most
        self._events = 0
        # The first key of a plain dict is slow to find after others before it were taken out.
        self._held: OrderedDict[_Place, list[Stretch]] = OrderedDict()

    @classmethod
    def of(cls, rows: Rows) -> Self | None:
        """Those kept beside some rows; None where the rows can be read."""
        if rows.memory is None:
            return None
        if _NAME not in rows.memory:
            rows.memory[_NAME] = cls(_MOST_EVENTS, _end_of_last_day(rows))
        return rows.memory[_NAME]

    def came_to(self, time: int) -> None:
        """Usage up to this time was added."""
        self.latest = max(self.latest, time)

    def keep(self, resolution: int, stretch: Stretch) -> None:
        """Keep the events of a page that a stretch got."""
        if len(stretch.singles) > _WORTH_CUTTING * (stretch.past - stretch.first):
            stretch = stretch.cut_out()
        place = _place(resolution, stretch)
        parts = self._held.get(place)
        if parts is None:
            self._held[place] = [stretch]
        else:
            parts.append(stretch)
        self._events += stretch.past - stretch.first
        while self._events > self._most:
            self._forget(next(iter(self._held)))

    def take(self, resolution: int, stretch: Stretch, count: int) -> Singles | None:
        """All `count` events of a stretch, with those that it gets now; None where some were not
        kept."""
        parts = [*self._forget(_place(resolution, stretch)), stretch]
        return Singles.joined(parts) if _events_of(parts) == count else None

    def _forget(self, place: _Place) -> list[Stretch]:
        parts = self._held.pop(place, [])
        self._events -= _events_of(parts)
        return parts


def _events_of(parts: list[Stretch]) -> int:
    return sum(stretch.past - stretch.first for stretch in parts)


def _place(resolution: int, stretch: Stretch) -> _Place:
    return stretch.singles.series.int, resolution, stretch.bucket


def _end_of_last_day(rows: Rows) -> int:
    """The last microsecond of the last day that has usage, -1 where there is none."""
    within = Within("bucket", 0, 2**63 - 1)
    found = rows.greatest(USAGE_ROLLUPS, within, ("bucket",), 1)
    return max((row.bucket - row.bucket % _DAY + _DAY - 1 for row in found), default=-1)
