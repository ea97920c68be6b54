"""What a subscription is after its facts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from ledger.coupons.discounts import Discount
from ledger.kernel.periods import Period
from ledger.subscriptions.events import SubscriptionStarted
from ledger.subscriptions.parts import (
    AnchorConfig,
    BilledEarly,
    BillingMode,
    CancellationDetails,
    Charged,
    CollectionMethod,
    PauseCollection,
    Rhythm,
    Segment,
    SubscriptionItem,
    Thresholds,
    cut,
    cycle_from,
)

SubscriptionStatus = Literal["trialing", "active", "paused", "canceled"]
"""There is no other: no money moves, so that nothing is incomplete, past due or unpaid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """`started` holds what never changes, the other fields what is so now.

    `periods` are the current ones by rhythm. `cancel_at` is the time of a scheduled end, also of
    one at the period's end. `charged` is what is paid in advance; `advances` are those of it that
    wait for an invoice, as `segments` of usage do. `spent` are discounts that counted once and
    did, `spent_on_charges` those of them that lowered what is `charged`. `revision` counts the
    facts.
    """

    started: SubscriptionStarted
    items: tuple[SubscriptionItem, ...]
    periods: dict[Rhythm, Period]
    anchor: datetime
    anchor_config: AnchorConfig | None
    billing_mode: BillingMode
    collection_method: CollectionMethod
    days_until_due: int | None
    cancel_at: datetime | None
    cancel_at_period_end: bool
    canceled_at: datetime | None
    default_payment_method: str | None
    description: str | None
    metadata: dict[str, str]
    settings: dict[str, JsonValue]
    cancellation: CancellationDetails
    status: SubscriptionStatus
    default_tax_rates: tuple[str, ...]
    discounts: tuple[Discount, ...]
    thresholds: Thresholds | None
    prorates_end: bool = False
    trial_end: datetime | None = None
    paused_at: datetime | None = None
    pause_collection: PauseCollection | None = None
    charged: tuple[Charged, ...] = ()
    advances: tuple[Charged, ...] = ()
    segments: tuple[Segment, ...] = ()
    billed_early: tuple[BilledEarly, ...] = ()
    spent: tuple[str, ...] = ()
    spent_on_charges: tuple[str, ...] = ()
    revision: int = 1

    @property
    def customer(self) -> str:
        return self.started.customer

    @property
    def ended(self) -> bool:
        return self.status == "canceled"

    def period_of(self, item: SubscriptionItem) -> Period:
        """The current period of an item."""
        return self.periods[item.rhythm]

    def charged_for(self, item_id: str) -> Charged | None:
        """What is paid in advance for a licensed item."""
        return next((one for one in self.charged if one.item == item_id), None)


def charge_ahead(
    subscription: Subscription, item: SubscriptionItem, period: Period
) -> Charged | None:
    """What is charged in advance for a period of a licensed item that begins or is begun.

    That is its share of a stub, also of one that a scheduled end makes; without prorations no stub
    before the first whole period, nothing of the past, and a last period in full.
    """
    if item.quantity is None:
        return None
    started = subscription.started
    cycle = cycle_from(subscription.anchor, subscription.anchor_config, item.rhythm)
    whole, part = cycle.period_at(period.start), cut(period, subscription.cancel_at)
    if started.proration_behavior == "none":
        if part.start != whole.start or whole.end <= started.created:
            return None
        whole = part
    return Charged(
        item=item.id,
        price=item.price,
        product=item.product,
        quantity=item.quantity,
        period=part,
        whole=whole,
    )
