"""What the usage of a stretch of the log amounts to in the read models, without cancelled events.

Rows by hour and minute are there only where the stretch around them is finer. Which ones are is
taken from the table, and is itself held against what makes a stretch finer (`finer.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from ledger.audit.verifying.findings import LOG, Findings
from ledger.audit.verifying.rows import sum_of
from ledger.audit.verifying.walk import StoredUsage, described
from ledger.kernel.clock import to_epoch
from ledger.meters.events import Formula
from projections.audit.verifying.single_rows import single_rows
from projections.meter_events.days import USAGE_DAYS, days_of
from projections.meter_events.lateness import touches_of
from projections.meter_events.rollup_rows import (
    USAGE_DIVISIONS,
    USAGE_ROLLUPS,
    USAGE_WINDOWS,
    UsageDivisionRow,
    UsageMeterRow,
)
from projections.meter_events.rollups import RESOLUTIONS, is_rolled_up, rollup, windows
from projections.meter_events.singles import Single, Singles, Units, singles_of
from projections.runtime.copying import NumericFields
from projections.runtime.rows import MemoryRows
from projections.runtime.tables import Table

Place = tuple[int, int]
"""Position and ordinal of a meter event."""

Bucket = tuple[int, int, int]
"""Series as a number, resolution, and start of a stretch of time."""


class Line(msgspec.Struct, frozen=True):
    """A billed line: usage of this time that was recorded after `since` touches it."""

    id: str
    from_time: int
    to_time: int
    since: int


class Known(msgspec.Struct, frozen=True):
    """What the events other than usage say of it, up to the position that its read models have
    `reached`. Single events of times before `kept_from` have no rows that count."""

    reached: int
    kept_from: int
    meters: dict[str, UsageMeterRow]
    cancelled: frozenset[Place]
    lines: dict[UUID, list[Line]]


class Touched(msgspec.Struct, frozen=True):
    """The last position at which usage touched a line, and when that was, in epoch seconds."""

    position: int
    at: int


class UsageRows:
    """Rows of usage on their way: those of single events as their sum, all others as they are."""

    def __init__(self, known: Known, finer: Collection[Bucket]) -> None:
        self.singles = 0
        self.rows = MemoryRows()
        self.touched: dict[str, Touched] = {}
        self.wholes: set[int] = set()
        self._known = known
        self._finer = finer
        self._numbers = NumericFields()

    def take(self, usages: Sequence[StoredUsage], findings: Findings) -> None:
        """Add usage events, in any order."""
        reached = [one for one in usages if one.position <= self._known.reached]
        if not reached:
            return
        if not (read := self._read(reached, findings)):
            return
        singles = [one for _, some in read for one in some]
        self.singles += sum(total for total, _ in read)
        self.rows.merge_many(USAGE_DAYS, days_of(singles))
        self._touch(singles, {one.position: to_epoch(one.recorded_at) for one in reached})
        for one in singles:
            self._amount(one, findings)

    def _read(
        self, usages: Sequence[StoredUsage], findings: Findings
    ) -> list[tuple[int, list[Singles]]]:
        """The single events, and the sum of their rows: all together, or one usage event after
        the other where any of them has values that cannot be read."""
        try:
            singles = singles_of((one.position, one.records) for one in usages)
            return [(sum_of(single_rows(self.kept(singles), self._numbers)), singles)]
        except Exception as error:  # noqa: BLE001 - whatever is wrong with stored bytes is a finding
            if len(usages) > 1:
                return [read for one in usages for read in self._read([one], findings)]
            findings.add(LOG, f"its records cannot be read: {described(error)}", usages[0].position)
            return []

    def kept(self, singles: Sequence[Singles]) -> list[Singles]:
        """Those of which there are rows."""
        since = self._known.kept_from
        return [one.since(since) for one in singles if one.timestamps[-1] >= since]

    def _touch(self, singles: Sequence[Singles], recorded_at: Mapping[int, int]) -> None:
        if not self._known.lines:
            return
        for touch in touches_of(singles):
            for line in self._known.lines.get(touch.series, ()):
                last = touch.last_within(line.from_time, line.to_time)
                there = self.touched.get(line.id)
                if last > line.since and (there is None or last > there.position):
                    self.touched[line.id] = Touched(last, recorded_at[last])

    def _amount(self, one: Singles, findings: Findings) -> None:
        meter = self._known.meters.get(one.meter)
        if meter is None:
            findings.add(LOG, f"meter {one.meter} was never created", min(one.positions))
            return
        keys = meter.dimension_payload_keys if is_rolled_up(meter) else ()
        if keys:
            divisions = (
                UsageDivisionRow(one.series, division.series, what)
                for what, division in one.divided(keys).items()
            )
            self.rows.merge_many(USAGE_DIVISIONS, divisions)
        counted = self._uncancelled(one)
        if counted is None:
            return
        if meter.event_time_window is not None:
            self.rows.merge_many(USAGE_WINDOWS, windows({meter.id: meter}, [counted]))
        elif is_rolled_up(meter):
            self.wholes.add(one.series.int)
            self._roll_up(one.series, meter.formula, counted, RESOLUTIONS)
            for division in counted.divided(keys).values() if keys else ():
                self._roll_up(one.series, meter.formula, division, RESOLUTIONS)

    def _roll_up(
        self, whole: UUID, formula: Formula, singles: Singles, resolutions: Sequence[int]
    ) -> None:
        resolution, *finer = resolutions
        for stretch in singles.stretches(resolution):
            row = rollup(formula, resolution, stretch)
            self.rows.merge_many(USAGE_ROLLUPS, (row,))
            if finer and (whole.int, resolution, stretch.bucket) in self._finer:
                self._roll_up(whole, formula, stretch.part(), finer)

    def _uncancelled(self, one: Singles) -> Singles | None:
        cancelled = self._known.cancelled
        if not cancelled:
            return one
        places = zip(one.positions, one.ordinals, strict=True)
        chosen = [n for n, place in enumerate(places) if place not in cancelled]
        if len(chosen) == len(one):
            return one
        events: list[Single] = [_single(one, n) for n in chosen]
        return Singles.of(one.meter, one.customer, events, Units()) if events else None


def _single(one: Singles, n: int) -> Single:
    return one.timestamps[n], one.positions[n], one.ordinals[n], one.values[n], one.payloads[n]


class UsageTotals(msgspec.Struct):
    """`UsageRows` of a stretch, to be sent between processes and put together."""

    singles: int
    rows: dict[str, list[Any]]
    touched: dict[str, Touched]
    wholes: set[int]


MERGED: tuple[Table[Any], ...] = (USAGE_DIVISIONS, USAGE_ROLLUPS, USAGE_WINDOWS, USAGE_DAYS)


def totals_of(rows: UsageRows) -> UsageTotals:
    """What is sent."""
    merged = {table.name: rows.rows.each(table) for table in MERGED}
    return UsageTotals(rows.singles, merged, rows.touched, rows.wholes)


def put_together(parts: Sequence[UsageTotals]) -> tuple[UsageTotals, MemoryRows]:
    """The totals of several stretches, and their rows."""
    rows, touched, wholes = MemoryRows(), dict[str, Touched](), set[int]()
    for part in parts:
        for table in MERGED:
            rows.merge_many(table, part.rows[table.name])
        wholes |= part.wholes
        for line, one in part.touched.items():
            touched[line] = max(one, touched.get(line, one), key=lambda t: t.position)
    return UsageTotals(sum(part.singles for part in parts), {}, touched, wholes), rows
