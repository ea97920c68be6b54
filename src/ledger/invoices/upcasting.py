"""Invoices as they were recorded first, in the shape of today."""

from typing import Final

from ledger.store.upcasting import Payload

_DETAILS: Final = (
    "collection_method",
    "days_until_due",
    "auto_advance",
    "automatically_finalizes_at",
    "default_payment_method",
    "description",
    "metadata",
)


def drafted_without_details(payload: Payload) -> Payload:
    """From `invoice.drafted.v1`: details stood beside the lines, quantities were whole numbers."""
    details = {name: payload[name] for name in _DETAILS}
    kept = {name: value for name, value in payload.items() if name not in _DETAILS}
    return kept | {"details": details, "lines": [_line(line) for line in payload["lines"]]}


def _line(line: Payload) -> Payload:
    quantity = line["quantity"]
    return line | {"quantity": None if quantity is None else str(quantity)}


def finalized_without_taxes(payload: Payload) -> Payload:
    """From `invoice.finalized.v1`: there were neither discounts nor taxes."""
    return payload | {"discount_total": 0, "tax_exclusive": 0, "tax_inclusive": 0}
