"""The sums of an invoice's page: from the lines to what is left to pay."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from api.invoices.document.figures import money
from api.invoices.document.page import Sum
from projections.invoices.rows import InvoiceRow, LineTaxPart

_REASONS: Final = {
    "standard_rated": "",
    "zero_rated": ", zero-rated",
    "customer_exempt": ", the customer is exempt",
    "reverse_charge": ", reverse charge: the customer accounts for the tax",
}
"""Why a tax is as it is (`taxability_reason` on the wire)."""


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit note that stands: by how much it lowered what was still to pay, and how much was
    given back beside."""

    number: str
    amount: int
    given_back: int = 0


@dataclass(frozen=True, slots=True)
class SumSources:
    """What sums are named by. Discounts and tax rates by id; credits in order of their issue."""

    discounts: Mapping[str, str]
    tax_rates: Mapping[str, str]
    credits: Sequence[Credit] = ()


def shown_sums(row: InvoiceRow, sources: SumSources) -> tuple[Sum, ...]:
    """Every amount between the subtotal and what remains; each `plain` one adds to the next."""
    amounts, currency = row.amounts, row.currency
    taxes = _taxes(row)
    sums = [Sum("Subtotal", money(amounts.subtotal, currency))]
    sums += _discounts(row, sources)
    if taxes:
        net = amounts.total - amounts.tax_exclusive - amounts.tax_inclusive
        sums.append(Sum("Total excluding tax", money(net, currency), "memo"))
    sums += [_tax(row, sources, tax) for tax in taxes if not tax.inclusive]
    sums.append(Sum("Total", money(amounts.total, currency), "total"))
    sums += [_tax(row, sources, tax) for tax in taxes if tax.inclusive]
    sums += _balance(row)
    sums.append(Sum("Amount due", money(amounts.amount_due, currency), "total"))
    return (*sums, *_since(row, sources.credits))


def _discounts(row: InvoiceRow, sources: SumSources) -> list[Sum]:
    taken: dict[str, int] = defaultdict(int)
    for line in row.lines:
        for discount in line.discounts:
            taken[discount.discount] += discount.amount
    return [
        Sum(f"Discount: {sources.discounts.get(name, name)}", money(-amount, row.currency))
        for name, amount in taken.items()
    ]


def _taxes(row: InvoiceRow) -> list[LineTaxPart]:
    """The taxes of all lines, one of each rate and reason, in order of their first line."""
    found: dict[tuple[str, bool, str], LineTaxPart] = {}
    for line in row.lines:
        for tax in line.taxes:
            key = (tax.tax_rate, tax.inclusive, tax.reason)
            found[key] = _added(found[key], tax) if key in found else tax
    return list(found.values())


def _added(one: LineTaxPart, other: LineTaxPart) -> LineTaxPart:
    return msgspec.structs.replace(
        one,
        amount=one.amount + other.amount,
        taxable_amount=one.taxable_amount + other.taxable_amount,
    )


def _tax(row: InvoiceRow, sources: SumSources, tax: LineTaxPart) -> Sum:
    name = sources.tax_rates.get(tax.tax_rate, tax.tax_rate)
    note = f"on {money(tax.taxable_amount, row.currency)}{_REASONS[tax.reason]}"
    if tax.inclusive:
        return Sum(f"Included: {name}", money(tax.amount, row.currency), "memo", note)
    return Sum(name, money(tax.amount, row.currency), note=note)


def _balance(row: InvoiceRow) -> list[Sum]:
    """What the customer's balance changed: credit that was used, a debt, or credit that is new."""
    amounts = row.amounts
    change = amounts.amount_due - amounts.total
    if not change:
        return []
    if amounts.total < 0:
        label = "Kept as credit for later invoices"
    else:
        label = "Credit applied" if change < 0 else "Owed from before"
    return [Sum(label, money(change, row.currency))]


def _since(row: InvoiceRow, credit_notes: Sequence[Credit]) -> list[Sum]:
    """What happened to the amount due since: credit notes, payment."""
    paid, currency = row.amounts.amount_paid, row.currency
    sums = [
        Sum(f"Credit note {credit.number}", money(-credit.amount, currency))
        for credit in credit_notes
        if credit.amount
    ]
    if paid:
        sums.append(Sum("Paid", money(-paid, currency)))
    if sums:
        sums.append(Sum("Remaining", money(row.amounts.amount_remaining, currency), "total"))
    given_back = [
        Sum(
            f"Given back by credit note {credit.number}", money(credit.given_back, currency), "memo"
        )
        for credit in credit_notes
        if credit.given_back
    ]
    return sums + given_back
