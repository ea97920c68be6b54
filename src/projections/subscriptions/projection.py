"""Builds subscriptions from their events, and from the invoices drafted for them."""

from collections.abc import Iterable

import msgspec

from ledger.customers.events import CustomerForgotten
from ledger.invoices.events import InvoiceDrafted
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import DomainEvent, RecordedEvent
from ledger.subscriptions.events import (
    BillingCycleReset,
    BillingModeMigrated,
    CancellationScheduled,
    CancellationWithdrawn,
    ItemDetailsChanged,
    ItemsChanged,
    PeriodClosed,
    SubscriptionCanceled,
    SubscriptionDetailsChanged,
    SubscriptionInvoiced,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionStarted,
    ThresholdReached,
    TrialEndChanged,
)
from ledger.subscriptions.parts import Segment
from projections.runtime.rows import Rows
from projections.subscriptions.forgetting import forget_texts
from projections.subscriptions.parts import (
    anchor_part,
    cancellation_part,
    item_parts,
    pause_part,
    periods_of,
    since,
    thresholds_part,
    with_periods,
)
from projections.subscriptions.rows import (
    SUBSCRIPTION_ITEMS,
    SUBSCRIPTIONS,
    CancellationPart,
    SubscriptionItemRow,
    SubscriptionRow,
)
from projections.subscriptions.starting import started


class SubscriptionsProjection:
    name = "subscriptions"
    version = 2
    tables = (SUBSCRIPTIONS, SUBSCRIPTION_ITEMS)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        subject = recorded.originator_id
        match recorded.event:
            case SubscriptionStarted() as event:
                _start(rows, started(recorded, event))
            case ItemsChanged() as event:
                _change_items(rows, subject, event)
            case ItemDetailsChanged() as event:
                _change_metadata(rows, subject, event)
            case InvoiceDrafted(subscription=subscription) if subscription is not None:
                _change(rows, subscription, latest_invoice=subject)
            case CustomerForgotten():
                forget_texts(rows, recorded)
            case event:
                _go_on(rows, subject, event)


def _go_on(rows: Rows, subject: str, event: DomainEvent) -> None:
    match event:
        case PeriodClosed():
            _close(rows, subject, event)
        case BillingCycleReset():
            _reset(rows, subject, event)
        case TrialEndChanged():
            row = with_periods(_known(rows, subject), periods_of(event.periods))
            rows.put(
                SUBSCRIPTIONS,
                msgspec.structs.replace(
                    row,
                    trial_end=to_epoch(event.trial_end),
                    billing_cycle_anchor=to_epoch(event.billing_cycle_anchor),
                ),
            )
        case SubscriptionInvoiced() | ThresholdReached():
            rows.put(SUBSCRIPTIONS, _nothing_waits(_known(rows, subject)))
        case SubscriptionPaused():
            _pause(rows, subject, event)
        case SubscriptionResumed():
            _resume(rows, subject, event)
        case _:
            _change_terms(rows, subject, event)


def _change_terms(rows: Rows, subject: str, event: DomainEvent) -> None:
    match event:
        case SubscriptionDetailsChanged():
            _change_details(rows, subject, event)
        case CancellationScheduled():
            _schedule_end(rows, subject, event)
        case CancellationWithdrawn():
            _withdraw_end(rows, subject)
        case BillingModeMigrated():
            _change(
                rows,
                subject,
                billing_mode="flexible",
                settings=event.settings,
                migrated_at=to_epoch(event.migrated_at),
            )
        case SubscriptionCanceled():
            _end(rows, subject, event)
        case _:
            pass


def _start(rows: Rows, row: SubscriptionRow) -> None:
    rows.put(SUBSCRIPTIONS, row)
    for item in row.items:
        rows.put(SUBSCRIPTION_ITEMS, SubscriptionItemRow(item.id, row.id, item.price))


def _change_items(rows: Rows, subject: str, event: ItemsChanged) -> None:
    row = _known(rows, subject)
    items = item_parts(event.items)
    for gone in {item.id for item in row.items} - {item.id for item in items}:
        rows.delete(SUBSCRIPTION_ITEMS, gone)
    for item in items:
        rows.put(SUBSCRIPTION_ITEMS, SubscriptionItemRow(item.id, subject, item.price))
    after = msgspec.structs.replace(row, items=items)
    after = msgspec.structs.replace(after, waiting_since=_waiting(event.segments))
    rows.put(SUBSCRIPTIONS, with_periods(after, periods_of(event.periods)))


def _change_metadata(rows: Rows, subject: str, event: ItemDetailsChanged) -> None:
    items = tuple(
        msgspec.structs.replace(item, metadata=event.metadata) if item.id == event.item else item
        for item in _known(rows, subject).items
    )
    _change(rows, subject, items=items)


def _close(rows: Rows, subject: str, event: PeriodClosed) -> None:
    """Where no rhythm is named, the period is that of all items. The end of a trial ends it."""
    row = _known(rows, subject)
    begun = periods_of(event.begun, (row.interval, row.interval_count))
    after = {(period.interval, period.interval_count): period for period in row.periods}
    after |= {(period.interval, period.interval_count): period for period in begun}
    if row.status == "trialing":
        row = msgspec.structs.replace(row, status="active")
    if event.invoice is not None:
        row = msgspec.structs.replace(row, waiting_since=None)
    rows.put(SUBSCRIPTIONS, with_periods(row, tuple(after.values())))


def _reset(rows: Rows, subject: str, event: BillingCycleReset) -> None:
    row = _known(rows, subject)
    row = msgspec.structs.replace(
        row,
        status="active" if event.trial_end is None else "trialing",
        billing_cycle_anchor=to_epoch(event.billing_cycle_anchor),
        anchor_config=anchor_part(event.anchor_config),
        waiting_since=_waiting(event.segments),
    )
    if event.trial_end is not None:
        row = msgspec.structs.replace(
            row, trial_start=to_epoch(event.reset_at), trial_end=to_epoch(event.trial_end)
        )
    elif row.trial_end is not None and row.trial_end > to_epoch(event.reset_at):
        row = msgspec.structs.replace(row, trial_end=to_epoch(event.reset_at))
    rows.put(SUBSCRIPTIONS, with_periods(row, periods_of(event.periods)))


def _pause(rows: Rows, subject: str, event: SubscriptionPaused) -> None:
    row = _known(rows, subject)
    row = msgspec.structs.replace(
        row,
        status="paused",
        paused_at=to_epoch(event.paused_at),
        items=since(row.items, to_epoch(event.paused_at)),
        waiting_since=_waiting(event.segments),
    )
    rows.put(SUBSCRIPTIONS, with_periods(row, row.periods))


def _resume(rows: Rows, subject: str, event: SubscriptionResumed) -> None:
    row = _known(rows, subject)
    row = msgspec.structs.replace(
        row,
        status="active",
        paused_at=None,
        items=since(row.items, to_epoch(event.resumed_at)),
        billing_cycle_anchor=to_epoch(event.billing_cycle_anchor),
        anchor_config=anchor_part(event.anchor_config),
    )
    rows.put(SUBSCRIPTIONS, with_periods(row, periods_of(event.periods)))


def _nothing_waits(row: SubscriptionRow) -> SubscriptionRow:
    return with_periods(msgspec.structs.replace(row, waiting_since=None), row.periods)


def _waiting(segments: Iterable[Segment]) -> int | None:
    """The start of the oldest stretch of usage that waits for an invoice."""
    return min((to_epoch(segment.period.start) for segment in segments), default=None)


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
        cancellation=cancellation_part(event.cancellation),
        default_tax_rates=event.default_tax_rates,
        discounts=tuple(discount.id for discount in event.discounts),
        thresholds=thresholds_part(event.thresholds),
        pause_collection=pause_part(event.pause_collection),
    )


def _schedule_end(rows: Rows, subject: str, event: CancellationScheduled) -> None:
    _change(
        rows,
        subject,
        cancel_at=to_epoch(event.cancel_at),
        cancel_at_period_end=event.at_period_end,
        canceled_at=to_epoch(event.scheduled_at),
        cancellation=cancellation_part(event.details),
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
        cancellation=cancellation_part(event.details),
    )


def _change(rows: Rows, subject: str, **changes: object) -> None:
    rows.put(SUBSCRIPTIONS, msgspec.structs.replace(_known(rows, subject), **changes))


def _known(rows: Rows, subject: str) -> SubscriptionRow:
    row = rows.get(SUBSCRIPTIONS, subject)
    if row is None:
        raise LookupError(f"subscription {subject} was never started")
    return row
