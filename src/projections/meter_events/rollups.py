"""Usage rolled up by day, hour and minute, as finely as there are events for it.

A day always has a row. It has rows of its hours, and an hour rows of its minutes, from that number
of events on which reading one by one would cost more than the rows. Divisions of usage by the
dimensions that are declared on a meter have rows of the same stretches as the whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from ledger.meter_events.aggregation import MICROSECONDS, WINDOW_MICROSECONDS
from ledger.meters.events import Formula
from projections.meter_events.rollup_rows import (
    DAY,
    HOUR,
    MINUTE,
    USAGE_DIVISIONS,
    USAGE_METERS,
    USAGE_ROLLUPS,
    USAGE_WINDOWS,
    UsageDivisionRow,
    UsageMeterRow,
    UsageRollupRow,
    UsageWindowRow,
)
from projections.meter_events.rows import CANCELLED_METER_EVENTS, METER_EVENTS
from projections.meter_events.singles import (
    Single,
    Singles,
    Stretch,
    Units,
    ValueTexts,
    decimal_of,
    number_of,
)
from projections.meter_events.young import Young
from projections.runtime.rows import Rows, Spans

RESOLUTIONS: Final = (DAY, HOUR, MINUTE)
"""The lengths of stretches that are rolled up, in seconds, each made of those after it."""

MOST_SINGLE: Final = {DAY: 96, HOUR: 192}
"""So many events make a stretch finer: at most a row for each two of them, wherever they lie."""

Meters = Mapping[str, UsageMeterRow]


def add(rows: Rows, singles: Sequence[Singles], kept_from: int) -> None:
    """Roll up events whose rows have been inserted. Of those with times before `kept_from` there
    may be no rows, so that no stretch is made finer there any more."""
    meters = {name: meter_of(rows, name) for name in {one.meter for one in singles}}
    windowed = [one for one in singles if meters[one.meter].event_time_window is not None]
    if windowed:
        rows.merge_many(USAGE_WINDOWS, windows(meters, windowed))
    rolled = [one for one in singles if is_rolled_up(meters[one.meter])]
    if rolled:
        _roll_up(rows, meters, rolled, kept_from)
        if young := Young.of(rows):
            young.came_to(max(one.timestamps[-1] for one in rolled))


def meter_of(rows: Rows, name: str) -> UsageMeterRow:
    """Raises LookupError for a meter that was never created."""
    meter = rows.get(USAGE_METERS, name)
    if meter is None:
        raise LookupError(f"meter {name} was never created")
    return meter


def is_rolled_up(meter: UsageMeterRow) -> bool:
    """Whether there are rows by day, hour and minute. Distinct texts cannot be added up, and of a
    meter with an `event_time_window` there is a row a window instead."""
    return meter.event_time_window is None and meter.formula != "unique_count"


def windows(meters: Meters, singles: Sequence[Singles]) -> list[UsageWindowRow]:
    """The event received last of each window."""
    found: list[UsageWindowRow] = []
    for one in singles:
        window = meters[one.meter].event_time_window
        if window is None:
            continue
        for _, bucket, first, past in one.stretches(WINDOW_MICROSECONDS[window] // MICROSECONDS):
            last = max(range(first, past), key=lambda n: (one.positions[n], one.ordinals[n]))
            found.append(
                UsageWindowRow(
                    one.series,
                    bucket,
                    one.timestamps[last],
                    one.positions[last],
                    one.ordinals[last],
                    decimal_of(one.values[last]),
                )
            )
    return found


def _roll_up(
    rows: Rows,
    meters: Meters,
    singles: Sequence[Singles],
    kept_from: int,
    resolutions: Sequence[int] = RESOLUTIONS,
    begun: Sequence[Singles] = (),
) -> None:
    """Add events to the rows of a resolution, and to finer ones where there are some or there now
    have to be. Of stretches with events that `begun` holds there are no rows yet."""
    resolution, *finer = resolutions
    young = Young.of(rows)
    known, new = (_rollups(rows, meters, some, resolution) for some in (singles, begun))
    if young is not None:
        # To insert a row takes half as long as to look for one to merge it with.
        new += [row for row in known if row.bucket > young.latest]
        known = [row for row in known if row.bucket <= young.latest]
        rows.insert_many(USAGE_ROLLUPS, new)
    else:
        known += new
    if not finer:
        rows.merge_many(USAGE_ROLLUPS, known)
        return
    held = rows.merge_returning(USAGE_ROLLUPS, known, "count", "finer")
    parts: list[Singles] = []
    grown: list[tuple[Stretch, int]] = []
    for stretch in _stretches((*singles, *begun), resolution):
        key = stretch.singles.series, resolution, stretch.bucket
        count, is_finer = held.get(key) or (stretch.past - stretch.first, None)
        if is_finer:
            parts.append(stretch.part())
        elif count >= MOST_SINGLE[resolution] and stretch.bucket >= kept_from:
            grown.append((stretch, count))
        elif young is not None:
            young.keep(resolution, stretch)
    whole = _made_finer(rows, resolution, grown)
    if parts or whole:
        _roll_up(rows, meters, parts, kept_from, finer, whole)


def _stretches(singles: Iterable[Singles], resolution: int) -> Iterator[Stretch]:
    return (stretch for one in singles for stretch in one.stretches(resolution))


def _rollups(
    rows: Rows, meters: Meters, singles: Sequence[Singles], resolution: int
) -> list[UsageRollupRow]:
    """What events amount to in each stretch, and in each division of it."""
    found = [
        rollup(meters[stretch.singles.meter].formula, resolution, stretch)
        for stretch in _stretches(singles, resolution)
    ]
    for one in singles:
        if keys := meters[one.meter].dimension_payload_keys:
            found += _divided(rows, one, meters[one.meter].formula, keys, resolution)
    return found


def rollup(formula: Formula, resolution: int, stretch: Stretch) -> UsageRollupRow:
    """What the events of a stretch amount to."""
    singles, bucket, first, past = stretch
    key = singles.series, resolution, bucket, past - first
    units = singles.units[first:past]
    match formula:
        case "sum" | "average":
            return UsageRollupRow(*key, sum=number_of(sum(units)))
        case "min":
            return UsageRollupRow(*key, min=number_of(min(units)))
        case "max":
            return UsageRollupRow(*key, max=number_of(max(units)))
        case "last":
            return UsageRollupRow(
                *key,
                last_timestamp=singles.timestamps[past - 1],
                last_position=singles.positions[past - 1],
                last_ordinal=singles.ordinals[past - 1],
                last_value=decimal_of(singles.values[past - 1]),
            )
        case _:
            return UsageRollupRow(*key)


def _divided(
    rows: Rows, singles: Singles, formula: Formula, keys: tuple[str, ...], resolution: int
) -> list[UsageRollupRow]:
    """The same for each division of the events."""
    divisions = singles.divided(keys)
    if resolution == DAY:
        rows.merge_many(
            USAGE_DIVISIONS,
            [UsageDivisionRow(singles.series, one.series, what) for what, one in divisions.items()],
        )
    return [
        rollup(formula, resolution, stretch)
        for division in divisions.values()
        for stretch in division.stretches(resolution)
    ]


def _made_finer(rows: Rows, resolution: int, grown: Sequence[tuple[Stretch, int]]) -> list[Singles]:
    """Mark stretches as finer, each given with the number of its events; all of these events."""
    rows.merge_many(
        USAGE_ROLLUPS,
        [UsageRollupRow(s.singles.series, resolution, s.bucket, 0, finer=True) for s, _ in grown],
    )
    whole: list[Singles] = []
    rest: list[Stretch] = []
    young = Young.of(rows)
    for stretch, count in grown:
        if count == stretch.past - stretch.first:
            whole.append(stretch.part())
        elif young is not None and (kept := young.take(resolution, stretch, count)):
            whole.append(kept)
        else:
            rest.append(stretch)
    return whole + _recorded(rows, resolution, rest) if rest else whole


def _recorded(rows: Rows, resolution: int, stretches: Sequence[Stretch]) -> list[Singles]:
    """All events of some stretches, those that were recorded before as well."""
    width = resolution * MICROSECONDS
    spans = [(s.singles.series, s.bucket, s.bucket + width) for s in stretches]
    within = Spans("series", "timestamp", spans)
    place = ("timestamp", "position", "ordinal")
    gone = set(rows.spans(CANCELLED_METER_EVENTS, place, within))
    found = [list[Single]() for _ in stretches]
    texts = ValueTexts()
    for n, timestamp, position, ordinal, value, payload in rows.spans(
        METER_EVENTS, (*place, "value", "payload"), within
    ):
        if not gone or (n, timestamp, position, ordinal) not in gone:
            single = timestamp, position, ordinal, texts[value], payload.encode()
            found[int(n)].append(single)
    units = Units()
    return [
        Singles.of(stretch.singles.meter, stretch.singles.customer, events, units)
        for stretch, events in zip(stretches, found, strict=True)
    ]
