"""Builds the list of adjustments, that of usage never billed, and the policies in force."""

from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.kernel.ids import derived_id
from ledger.late_usage.events import LateUsageAdjusted, LateUsagePolicyChanged
from ledger.subscriptions.events import SubscriptionStarted
from projections.late_usage.dropped import follow_dropped
from projections.late_usage.rows import (
    LATE_USAGE,
    LATE_USAGE_POLICIES,
    LEDGER,
    NOT_BILLED,
    SUBSCRIBERS,
    LateUsagePolicyRow,
    LateUsageRow,
    NotBilledRow,
    SubscriberRow,
)
from projections.runtime.rows import Rows


class LateUsageProjection:
    name = "late_usage"
    version = 1
    tables = (LATE_USAGE, LATE_USAGE_POLICIES, NOT_BILLED, SUBSCRIBERS)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case LateUsageAdjusted() as event:
                rows.put(LATE_USAGE, _row(recorded.position, event))
                if event.outcome == "not_billed":
                    rows.put(NOT_BILLED, _reported(recorded.position, event))
            case SubscriptionStarted(customer=customer):
                rows.put(SUBSCRIBERS, SubscriberRow(recorded.originator_id, customer))
            case LateUsagePolicyChanged(customer=customer, policy=policy):
                rows.put(LATE_USAGE_POLICIES, LateUsagePolicyRow(customer or LEDGER, policy))
            case _:
                follow_dropped(recorded, rows)


def _reported(position: int, event: LateUsageAdjusted) -> NotBilledRow:
    return NotBilledRow(
        id=derived_id("unb", event.id),
        sequence=position,
        created=to_epoch(event.adjusted_at),
        customer=event.customer,
        subscription=event.subscription,
        subscription_item=None,
        meter=event.meter,
        price=event.price,
        period_start=to_epoch(event.period.start),
        period_end=to_epoch(event.period.end),
        reason=event.reason or event.outcome,
        invoice=event.invoice,
        late_usage=event.id,
        amount=event.amount,
        currency=event.currency,
    )


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
