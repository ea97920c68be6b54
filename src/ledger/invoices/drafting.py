"""Which lines an invoice has: pure functions of the subscription as it stood.

Licensed items are billed in advance, metered ones in arrears. Ids follow from what is billed, so
that nothing can be billed twice. Rules: contract §8.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from ledger.invoices.events import (
    BillingReason,
    DraftLine,
    InvoiceDetails,
    InvoiceDrafted,
    LineKind,
)
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.ids import derived_id
from ledger.kernel.periods import Period
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.cycle import (
    billable_part,
    past_periods,
    running_period,
    whole_period,
)
from ledger.subscriptions.events import SubscriptionItem

MAX_LINES: Final = 250
"""Lines that a backdated subscription's first invoice may have (contract §8)."""


def start_invoice_id(subscription_id: str) -> str:
    """The id of the invoice that bills a subscription's start."""
    return derived_id("in", subscription_id, "subscription_create")


def period_invoice_id(subscription_id: str, period: Period) -> str:
    """The id of the invoice that bills a period's end."""
    start, end = period.start.isoformat(), period.end.isoformat()
    return derived_id("in", subscription_id, start, end, "subscription_cycle")


def start_draft(
    subscription_id: str, subscription: Subscription, grace: timedelta
) -> InvoiceDrafted:
    """The first invoice: licensed items from the start on, and usage of the periods behind it.

    Where payment would be automatic it is to be finalized at once, without a grace period. A
    classic one names every metered item. Raises InvalidRequest for too many lines.
    """
    started = subscription.started
    invoice_id = start_invoice_id(subscription_id)
    past = past_periods(subscription)
    lines: list[DraftLine] = []
    for item in subscription.items:
        if item.is_metered:
            lines += [_line(invoice_id, "metered", item, period) for period in past]
            if started.billing_mode == "classic":
                lines.append(_line(invoice_id, "opening", item, running_period(subscription)))
        else:
            for period in (*past, subscription.current_period):
                lines += _licensed(invoice_id, subscription, item, period)
    if len(lines) > MAX_LINES:
        raise InvalidRequest(
            f"The first invoice would have {len(lines)} lines; at most {MAX_LINES} are possible. "
            "Choose a later backdate_start_date.",
            param="backdate_start_date",
        )
    at_once = started.collection_method == "charge_automatically"
    return _draft(
        subscription_id,
        subscription,
        reason="subscription_create",
        period=Period(started.start_date, started.created),
        lines=tuple(lines),
        created=started.created,
        finalizes_at=None if at_once else _after(started.created, grace),
    )


def period_draft(
    subscription_id: str,
    subscription: Subscription,
    period: Period,
    following: Period | None,
    *,
    created: datetime,
    grace: timedelta,
) -> InvoiceDrafted:
    """The invoice of a period's end: its usage, and licensed items for the one that follows.

    Every metered item is listed, also without usage. After the last period nothing follows.
    """
    invoice_id = period_invoice_id(subscription_id, period)
    lines: list[DraftLine] = []
    for item in subscription.items:
        if item.is_metered:
            lines.append(_line(invoice_id, "metered", item, period))
        elif following is not None:
            lines += _licensed(invoice_id, subscription, item, following)
    return _draft(
        subscription_id,
        subscription,
        reason="subscription_cycle",
        period=period,
        lines=tuple(lines),
        created=created,
        finalizes_at=_after(created, grace),
    )


def _licensed(
    invoice_id: str, subscription: Subscription, item: SubscriptionItem, period: Period
) -> Iterator[DraftLine]:
    """A licensed item for a period: its share of a stub, or, without prorations, no stub before
    the first whole period, nothing of the past, and a last period in full."""
    whole = whole_period(subscription, period)
    part = billable_part(subscription, period)
    if subscription.started.proration_behavior != "none":
        prorated_of = None if part == whole else whole
        yield _line(invoice_id, "licensed", item, part, prorated_of)
    elif part.start == whole.start and whole.end > subscription.started.created:
        yield _line(invoice_id, "licensed", item, part)


def _line(
    invoice_id: str,
    kind: LineKind,
    item: SubscriptionItem,
    period: Period,
    prorated_of: Period | None = None,
) -> DraftLine:
    start, end = period.start.isoformat(), period.end.isoformat()
    return DraftLine(
        id=derived_id("il", invoice_id, item.id, kind, start, end),
        kind=kind,
        subscription_item=item.id,
        price=item.price,
        product=item.product,
        meter=item.meter,
        period=period,
        quantity=None if item.quantity is None else str(item.quantity),
        prorated_of=prorated_of,
    )


def _after(created: datetime, grace: timedelta) -> datetime:
    """The end of the grace period, at a whole second, as everything that falls due."""
    return (created + grace).replace(microsecond=0)


def _draft(
    subscription_id: str,
    subscription: Subscription,
    *,
    reason: BillingReason,
    period: Period,
    lines: tuple[DraftLine, ...],
    created: datetime,
    finalizes_at: datetime | None,
) -> InvoiceDrafted:
    started = subscription.started
    return InvoiceDrafted(
        customer=started.customer,
        subscription=subscription_id,
        subscription_metadata=subscription.metadata,
        billing_reason=reason,
        currency=started.currency,
        period=period,
        lines=lines,
        details=InvoiceDetails(
            collection_method=subscription.collection_method,
            days_until_due=subscription.days_until_due,
            auto_advance=True,
            automatically_finalizes_at=finalizes_at,
            default_payment_method=subscription.default_payment_method,
            description=subscription.description,
        ),
        created=created,
        test_clock=started.test_clock,
        livemode=started.livemode,
    )
