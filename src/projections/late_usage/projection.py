"""Builds the list of adjustments, and the policies in force."""

from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.late_usage.events import LateUsageAdjusted, LateUsagePolicyChanged
from projections.late_usage.rows import (
    LATE_USAGE,
    LATE_USAGE_POLICIES,
    LEDGER,
    LateUsagePolicyRow,
    LateUsageRow,
)
from projections.runtime.rows import Rows


class LateUsageProjection:
    name = "late_usage"
    version = 1
    tables = (LATE_USAGE, LATE_USAGE_POLICIES)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case LateUsageAdjusted() as event:
                rows.put(LATE_USAGE, _row(recorded.position, event))
            case LateUsagePolicyChanged(customer=customer, policy=policy):
                rows.put(LATE_USAGE_POLICIES, LateUsagePolicyRow(customer or LEDGER, policy))
            case _:
                pass


def _row(position: int, event: LateUsageAdjusted) -> LateUsageRow:
    return LateUsageRow(
        id=event.id,
        sequence=position,
        created=to_epoch(event.adjusted_at),
        livemode=event.livemode,
        customer=event.customer,
        subscription=event.subscription,
        invoice=event.invoice,
        line=event.line,
        meter=event.meter,
        price=event.price,
        period_start=to_epoch(event.period.start),
        period_end=to_epoch(event.period.end),
        currency=event.currency,
        quantity_before=event.quantity_before,
        quantity_after=event.quantity_after,
        amount=event.amount,
        meter_events=event.evidence.meter_events,
        through_position=event.through_position,
        outcome=event.outcome,
        reason=event.reason,
        invoice_item=event.invoice_item,
        document=event.document,
        test_clock=event.test_clock,
    )
