"""Stretches of time in which usage is billed, will be, or is dropped: by meter and customer."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from ledger.audit.ledger_check.identities import Identity
from ledger.audit.ledger_check.metered_lines import MeteredLine
from ledger.invoices.events import DraftLine
from ledger.kernel.clock import to_microseconds
from ledger.kernel.periods import Period
from ledger.meter_events.aggregation import MeterDefinition, Tally
from ledger.meter_events.formulas import MeteredEvent
from ledger.meter_events.usage import PlacedRecord

Kind = Literal["finalized", "draft", "running", "dropped", "provisional"]

RANK: Final[dict[Kind, int]] = {
    "finalized": 0,
    "draft": 1,
    "running": 2,
    "provisional": 3,
    "dropped": 4,
}
"""Where several subscription items bill one meter event, under which it is counted first."""


@dataclass(slots=True)
class Stretch:
    """A stretch of a meter's usage, `from_time` up to `to_time` in epoch microseconds.

    `item` is the subscription item whose usage it is, `subject` the invoice or subscription to
    name. `drafted` is the line that bills it or would, where it is rated, and `line` the finalized
    one. What was recorded up to `through` is tallied; `later` is the last position after that at
    which something was recorded or cancelled, 0 if there is none.
    """

    kind: Kind
    item: str
    subject: str
    meter: MeterDefinition
    customer: str
    period: Period
    through: int
    reason: str | None = None
    currency: str = ""
    drafted: DraftLine | None = None
    line: MeteredLine | None = None
    from_time: int = 0
    to_time: int = 0
    later: int = 0
    tally: Tally | None = None

    def __post_init__(self) -> None:
        self.from_time = to_microseconds(self.period.start)
        self.to_time = to_microseconds(self.period.end)
        if self.drafted is not None:
            self.tally = Tally(self.meter, self.from_time, self.to_time)

    @property
    def reach(self) -> tuple[int, int]:
        return self.meter.reach(self.from_time, self.to_time)


@dataclass(slots=True)
class _OfItem:
    """The stretches of one item, one after the other."""

    stretches: list[Stretch] = field(default_factory=list[Stretch])
    starts: list[int] = field(default_factory=list[int])

    def at(self, timestamp: int) -> Stretch | None:
        index = bisect_right(self.starts, timestamp) - 1
        if index >= 0 and timestamp < self.stretches[index].to_time:
            return self.stretches[index]
        return None

    def reached(self, timestamp: int) -> Iterator[Stretch]:
        """Those that a meter event of this time decides: with a window also its neighbours'."""
        index = bisect_right(self.starts, timestamp) - 1
        for stretch in self.stretches[max(index - 1, 0) : index + 2]:
            start, end = stretch.reach
            if start <= timestamp < end:
                yield stretch


class Coverage:
    """Every stretch of a ledger, found by meter, customer and time."""

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        """Stretches of one item that overlap are `overlaps`: their usage would count twice."""
        self.overlaps: list[tuple[Stretch, Stretch]] = []
        by_item: defaultdict[tuple[str, str, str], list[Stretch]] = defaultdict(list)
        for stretch in stretches:
            if stretch.period.length:
                key = stretch.meter.id, stretch.customer, stretch.item
                by_item[key].append(stretch)
        self._of: defaultdict[tuple[str, str], list[_OfItem]] = defaultdict(list)
        for (meter, customer, _), found in by_item.items():
            self._of[meter, customer].append(self._in_order(found))

    def _in_order(self, found: list[Stretch]) -> _OfItem:
        found.sort(key=lambda one: (one.from_time, one.to_time))
        for before, after in pairwise(found):
            if after.from_time < before.to_time:
                self.overlaps.append((before, after))
        return _OfItem(found, [one.from_time for one in found])

    def all(self) -> Iterator[Stretch]:
        for items in self._of.values():
            for item in items:
                yield from item.stretches

    def take(self, placed: PlacedRecord, cancelled_at: int | None) -> Stretch | None:
        """Tally a meter event wherever it counts; the stretch under which it is counted first."""
        items = self._of.get((placed.record.meter, placed.record.customer))
        if items is None:
            return None
        first: Stretch | None = None
        for item in items:
            stretch = item.at(placed.record.timestamp)
            if stretch is not None and (first is None or RANK[stretch.kind] < RANK[first.kind]):
                first = stretch
            self._tally(item, stretch, placed, cancelled_at)
        return first

    def _tally(
        self, item: _OfItem, at: Stretch | None, placed: PlacedRecord, cancelled_at: int | None
    ) -> None:
        windowed = item.stretches[0].meter.event_time_window is not None
        reached = item.reached(placed.record.timestamp) if windowed else [at] if at else ()
        for stretch in reached:
            if stretch.tally is None:
                continue
            through = stretch.through
            counts = cancelled_at is None or cancelled_at > through
            if placed.position > through:
                stretch.later = max(stretch.later, placed.position)
            elif counts:
                record = placed.record
                value = stretch.meter.value_of(record)
                event = MeteredEvent(placed.position, placed.ordinal, record.timestamp, value)
                stretch.tally.add(event)
                if cancelled_at is not None:
                    stretch.later = max(stretch.later, cancelled_at)

    def check_overlaps(self, identity: Identity) -> None:
        """Name what would count twice."""
        for before, after in self.overlaps:
            why = f"{after.kind} {after.subject} bills a part of its time again"
            identity.require(f"{before.kind} {before.subject}", holds=False, why=why)
