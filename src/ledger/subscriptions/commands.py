"""What is asked of subscriptions."""

from pydantic import AwareDatetime, Field, JsonValue

from ledger.kernel.commands import Command
from ledger.subscriptions.events import BillingMode, CollectionMethod, ProrationBehavior


class ItemRequest(Command):
    """One price to subscribe to. `id` is the new item's own."""

    id: str
    price: str
    quantity: int | None = None
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
    backdate_start_date: AwareDatetime | None = None
    cancel_at: AwareDatetime | None = None
    cancel_at_period_end: bool = False
    collection_method: CollectionMethod = "charge_automatically"
    days_until_due: int | None = None
    proration_behavior: ProrationBehavior = "create_prorations"
    default_payment_method: str | None = None
    description: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])
    settings: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class ItemChange(Command):
    """A change of an item's metadata, merged as `merge_metadata` does."""

    id: str
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])


class UpdateSubscription(Command):
    """Change details. A field that was not set stays; None, where set, clears it.

    `metadata` is merged as `merge_metadata` does, `settings` key by key.
    """

    subscription: str
    items: tuple[ItemChange, ...] = ()
    cancel_at: AwareDatetime | None = None
    cancel_at_period_end: bool = False
    collection_method: CollectionMethod | None = None
    days_until_due: int | None = None
    default_payment_method: str | None = None
    description: str | None = None
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])
    settings: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    comment: str | None = None
    feedback: str | None = None


class CancelSubscription(Command):
    """End a subscription at once. The running period's usage goes unbilled unless `invoice_now`."""

    subscription: str
    invoice_now: bool = False
    prorate: bool = False
    comment: str | None = None
    feedback: str | None = None
