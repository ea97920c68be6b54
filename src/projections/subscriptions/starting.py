"""The row of a subscription as it begins."""

from datetime import datetime

from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.subscriptions.events import SubscriptionStarted
from projections.subscriptions.parts import anchor_part, item_part, periods_of, thresholds_part
from projections.subscriptions.rows import SubscriptionRow


def started(recorded: RecordedEvent, event: SubscriptionStarted) -> SubscriptionRow:
    """The row of a subscription that begins."""
    periods = periods_of(event.periods)
    first = min(periods, key=lambda period: period.end)
    start = to_epoch(event.start_date)
    return SubscriptionRow(
        id=recorded.originator_id,
        sequence=recorded.position,
        created=to_epoch(event.created),
        livemode=event.livemode,
        customer=event.customer,
        status="active" if event.trial_end is None else "trialing",
        currency=event.currency,
        interval=event.interval,
        interval_count=event.interval_count,
        items=tuple(item_part(item) for item in event.items),
        billing_mode=event.billing_mode,
        billing_cycle_anchor=to_epoch(event.billing_cycle_anchor),
        anchor_config=anchor_part(event.anchor_config),
        start_date=start,
        periods=periods,
        current_period_start=first.start,
        current_period_end=first.end,
        unbilled_since=start,
        waiting_since=start if start < first.start else None,
        trial_start=None if event.trial_end is None else start,
        trial_end=_epoch(event.trial_end),
        thresholds=thresholds_part(event.thresholds),
        default_tax_rates=event.default_tax_rates,
        discounts=tuple(discount.id for discount in event.discounts),
        collection_method=event.collection_method,
        days_until_due=event.days_until_due,
        cancel_at=_epoch(event.cancel_at),
        cancel_at_period_end=event.cancel_at_period_end,
        canceled_at=None if event.cancel_at is None else to_epoch(event.created),
        proration_behavior=event.proration_behavior,
        default_payment_method=event.default_payment_method,
        description=event.description,
        metadata=event.metadata,
        settings=event.settings,
        test_clock=event.test_clock,
    )


def _epoch(moment: datetime | None) -> int | None:
    return None if moment is None else to_epoch(moment)
