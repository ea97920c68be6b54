"""Usage read from the rollups: a window is cut into days, hours and minutes, whatever its length.

What begins or ends within a minute is read from the meter events themselves. A month takes at
most 31 days, 46 hours and 118 minutes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, LiteralString, NamedTuple

from ledger.meter_events.aggregation import MICROSECONDS
from projections.meter_events.rollups import RESOLUTIONS
from projections.meter_events.rows import (
    CANCELLED_METER_EVENTS,
    METER_EVENTS,
    USAGE_ROLLUPS,
    series_of,
)

# OFFSET 0 keeps each piece a search of its own, whatever the planner thinks of the whole.
_BUCKETS: Final[LiteralString] = f"""
    SELECT r.bucket AS at, r.count, r.sum,
        r.last_timestamp, r.last_position, r.last_ordinal, r.last_value
    FROM unnest(%(resolutions)s::bigint[], %(starts)s::bigint[], %(ends)s::bigint[])
        AS piece (resolution, first, past)
    CROSS JOIN LATERAL (
        SELECT * FROM {USAGE_ROLLUPS.relation()} AS u
        WHERE u.ledger_id = %(ledger_id)s AND u.series = %(series)s
          AND u.resolution = piece.resolution
          AND u.bucket >= piece.first AND u.bucket < piece.past
        OFFSET 0) AS r
"""


def _edge(number: LiteralString) -> LiteralString:
    """The events of an edge, each as a row of its own. The bounds are parameters themselves, so
    that no partition but that of the edge is opened."""
    return f"""
    SELECT m.timestamp, 1, coalesce(m.value, 0), m.timestamp, m.position, m.ordinal, m.value
    FROM {METER_EVENTS.relation()} AS m
    WHERE m.ledger_id = %(ledger_id)s AND m.series = %(series)s
      AND m.timestamp >= %(edge_{number}_start)s AND m.timestamp < %(edge_{number}_end)s
      AND NOT EXISTS (
          SELECT 1 FROM {CANCELLED_METER_EVENTS.relation()} AS c
          WHERE c.ledger_id = %(ledger_id)s AND c.series = %(series)s
            AND c.timestamp = m.timestamp AND c.position = m.position AND c.ordinal = m.ordinal)
"""


_EDGES: Final = _edge("0"), _edge("1")


def rolled(pieces: "Sequence[Piece]") -> LiteralString:
    """A WITH clause that defines `rolled`: rows that each hold what some events from `at` on amount
    to, all of them as of now."""
    edges = sum(piece.resolution is None for piece in pieces)
    return f"WITH rolled AS ({' UNION ALL '.join([_BUCKETS, *_EDGES[:edges]])})"


def average(total: LiteralString, count: LiteralString) -> LiteralString:
    """The quotient as `ledger.kernel.quantities.quotient` gives it, from whole numbers alone."""
    halves = f"div(abs({total}) * 2000000000000 + {count}, nullif({count}, 0) * 2)"
    return f"coalesce(sign({total}) * {halves} * 0.000000000001, 0)"


QUANTITY: Final[Mapping[str, LiteralString]] = {
    "sum": "coalesce(sum(sum), 0)",
    "count": "coalesce(sum(count), 0)",
    "last": "coalesce((array_agg(last_value "
    "ORDER BY last_timestamp DESC, last_position DESC, last_ordinal DESC))[1], 0)",
    "average": average("sum(sum)", "sum(count)"),
}
"""What a formula makes of `rolled`."""


class Piece(NamedTuple):
    """Buckets of a resolution, in seconds, that begin from `start` on and before `end`, in epoch
    microseconds. The resolution None stands for single events."""

    resolution: int | None
    start: int
    end: int


def cut(start: int, end: int, resolutions: tuple[int, ...] = RESOLUTIONS[::-1]) -> Iterator[Piece]:
    """The fewest pieces that make up [start, end), in epoch microseconds, in order of time.

    `resolutions` are those to be used, the coarsest first.
    """
    if start >= end:
        return
    if not resolutions:
        yield Piece(None, start, end)
        return
    resolution, *finer = resolutions
    width = resolution * MICROSECONDS
    first, past = -(-start // width) * width, end // width * width
    if first >= past:
        yield from cut(start, end, tuple(finer))
        return
    yield from cut(start, first, tuple(finer))
    yield Piece(resolution, first, past)
    yield from cut(past, end, tuple(finer))


def parameters(meter: str, customer: str, pieces: list[Piece]) -> dict[str, Any]:
    """The parameters of `rolled`."""
    buckets = [piece for piece in pieces if piece.resolution is not None]
    edges = [piece for piece in pieces if piece.resolution is None]
    return {
        "series": series_of(meter, customer),
        "resolutions": [piece.resolution for piece in buckets],
        "starts": [piece.start for piece in buckets],
        "ends": [piece.end for piece in buckets],
        **{f"edge_{n}_start": edge.start for n, edge in enumerate(edges)},
        **{f"edge_{n}_end": edge.end for n, edge in enumerate(edges)},
    }
