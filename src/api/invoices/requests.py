"""From the parameters of a request to what is asked of an invoice."""

from typing import Any, Final

from api.coupons.params import discount_requests
from api.invoice_items.requests import charge_request
from api.invoices.params_manual import (
    InvoiceAddLines,
    InvoiceCreate,
    InvoiceFields,
    InvoiceLineUpdate,
    InvoiceRemoveLines,
    InvoiceUpdate,
    InvoiceUpdateLines,
)
from ledger.customers.events import CustomField
from ledger.invoices.commands import (
    AddedLine,
    AddInvoiceLines,
    ChangedLine,
    CreateInvoice,
    DetailsRequest,
    RemovedLine,
    RemoveInvoiceLines,
    UpdateInvoice,
    UpdateInvoiceLine,
    UpdateInvoiceLines,
)
from ledger.kernel.ids import new_id

_AS_GIVEN: Final = (
    "auto_advance",
    "automatically_finalizes_at",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "description",
    "due_date",
    "footer",
    "metadata",
)
_KEPT: Final = ("default_source", "payment_settings", "rendering", "statement_descriptor")


def creation(asked: InvoiceCreate) -> CreateInvoice:
    """Raises ApiError."""
    return CreateInvoice(
        invoice=new_id("in"),
        details=_details(asked),
        customer=asked.customer,
        subscription=asked.subscription,
        currency=asked.currency,
        include_pending=asked.pending_invoice_items_behavior == "include",
    )


def change(invoice: str, asked: InvoiceUpdate) -> UpdateInvoice:
    """Raises ApiError."""
    return UpdateInvoice(invoice=invoice, details=_details(asked))


def added_lines(invoice: str, asked: InvoiceAddLines) -> AddInvoiceLines:
    """Raises ApiError and InvalidRequest."""
    lines = tuple(
        AddedLine(
            item=new_id("ii"),
            charge=charge_request(line, f"lines[{i}]"),
            waiting=line.invoice_item,
        )
        for i, line in enumerate(asked.lines)
    )
    return AddInvoiceLines(invoice=invoice, lines=lines, metadata=asked.invoice_metadata)


def changed_lines(invoice: str, asked: InvoiceUpdateLines) -> UpdateInvoiceLines:
    """Raises ApiError and InvalidRequest."""
    lines = tuple(
        ChangedLine(line=line.id, charge=charge_request(line, f"lines[{i}]"))
        for i, line in enumerate(asked.lines)
    )
    return UpdateInvoiceLines(invoice=invoice, lines=lines, metadata=asked.invoice_metadata)


def changed_line(invoice: str, line: str, asked: InvoiceLineUpdate) -> UpdateInvoiceLine:
    """Raises ApiError and InvalidRequest."""
    return UpdateInvoiceLine(
        invoice=invoice, line=ChangedLine(line=line, charge=charge_request(asked))
    )


def removed_lines(invoice: str, asked: InvoiceRemoveLines) -> RemoveInvoiceLines:
    lines = tuple(RemovedLine(line=line.id, behavior=line.behavior) for line in asked.lines)
    return RemoveInvoiceLines(invoice=invoice, lines=lines, metadata=asked.invoice_metadata)


def _details(asked: InvoiceFields) -> DetailsRequest:
    given: dict[str, Any] = {name: getattr(asked, name) for name in _AS_GIVEN if asked.given(name)}
    if asked.given("default_tax_rates"):
        given["default_tax_rates"] = tuple(asked.default_tax_rates or ())
    if asked.given("discounts"):
        given["discounts"] = discount_requests(asked.discounts)
    if asked.given("custom_fields"):
        given["custom_fields"] = tuple(
            CustomField(**one.model_dump()) for one in asked.custom_fields or ()
        )
    settings = asked.model_dump(mode="json", include=set(_KEPT), exclude_unset=True)
    if settings:
        given["settings"] = settings
    return DetailsRequest(**given)
