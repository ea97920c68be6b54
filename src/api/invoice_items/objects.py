"""An invoice item as the wire shows it (contract §9)."""

from decimal import Decimal
from typing import Any

from api.http.call import View
from api.prices.objects import PriceRows, price_rows
from api.tax_rates.objects import tax_rate_objects
from ledger.invoice_items.charges import Charge
from ledger.invoice_items.charging import worth
from ledger.kernel.clock import to_epoch
from projections.invoice_items.rows import InvoiceItemRow
from projections.products.rows import PRODUCTS


def item_objects(view: View, rows: list[InvoiceItemRow]) -> list[dict[str, Any]]:
    """Several items; prices that they share are looked up once."""
    charges = [row.charge for row in rows]
    prices = price_rows(view, (charge.price for charge in charges if charge.price is not None))
    return [
        _item_object(view, row, charge, prices) for row, charge in zip(rows, charges, strict=True)
    ]


def item_object(view: View, row: InvoiceItemRow) -> dict[str, Any]:
    """One item, with what it comes to before discounts and taxes."""
    return item_objects(view, [row])[0]


def deleted_item_object(item_id: str) -> dict[str, Any]:
    return {"id": item_id, "object": "invoiceitem", "deleted": True}


def pricing_object(charge: Charge, unit_amount_decimal: str | None) -> dict[str, Any]:
    """By what a charge is priced: a price, or a unit amount of its own."""
    pricing: dict[str, Any] = {
        "type": "price_details",
        "unit_amount_decimal": unit_amount_decimal,
    }
    if charge.price is not None:
        pricing["price_details"] = {"price": charge.price, "product": charge.product}
    return pricing


def _item_object(
    view: View, row: InvoiceItemRow, charge: Charge, prices: PriceRows
) -> dict[str, Any]:
    terms = None if charge.price is None else prices[charge.price].terms_in(row.currency)
    quantity = charge.quantity or "0"
    amount = worth(charge, terms)
    unit = charge.unit_amount_decimal if charge.amount is None else str(charge.amount)
    return {
        "id": row.id,
        "object": "invoiceitem",
        "amount": amount,
        "currency": row.currency,
        "customer": row.customer,
        "customer_account": None,
        "date": row.created,
        "description": charge.description or _product_name(view, charge),
        "discountable": charge.discountable,
        "discounts": [discount.id for discount in charge.discounts],
        "frozen_fields": ["pricing", "quantity"] if charge.late_usage else [],
        "invoice": row.invoice,
        "invoicing_rules": [],
        "livemode": row.livemode,
        "metadata": charge.metadata,
        "net_amount": None if charge.discountable else amount,
        "parent": _parent(row, charge),
        "period": {"end": to_epoch(charge.period.end), "start": to_epoch(charge.period.start)},
        "pricing": pricing_object(charge, unit if terms is None else terms.unit_amount_decimal),
        "proration": charge.proration,
        "proration_details": {"credited_items": None, "discount_amounts": []},
        "quantity": int(Decimal(quantity)),
        "quantity_decimal": quantity,
        "tax_rates": tax_rate_objects(view, charge.tax_rates or ()),
        "test_clock": row.test_clock,
    }


def _product_name(view: View, charge: Charge) -> str | None:
    if charge.product is None:
        return None
    product = view.rows.get(PRODUCTS, charge.product)
    return product.name if product else None


def _parent(row: InvoiceItemRow, charge: Charge) -> dict[str, Any] | None:
    if charge.subscription is None:
        return None
    details = {"subscription": charge.subscription}
    if row.subscription_item is not None:
        details["subscription_item"] = row.subscription_item
    return {"subscription_details": details, "type": "subscription_details"}
