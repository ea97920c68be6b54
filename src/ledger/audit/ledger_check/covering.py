"""Which stretches of usage a ledger's facts lead to: billed, drafted, running or dropped."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from ledger.audit.ledger_check.books import Books
from ledger.audit.ledger_check.metered_lines import MeteredLine
from ledger.audit.ledger_check.stretches import Stretch
from ledger.invoices.aggregate import Invoice
from ledger.invoices.events import DraftLine
from ledger.kernel.periods import Period
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.cycle import open_segment
from ledger.subscriptions.parts import Segment, SubscriptionItem

_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)

_EARLY: Final = " early"
"""What lines of thresholds bill is beside their item: the line of the whole period replaces it."""


def stretches_of(books: Books, position: int) -> Iterator[Stretch]:
    """Every stretch, as the log stood at a position."""
    for line in books.lines.values():
        yield _finalized(books, line)
    for invoice_id, invoice in books.drafts.items():
        yield from _drafted(books, invoice_id, invoice, position)
    for subscription_id, subscription in books.subscriptions.items():
        if subscription.status != "canceled":
            yield from _running(books, subscription_id, subscription, position)
    for removed in books.removed:
        line = removed.line
        place = line.subscription_item or line.id, line.id, removed.customer
        yield _dropped(books, place, line.meter or "", line.period, "line_removed", position)
    for subscription_id, customer, usage in books.dropped:
        place = usage.item, subscription_id, customer
        yield _dropped(books, place, usage.meter, usage.period, usage.reason, position)


def _dropped(
    books: Books,
    place: tuple[str, str, str],
    meter: str,
    period: Period,
    reason: str,
    position: int,
) -> Stretch:
    item, subject, customer = place
    return Stretch(
        kind="dropped",
        item=item,
        subject=subject,
        meter=books.meters[meter],
        customer=customer,
        period=period,
        through=position,
        reason=reason,
    )


def _finalized(books: Books, line: MeteredLine) -> Stretch:
    item = line.drafted.subscription_item or line.id
    return Stretch(
        kind="provisional" if line.provisional else "finalized",
        item=item + _EARLY if line.provisional else item,
        subject=f"{line.invoice} {line.id}",
        meter=books.meters[line.meter],
        customer=line.customer,
        period=line.drafted.period,
        through=line.settled,
        currency=line.currency,
        drafted=line.drafted,
        line=line,
    )


def _drafted(books: Books, invoice_id: str, invoice: Invoice, position: int) -> Iterator[Stretch]:
    for line in invoice.draft.lines:
        if line.kind == "metered" and line.meter is not None:
            yield Stretch(
                kind="draft",
                item=line.subscription_item or line.id,
                subject=f"{invoice_id} {line.id}",
                meter=books.meters[line.meter],
                customer=invoice.draft.customer,
                period=line.period,
                through=position,
                currency=invoice.draft.currency,
                drafted=line,
            )


def _running(
    books: Books, subscription_id: str, subscription: Subscription, position: int
) -> Iterator[Stretch]:
    """What waits for the next invoice, and what runs: unbilled on trial and while paused."""
    for segment in subscription.segments:
        yield _open(books, subscription_id, subscription, segment, position)
    for item in subscription.items:
        segment = open_segment(subscription, item, _end_of(subscription, item))
        if segment is None:
            continue
        if subscription.status == "active":
            yield _open(books, subscription_id, subscription, segment, position)
        else:
            place = item.id, subscription_id, subscription.customer
            reason = "trial" if subscription.status == "trialing" else "paused"
            yield _dropped(books, place, segment.meter, segment.period, reason, position)


def _end_of(subscription: Subscription, item: SubscriptionItem) -> datetime:
    """Until when an item's usage runs: its period's end, or without end while it is paused."""
    return _NEVER if subscription.status == "paused" else subscription.period_of(item).end


def _open(
    books: Books, subject: str, subscription: Subscription, segment: Segment, position: int
) -> Stretch:
    part = segment.period
    line = DraftLine(
        id=segment.item,
        kind="metered",
        subscription_item=segment.item,
        price=segment.price,
        product=segment.product,
        meter=segment.meter,
        period=part,
        prorated_of=None if part == segment.whole else segment.whole,
    )
    return Stretch(
        kind="running",
        item=segment.item,
        subject=subject,
        meter=books.meters[segment.meter],
        customer=subscription.customer,
        period=part,
        through=position,
        currency=subscription.started.currency,
        drafted=line,
    )
