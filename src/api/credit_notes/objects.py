"""A credit note as the wire shows it (contract §9)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from api.http.call import View
from api.http.expand import JsonObject
from api.http.lists import DEFAULT_LIMIT, list_object
from api.invoices.objects_deductions import (
    discount_amounts,
    pretax_credits,
    tax_object,
    total_discounts,
    total_taxes,
)
from api.invoices.objects_lines import description
from api.prices.objects import price_rows
from api.tax_rates.objects import tax_rate_objects
from projections.credit_notes.rows import CreditLinePart, CreditNoteRow
from projections.invoices.rows import INVOICES

Descriptions = Mapping[str, str | None]


def credit_note_object(view: View, row: CreditNoteRow) -> JsonObject:
    """The note with its first lines. There is no document of it, so `pdf` is empty."""
    shown = line_objects(view, row, row.lines[:DEFAULT_LIMIT])
    return {
        "id": row.id,
        "object": "credit_note",
        "amount": row.total,
        "amount_shipping": 0,
        "created": row.created,
        "currency": row.currency,
        "customer": row.customer,
        "customer_account": None,
        "customer_balance_transaction": row.balance_transaction,
        "effective_at": row.created if row.effective_at is None else row.effective_at,
        "invoice": row.invoice,
        "lines": list_object(
            f"/v1/credit_notes/{row.id}/lines", shown, has_more=len(row.lines) > DEFAULT_LIMIT
        ),
        "livemode": row.livemode,
        "memo": row.memo,
        "metadata": row.metadata,
        "number": row.number,
        "out_of_band_amount": row.out_of_band_amount or None,
        "pdf": "",
        "reason": row.reason,
        "refunds": [],
        "shipping_cost": None,
        "status": row.status,
        "type": _type(row),
        "voided_at": row.voided_at,
        **_amounts(row),
    }


def _type(row: CreditNoteRow) -> str:
    if row.pre_payment and row.post_payment:
        return "mixed"
    return "post_payment" if row.post_payment else "pre_payment"


def _amounts(row: CreditNoteRow) -> JsonObject:
    discounts = total_discounts(row.lines)
    return {
        "discount_amount": row.discount_total,
        "discount_amounts": discount_amounts(discounts),
        "post_payment_amount": row.post_payment,
        "pre_payment_amount": row.pre_payment,
        "pretax_credit_amounts": pretax_credits(discounts),
        "subtotal": row.subtotal,
        "subtotal_excluding_tax": row.subtotal - row.tax_inclusive,
        "total": row.total,
        "total_excluding_tax": row.total - row.tax_exclusive - row.tax_inclusive,
        "total_taxes": [tax_object(tax) for tax in total_taxes(row.lines)],
    }


def line_objects(
    view: View, row: CreditNoteRow, lines: Iterable[CreditLinePart]
) -> list[JsonObject]:
    """Lines; those of the invoice are described as the invoice describes them."""
    described = _descriptions(view, row.invoice)
    return [_line_object(view, row, line, described) for line in lines]


def _descriptions(view: View, invoice_id: str) -> Descriptions:
    row = view.rows.require(INVOICES, "invoice", invoice_id)
    prices = price_rows(view, (line.price for line in row.lines if line.price is not None))
    return {
        line.id: description(line, prices.get(line.price or ""), row.currency) for line in row.lines
    }


def _line_object(
    view: View, row: CreditNoteRow, line: CreditLinePart, described: Descriptions
) -> JsonObject:
    of_invoice, unit = line.invoice_line_item, line.unit_amount_decimal
    shown: dict[str, Any] = {
        "id": line.id,
        "object": "credit_note_line_item",
        "amount": line.amount,
        "description": line.description or described.get(of_invoice or ""),
        "discount_amount": sum(discount.amount for discount in line.discounts),
        "discount_amounts": discount_amounts(line.discounts),
        "livemode": row.livemode,
        "metadata": line.metadata,
        "pretax_credit_amounts": pretax_credits(line.discounts),
        "quantity": line.quantity,
        "tax_rates": tax_rate_objects(view, [tax.tax_rate for tax in line.taxes]),
        "taxes": [tax_object(tax) for tax in line.taxes],
        "type": line.kind,
        "unit_amount": _whole(unit),
        "unit_amount_decimal": unit,
    }
    return shown if of_invoice is None else {**shown, "invoice_line_item": of_invoice}


def _whole(unit_amount: str | None) -> int | None:
    """The unit amount where it is whole."""
    if unit_amount is None or Decimal(unit_amount) % 1:
        return None
    return int(Decimal(unit_amount))
