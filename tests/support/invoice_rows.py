"""Rows of invoices for tests of what is shown of them."""

from typing import Any

import msgspec

from projections.invoices.rows import AmountsPart, InvoiceRow, LinePart, StepPart

JANUARY = 1_767_225_600
FEBRUARY = 1_769_904_000
HOUR = 3_600


def a_step(model: Any, amount: str, **fields: Any) -> StepPart:
    """A step of a rating; whatever is not said is 0 or without bound."""
    known: dict[str, Any] = {
        "quantity": "0",
        "unit_amount": "0",
        "flat_amount": "0",
        "above": None,
        "up_to": None,
    }
    return StepPart(model=model, amount=amount, **(known | fields))


def a_line(**fields: Any) -> LinePart:
    """3,000 tokens in packages of 100, for US$1.20 in January 2026."""
    known: dict[str, Any] = {
        "id": "il_1",
        "kind": "metered",
        "subscription_item": "si_1",
        "invoice_item": None,
        "subscription": "sub_1",
        "price": "price_tokens",
        "product": "prod_tokens",
        "product_name": "Tokens",
        "meter": "mtr_1",
        "period_start": JANUARY,
        "period_end": FEBRUARY,
        "prorated": False,
        "proration": False,
        "whole_start": None,
        "whole_end": None,
        "credit": False,
        "unit_amount_decimal": None,
        "description": None,
        "metadata": {},
        "discountable": True,
        "own_discounts": (),
        "tax_rates": None,
        "late_usage": None,
        "quantity": "3000",
        "amount": 120,
        "meter_events": 3,
        "price_version": 1,
        "steps": (a_step("package", "120", quantity="30", unit_amount="4"),),
    }
    return LinePart(**(known | fields))


def an_invoice(**fields: Any) -> InvoiceRow:
    """A live invoice of US$1.20, issued on 1 February 2026 and due 30 days later."""
    known: dict[str, Any] = {
        "id": "in_1",
        "sequence": 10,
        "created": FEBRUARY,
        "livemode": True,
        "customer": "cus_1",
        "subscription": "sub_1",
        "subscription_metadata": {},
        "billing_reason": "subscription_cycle",
        "currency": "usd",
        "period_start": JANUARY,
        "period_end": FEBRUARY,
        "lines": (a_line(),),
        "collection_method": "send_invoice",
        "days_until_due": 30,
        "auto_advance": True,
        "automatically_finalizes_at": None,
        "default_payment_method": None,
        "description": None,
        "footer": None,
        "metadata": {},
        "default_tax_rates": (),
        "discounts": (),
        "test_clock": None,
        "status": "open",
        "amounts": AmountsPart(subtotal=120, total=120, ending_balance=0, amount_due=120),
        "number": "ADA-0001",
        "due_date": FEBRUARY + HOUR + 30 * 86_400,
        "finalized_at": FEBRUARY + HOUR,
        "through_position": 42,
        "engine_version": 2,
        "document_sha256": "ab" * 32,
    }
    return InvoiceRow(**(known | fields))


def a_draft(**fields: Any) -> InvoiceRow:
    """The same invoice before it was issued."""
    undone: dict[str, Any] = {
        "status": "draft",
        "number": None,
        "due_date": None,
        "finalized_at": None,
        "automatically_finalizes_at": FEBRUARY + HOUR,
        "through_position": None,
        "engine_version": None,
        "document_sha256": None,
    }
    return an_invoice(**(undone | fields))


def with_amounts(row: InvoiceRow, **amounts: int) -> InvoiceRow:
    """The invoice with other sums."""
    changed = msgspec.structs.replace(row.amounts, **amounts)
    return msgspec.structs.replace(row, amounts=changed)
