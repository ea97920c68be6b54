"""What an event says, in one line."""

from typing import Final

from ledger.coupons.events import CouponRedeemed
from ledger.credit_notes.events import CreditNoteIssued
from ledger.customers.events import CustomerBalanceChanged, CustomerSubscribed
from ledger.invoice_items.events import InvoiceItemInvoiced
from ledger.invoices.events import (
    InvoiceCredited,
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceLinesChanged,
    InvoicePaid,
)
from ledger.kernel.events import DomainEvent
from ledger.kernel.money import format_money
from ledger.late_usage.events import LateUsageAdjusted
from ledger.meter_events.events import MeterEventCancelled, UsageRecorded
from ledger.subscriptions.events import ItemsChanged, PeriodClosed, SubscriptionStarted
from ledger.test_clocks.events import TestClockAdvanced

_VERSION: Final = 1
"""How many parts of a topic are its version."""


def meaning(event: DomainEvent, meter_events: int = 0) -> str:
    """One line for a person; `meter_events` is how many of those asked for a usage event holds."""
    said = _of_billing(event) or _of_others(event)
    if isinstance(event, UsageRecorded):
        return f"{_number(meter_events, 'meter event')} recorded"
    return f"{_words(event)}: {said}" if said else _words(event)


def _words(event: DomainEvent) -> str:
    """`invoice.details_changed.v1` is `invoice details changed`."""
    parts = event.TOPIC.split(".")[:-_VERSION]
    return " ".join(parts).replace("_", " ")


def _of_billing(event: DomainEvent) -> str | None:
    match event:
        case InvoiceDrafted(lines=lines, billing_reason=reason):
            return f"{_number(len(lines), 'line')}, {reason.replace('_', ' ')}"
        case InvoiceLinesChanged(added=added, changed=changed, removed=removed):
            return f"{len(added)} added, {len(changed)} changed, {len(removed)} removed"
        case InvoiceFinalized(number=number, through_position=through):
            return f"{number}, through position {through}"
        case InvoicePaid(paid_out_of_band=True):
            return "out of band"
        case InvoiceCredited(credit_note=note):
            return note
        case CreditNoteIssued(total=total, currency=currency):
            return format_money(total, currency)
        case InvoiceItemInvoiced(invoice=invoice):
            return f"on {invoice}"
        case LateUsageAdjusted(amount=amount, currency=currency, outcome=outcome):
            return f"{format_money(amount, currency)}, {outcome.replace('_', ' ')}"
        case _:
            return None


def _of_others(event: DomainEvent) -> str | None:
    match event:
        case SubscriptionStarted(items=items):
            return _number(len(items), "item")
        case ItemsChanged(items=items):
            return f"now {_number(len(items), 'item')}"
        case PeriodClosed(invoice=invoice) if invoice is not None:
            return f"with {invoice}"
        case CustomerSubscribed(subscription=subscription):
            return subscription
        case CustomerBalanceChanged(change=change, balance=balance, kind=kind):
            return f"{change:+} to {balance} minor units, {kind.replace('_', ' ')}"
        case CouponRedeemed(discount=discount):
            return f"{discount.coupon} as {discount.id}"
        case MeterEventCancelled(identifier=identifier, reason=reason):
            return f"{identifier}, {reason}" if reason else identifier
        case TestClockAdvanced(frozen_time=frozen_time):
            return f"to {frozen_time:%Y-%m-%dT%H:%M:%SZ}"
        case _:
            return None


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
