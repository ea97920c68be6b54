"""Usage read from what was rolled up: a stretch of time is cut into days, hours and minutes,
whatever its length.

A day that is cut has rows of its hours only if it has many events, and an hour rows of its minutes.
Otherwise its events are read one by one, as they are within a minute. A month takes at most 31
days, 46 hours, 118 minutes, and twice the single events that make a stretch finer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from ledger.meter_events.aggregation import MICROSECONDS, MeterDefinition
from ledger.store.arrays import Int8Array, UuidArray
from projections.meter_events.retention import KEPT_FROM
from projections.meter_events.rollup_rows import (
    DAY,
    HOUR,
    USAGE_DIVISIONS,
    USAGE_ROLLUPS,
    USAGE_WINDOWS,
)
from projections.meter_events.rollups import RESOLUTIONS
from projections.meter_events.rows import CANCELLED_METER_EVENTS, METER_EVENTS, series_of
from projections.meter_events.summary_query import Grouping

_NEVER: Final = 2**63 - 1

_PIECES: Final[LiteralString] = """
unnest(%(piece_lines)s::bigint[], %(piece_series)s::uuid[], %(piece_resolutions)s::bigint[],
    %(piece_firsts)s::bigint[], %(piece_pasts)s::bigint[])
    AS piece (line, series, resolution, first, past)
"""

_ROLLUP_COLUMNS: Final[LiteralString] = """
r.bucket AS at, r.count, r.sum, r.min, r.max,
r.last_timestamp, r.last_position, r.last_ordinal, r.last_value
"""

# OFFSET 0 keeps each piece a search of its own, whatever the planner thinks of the whole.
_WHOLE: Final[LiteralString] = f"""
SELECT piece.line, {_ROLLUP_COLUMNS}, NULL::text AS payload
FROM {_PIECES} CROSS JOIN LATERAL (
    SELECT * FROM {USAGE_ROLLUPS.relation()} AS u
    WHERE u.ledger_id = %(ledger_id)s AND u.series = piece.series
      AND u.resolution = piece.resolution AND u.bucket >= piece.first AND u.bucket < piece.past
    OFFSET 0) AS r
"""

_DIVIDED: Final[LiteralString] = f"""
SELECT piece.line, {_ROLLUP_COLUMNS}, d.dimensions AS payload
FROM {_PIECES} JOIN {USAGE_DIVISIONS.relation()} AS d
    ON d.ledger_id = %(ledger_id)s AND d.series = piece.series
CROSS JOIN LATERAL (
    SELECT * FROM {USAGE_ROLLUPS.relation()} AS u
    WHERE u.ledger_id = %(ledger_id)s AND u.series = d.division
      AND u.resolution = piece.resolution AND u.bucket >= piece.first AND u.bucket < piece.past
    OFFSET 0) AS r
"""

_EDGES: Final[LiteralString] = f"""
unnest(%(edge_lines)s::bigint[], %(edge_series)s::uuid[], %(edge_resolutions)s::bigint[],
    %(edge_firsts)s::bigint[], %(edge_pasts)s::bigint[], %(edge_starts)s::bigint[],
    %(edge_ends)s::bigint[]) AS edge (line, series, resolution, first, past, start, stop)
CROSS JOIN LATERAL (
    SELECT u.bucket FROM {USAGE_ROLLUPS.relation()} AS u
    WHERE u.ledger_id = %(ledger_id)s AND u.series = edge.series
      AND u.resolution = edge.resolution AND u.bucket >= edge.first AND u.bucket < edge.past
      AND u.finer IS NULL
    OFFSET 0) AS r
"""

# The bounds of all edges are parameters themselves, so that no partitions but theirs are opened. A
# limit that is NULL cuts nothing off. That the planner cannot know it makes the plan without values
# the cheaper one in its eyes, so that it is kept: to plan this takes longer than to run it.
_SINGLE: Final[LiteralString] = f"""
SELECT edge.line, e.timestamp, 1, coalesce(e.value, 0), e.value, e.value,
    e.timestamp, e.position, e.ordinal, e.value, e.payload
FROM {_EDGES}
CROSS JOIN LATERAL (
    SELECT * FROM {METER_EVENTS.relation()} AS m
    WHERE m.ledger_id = %(ledger_id)s AND m.series = edge.series
      AND m.timestamp >= %(edges_start)s AND m.timestamp < %(edges_end)s
      AND m.timestamp >= greatest(r.bucket, edge.start)
      AND m.timestamp < least(r.bucket + edge.resolution * 1000000, edge.stop)
      AND NOT EXISTS (
          SELECT 1 FROM {CANCELLED_METER_EVENTS.relation()} AS c
          WHERE c.ledger_id = %(ledger_id)s AND c.series = edge.series
            AND c.timestamp = m.timestamp AND c.position = m.position
            AND c.ordinal = m.ordinal)
    LIMIT %(no_limit)s::bigint) AS e
"""

_WINDOWS: Final[LiteralString] = f"""
SELECT w.line, e.timestamp, 1, coalesce(e.value, 0), e.value, e.value,
    e.timestamp, e.position, e.ordinal, e.value, NULL
FROM unnest(%(window_lines)s::bigint[], %(window_series)s::uuid[], %(window_firsts)s::bigint[],
    %(window_pasts)s::bigint[], %(window_starts)s::bigint[], %(window_ends)s::bigint[])
    AS w (line, series, first, past, start, stop)
CROSS JOIN LATERAL (
    SELECT * FROM {USAGE_WINDOWS.relation()} AS u
    WHERE u.ledger_id = %(ledger_id)s AND u.series = w.series
      AND u.bucket >= w.first AND u.bucket < w.past
      AND u.timestamp >= w.start AND u.timestamp < w.stop
    OFFSET 0) AS e
"""

ROLLED: Final[LiteralString] = f"""
WITH rolled AS ({_WHOLE} UNION ALL {_SINGLE} UNION ALL {_WINDOWS})
"""
"""A WITH clause that defines `rolled`: rows that each hold what some events from `at` on amount
to, by the `line` they are read for, all of them as of now. Takes the parameters of `Lines`."""

ROLLED_BY_DIVISION: Final[LiteralString] = f"""
WITH rolled AS ({_DIVIDED} UNION ALL {_SINGLE})
"""
"""The same for usage by the dimensions that are declared on a meter: `payload` is JSON of them."""

LAPSED: Final[LiteralString] = f"""
SELECT DISTINCT edge.line FROM {_EDGES} WHERE greatest(r.bucket, edge.start) < {KEPT_FROM}
"""
"""The lines that need single events from before those that are kept, with the same parameters. To
be asked after they were read (`retention`)."""


def average(total: LiteralString, count: LiteralString) -> LiteralString:
    """The quotient as `ledger.kernel.quantities.quotient` gives it, from whole numbers alone."""
    halves = f"div(abs({total}) * 2000000000000 + {count}, nullif({count}, 0) * 2)"
    return f"coalesce(sign({total}) * {halves} * 0.000000000001, 0)"


QUANTITY: Final[dict[str, LiteralString]] = {
    "sum": "coalesce(sum(sum), 0)",
    "count": "coalesce(sum(count), 0)",
    "last": "coalesce((array_agg(last_value "
    "ORDER BY last_timestamp DESC, last_position DESC, last_ordinal DESC) "
    "FILTER (WHERE last_timestamp IS NOT NULL))[1], 0)",
    "max": "coalesce(max(max), 0)",
    "min": "coalesce(min(min), 0)",
    "average": average("sum(sum)", "sum(count)"),
}
"""What a formula makes of `rolled`."""


def is_rolled_up(meter: MeterDefinition, keys: set[str]) -> bool:
    """Whether usage by these payload keys can be read from `rolled`."""
    if meter.formula not in QUANTITY:
        return False
    return not keys if meter.event_time_window else keys <= {*meter.dimension_payload_keys}


class Piece(NamedTuple):
    """Buckets of a resolution, in seconds, that begin from `first` on and before `past`."""

    resolution: int
    first: int
    past: int


class Edge(NamedTuple):
    """Single events from `start` on and before `end`, as far as they are in such buckets and there
    are no rows of a finer resolution."""

    resolution: int
    first: int
    past: int
    start: int
    end: int


def cut(start: int, end: int, grouping: Grouping | None = None) -> Iterator[Piece | Edge]:
    """The fewest pieces that make up [start, end), in epoch microseconds, and those of its edges
    that may have to be read one by one. With a grouping no piece is longer than that."""
    if start >= end:
        return
    if grouping == "day":
        yield from _cut(start, end, (DAY,))
    elif grouping == "hour":
        yield _edge(DAY, start, end)
        yield from _cut(start, end, (HOUR,))
    else:
        yield from _cut(start, end, RESOLUTIONS)


def _cut(start: int, end: int, resolutions: tuple[int, ...]) -> Iterator[Piece | Edge]:
    resolution, *finer = resolutions
    width = resolution * MICROSECONDS
    first, past = -(-start // width) * width, end // width * width
    rests = [(start, end)]
    if first < past:
        yield Piece(resolution, first, past)
        rests = [(start, first), (past, end)]
    for from_time, to_time in rests:
        if from_time < to_time:
            yield _edge(resolution, from_time, to_time)
            if finer:
                yield from _cut(from_time, to_time, tuple(finer))


def _edge(resolution: int, start: int, end: int) -> Edge:
    width = resolution * MICROSECONDS
    return Edge(resolution, start // width * width, -(-end // width) * width, start, end)


@dataclass(slots=True)
class Lines:
    """Stretches of usage that are read together, each under the number of a line."""

    _pieces: list[tuple[int, UUID, Piece]] = field(default_factory=list[tuple[int, UUID, Piece]])
    _edges: list[tuple[int, UUID, Edge]] = field(default_factory=list[tuple[int, UUID, Edge]])
    _windows: list[tuple[int, UUID, Edge]] = field(default_factory=list[tuple[int, UUID, Edge]])

    def add(
        self,
        line: int,
        meter: MeterDefinition,
        customer: str,
        start: int,
        end: int,
        grouping: Grouping | None = None,
    ) -> None:
        """Read what a customer used in [start, end) of epoch microseconds."""
        series = series_of(meter.id, customer)
        if meter.event_time_window is not None:
            self._windows.append((line, series, Edge(0, *meter.reach(start, end), start, end)))
            return
        for part in cut(start, end, grouping):
            if isinstance(part, Piece):
                self._pieces.append((line, series, part))
            else:
                self._edges.append((line, series, part))

    def parameters(self) -> dict[str, Any]:
        """The parameters of `ROLLED`."""
        piece_names = ("resolutions", "firsts", "pasts")
        edge_names = (*piece_names, "starts", "ends")
        return {
            **_arrays("piece", piece_names, self._pieces),
            **_arrays("edge", edge_names, self._edges),
            **_arrays("window", edge_names, self._windows),
            "edges_start": self.edges_start,
            "edges_end": max((edge.end for _, _, edge in self._edges), default=0),
            "no_limit": None,
        }

    @property
    def edges_start(self) -> int:
        """The time from which on single events may be read, later than any if none is."""
        return min((edge.start for _, _, edge in self._edges), default=_NEVER)


def _arrays(
    what: str,
    names: tuple[str, ...],
    parts: list[tuple[int, UUID, Piece]] | list[tuple[int, UUID, Edge]],
) -> dict[str, Any]:
    """An array of each field."""
    fields = {
        f"{what}_{name}": Int8Array.of([part[n] for _, _, part in parts])
        for n, name in enumerate(names)
    }
    return fields | {
        f"{what}_lines": Int8Array.of([line for line, _, _ in parts]),
        f"{what}_series": UuidArray.of([series.bytes for _, series, _ in parts]),
    }
