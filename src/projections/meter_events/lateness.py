"""Which billed lines are touched by what is recorded: one statement for a page of the log, and
none while all of its usage is younger than every line."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from ledger.invoices.events import (
    DraftLine,
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceLinesChanged,
)
from ledger.kernel.clock import to_epoch, to_microseconds
from ledger.kernel.events import RecordedEvent
from ledger.late_usage.events import LateUsageAdjusted, LateUsageChecked
from ledger.meter_events.aggregation import MeterDefinition
from ledger.subscriptions.events import ThresholdReached
from projections.meter_events.billed_lines import (
    BILLED_LINES,
    BILLED_UNTIL,
    NO_END,
    BilledLineRow,
    BilledUntilRow,
    rows_of,
    with_lateness,
)
from projections.meter_events.rollups import meter_of
from projections.meter_events.rows import series_of
from projections.meter_events.singles import Singles
from projections.runtime.rows import Rows, Spans

_LEDGER: Final = "ledger"
"""The id of the one row that says until when lines reach."""

_COLUMNS: Final = tuple(BILLED_LINES.types)

_Final: TypeAlias = tuple[RecordedEvent, InvoiceFinalized]


class Touch(NamedTuple):
    """What was recorded of a series: times in order, and the position of each."""

    series: UUID
    timestamps: Sequence[int]
    positions: Sequence[int]

    def last_within(self, from_time: int, to_time: int) -> int:
        """The last position of a time within bounds, 0 if there is none."""
        first, past = bisect_left(self.timestamps, from_time), bisect_left(self.timestamps, to_time)
        return max(self.positions[first:past], default=0)


def touches_of(singles: Iterable[Singles]) -> list[Touch]:
    """What these meter events touch."""
    return [Touch(one.series, one.timestamps, one.positions) for one in singles]


def touch(rows: Rows, touches: Sequence[Touch], page: Iterable[RecordedEvent]) -> None:
    """Mark the lines whose time has something recorded after their draft, on this page."""
    known = rows.get(BILLED_UNTIL, _LEDGER) if touches else None
    if known is None:
        return
    early = [one for one in touches if one.timestamps[0] < known.to_time]
    if not early:
        return
    spans = [(one.series, one.timestamps[0] + 1, NO_END) for one in early]
    found = rows_of(rows.spans(BILLED_LINES, _COLUMNS, Spans("series", "to_time", spans)))
    recorded_at = {recorded.position: recorded.recorded_at for recorded in page}
    marked: list[BilledLineRow] = []
    for n, row in found:
        last = early[n].last_within(row.from_time, row.to_time)
        if last > max(row.since, row.touched):
            changed = {"touched": last, "touched_at": to_epoch(recorded_at[last])}
            marked.append(with_lateness(msgspec.structs.replace(row, **changed)))
    rows.merge_many(BILLED_LINES, marked)


def follow_invoices(rows: Rows, page: Iterable[RecordedEvent]) -> None:
    """Keep the metered lines of invoices, and through which position each is settled: all that a
    page says of it, a statement for each kind of thing."""
    finals: dict[str, _Final] = {}
    settled: dict[str, int] = {}
    replaced: list[str] = []
    for recorded in page:
        match recorded.event:
            case InvoiceDrafted() as event:
                _add(rows, recorded, event)
            case InvoiceLinesChanged(removed=removed):
                for line in removed:
                    rows.delete(BILLED_LINES, line)
            case InvoiceFinalized() as event:
                finals[recorded.originator_id] = recorded, event
            case LateUsageAdjusted() | LateUsageChecked() as event:
                settled[event.line] = event.through_position
            case ThresholdReached(billed=billed):
                replaced += [line for one in billed for line in one.lines]
            case _:
                pass
    _finalize(rows, finals)
    _settle(rows, settled)
    for line in replaced:
        rows.delete(BILLED_LINES, line)


def _add(rows: Rows, recorded: RecordedEvent, draft: InvoiceDrafted) -> None:
    added = [
        _row(rows, recorded, draft, line, line.meter)
        for line in draft.lines
        if line.kind == "metered" and line.meter is not None
    ]
    if added:
        until = max(row.to_time for row in added)
        rows.merge_many(BILLED_LINES, added)
        rows.merge_many(BILLED_UNTIL, [BilledUntilRow(_LEDGER, until)])


def _row(
    rows: Rows, recorded: RecordedEvent, draft: InvoiceDrafted, line: DraftLine, meter_id: str
) -> BilledLineRow:
    meter = meter_of(rows, meter_id)
    reach = MeterDefinition(meter_id, meter.formula, meter.event_time_window).reach(
        to_microseconds(line.period.start), to_microseconds(line.period.end)
    )
    return BilledLineRow(
        id=line.id,
        invoice=recorded.originator_id,
        customer=draft.customer,
        subscription=draft.subscription,
        series=series_of(meter_id, draft.customer),
        from_time=reach[0],
        to_time=reach[1],
        since=recorded.position,
        clocked=int(draft.test_clock is not None),
    )


def _finalize(rows: Rows, finals: Mapping[str, _Final]) -> None:
    """A line that was finalized together with its draft is looked at once more: what was recorded
    while that was decided came before the draft."""
    for row in _found(rows, "invoice", finals):
        recorded, final = finals[row.invoice]
        changed = msgspec.structs.replace(row, settled=final.through_position)
        if row.touched < row.since and final.through_position < row.since:
            at = to_epoch(recorded.recorded_at)
            changed = msgspec.structs.replace(changed, touched=row.since, touched_at=at)
        rows.put(BILLED_LINES, with_lateness(changed))


def _settle(rows: Rows, settled: Mapping[str, int]) -> None:
    for row in _found(rows, "id", settled):
        through = max(row.settled, settled[row.id])
        rows.put(BILLED_LINES, with_lateness(msgspec.structs.replace(row, settled=through)))


def _found(rows: Rows, column: str, values: Iterable[str]) -> list[BilledLineRow]:
    """The lines with any of some values in a column."""
    spans = [(value, 0, NO_END) for value in values]
    if not spans:
        return []
    return [
        row for _, row in rows_of(rows.spans(BILLED_LINES, _COLUMNS, Spans(column, "since", spans)))
    ]
