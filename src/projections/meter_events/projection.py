"""Builds the rows of usage from the log."""

from collections.abc import Sequence

from ledger.kernel.clock import to_microseconds
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.events import (
    MeterEventCancelled,
    UsageRecorded,
    UsageRetentionChanged,
)
from ledger.meters.events import MeterCreated
from projections.meter_events import rollups
from projections.meter_events.billed_lines import BILLED_LINES, BILLED_UNTIL
from projections.meter_events.cancelling import take_away
from projections.meter_events.days import USAGE_DAYS, days_of
from projections.meter_events.lapsed import put_back, take_back
from projections.meter_events.lateness import Touch, follow_invoices, touch, touches_of
from projections.meter_events.rollup_rows import (
    USAGE_DIVISIONS,
    USAGE_METERS,
    USAGE_ROLLUPS,
    USAGE_WINDOWS,
    UsageMeterRow,
)
from projections.meter_events.rows import (
    CANCELLED_METER_EVENTS,
    METER_EVENTS,
    USAGE_RETENTION,
    VERSION,
    CancelledMeterEventRow,
    UsageRetentionRow,
    series_of,
)
from projections.meter_events.singles import PackedSingles, Singles, by_series
from projections.runtime.rows import Rows

_Usage = list[tuple[int, UsageRecorded]]

_APART = (MeterEventCancelled, UsageRetentionChanged)
"""What usage before and after it is added apart for."""

_USAGE = "usage"
"""The id of the one row of retention."""


class MeterEventsProjection:
    name = "meter_events"
    version = VERSION
    takes_usage = True
    tables = (
        METER_EVENTS,
        CANCELLED_METER_EVENTS,
        USAGE_METERS,
        USAGE_DIVISIONS,
        USAGE_ROLLUPS,
        USAGE_WINDOWS,
        USAGE_DAYS,
        USAGE_RETENTION,
        BILLED_LINES,
        BILLED_UNTIL,
    )

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        self.apply_page((recorded,), rows)

    def apply_page(self, page: Sequence[RecordedEvent], rows: Rows) -> None:
        """Usage is added all at once, but for that which follows a cancellation or a change of
        retention."""
        usage: _Usage = []
        touches: list[Touch] = []
        for recorded in page:
            match recorded.event:
                case UsageRecorded() as event:
                    usage.append((recorded.position, event))
                case MeterCreated() as event:
                    rows.put(USAGE_METERS, _meter(recorded.originator_id, event))
                case MeterEventCancelled() as event:
                    touches += _add(rows, usage)
                    usage.clear()
                    _cancel(rows, event, recorded.position)
                    series = series_of(event.meter, event.customer)
                    touches.append(Touch(series, (event.timestamp,), (recorded.position,)))
                case UsageRetentionChanged() as event:
                    touches += _add(rows, usage)
                    usage.clear()
                    kept_from = to_microseconds(event.kept_from)
                    rows.put(USAGE_RETENTION, UsageRetentionRow(_USAGE, kept_from))
                case _:
                    pass
        touches += _add(rows, usage)
        follow_invoices(rows, page)
        touch(rows, touches, page)

    def prepare(self, page: Sequence[RecordedEvent]) -> list[Singles] | None:
        """The usage of a page by series; None where part of it follows something else."""
        if any(isinstance(recorded.event, _APART) for recorded in page):
            return None
        return by_series(
            (recorded.position, recorded.event)
            for recorded in page
            if isinstance(recorded.event, UsageRecorded)
        )

    def apply_prepared(
        self, page: Sequence[RecordedEvent], prepared: list[Singles] | None, rows: Rows
    ) -> None:
        """See `runtime.projection.PreparedProjection`."""
        if prepared is None:
            self.apply_page(page, rows)
            return
        for recorded in page:
            if isinstance(recorded.event, MeterCreated):
                rows.put(USAGE_METERS, _meter(recorded.originator_id, recorded.event))
        touches = _add_singles(rows, prepared) if prepared else []
        follow_invoices(rows, page)
        touch(rows, touches, page)


def _add(rows: Rows, usage: _Usage) -> list[Touch]:
    """Add what was recorded; what of it may touch lines of invoices."""
    return _add_singles(rows, by_series(usage)) if usage else []


def _add_singles(rows: Rows, singles: list[Singles]) -> list[Touch]:
    kept_from = _kept_from(rows)
    kept = [one.since(kept_from) for one in singles if one.timestamps[-1] >= kept_from]
    if kept:
        rows.insert_packed(METER_EVENTS, PackedSingles(kept))
    rollups.add(rows, singles, kept_from)
    rows.merge_many(USAGE_DAYS, days_of(singles))
    return touches_of(singles)


def _meter(meter: str, event: MeterCreated) -> UsageMeterRow:
    return UsageMeterRow(
        meter, event.formula, event.event_time_window, event.dimension_payload_keys
    )


def _cancel(rows: Rows, event: MeterEventCancelled, position: int) -> None:
    place = series_of(event.meter, event.customer), event.timestamp, event.position, event.ordinal
    meter = rollups.meter_of(rows, event.meter)
    put = put_back(rows, meter, event) if event.timestamp < _kept_from(rows) else []
    cancelled = rows.get(METER_EVENTS, *place)
    if cancelled is None:
        raise LookupError(f"no meter event at {event.position}/{event.ordinal}")
    rows.put(CANCELLED_METER_EVENTS, CancelledMeterEventRow(*place, position))
    take_away(rows, meter, event.customer, cancelled)
    take_back(rows, put)


def _kept_from(rows: Rows) -> int:
    """Single events of earlier times, in epoch microseconds, are in the log alone."""
    row = rows.get(USAGE_RETENTION, _USAGE)
    return 0 if row is None else row.kept_from
