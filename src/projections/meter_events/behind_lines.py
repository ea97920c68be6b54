"""The single meter events behind an invoice line: what was rated, and what was not and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final, Literal, LiteralString, NamedTuple

from ledger.meter_events.aggregation import WINDOW_MICROSECONDS
from ledger.meter_events.usage import Asked
from projections.meter_events.counted import parameters
from projections.meter_events.days import positions_of
from projections.meter_events.retention import LOG_WITHIN_SECONDS, kept_from, log_of
from projections.meter_events.rows import CANCELLED_METER_EVENTS, METER_EVENTS
from projections.runtime.reader import Reader

Standing = Literal["rated", "cancelled", "late", "superseded"]


class Place(NamedTuple):
    """A meter event's time in epoch microseconds, and its place in the log; they order a line."""

    timestamp: int
    position: int
    ordinal: int


BEGINNING: Final = Place(-(2**62), 0, 0)


@dataclass(frozen=True, slots=True)
class BehindLine:
    """A meter event in the reach of a line, and what became of it there.

    It was `rated`; or `cancelled` by then; or `late`, recorded after what the line was rated
    through; or `superseded` by a later one of its hour or day, where the meter has such windows.
    `cancelled_at` is the position of its cancellation, also of one that came afterwards. Of what is
    known as of a position, nothing came after that.
    """

    place: Place
    standing: Standing
    cancelled_at: int | None


# A window's event is superseded by one that was recorded later and counted.
_REACHED: Final[LiteralString] = f"""
SELECT e.timestamp, e.position, e.ordinal,
    CASE WHEN c.cancelled_at <= %(known)s THEN c.cancelled_at END AS cancelled_at,
    %(width)s::bigint IS NOT NULL AND EXISTS (
        SELECT 1 FROM {METER_EVENTS.relation()} AS n
        LEFT JOIN {CANCELLED_METER_EVENTS.relation()} AS g
          USING (ledger_id, series, "timestamp", "position", ordinal)
        WHERE n.ledger_id = e.ledger_id AND n.series = e.series AND n.position <= %(through)s
          AND n.timestamp >= e.timestamp / %(width)s * %(width)s
          AND n.timestamp < (e.timestamp / %(width)s + 1) * %(width)s
          AND (n.position, n.ordinal) > (e.position, e.ordinal)
          AND coalesce(g.cancelled_at > %(through)s, true)) AS superseded
FROM {METER_EVENTS.relation()} AS e
LEFT JOIN {CANCELLED_METER_EVENTS.relation()} AS c
  USING (ledger_id, series, "timestamp", "position", ordinal)
WHERE e.ledger_id = %(ledger_id)s AND e.series = %(series)s
  AND e.timestamp >= %(from_time)s AND e.timestamp < %(to_time)s
  AND e.position <= %(known)s
  AND (e.timestamp, e.position, e.ordinal) > (%(at)s::bigint, %(past)s::bigint, %(ordinal)s::int)
ORDER BY e.timestamp, e.position, e.ordinal LIMIT %(limit)s
"""

_CANCELLED: Final[LiteralString] = f"""
SELECT "timestamp", "position", ordinal, cancelled_at FROM {CANCELLED_METER_EVENTS.relation()}
WHERE ledger_id = %(ledger_id)s AND series = %(series)s AND cancelled_at <= %(known)s
"""

NOW: Final = 2**63 - 1
"""A position that no log reaches: everything that is there."""


def events_behind(
    reader: Reader,
    customer: str,
    asked: Asked,
    through: int,
    *,
    after: Place,
    limit: int,
    known: int = NOW,
) -> list[BehindLine]:
    """At most `limit` meter events of a line rated `through` a position, by time, after a place,
    as of the position `known`.

    Read from the rows of single events, or from the log where those were let go; raises
    InvalidRequest when that takes too long.
    """
    values = parameters(asked.meter, customer, asked.start, asked.end, through)
    reader.wait_for(METER_EVENTS)
    reader.wait_for(CANCELLED_METER_EVENTS)
    values |= {"known": known}
    cursor = {"at": after.timestamp, "past": after.position, "ordinal": after.ordinal}
    records = reader.fetch(_REACHED, {**values, **cursor, "limit": limit})
    if values["from_time"] < kept_from(reader):
        logged = _from_log(reader, customer, asked, through, known)
        found = (one for one in logged if one.place > after)
        return nsmallest(limit, found, key=lambda one: one.place)
    return [
        _behind(
            Place(one["timestamp"], one["position"], one["ordinal"]),
            through,
            one["cancelled_at"],
            superseded=one["superseded"] or not _within(asked, one["timestamp"], values),
        )
        for one in records
    ]


def _from_log(
    reader: Reader, customer: str, asked: Asked, through: int, known: int
) -> Iterator[BehindLine]:
    values = parameters(asked.meter, customer, asked.start, asked.end, through)
    start, end = values["from_time"], values["to_time"]
    gone = {
        Place(one["timestamp"], one["position"], one["ordinal"]): one["cancelled_at"]
        for one in reader.fetch(_CANCELLED, {"series": values["series"], "known": known})
    }
    log = log_of(reader, LOG_WITHIN_SECONDS)
    recorded = log.recorded(customer, [asked.meter.id], positions_of(reader, start, end))
    places = [
        Place(record.timestamp, position, ordinal)
        for position, ordinal, record in recorded
        if position <= known and start <= record.timestamp < end
    ]
    counting = [p for p in places if p.position <= through and gone.get(p, through + 1) > through]
    latest = _latest(counting, asked)
    for place in places:
        superseded = latest is not None and place not in latest
        inside = _within(asked, place.timestamp, values)
        yield _behind(place, through, gone.get(place), superseded=superseded or not inside)


def _latest(places: Iterable[Place], asked: Asked) -> set[Place] | None:
    """The one place of each window that counts, None where every place does."""
    window = asked.meter.event_time_window
    if window is None:
        return None
    latest: dict[int, Place] = {}
    for place in sorted(places, key=lambda one: (one.position, one.ordinal)):
        latest[place.timestamp // WINDOW_MICROSECONDS[window]] = place
    return set(latest.values())


def _within(asked: Asked, timestamp: int, values: dict[str, int]) -> bool:
    """Events of the first and last window decide what counts there from outside of the line."""
    return asked.meter.event_time_window is None or values["start"] <= timestamp < values["end"]


def _behind(
    place: Place, through: int, cancelled_at: int | None, *, superseded: bool
) -> BehindLine:
    if place.position > through:
        return BehindLine(place, "late", cancelled_at)
    if cancelled_at is not None and cancelled_at <= through:
        return BehindLine(place, "cancelled", cancelled_at)
    return BehindLine(place, "superseded" if superseded else "rated", cancelled_at)
