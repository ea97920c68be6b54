"""Invoices in a form in which the ledger's and the biller's are equal: everything to the unit."""

from fractions import Fraction
from typing import Any

from ledger.credit_notes.events import CreditNoteIssued
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from ledger.kernel.clock import to_epoch
from ledger.kernel.periods import Period
from tests.lives.books import Invoice
from tests.lives.crediting import summed


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


def credited(note: CreditNoteIssued, final: InvoiceFinalized) -> tuple[Any, ...]:
    """A credit note of the ledger: its lines by their place on the invoice."""
    places = {line.id: place for place, line in enumerate(final.lines)}
    lines = [
        (
            places[line.invoice_line_item or ""],
            line.amount,
            sum(discount.amount for discount in line.discounts),
            sum(tax.amount for tax in line.taxes if not tax.inclusive),
            sum(tax.amount for tax in line.taxes if tax.inclusive),
        )
        for line in note.lines
    ]
    return (note.customer, lines, note.total, note.pre_payment, note.credit_amount)


def credited_by_biller(note: dict[str, Any]) -> tuple[Any, ...]:
    """A credit note of the biller."""
    kinds = ("amount", "off", "exclusive", "inclusive")
    lines = [(i, *(summed(share, of) for of in kinds)) for i, share in note["shares"].items()]
    rest = note["total"] - note["lowered"]
    return (note["of"]["customer"], lines, note["total"], note["lowered"], rest)


def of_biller(invoice: Invoice) -> tuple[Any, ...]:
    """An invoice of the biller."""
    shown = ("of", "period", "quantity", "amount", "off", "exclusive", "inclusive")
    lines = [tuple(line[name] for name in shown) for line in invoice["rated"]]
    head = (invoice["subscription"], invoice["reason"], invoice["period"])
    return (*head, lines, invoice["total"], invoice["due"], invoice["balance"])


def _epochs(period: Period) -> tuple[int, int]:
    return (to_epoch(period.start), to_epoch(period.end))
