"""Rows of subscriptions and of their items. Times are epoch seconds."""

from typing import Any

import msgspec

from ledger.kernel.periods import Interval
from ledger.subscriptions.aggregate import SubscriptionStatus
from ledger.subscriptions.events import (
    BillingMode,
    CancellationReason,
    CollectionMethod,
    ProrationBehavior,
)
from projections.runtime.tables import Table


class ItemPart(msgspec.Struct, frozen=True):
    """One price of a subscription; `quantity` is None where it is metered."""

    id: str
    created: int
    price: str
    product: str
    meter: str | None
    quantity: int | None
    metadata: dict[str, str]


class CancellationPart(msgspec.Struct, frozen=True):
    comment: str | None = None
    feedback: str | None = None
    reason: CancellationReason | None = None


class SubscriptionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as it stands."""

    id: str
    sequence: int
    created: int
    livemode: bool
    customer: str
    status: SubscriptionStatus = "active"
    currency: str
    interval: Interval
    interval_count: int
    items: tuple[ItemPart, ...]
    billing_mode: BillingMode
    billing_cycle_anchor: int
    start_date: int
    current_period_start: int
    current_period_end: int
    collection_method: CollectionMethod
    days_until_due: int | None
    cancel_at: int | None
    cancel_at_period_end: bool
    canceled_at: int | None = None
    ended_at: int | None = None
    cancellation: CancellationPart = CancellationPart()
    proration_behavior: ProrationBehavior
    default_payment_method: str | None
    description: str | None
    metadata: dict[str, str]
    settings: dict[str, Any]
    test_clock: str | None
    latest_invoice: str | None = None

    @property
    def on_test_clock(self) -> bool:
        """Whether lists that name neither clock nor customer leave it out."""
        return self.test_clock is not None


class SubscriptionItemRow(msgspec.Struct, frozen=True):
    """Which subscription an item is of; the item itself is a part of that."""

    id: str
    subscription: str
    price: str


SUBSCRIPTIONS = Table(
    "subscriptions",
    SubscriptionRow,
    columns={
        "sequence": "bigint",
        "created": "bigint",
        "customer": "text",
        "status": "text",
        "collection_method": "text",
        "test_clock": "text",
        "on_test_clock": "boolean",
        "current_period_start": "bigint",
        "current_period_end": "bigint",
    },
    indexes=(("sequence",), ("customer",), ("test_clock",)),
)

SUBSCRIPTION_ITEMS = Table(
    "subscription_items",
    SubscriptionItemRow,
    columns={"subscription": "text", "price": "text"},
    indexes=(("price",),),
)
