"""A credit note as the wire shows it (contract §9)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from api.http.call import View
from api.http.expand import JsonObject
from api.http.lists import DEFAULT_LIMIT, list_object
from api.invoices.objects_lines import description
from api.prices.objects import price_rows
from api.tax_rates.objects import tax_rate_objects
from projections.credit_notes.rows import CreditLinePart, CreditNoteRow
from projections.invoices.rows import INVOICES, LineDiscountPart, LineTaxPart

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
    discounts = _summed_discounts(d for line in row.lines for d in line.discounts)
    return {
        "discount_amount": row.discount_total,
        "discount_amounts": discounts,
        "post_payment_amount": row.post_payment,
        "pre_payment_amount": row.pre_payment,
        "pretax_credit_amounts": _pretax(discounts),
        "subtotal": row.subtotal,
        "subtotal_excluding_tax": row.subtotal - row.tax_inclusive,
        "total": row.total,
        "total_excluding_tax": row.total - row.tax_exclusive - row.tax_inclusive,
        "total_taxes": _summed_taxes(tax for line in row.lines for tax in line.taxes),
    }


def line_objects(
    view: View, row: CreditNoteRow, lines: Iterable[CreditLinePart]
) -> list[JsonObject]:
    """Lines; those of the invoice are described as the invoice describes them."""
    described = _descriptions(view, row.invoice)
    return [_line_object(view, row, line, described) for line in lines]


def _descriptions(view: View, invoice_id: str) -> Descriptions:
    invoice = view.rows.get(INVOICES, invoice_id)
    lines = invoice.lines if invoice else ()
    prices = price_rows(view, (line.price for line in lines if line.price is not None))
    return {line.id: description(line, prices.get(line.price or "")) for line in lines}


def _line_object(
    view: View, row: CreditNoteRow, line: CreditLinePart, described: Descriptions
) -> JsonObject:
    of_invoice, unit = line.invoice_line_item, line.unit_amount_decimal
    discounts = _summed_discounts(line.discounts)
    shown: dict[str, Any] = {
        "id": line.id,
        "object": "credit_note_line_item",
        "amount": line.amount,
        "description": line.description or described.get(of_invoice or ""),
        "discount_amount": sum(discount.amount for discount in line.discounts),
        "discount_amounts": discounts,
        "livemode": row.livemode,
        "metadata": line.metadata,
        "pretax_credit_amounts": _pretax(discounts),
        "quantity": line.quantity,
        "tax_rates": tax_rate_objects(view, [tax.tax_rate for tax in line.taxes]),
        "taxes": [_tax(tax) for tax in line.taxes],
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


def _summed_discounts(discounts: Iterable[LineDiscountPart]) -> list[JsonObject]:
    sums: dict[str, int] = {}
    for discount in discounts:
        sums[discount.discount] = sums.get(discount.discount, 0) + discount.amount
    return [{"amount": amount, "discount": key} for key, amount in sums.items()]


def _pretax(discounts: list[JsonObject]) -> list[JsonObject]:
    return [{**discount, "type": "discount"} for discount in discounts]


def _summed_taxes(taxes: Iterable[LineTaxPart]) -> list[JsonObject]:
    sums: dict[tuple[str, str], JsonObject] = {}
    for tax in taxes:
        shown, key = _tax(tax), (tax.tax_rate, tax.reason)
        before = sums.get(key)
        if before is not None:
            shown["amount"] += before["amount"]
            shown["taxable_amount"] += before["taxable_amount"]
        sums[key] = shown
    return list(sums.values())


def _tax(tax: LineTaxPart) -> JsonObject:
    return {
        "amount": tax.amount,
        "tax_behavior": "inclusive" if tax.inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": tax.tax_rate},
        "taxability_reason": tax.reason,
        "taxable_amount": tax.taxable_amount,
        "type": "tax_rate_details",
    }
