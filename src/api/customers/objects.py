"""A customer as the wire shows it (contract §7)."""

from typing import Any, Final

from projections.customers.rows import BalanceTransactionRow, CustomerRow, PersonalPart

_CURRENCY_OF_NONE: Final = "usd"
"""Shown while neither the change nor its customer has a currency; the wire's type needs one."""


def customer_object(row: CustomerRow) -> dict[str, Any]:
    """The customer, or the little that is left of a deleted one."""
    if row.deleted:
        return deleted_customer_object(row.id)
    personal = row.personal
    shown: dict[str, Any] = {
        "id": row.id,
        "object": "customer",
        "address": personal.address,
        "balance": row.balance,
        "created": row.created,
        "currency": row.currency,
        "default_source": row.default_source,
        "delinquent": False,
        "description": personal.description,
        "discount": None,
        "email": personal.email,
        "invoice_prefix": row.invoice_prefix,
        "invoice_settings": _invoice_settings(row),
        "livemode": row.livemode,
        "metadata": personal.metadata,
        "name": personal.name,
        "next_invoice_sequence": row.next_invoice_sequence,
        "phone": personal.phone,
        "preferred_locales": personal.preferred_locales,
        "shipping": shipping_object(personal),
        "tax_exempt": row.tax_exempt,
        "test_clock": row.test_clock,
    }
    for name in ("business_name", "individual_name"):
        if getattr(personal, name) is not None:
            shown[name] = getattr(personal, name)
    return shown


def deleted_customer_object(customer_id: str) -> dict[str, Any]:
    return {"id": customer_id, "object": "customer", "deleted": True}


def balance_transaction_object(row: BalanceTransactionRow, customer: CustomerRow) -> dict[str, Any]:
    """A change of a balance. What was written about it is gone with a deleted customer."""
    return {
        "id": row.id,
        "object": "customer_balance_transaction",
        "amount": row.amount,
        "checkout_session": None,
        "created": row.created,
        "credit_note": row.credit_note,
        "currency": row.currency or customer.currency or _CURRENCY_OF_NONE,
        "customer": row.customer,
        "customer_account": None,
        "description": None if customer.deleted else row.description,
        "ending_balance": row.ending_balance,
        "invoice": row.invoice,
        "livemode": row.livemode,
        "metadata": {} if customer.deleted else row.metadata,
        "type": row.kind,
    }


def payment_method_object(payment_method: str, customer: CustomerRow) -> dict[str, Any]:
    """A stand-in: the id that was attached, with nothing that money could move through."""
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {
        "id": payment_method,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": address,
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "created": customer.created,
        "customer": customer.id,
        "livemode": customer.livemode,
        "metadata": {},
        "type": "card",
    }


def _invoice_settings(row: CustomerRow) -> dict[str, Any]:
    return {
        "custom_fields": row.personal.invoice_custom_fields,
        "default_payment_method": row.default_payment_method,
        "footer": row.personal.invoice_footer,
        "rendering_options": row.rendering,
    }


def shipping_object(personal: PersonalPart) -> dict[str, Any] | None:
    """Where goods are sent, of which the ledger knows no parcel."""
    shipping = personal.shipping
    if shipping is None:
        return None
    return {
        "address": shipping.address,
        "carrier": None,
        "name": shipping.name,
        "phone": shipping.phone,
        "tracking_number": None,
    }
