"""Lines of invoices as the wire shows them (contract §9)."""

from decimal import Decimal
from typing import Any, Final

from api.invoices.objects_deductions import line_deductions
from api.prices.objects import PriceRows
from ledger.kernel.money import currency_exponent, format_money
from ledger.prices.terms import PriceTerms
from projections.invoices.rows import InvoiceRow, LinePart
from projections.prices.rows import PriceRow

_TIMES: Final = "\N{MULTIPLICATION SIGN}"


def line_object(row: InvoiceRow, line: LinePart, prices: PriceRows) -> dict[str, Any]:
    """One line. `quantity` is cut to a whole number, `quantity_decimal` is exact."""
    quantity, amount = line.quantity or "0", line.amount or 0
    price = prices.get(line.price or "")
    return {
        "id": line.id,
        "object": "line_item",
        "amount": amount,
        "currency": row.currency,
        **line_deductions(line),
        "description": description(line, price, row.currency),
        "invoice": row.id,
        "livemode": row.livemode,
        "metadata": line.metadata or _inherited_metadata(row, line),
        "parent": _parent(row, line),
        "period": {"end": line.period_end, "start": line.period_start},
        "pricing": _pricing(row, line, price),
        "quantity": int(Decimal(quantity)),
        "quantity_decimal": quantity,
        "subscription": _subscription(row, line),
        "subtotal": amount,
    }


def _inherited_metadata(row: InvoiceRow, line: LinePart) -> dict[str, str]:
    return {} if line.kind == "invoice_item" else row.subscription_metadata


def _subscription(row: InvoiceRow, line: LinePart) -> str | None:
    return line.subscription if line.kind == "invoice_item" else row.subscription


def _pricing(row: InvoiceRow, line: LinePart, price: PriceRow | None) -> dict[str, Any]:
    """By what the line is priced: a price, a unit amount of its own, or its amount."""
    if price is None:
        unit = line.unit_amount_decimal or str(line.amount or 0)
        return {"type": "price_details", "unit_amount_decimal": unit}
    return {
        "price_details": {"price": price.id, "product": line.product},
        "type": "price_details",
        "unit_amount_decimal": price.terms_in(row.currency).unit_amount_decimal,
    }


def _parent(row: InvoiceRow, line: LinePart) -> dict[str, Any]:
    """What led to the line: a subscription's item, or an invoice item of nobody's subscription."""
    of_item = line.subscription_item is not None
    proration = {
        "invoice_item": line.invoice_item,
        "proration": line.proration or (line.prorated and line.kind != "invoice_item"),
        "proration_details": {"credited_items": None},
        "subscription": _subscription(row, line),
    }
    if of_item:
        details = {**proration, "subscription_item": line.subscription_item}
        return {
            "invoice_item_details": None,
            "subscription_item_details": details,
            "type": "subscription_item_details",
        }
    return {
        "invoice_item_details": proration,
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }


def description(line: LinePart, price: PriceRow | None, currency: str) -> str | None:
    """What a line bills, with a sign for "times": `3000 … Tokens (at US$0.04 per 100 / month)`.

    A line of an invoice item goes by its product's name.
    """
    if line.description is not None or price is None:
        return line.description
    if line.kind == "invoice_item":
        return line.product_name
    share = ", prorated" if line.prorated else ""
    rate = _rate(price.terms_in(currency))
    return f"{line.quantity or '0'} {_TIMES} {line.product_name} ({rate}{share})"


def _rate(terms: PriceTerms) -> str:
    recurring = terms.recurring
    rhythm = ""
    if recurring is not None:
        count = recurring.interval_count
        rhythm = f" / {recurring.interval}" if count == 1 else f" / {count} {recurring.interval}s"
    if terms.billing_scheme == "tiered":
        return f"{terms.tiers_mode} tiers{rhythm}"
    package = f" per {terms.transform_quantity.divide_by}" if terms.transform_quantity else ""
    amount = _exact_money(terms.unit_amount_decimal or "0", terms.currency)
    return f"at {amount}{package}{rhythm}"


def _exact_money(amount: str, currency: str) -> str:
    """A decimal amount in minor units as people write it, with the decimals that it needs."""
    whole, _, fraction = amount.partition(".")
    text = format_money(int(whole), currency)
    if not fraction:
        return text
    return f"{text}{fraction}" if currency_exponent(currency) else f"{text}.{fraction}"
