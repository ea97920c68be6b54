"""Discounts and taxes of invoices and their lines as the wire shows them (contract §9)."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from api.http.call import View
from api.http.expand import JsonObject
from api.tax_rates.objects import tax_rate_objects
from projections.invoices.rows import InvoiceRow, LineDiscountPart, LinePart, LineTaxPart


class Deducted(Protocol):
    """A line with what is taken off it and put on it."""

    @property
    def discounts(self) -> tuple[LineDiscountPart, ...]: ...

    @property
    def taxes(self) -> tuple[LineTaxPart, ...]: ...


def invoice_deductions(view: View, row: InvoiceRow) -> JsonObject:
    """The invoice's own discounts and default tax rates, and what all of its lines' come to.

    In the subtotal the discounts of the lines themselves are off already, as in the compatible API;
    the invoice's own lie between it and the total. What excludes tax is less by the taxes that
    amounts include.
    """
    amounts = row.amounts
    discounts = total_discounts(row.lines)
    of_lines = {own.id for line in row.lines for own in line.own_discounts}
    of_lines -= {discount.id for discount in row.discounts}
    subtotal = amounts.subtotal - sum(d.amount for d in discounts if d.discount in of_lines)
    return {
        "default_tax_rates": tax_rate_objects(view, row.default_tax_rates),
        "discounts": [discount.id for discount in row.discounts],
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - amounts.tax_inclusive,
        "total_discount_amounts": discount_amounts(discounts),
        "total_excluding_tax": amounts.total - amounts.tax_exclusive - amounts.tax_inclusive,
        "total_pretax_credit_amounts": pretax_credits(discounts),
        "total_taxes": [tax_object(tax) for tax in total_taxes(row.lines)],
    }


def line_deductions(line: LinePart) -> JsonObject:
    """The discounts of the line itself, and by how much they and the invoice's lower it."""
    return {
        "discount_amounts": discount_amounts(line.discounts),
        "discountable": line.discountable,
        "discounts": [discount.id for discount in line.own_discounts],
        "pretax_credit_amounts": pretax_credits(line.discounts),
        "taxes": [tax_object(tax) for tax in line.taxes],
    }


def discount_amounts(discounts: Iterable[LineDiscountPart]) -> list[JsonObject]:
    """By how much each discount lowers something."""
    return [{"amount": one.amount, "discount": one.discount} for one in discounts]


def pretax_credits(discounts: Iterable[LineDiscountPart]) -> list[JsonObject]:
    """Discounts are all there are."""
    return [
        {
            "amount": one.amount,
            "credit_balance_transaction": None,
            "discount": one.discount,
            "type": "discount",
        }
        for one in discounts
    ]


def tax_object(tax: LineTaxPart) -> JsonObject:
    """What a tax rate comes to."""
    return {
        "amount": tax.amount,
        "tax_behavior": "inclusive" if tax.inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": tax.tax_rate},
        "taxability_reason": tax.reason,
        "taxable_amount": tax.taxable_amount,
        "type": "tax_rate_details",
    }


def total_discounts(lines: Sequence[Deducted]) -> list[LineDiscountPart]:
    """The sum of each discount, in the order in which they are first taken."""
    totals: dict[str, int] = {}
    for one in (one for line in lines for one in line.discounts):
        totals[one.discount] = totals.get(one.discount, 0) + one.amount
    return [LineDiscountPart(discount, amount) for discount, amount in totals.items()]


def total_taxes(lines: Sequence[Deducted]) -> list[LineTaxPart]:
    """The sum of each tax rate, in the order in which they first apply."""
    totals: dict[Any, tuple[int, int]] = {}
    for tax in (tax for line in lines for tax in line.taxes):
        key = (tax.tax_rate, tax.inclusive, tax.reason)
        amount, taxable = totals.get(key, (0, 0))
        totals[key] = (amount + tax.amount, taxable + tax.taxable_amount)
    return [
        LineTaxPart(tax_rate, amount, taxable, inclusive, reason)
        for (tax_rate, inclusive, reason), (amount, taxable) in totals.items()
    ]
