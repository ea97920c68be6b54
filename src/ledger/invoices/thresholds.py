"""Invoices before a period's end, when unbilled usage or its amount has reached a threshold."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from ledger.invoices import aggregate as invoices
from ledger.invoices.bill import Bill
from ledger.invoices.close_period import InvoiceBilling
from ledger.invoices.drafting import paused_collection, threshold_draft, waiting_invoice_id
from ledger.invoices.finalizing import bill_now
from ledger.invoices.subscription_lines import given_back_id, open_usage, usage_line_id
from ledger.kernel.periods import Period
from ledger.kernel.quantities import EXACT, ZERO
from ledger.store.work import Work
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.commands import CheckThresholds
from ledger.subscriptions.cycle import boundary
from ledger.subscriptions.ending import follow_period_end
from ledger.subscriptions.events import ThresholdReached
from ledger.subscriptions.handlers import require_subscription, subscription_now
from ledger.subscriptions.parts import BilledEarly, SubscriptionItem
from ledger.subscriptions.prorating import credits_of
from ledger.subscriptions.resets import reset_cycle


@dataclass(frozen=True, slots=True)
class ThresholdHandlers:
    """Checks thresholds when usage has moved."""

    billing: InvoiceBilling

    def check(self, work: Work, command: CheckThresholds) -> None:
        """Does nothing where no threshold is reached, a period is to be closed first, or invoices
        are not collected."""
        subscription_id = command.subscription
        subscription = work.load(evolve, subscription_id)
        if subscription is None or subscription.status != "active":
            return
        now = subscription_now(work, subscription).replace(microsecond=0)
        end = boundary(subscription)
        if end is None or end <= now or paused_collection(subscription, now) is not None:
            return
        draft = threshold_draft(work, subscription_id, subscription, created=now)
        bill = bill_now(work, self.billing.readers, draft)
        invoice_id = waiting_invoice_id(subscription_id, subscription, draft.billing_reason)
        if not _is_reached(work, subscription, bill, invoice_id, now):
            return
        if subscription.thresholds and subscription.thresholds.reset_billing_cycle_anchor:
            self._reset(work, subscription_id, subscription, now)
        self._invoice(work, subscription_id, now)

    def _reset(
        self, work: Work, subscription_id: str, subscription: Subscription, now: datetime
    ) -> None:
        unused = credits_of(subscription, subscription.items, now)
        work.append(subscription_id, reset_cycle(subscription, now))
        after = require_subscription(work, subscription_id)
        work.append(subscription_id, *follow_period_end(after, now))
        self.billing.add_prorations(work, subscription_id, unused, now)

    def _invoice(self, work: Work, subscription_id: str, now: datetime) -> None:
        """The invoice is final at once, so that what it billed can be given back later."""
        subscription = require_subscription(work, subscription_id)
        draft = threshold_draft(work, subscription_id, subscription, created=now)
        invoice_id = waiting_invoice_id(subscription_id, subscription, draft.billing_reason)
        drafted = {line.id for line in draft.lines}
        billed = tuple(
            BilledEarly(
                item=part.item.id,
                invoice=invoice_id,
                lines=tuple(line for line in (part.line, *part.given_back) if line in drafted),
                period=part.period,
            )
            for part in _open_parts(subscription, invoice_id, now)
        )
        reached = ThresholdReached(invoice=invoice_id, billed=billed, reached_at=now)
        self.billing.issue(work, subscription_id, invoice_id, draft, reached)


class _OpenPart(NamedTuple):
    """An item's usage so far at its present price: the line that bills it, and those that give
    back what was billed of it before."""

    item: SubscriptionItem
    period: Period
    line: str
    given_back: tuple[str, ...]
    before: tuple[BilledEarly, ...]


def _open_parts(subscription: Subscription, invoice_id: str, now: datetime) -> Iterator[_OpenPart]:
    for item, segment in open_usage(subscription, now):
        before = tuple(
            early for early in subscription.billed_early if segment.covers(early.item, early.period)
        )
        yield _OpenPart(
            item,
            segment.period,
            usage_line_id(invoice_id, item.id, segment.period),
            tuple(given_back_id(invoice_id, item.id, early.invoice) for early in before),
            before,
        )


def _is_reached(
    work: Work, subscription: Subscription, bill: Bill, invoice_id: str, now: datetime
) -> bool:
    """Whether usage that is not billed yet, or what it comes to, is enough.

    What is charged without any usage does not reach a threshold.
    """
    parts = list(_open_parts(subscription, invoice_id, now))
    quantities = {line.id: Decimal(line.quantity) for line in bill.lines}
    if not any(quantities[part.line] for part in parts):
        return False
    usage = {line.id for line in bill.draft.lines if line.kind == "metered"}
    usage |= {line for part in parts for line in part.given_back}
    thresholds = subscription.thresholds
    if thresholds is not None and thresholds.amount_gte is not None:
        unbilled = sum(line.amount for line in bill.lines if line.id in usage)
        if unbilled >= thresholds.amount_gte:
            return True
    return any(
        part.item.usage_gte is not None
        and EXACT.subtract(quantities[part.line], _billed_quantity(work, part.before))
        >= part.item.usage_gte
        for part in parts
    )


def _billed_quantity(work: Work, before: tuple[BilledEarly, ...]) -> Decimal:
    """The usage that the last threshold invoice billed, unless it was voided."""
    for early in reversed(before):
        invoice = work.require(invoices.evolve, early.invoice, "invoice")
        if invoice.final is not None and invoice.status != "void":
            billed = (line for line in invoice.final.lines if line.id == early.lines[0])
            return next((Decimal(line.quantity) for line in billed), ZERO)
    return ZERO
