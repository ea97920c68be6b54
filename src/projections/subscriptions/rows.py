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
from ledger.subscriptions.parts import PauseBehavior
from projections.runtime.tables import Table


class ItemPart(msgspec.Struct, frozen=True):
    """One price of a subscription; `quantity` is None where it is metered."""

    id: str
    created: int
    price: str
    product: str
    meter: str | None
    quantity: int | None
    interval: Interval
    interval_count: int
    since: int
    metadata: dict[str, str]
    tax_rates: tuple[str, ...] | None = None
    discounts: tuple[str, ...] = ()
    usage_gte: int | None = None


class PeriodPart(msgspec.Struct, frozen=True):
    """The current period of items that are billed this often."""

    interval: Interval
    interval_count: int
    start: int
    end: int


class PausePart(msgspec.Struct, frozen=True):
    behavior: PauseBehavior
    resumes_at: int | None = None


class ThresholdsPart(msgspec.Struct, frozen=True):
    amount_gte: int | None = None
    reset_billing_cycle_anchor: bool | None = None


class AnchorPart(msgspec.Struct, frozen=True):
    day_of_month: int
    month: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None


class CancellationPart(msgspec.Struct, frozen=True):
    comment: str | None = None
    feedback: str | None = None
    reason: CancellationReason | None = None


class SubscriptionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as it stands.

    `current_period_start` and `current_period_end` are those of the period that ends first.
    Usage since `unbilled_since` is still to be billed.
    """

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
    anchor_config: AnchorPart | None = None
    periods: tuple[PeriodPart, ...]
    current_period_start: int
    current_period_end: int
    unbilled_since: int
    waiting_since: int | None = None
    trial_start: int | None = None
    trial_end: int | None = None
    paused_at: int | None = None
    pause_collection: PausePart | None = None
    thresholds: ThresholdsPart | None = None
    default_tax_rates: tuple[str, ...] = ()
    discounts: tuple[str, ...] = ()
    migrated_at: int | None = None
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

    @property
    def has_thresholds(self) -> bool:
        """Whether usage may lead to an invoice before a period's end."""
        amount = self.thresholds is not None and self.thresholds.amount_gte is not None
        return amount or any(item.usage_gte is not None for item in self.items)

    def period_of(self, item: ItemPart) -> PeriodPart:
        """The current period of an item."""
        rhythm = (item.interval, item.interval_count)
        return next(p for p in self.periods if (p.interval, p.interval_count) == rhythm)


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
        "unbilled_since": "bigint",
        "has_thresholds": "boolean",
    },
    indexes=(("sequence",), ("customer",), ("test_clock",), ("has_thresholds",)),
    version=2,
)

SUBSCRIPTION_ITEMS = Table(
    "subscription_items",
    SubscriptionItemRow,
    columns={"subscription": "text", "price": "text"},
    indexes=(("price",), ("subscription",)),
    version=2,
)
