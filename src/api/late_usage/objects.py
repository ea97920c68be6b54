"""Late usage as JSON. Times are epoch seconds, amounts minor units before discounts and taxes."""

from typing import Any

from ledger.late_usage.events import Policy
from projections.late_usage.rows import LateUsageRow


def late_usage_object(row: LateUsageRow) -> dict[str, Any]:
    """An adjustment: what the line billed before, what it comes to now, and what became of it."""
    return {
        "id": row.id,
        "object": "late_usage",
        "amount": row.amount,
        "created": row.created,
        "currency": row.currency,
        "customer": row.customer,
        "document": row.document,
        "invoice": row.invoice,
        "invoice_item": row.invoice_item,
        "invoice_line": row.line,
        "livemode": row.livemode,
        "meter": row.meter,
        "meter_events": row.meter_events,
        "outcome": row.outcome,
        "period": {"start": row.period_start, "end": row.period_end},
        "price": row.price,
        "quantity_after": row.quantity_after,
        "quantity_before": row.quantity_before,
        "reason": row.reason,
        "subscription": row.subscription,
        "test_clock": row.test_clock,
        "through_position": row.through_position,
    }


def policy_object(customer: str | None, in_force: Policy, own: Policy | None) -> dict[str, Any]:
    """A policy: the one in force, and what was said of the customer or the ledger alone."""
    return {
        "object": "late_usage_policy",
        "customer": customer,
        "own": own,
        "policy": in_force,
    }
