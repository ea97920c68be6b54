"""Which stretches of usage a ledger's facts lead to: billed, drafted, running or dropped."""

from collections.abc import Iterator
from typing import Final

from ledger.audit.ledger_check.books import Books
from ledger.audit.ledger_check.metered_lines import MeteredLine
from ledger.audit.ledger_check.stretches import Stretch
from ledger.invoices.aggregate import Invoice
from ledger.invoices.events import DraftLine
from ledger.kernel.periods import Period
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.cycle import running_period

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
        if removed.line.meter is not None:
            yield Stretch(
                kind="dropped",
                item=removed.line.subscription_item or removed.line.id,
                subject=removed.line.id,
                meter=books.meters[removed.line.meter],
                customer=removed.customer,
                period=removed.line.period,
                through=position,
                reason="line_removed",
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
    for item in subscription.items:
        if item.meter is None:
            continue
        period = running_period(subscription)
        line = DraftLine(
            id=item.id,
            kind="metered",
            subscription_item=item.id,
            price=item.price,
            product=item.product,
            meter=item.meter,
            period=period,
        )
        yield _open(books, subscription_id, subscription, line, position)


def _open(
    books: Books, subject: str, subscription: Subscription, line: DraftLine, position: int
) -> Stretch:
    return Stretch(
        kind="running",
        item=line.subscription_item or line.id,
        subject=subject,
        meter=books.meters[line.meter or ""],
        customer=subscription.started.customer,
        period=Period(line.period.start, line.period.end),
        through=position,
        currency=subscription.started.currency,
        drafted=line,
    )
