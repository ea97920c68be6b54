"""Invoices in a form in which the ledger's and the biller's are equal: everything to the unit."""

from fractions import Fraction
from typing import Any

from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from ledger.kernel.clock import to_epoch
from ledger.kernel.periods import Period
from tests.lives.books import Invoice


def comparable(draft: InvoiceDrafted, final: InvoiceFinalized) -> tuple[Any, ...]:
    """An invoice of the ledger."""
    of = {line.id: line for line in draft.lines}
    lines = []
    for line in final.lines:
        drafted = of[line.id]
        fixed = drafted.amount is not None
        taxes = {
            inclusive: sum(tax.amount for tax in line.taxes if tax.inclusive is inclusive)
            for inclusive in (False, True)
        }
        lines.append(
            (
                drafted.subscription_item,
                None if fixed else _epochs(drafted.period),
                None if fixed else Fraction(line.quantity),
                line.amount,
                sum(discount.amount for discount in line.discounts),
                taxes[False],
                taxes[True],
            )
        )
    head = (draft.subscription, draft.billing_reason, _epochs(draft.period))
    return (*head, lines, final.total, final.amount_due, final.ending_balance)


def of_biller(invoice: Invoice) -> tuple[Any, ...]:
    """An invoice of the biller."""
    shown = ("of", "period", "quantity", "amount", "off", "exclusive", "inclusive")
    lines = [tuple(line[name] for name in shown) for line in invoice["rated"]]
    head = (invoice["subscription"], invoice["reason"], invoice["period"])
    return (*head, lines, invoice["total"], invoice["due"], invoice["balance"])


def _epochs(period: Period) -> tuple[int, int]:
    return (to_epoch(period.start), to_epoch(period.end))
