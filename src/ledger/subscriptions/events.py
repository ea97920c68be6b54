"""What happens to a subscription. Streams are named by its id (`sub_…`).

Times are on the customer's own clock: a test clock's time where the customer lives on one.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, JsonValue

from ledger.kernel.events import DomainEvent, Fact
from ledger.kernel.periods import Interval, Period

BillingMode = Literal["classic", "flexible"]
CollectionMethod = Literal["charge_automatically", "send_invoice"]
ProrationBehavior = Literal["create_prorations", "none", "always_invoice"]
CancellationReason = Literal["cancellation_requested", "payment_disputed", "payment_failed"]


class SubscriptionItem(Fact):
    """One price of a subscription: licensed with a quantity, or metered with the meter it reads."""

    id: str
    price: str
    product: str
    meter: str | None
    quantity: int | None
    created: AwareDatetime
    metadata: dict[str, str]

    @property
    def is_metered(self) -> bool:
        return self.meter is not None


class CancellationDetails(Fact):
    """Why a subscription ends, as the request told; `reason` is the ledger's own word."""

    comment: str | None = None
    feedback: str | None = None
    reason: CancellationReason | None = None


class SubscriptionStarted(DomainEvent):
    """A subscription began, active at once.

    `start_date` lies before `created` when backdated. `current_period` is the one that holds
    `created`. `settings` are accepted payment parameters, kept and shown as they came: no money
    moves.
    """

    TOPIC: ClassVar[str] = "subscription.started.v1"

    customer: str
    items: tuple[SubscriptionItem, ...]
    currency: str
    interval: Interval
    interval_count: int
    billing_mode: BillingMode
    billing_cycle_anchor: AwareDatetime
    start_date: AwareDatetime
    created: AwareDatetime
    current_period: Period
    collection_method: CollectionMethod
    days_until_due: int | None
    cancel_at: AwareDatetime | None
    cancel_at_period_end: bool
    proration_behavior: ProrationBehavior
    default_payment_method: str | None
    description: str | None
    metadata: dict[str, str]
    settings: dict[str, JsonValue]
    test_clock: str | None
    livemode: bool


class SubscriptionDetailsChanged(DomainEvent):
    """Details were changed; each field holds the whole new value."""

    TOPIC: ClassVar[str] = "subscription.details_changed.v1"

    collection_method: CollectionMethod
    days_until_due: int | None
    default_payment_method: str | None
    description: str | None
    metadata: dict[str, str]
    settings: dict[str, JsonValue]
    cancellation: CancellationDetails


class ItemDetailsChanged(DomainEvent):
    """The metadata of one item was changed to this."""

    TOPIC: ClassVar[str] = "subscription.item_details_changed.v1"

    item: str
    metadata: dict[str, str]


class CancellationScheduled(DomainEvent):
    """The subscription will end at `cancel_at`, its period's end if `at_period_end`."""

    TOPIC: ClassVar[str] = "subscription.cancellation_scheduled.v1"

    cancel_at: AwareDatetime
    at_period_end: bool
    scheduled_at: AwareDatetime
    details: CancellationDetails


class CancellationWithdrawn(DomainEvent):
    """The subscription goes on after all."""

    TOPIC: ClassVar[str] = "subscription.cancellation_withdrawn.v1"

    withdrawn_at: AwareDatetime


class PeriodClosed(DomainEvent):
    """A period was closed and drafted on `invoice`, None if there was nothing to bill.

    `next_period` begins where it ended, None where the subscription ends with it.
    """

    TOPIC: ClassVar[str] = "subscription.period_closed.v1"

    period: Period
    closed_at: AwareDatetime
    invoice: str | None
    next_period: Period | None


class SubscriptionCanceled(DomainEvent):
    """The subscription ended at `ended_at`; `canceled_at` is when that was asked for.

    A last period that is billed was closed by a `PeriodClosed` just before; otherwise its usage
    goes unbilled.
    """

    TOPIC: ClassVar[str] = "subscription.canceled.v1"

    canceled_at: AwareDatetime
    ended_at: AwareDatetime
    details: CancellationDetails


EVENTS: tuple[type[DomainEvent], ...] = (
    SubscriptionStarted,
    SubscriptionDetailsChanged,
    ItemDetailsChanged,
    CancellationScheduled,
    CancellationWithdrawn,
    PeriodClosed,
    SubscriptionCanceled,
)
