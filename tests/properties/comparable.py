"""Invoices in a form in which those of the ledger and of the reference are equal."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ledger.invoices.events import FinalLine, InvoiceDrafted, InvoiceFinalized
from ledger.kernel.clock import to_epoch


def head(draft: InvoiceDrafted) -> tuple[Any, ...]:
    """What a draft is of: subscription, reason, period in epoch seconds."""
    period = (to_epoch(draft.period.start), to_epoch(draft.period.end))
    return (draft.subscription, draft.billing_reason, period)


def issued_invoice(draft: InvoiceDrafted, final: InvoiceFinalized) -> tuple[Any, ...]:
    """A final invoice."""
    return (*head(draft), rated_lines(draft, final.lines), final.total)


def rated_lines(draft: InvoiceDrafted, rated: Sequence[FinalLine]) -> list[tuple[Any, ...]]:
    """Rated lines, in an order of their own."""
    of = {line.id: line for line in draft.lines}
    return sorted(
        (
            of[line.id].subscription_item,
            (to_epoch(of[line.id].period.start), to_epoch(of[line.id].period.end)),
            Fraction(line.quantity),
            line.amount,
        )
        for line in rated
    )


def of_reference(invoice: dict[str, Any]) -> tuple[Any, ...]:
    """An invoice of the reference."""
    lines = sorted(
        (line["item"], line["period"], line["quantity"], line["amount"])
        for line in invoice["lines"]
    )
    return (*head_of_reference(invoice), lines, invoice["total"])


def head_of_reference(invoice: dict[str, Any]) -> tuple[Any, ...]:
    """What an invoice of the reference is of."""
    return (invoice["subscription"], invoice["reason"], invoice["period"])


def in_order(found: Any) -> list[Any]:
    """Invoices in the order of subscriptions and periods."""
    return sorted(found, key=lambda invoice: (invoice[0], invoice[2], invoice[1]))
