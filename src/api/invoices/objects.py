"""An invoice as the wire shows it (contract §9)."""

from collections.abc import Sequence
from typing import Final

from api.customers.objects import shipping_object
from api.http.call import View
from api.http.errors import INVALID_REQUEST
from api.http.expand import JsonObject
from api.http.lists import DEFAULT_LIMIT, list_object
from api.invoices.live import with_amounts
from api.invoices.objects_deductions import invoice_deductions
from api.invoices.objects_lines import line_object
from api.prices.objects import PriceRows, price_rows
from projections.customers.rows import CUSTOMERS, CustomerRow, PersonalPart
from projections.invoices.rows import InvoiceRow, LinePart

_NEVER: Final[JsonObject] = {
    "account_country": None,
    "account_name": None,
    "account_tax_ids": None,
    "amount_overpaid": 0,
    "amount_shipping": 0,
    "application": None,
    "attempt_count": 0,
    "automatic_tax": {
        "disabled_reason": None,
        "enabled": False,
        "liability": None,
        "provider": None,
        "status": None,
    },
    "customer_account": None,
    "customer_tax_ids": [],
    "from_invoice": None,
    "hosted_invoice_url": None,
    "invoice_pdf": None,
    "issuer": {"type": "self"},
    "latest_revision": None,
    "next_payment_attempt": None,
    "on_behalf_of": None,
    "receipt_number": None,
    "shipping_cost": None,
    "shipping_details": None,
    "webhooks_delivered_at": None,
}
"""Fields of what this ledger does not have."""

_AS_KEPT: Final = (
    "id",
    "automatically_finalizes_at",
    "billing_reason",
    "collection_method",
    "created",
    "currency",
    "customer",
    "default_payment_method",
    "description",
    "due_date",
    "livemode",
    "metadata",
    "number",
    "period_end",
    "period_start",
    "status",
    "test_clock",
)
"""Fields that are shown as the row has them."""


def invoice_objects(view: View, rows: Sequence[InvoiceRow]) -> list[JsonObject]:
    """Several invoices; customers and prices that they share are looked up once."""
    rated = with_amounts(view, rows)
    prices = price_rows(
        view, (line.price for row in rated for line in shown_lines(row) if line.price)
    )
    customers = view.rows.many(CUSTOMERS, {row.customer for row in rated})
    return [_invoice_object(view, row, customers[row.customer], prices) for row in rated]


def invoice_object(view: View, row: InvoiceRow) -> JsonObject:
    """One invoice; a draft with what it comes to now."""
    return invoice_objects(view, [row])[0]


def preview_object(view: View, row: InvoiceRow) -> JsonObject:
    """An invoice to come, whose row has its amounts already."""
    prices = price_rows(view, (line.price for line in shown_lines(row)))
    return _invoice_object(view, row, view.rows.get(CUSTOMERS, row.customer), prices)


def deleted_invoice_object(invoice_id: str) -> JsonObject:
    return {"id": invoice_id, "object": "invoice", "deleted": True}


def shown_lines(row: InvoiceRow) -> Sequence[LinePart]:
    """The lines that stand in the invoice itself; the rest are a list of their own."""
    return row.lines[:DEFAULT_LIMIT]


def _invoice_object(
    view: View, row: InvoiceRow, customer: CustomerRow | None, prices: PriceRows
) -> JsonObject:
    return {
        "object": "invoice",
        **_NEVER,
        **{name: getattr(row, name) for name in _AS_KEPT},
        **_amounts(row),
        **invoice_deductions(view, row),
        **_standing(row),
        **_customer_fields(customer),
        **_own_fields(row, customer),
        "lines": list_object(
            f"/v1/invoices/{row.id}/lines",
            [line_object(row, line, prices) for line in shown_lines(row)],
            has_more=len(row.lines) > DEFAULT_LIMIT,
        ),
        "parent": _parent(row),
    }


def _amounts(row: InvoiceRow) -> JsonObject:
    """What credit notes took off before payment is not due any more on the wire."""
    amounts = row.amounts
    return {
        "amount_due": amounts.amount_due - amounts.pre_payment_credited,
        "amount_paid": amounts.amount_paid,
        "amount_remaining": amounts.amount_remaining,
        "ending_balance": amounts.ending_balance,
        "post_payment_credit_notes_amount": amounts.post_payment_credited,
        "pre_payment_credit_notes_amount": amounts.pre_payment_credited,
        "starting_balance": amounts.starting_balance,
        "total": amounts.total,
    }


def _standing(row: InvoiceRow) -> JsonObject:
    """Whether and when it came to what. Only what is paid was ever attempted: no money moves."""
    return {
        "attempted": row.status == "paid",
        "auto_advance": row.auto_advance and row.status in {"draft", "open"},
        "effective_at": row.finalized_at,
        "last_finalization_error": (
            {"type": INVALID_REQUEST, "message": row.finalization_error}
            if row.finalization_error
            else None
        ),
        "status_transitions": {
            "finalized_at": row.finalized_at,
            "marked_uncollectible_at": row.marked_uncollectible_at,
            "paid_at": row.paid_at,
            "voided_at": row.voided_at,
        },
    }


def _customer_fields(customer: CustomerRow | None) -> JsonObject:
    """Who is billed, as the customer stands now; blank once their personal data is gone."""
    personal = customer.personal if customer else PersonalPart()
    return {
        "customer_address": personal.address,
        "customer_email": personal.email,
        "customer_name": personal.name,
        "customer_phone": personal.phone,
        "customer_shipping": shipping_object(personal),
        "customer_tax_exempt": customer.tax_exempt if customer else None,
    }


def _own_fields(row: InvoiceRow, customer: CustomerRow | None) -> JsonObject:
    """What the invoice says itself, or else the customer's settings do."""
    personal = customer.personal if customer else PersonalPart()
    payment, fields = row.settings.get("payment_settings", {}), row.custom_fields
    rendering = row.settings.get("rendering") or (customer.rendering if customer else None)
    shown = personal.invoice_custom_fields if fields is None else fields
    return {
        "custom_fields": shown or None,
        "default_source": row.settings.get("default_source"),
        "footer": personal.invoice_footer if row.footer is None else row.footer,
        "payment_settings": {
            "default_mandate": payment.get("default_mandate"),
            "payment_method_options": None,
            "payment_method_types": payment.get("payment_method_types"),
        },
        "rendering": _rendering(rendering) if rendering else None,
        "statement_descriptor": row.settings.get("statement_descriptor"),
    }


def _rendering(kept: dict[str, str | None]) -> JsonObject:
    return {
        "amount_tax_display": kept.get("amount_tax_display"),
        "pdf": None,
        "template": kept.get("template"),
        "template_version": None,
    }


def _parent(row: InvoiceRow) -> JsonObject | None:
    if row.subscription is None:
        return None
    return {
        "quote_details": None,
        "subscription_details": {
            "metadata": row.subscription_metadata,
            "subscription": row.subscription,
        },
        "type": "subscription_details",
    }
