"""Billing periods: half-open stretches of time, cut by a cycle from its anchor.

A boundary is always counted from the original anchor, never from the boundary before it, so a
subscription anchored on 31 January renews on 28 February and then on 31 March again (contract §8).
All times are aware UTC datetimes.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

Interval = Literal["day", "week", "month", "year"]

_FIXED: Final = {"day": timedelta(days=1), "week": timedelta(weeks=1)}
_MONTHS: Final = {"month": 1, "year": 12}
_ANY_MONTH: Final = 28
"""Days that every month has."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The time from `start` up to, not including, `end`. Raises ValueError if not UTC or reversed.

    A period may be empty, as when a subscription ends at the instant it began.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:
            object.__setattr__(self, "start", _utc(self.start))
            object.__setattr__(self, "end", _utc(self.end))
        if self.end < self.start:
            raise ValueError(f"a period cannot end ({self.end}) before it starts ({self.start})")

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Cycle:
    """Boundaries at `anchor` plus n times `count` intervals, for every whole n, negative ones too.

    `day` is the day of the month where the anchor is one that a shorter month has cut: 31 for an
    anchor on 28 February that means the last day of every month. Raises ValueError for an anchor
    without UTC offset or a count below 1.
    """

    anchor: datetime
    interval: Interval
    count: int = 1
    day: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "anchor", _utc(self.anchor))
        if self.count < 1:
            raise ValueError(f"a cycle has at least one interval, not {self.count}")

    def boundary(self, n: int) -> datetime:
        """The n-th boundary: 0 is the anchor itself, negative ones lie before it."""
        if self.interval in _FIXED:
            return self.anchor + _FIXED[self.interval] * (n * self.count)
        months = n * self.count * _MONTHS[self.interval]
        return _months_after(self.anchor, months, self.day)

    def number_at(self, instant: datetime) -> int:
        """Which n has boundary(n) <= instant < boundary(n + 1)."""
        if self.interval in _FIXED:
            return (instant - self.anchor) // (_FIXED[self.interval] * self.count)
        t = _utc(instant)
        months = (t.year - self.anchor.year) * 12 + t.month - self.anchor.month
        n = months // (self.count * _MONTHS[self.interval])
        return n if self.boundary(n) <= t else n - 1

    def period_at(self, instant: datetime, *, since: datetime | None = None) -> Period:
        """The period that holds the instant, cut to begin no earlier than `since`.

        With `since`, the start of a subscription, the first period is the stub before its first
        boundary. Raises ValueError if the instant lies before `since`.
        """
        n = self.number_at(instant)
        start = self.boundary(n)
        if since is not None:
            if instant < since:
                raise ValueError(f"{instant} lies before {since}, where the periods begin")
            start = max(start, since)
        return Period(start, self.boundary(n + 1))

    def periods_between(self, start: datetime, end: datetime) -> Iterator[Period]:
        """The periods completed by `end` for what began at `start`, oldest first.

        The first is a stub if `start` is no boundary; the one still running at `end` is left to
        `period_at`. Each begins where the one before it ended.
        """
        n = self.number_at(start) + 1
        since, until = _utc(start), self.boundary(n)
        while until <= end:
            yield Period(since, until)
            n += 1
            since, until = until, self.boundary(n)


def _months_after(instant: datetime, months: int, day: int | None) -> datetime:
    """So many months later, on a day of the month or its own, the last one of a shorter month."""
    year, month = divmod(instant.year * 12 + instant.month - 1 + months, 12)
    wanted = day or instant.day
    if wanted > _ANY_MONTH:
        wanted = min(wanted, monthrange(year, month + 1)[1])
    return instant.replace(year=year, month=month + 1, day=wanted)


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; times are aware and in UTC")
    return instant.astimezone(UTC)
