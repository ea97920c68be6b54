"""Rows of late usage. Times are epoch seconds, amounts minor units before discounts and taxes."""

import msgspec

from ledger.late_usage.events import Outcome, Policy, Reason
from projections.runtime.tables import Table


class LateUsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """An adjustment of a finalized line: what it billed before, what it comes to now, and what
    became of the difference (`ledger.late_usage.events.LateUsageAdjusted`)."""

    id: str
    sequence: int
    created: int
    livemode: bool
    customer: str
    subscription: str | None
    invoice: str
    line: str
    meter: str
    price: str
    period_start: int
    period_end: int
    currency: str
    quantity_before: str
    quantity_after: str
    amount: int
    meter_events: int
    through_position: int
    outcome: Outcome
    reason: Reason | None
    invoice_item: str | None
    document: str | None
    test_clock: str | None


class NotBilledRow(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of usage that is never billed, and why: dropped by a subscription, or late and only
    reported (`late_usage`, whose `amount` it would have come to). It may be empty of usage."""

    id: str
    sequence: int
    created: int
    customer: str
    subscription: str | None
    subscription_item: str | None
    meter: str
    price: str
    period_start: int
    period_end: int
    reason: str
    invoice: str | None = None
    late_usage: str | None = None
    amount: int | None = None
    currency: str | None = None


class SubscriberRow(msgspec.Struct, frozen=True):
    """Whose a subscription is."""

    id: str
    customer: str


class LateUsagePolicyRow(msgspec.Struct, frozen=True):
    """The policy of a customer, None to follow the ledger's, or of the ledger under `LEDGER`."""

    id: str
    policy: Policy | None


LEDGER = "ledger"

LATE_USAGE = Table(
    "late_usage",
    LateUsageRow,
    columns={
        "sequence": "bigint",
        "created": "bigint",
        "customer": "text",
        "invoice": "text",
        "outcome": "text",
    },
    indexes=(("sequence",), ("customer",), ("invoice",)),
)

LATE_USAGE_POLICIES = Table("late_usage_policies", LateUsagePolicyRow)

NOT_BILLED = Table(
    "usage_not_billed",
    NotBilledRow,
    columns={
        "sequence": "bigint",
        "created": "bigint",
        "customer": "text",
        "subscription": "text",
        "reason": "text",
    },
    indexes=(("sequence",), ("customer",)),
)

SUBSCRIBERS = Table("usage_subscribers", SubscriberRow)
