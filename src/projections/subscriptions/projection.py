"""Builds subscriptions from their events, and from the invoices drafted for them."""

from datetime import datetime

import msgspec

from ledger.invoices.events import InvoiceDrafted
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.subscriptions.events import (
    CancellationDetails,
    CancellationScheduled,
    CancellationWithdrawn,
    ItemDetailsChanged,
    PeriodClosed,
    SubscriptionCanceled,
    SubscriptionDetailsChanged,
    SubscriptionItem,
    SubscriptionStarted,
)
from projections.runtime.rows import Rows
from projections.subscriptions.rows import (
    SUBSCRIPTION_ITEMS,
    SUBSCRIPTIONS,
    CancellationPart,
    ItemPart,
    SubscriptionItemRow,
    SubscriptionRow,
)


class SubscriptionsProjection:
    name = "subscriptions"
    version = 1
    tables = (SUBSCRIPTIONS, SUBSCRIPTION_ITEMS)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        subject = recorded.originator_id
        match recorded.event:
            case SubscriptionStarted() as event:
                _start(recorded, event, rows)
            case SubscriptionDetailsChanged() as event:
                _change_details(rows, subject, event)
            case ItemDetailsChanged() as event:
                _change_item(rows, subject, event)
            case CancellationScheduled() as event:
                _schedule_end(rows, subject, event)
            case CancellationWithdrawn():
                _withdraw_end(rows, subject)
            case PeriodClosed(next_period=following) if following is not None:
                _change(
                    rows,
                    subject,
                    current_period_start=to_epoch(following.start),
                    current_period_end=to_epoch(following.end),
                )
            case SubscriptionCanceled() as event:
                _end(rows, subject, event)
            case InvoiceDrafted(subscription=subscription) if subscription is not None:
                _change(rows, subscription, latest_invoice=subject)
            case _:
                pass


def _start(recorded: RecordedEvent, event: SubscriptionStarted, rows: Rows) -> None:
    row = SubscriptionRow(
        id=recorded.originator_id,
        sequence=recorded.position,
        created=to_epoch(event.created),
        livemode=event.livemode,
        customer=event.customer,
        currency=event.currency,
        interval=event.interval,
        interval_count=event.interval_count,
        items=tuple(_item(item) for item in event.items),
        billing_mode=event.billing_mode,
        billing_cycle_anchor=to_epoch(event.billing_cycle_anchor),
        start_date=to_epoch(event.start_date),
        current_period_start=to_epoch(event.current_period.start),
        current_period_end=to_epoch(event.current_period.end),
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
    rows.put(SUBSCRIPTIONS, row)
    for item in row.items:
        rows.put(SUBSCRIPTION_ITEMS, SubscriptionItemRow(item.id, row.id, item.price))


def _item(item: SubscriptionItem) -> ItemPart:
    return ItemPart(
        id=item.id,
        created=to_epoch(item.created),
        price=item.price,
        product=item.product,
        meter=item.meter,
        quantity=item.quantity,
        metadata=item.metadata,
    )


def _change_details(rows: Rows, subject: str, event: SubscriptionDetailsChanged) -> None:
    _change(
        rows,
        subject,
        collection_method=event.collection_method,
        days_until_due=event.days_until_due,
        default_payment_method=event.default_payment_method,
        description=event.description,
        metadata=event.metadata,
        settings=event.settings,
        cancellation=_cancellation(event.cancellation),
    )


def _change_item(rows: Rows, subject: str, event: ItemDetailsChanged) -> None:
    items = tuple(
        msgspec.structs.replace(item, metadata=event.metadata) if item.id == event.item else item
        for item in _known(rows, subject).items
    )
    _change(rows, subject, items=items)


def _schedule_end(rows: Rows, subject: str, event: CancellationScheduled) -> None:
    _change(
        rows,
        subject,
        cancel_at=to_epoch(event.cancel_at),
        cancel_at_period_end=event.at_period_end,
        canceled_at=to_epoch(event.scheduled_at),
        cancellation=_cancellation(event.details),
    )


def _withdraw_end(rows: Rows, subject: str) -> None:
    _change(
        rows,
        subject,
        cancel_at=None,
        cancel_at_period_end=False,
        canceled_at=None,
        cancellation=CancellationPart(),
    )


def _end(rows: Rows, subject: str, event: SubscriptionCanceled) -> None:
    _change(
        rows,
        subject,
        status="canceled",
        canceled_at=to_epoch(event.canceled_at),
        ended_at=to_epoch(event.ended_at),
        cancellation=_cancellation(event.details),
    )


def _cancellation(details: CancellationDetails) -> CancellationPart:
    return CancellationPart(details.comment, details.feedback, details.reason)


def _change(rows: Rows, subject: str, **changes: object) -> None:
    rows.put(SUBSCRIPTIONS, msgspec.structs.replace(_known(rows, subject), **changes))


def _known(rows: Rows, subject: str) -> SubscriptionRow:
    row = rows.get(SUBSCRIPTIONS, subject)
    if row is None:
        raise LookupError(f"subscription {subject} was never started")
    return row


def _epoch(moment: datetime | None) -> int | None:
    return None if moment is None else to_epoch(moment)
