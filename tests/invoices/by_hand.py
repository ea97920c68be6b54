"""Invoices that someone makes by hand, for the tests of their decisions."""

from typing import Any

from ledger.invoice_items.commands import ChargeRequest, CreateInvoiceItem
from ledger.invoices.commands import (
    AddedLine,
    AddInvoiceLines,
    CreateInvoice,
    DetailsRequest,
    FinalizeInvoice,
)
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from tests.support.billing_ledger import BillingLedger, of_type


def begin(ledger: BillingLedger, invoice: str = "in_a", **fields: Any) -> InvoiceDrafted:
    """A draft of `cus_a`, unless it is of a subscription."""
    of_invoice = {
        name: fields.pop(name)
        for name in ("subscription", "currency", "include_pending")
        if name in fields
    }
    command = CreateInvoice(
        invoice=invoice,
        customer=None if "subscription" in of_invoice else "cus_a",
        details=DetailsRequest(**fields),
        **of_invoice,
    )
    [(stream, drafted)] = of_type(ledger.do(command), InvoiceDrafted)
    assert stream == invoice
    return drafted


def add(*amounts: int, invoice: str = "in_a") -> AddInvoiceLines:
    lines = tuple(
        AddedLine(item=f"ii_{n}", charge=ChargeRequest(amount=amount))
        for n, amount in enumerate(amounts)
    )
    return AddInvoiceLines(invoice=invoice, lines=lines)


def wait(ledger: BillingLedger, item: str, amount: int, **fields: Any) -> None:
    charge = ChargeRequest(amount=amount)
    ledger.do(CreateInvoiceItem(item=item, charge=charge, customer="cus_a", **fields))


def finalized(ledger: BillingLedger, invoice: str = "in_a") -> InvoiceFinalized:
    facts = ledger.do(FinalizeInvoice(invoice=invoice))
    return of_type(facts, InvoiceFinalized)[0][1]
