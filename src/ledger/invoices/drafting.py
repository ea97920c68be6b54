"""Which invoices a subscription leads to, and with which lines: as it stood, and nothing else.

Licensed items are billed in advance, metered ones in arrears, and what waits for the customer's
next invoice comes after them. Rules: contract §8 and decision record 21.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ledger.coupons.discounts import discounts_in_force
from ledger.customers.aggregate import Customer
from ledger.invoice_items.aggregate import InvoiceItem
from ledger.invoice_items.pending import line_of_item, pending_items
from ledger.invoices.events import (
    BillingReason,
    DraftLine,
    InvoiceDetails,
    InvoiceDrafted,
)
from ledger.invoices.subscription_lines import (
    Sheet,
    open_usage_lines,
    period_lines,
    start_lines,
    waiting_lines,
)
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.ids import derived_id
from ledger.kernel.periods import Period
from ledger.store.work import Work
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.cycle import ending_periods, following_periods, periods_cut_at
from ledger.subscriptions.parts import CurrentPeriod, PauseCollection

MAX_LINES: Final = 250
"""Lines that a backdated subscription's first invoice may have (contract §8)."""


def start_invoice_id(subscription_id: str) -> str:
    """The id of the invoice that bills a subscription's start."""
    return derived_id("in", subscription_id, "subscription_create")


def period_invoice_id(subscription_id: str, period: Period) -> str:
    """The id of the invoice that bills a period's end."""
    start, end = period.start.isoformat(), period.end.isoformat()
    return derived_id("in", subscription_id, start, end, "subscription_cycle")


def waiting_invoice_id(
    subscription_id: str, subscription: Subscription, reason: BillingReason
) -> str:
    """The id of an invoice between periods, made at this revision of the subscription."""
    return derived_id("in", subscription_id, subscription.revision, reason)


def start_draft(
    work: Work, subscription_id: str, subscription: Subscription, grace: timedelta
) -> InvoiceDrafted:
    """The first invoice: licensed items from the start on, and usage of the periods behind it.

    Where payment would be automatic it is to be finalized at once, without a grace period. Raises
    InvalidRequest for too many lines.
    """
    started = subscription.started
    invoice_id = start_invoice_id(subscription_id)
    sheet = Sheet(work, invoice_id, subscription, started.created)
    lines = tuple(start_lines(sheet))
    if len(lines) > MAX_LINES:
        raise InvalidRequest(
            f"The first invoice would have {len(lines)} lines; at most {MAX_LINES} are possible. "
            "Choose a later backdate_start_date.",
            param="backdate_start_date",
        )
    return _draft(
        sheet,
        subscription_id,
        reason="subscription_create",
        period=Period(started.start_date, started.created),
        lines=lines,
        finalizes_at=at_once_or_after(subscription, started.created, grace),
    )


def period_draft(
    work: Work,
    subscription_id: str,
    subscription: Subscription,
    ended: Iterable[CurrentPeriod],
    begun: Iterable[CurrentPeriod],
    *,
    created: datetime,
    grace: timedelta,
) -> InvoiceDrafted:
    """The invoice of the end of periods: their usage, and licensed items for what follows.

    Every metered item is listed, also without usage. After the last period nothing follows.
    """
    ended = tuple(ended)
    period = shortest(ended)
    sheet = Sheet(work, period_invoice_id(subscription_id, period), subscription, created)
    return _draft(
        sheet,
        subscription_id,
        reason="subscription_cycle",
        period=period,
        lines=tuple(period_lines(sheet, ended, begun)),
        finalizes_at=after_grace(created, grace),
    )


def closing(
    subscription: Subscription, at: datetime
) -> tuple[tuple[CurrentPeriod, ...], tuple[CurrentPeriod, ...]]:
    """Which periods end when they are closed at this boundary, and which follow them."""
    ended = ending_periods(subscription, at)
    paused = subscription.status == "paused"
    return ended, () if paused else following_periods(subscription, ended)


def shortest(periods: Iterable[CurrentPeriod]) -> Period:
    """The period that began last, of those that end together."""
    return max(one.period for one in periods)


def waiting_draft(
    work: Work,
    subscription_id: str,
    subscription: Subscription,
    *,
    created: datetime,
    finalizes_at: datetime | None,
) -> InvoiceDrafted:
    """An invoice between periods, of what waits for the subscription's next one."""
    invoice_id = waiting_invoice_id(subscription_id, subscription, "subscription_update")
    sheet = Sheet(work, invoice_id, subscription, created)
    return _draft(
        sheet,
        subscription_id,
        reason="subscription_update",
        period=Period(created, created),
        lines=tuple(waiting_lines(sheet)),
        finalizes_at=finalizes_at,
    )


def threshold_draft(
    work: Work, subscription_id: str, subscription: Subscription, *, created: datetime
) -> InvoiceDrafted:
    """An invoice of the usage so far, and of what waits; it is finalized at once."""
    invoice_id = waiting_invoice_id(subscription_id, subscription, "subscription_threshold")
    sheet = Sheet(work, invoice_id, subscription, created)
    ended = periods_cut_at(subscription, created)
    lines = (*waiting_lines(sheet), *open_usage_lines(sheet))
    return _draft(
        sheet,
        subscription_id,
        reason="subscription_threshold",
        period=shortest(ended),
        lines=lines,
        finalizes_at=None,
    )


def recurring_draft(
    work: Work, subscription_id: str, subscription: Subscription, end: datetime
) -> InvoiceDrafted:
    """What the end of a period bills every time, as far as that is known: nothing that waits, no
    end that is scheduled."""
    steady = replace(
        subscription, cancel_at=None, segments=(), advances=(), billed_early=(), charged=()
    )
    ended, begun = closing(steady, end)
    sheet = Sheet(work, period_invoice_id(subscription_id, shortest(ended)), steady, end)
    return _draft(
        sheet,
        subscription_id,
        reason="subscription_cycle",
        period=shortest(ended),
        lines=tuple(period_lines(sheet, ended, begun)),
        finalizes_at=end,
        with_items=False,
    )


def items_draft(
    work: Work, customer_id: str, customer: Customer, currency: str, now: datetime
) -> InvoiceDrafted:
    """An invoice of no subscription, of what waits for the customer's next one."""
    invoice_id = derived_id("in", customer_id, "upcoming")
    waiting = pending_items(work, customer_id, currency, None)
    return InvoiceDrafted(
        customer=customer_id,
        subscription=None,
        subscription_metadata={},
        billing_reason="manual",
        currency=currency,
        period=Period(now, now),
        lines=tuple(item_line(invoice_id, item_id, item) for item_id, item in waiting),
        details=InvoiceDetails(
            collection_method="charge_automatically",
            days_until_due=None,
            auto_advance=False,
            automatically_finalizes_at=None,
        ),
        created=now,
        test_clock=customer.test_clock,
        livemode=work.ledger.livemode,
    )


def at_once_or_after(
    subscription: Subscription, created: datetime, grace: timedelta
) -> datetime | None:
    """When an invoice that a request makes is finalized: None, which is at once, where payment
    would be automatic."""
    if subscription.collection_method == "charge_automatically":
        return None
    return after_grace(created, grace)


def after_grace(created: datetime, grace: timedelta) -> datetime:
    """The end of the grace period, at a whole second, as everything that falls due."""
    return (created + grace).replace(microsecond=0)


def paused_collection(subscription: Subscription, at: datetime) -> PauseCollection | None:
    """How invoices are treated while their collection is paused; None if it is not."""
    pause = subscription.pause_collection
    if pause is None or (pause.resumes_at is not None and pause.resumes_at <= at):
        return None
    return pause


def is_kept(subscription: Subscription, at: datetime) -> bool:
    """Whether invoices stay drafts, as their collection is paused."""
    pause = paused_collection(subscription, at)
    return pause is not None and pause.behavior == "keep_as_draft"


def item_line(invoice_id: str, item_id: str, item: InvoiceItem) -> DraftLine:
    """The line that an invoice item becomes."""
    return DraftLine(
        **dict(item.charge),
        id=line_of_item(invoice_id, item_id),
        kind="invoice_item",
        subscription_item=item.created.subscription_item,
        invoice_item=item_id,
    )


def _draft(
    sheet: Sheet,
    subscription_id: str,
    *,
    reason: BillingReason,
    period: Period,
    lines: tuple[DraftLine, ...],
    finalizes_at: datetime | None,
    with_items: bool = True,
) -> InvoiceDrafted:
    subscription, started = sheet.subscription, sheet.subscription.started
    items = _item_lines(sheet, subscription_id) if with_items else ()
    kept = is_kept(subscription, sheet.created)
    return InvoiceDrafted(
        customer=started.customer,
        subscription=subscription_id,
        subscription_metadata=subscription.metadata,
        billing_reason=reason,
        currency=started.currency,
        period=period,
        lines=(*lines, *items),
        details=InvoiceDetails(
            collection_method=subscription.collection_method,
            days_until_due=subscription.days_until_due,
            auto_advance=not kept,
            automatically_finalizes_at=None if kept else finalizes_at,
            default_payment_method=subscription.default_payment_method,
            description=subscription.description,
            default_tax_rates=subscription.default_tax_rates,
            discounts=discounts_in_force(subscription.discounts, sheet.created, subscription.spent),
        ),
        created=sheet.created,
        test_clock=started.test_clock,
        livemode=started.livemode,
    )


def _item_lines(sheet: Sheet, subscription_id: str) -> Iterator[DraftLine]:
    """What waits for an invoice of the subscription, or of its customer."""
    started = sheet.subscription.started
    for item_id, item in pending_items(
        sheet.work, started.customer, started.currency, subscription_id
    ):
        yield item_line(sheet.invoice_id, item_id, item)
