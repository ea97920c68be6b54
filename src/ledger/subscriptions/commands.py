"""What is asked of subscriptions."""

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from ledger.coupons.commands import DiscountRequest
from ledger.kernel.commands import Command
from ledger.prices.commands import CreatePrice
from ledger.subscriptions.parts import (
    AnchorConfig,
    BillingMode,
    CollectionMethod,
    PauseCollection,
    ProrationBehavior,
    Thresholds,
)

PeriodEnd = Literal["min_period_end", "max_period_end", "max_billed_until"]
"""Ends of current periods by which a cancellation may be scheduled."""


class ItemRequest(Command):
    """One price to subscribe to. `id` is the new item's own; `price_data` makes the price."""

    id: str
    price: str
    price_data: CreatePrice | None = None
    quantity: int | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])
    tax_rates: tuple[str, ...] | None = None
    discounts: tuple[DiscountRequest, ...] = ()
    usage_gte: int | None = None


class AddedPeriod(Command):
    """When what is added counts: at given times, or with the items' current periods."""

    start: AwareDatetime | Literal["now", "max_item_period_start", "min_item_period_end"]
    end: AwareDatetime | Literal["now", "max_item_period_start", "min_item_period_end"]


class AddedCharge(Command):
    """A one-time price to bill with the subscription, once. `id` is the new invoice item's own."""

    id: str
    price: str
    price_data: CreatePrice | None = None
    quantity: int = 1
    period: AddedPeriod | None = None
    discountable: bool = True
    discounts: tuple[DiscountRequest, ...] = ()
    tax_rates: tuple[str, ...] | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])


class CreateSubscription(Command):
    """Start a subscription. `settings` are payment parameters to keep as they came.

    `billing_mode` is decided at the door, where an older Stripe-Version means classic.
    """

    subscription: str
    customer: str
    items: tuple[ItemRequest, ...]
    billing_mode: BillingMode
    currency: str | None = None
    billing_cycle_anchor: AwareDatetime | None = None
    anchor_config: AnchorConfig | None = None
    backdate_start_date: AwareDatetime | None = None
    trial_end: AwareDatetime | None = None
    trial_period_days: int | None = None
    cancel_at: AwareDatetime | PeriodEnd | None = None
    cancel_at_period_end: bool = False
    collection_method: CollectionMethod = "charge_automatically"
    days_until_due: int | None = None
    proration_behavior: ProrationBehavior = "create_prorations"
    default_payment_method: str | None = None
    description: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])
    settings: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    default_tax_rates: tuple[str, ...] = ()
    discounts: tuple[DiscountRequest, ...] = ()
    thresholds: Thresholds | None = None
    add_invoice_items: tuple[AddedCharge, ...] = ()


class ItemChange(Command):
    """A change of one item, or a new one where it is `added`; what is not set stays.

    `metadata` is merged as `merge_metadata` does.
    """

    id: str
    added: bool = False
    deleted: bool = False
    clear_usage: bool = False
    price: str | None = None
    price_data: CreatePrice | None = None
    quantity: int | None = None
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])
    tax_rates: tuple[str, ...] | None = None
    discounts: tuple[DiscountRequest, ...] = ()
    usage_gte: int | None = None


class UpdateSubscription(Command):
    """Change a subscription. A field that was not set stays; None, where set, clears it.

    `metadata` is merged as `merge_metadata` does, `settings` key by key. `trial_end` "now" ends a
    trial. With `one_item` the request was for the item itself, whose fields have no prefix.
    """

    subscription: str
    items: tuple[ItemChange, ...] = ()
    one_item: bool = False
    add_invoice_items: tuple[AddedCharge, ...] = ()
    proration_behavior: ProrationBehavior = "create_prorations"
    proration_date: AwareDatetime | None = None
    billing_cycle_anchor: Literal["now", "unchanged"] = "unchanged"
    trial_end: AwareDatetime | Literal["now"] | None = None
    cancel_at: AwareDatetime | PeriodEnd | None = None
    cancel_at_period_end: bool = False
    pause_collection: PauseCollection | None = None
    collection_method: CollectionMethod | None = None
    days_until_due: int | None = None
    default_payment_method: str | None = None
    description: str | None = None
    default_tax_rates: tuple[str, ...] = ()
    discounts: tuple[DiscountRequest, ...] = ()
    thresholds: Thresholds | None = None
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])
    settings: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    comment: str | None = None
    feedback: str | None = None

    def param(self, index: int, field: str) -> str:
        """The request's name of a field of one of the items."""
        return field if self.one_item else f"items[{index}][{field}]"


class CancelSubscription(Command):
    """End a subscription at once. The running period's usage goes unbilled unless `invoice_now`;
    the licensed time that is left is given back with `prorate`."""

    subscription: str
    invoice_now: bool = False
    prorate: bool = False
    comment: str | None = None
    feedback: str | None = None


class PauseSubscription(Command):
    """Bill nothing from now on.

    `bill_usage`: usage so far is billed, or dropped. `credit_from`: from when the licensed time
    that was paid for is given back. `invoice`: what comes of that is invoiced at once.
    """

    subscription: str
    bill_usage: bool = True
    credit_from: Literal["now", "item_current_period_start", "none"] = "now"
    invoice: bool = False


class ResumeSubscription(Command):
    """Go on: with a new anchor and an invoice at once, or in the periods of the old anchor."""

    subscription: str
    billing_cycle_anchor: Literal["now", "unchanged"] = "now"
    proration_behavior: ProrationBehavior = "create_prorations"
    proration_date: AwareDatetime | None = None


class MigrateSubscription(Command):
    """Make a classic subscription a flexible one. `settings` are what belongs to that mode."""

    subscription: str
    settings: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class CheckThresholds(Command):
    """Invoice a subscription's usage so far if that has reached a threshold."""

    subscription: str


class ResumeCollection(Command):
    """Invoices are collected again, as the time for which that was paused is over."""

    subscription: str
