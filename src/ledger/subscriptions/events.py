"""What happens to a subscription. Streams are named by its id (`sub_…`).

Times are on the customer's own clock: a test clock's time where the customer lives on one. Free
text (`PersonalText`, `PersonalMetadata`) is stored sealed, as it is of invoices and credit notes.
"""

from typing import ClassVar

from pydantic import AwareDatetime, JsonValue

from ledger.coupons.discounts import Discount
from ledger.kernel.events import DomainEvent
from ledger.kernel.periods import Interval, Period
from ledger.kernel.personal import PersonalMetadata, PersonalText
from ledger.subscriptions.parts import (
    AnchorConfig,
    BilledEarly,
    BillingMode,
    CancellationDetails,
    CancellationReason,
    Charged,
    CollectionMethod,
    CurrentPeriod,
    DroppedUsage,
    PauseCollection,
    ProrationBehavior,
    Segment,
    SubscriptionItem,
    Thresholds,
)

__all__ = [
    "EVENTS",
    "BillingMode",
    "CancellationDetails",
    "CancellationReason",
    "CollectionMethod",
    "ProrationBehavior",
    "SubscriptionItem",
]


class SubscriptionStarted(DomainEvent):
    """A subscription began, active at once, or on trial until `trial_end`.

    `start_date` lies before `created` when backdated. `periods` are those that hold `created`, one
    for each rhythm of its items. `interval` and `interval_count` are the rhythm of its first item.
    `settings` are accepted payment parameters, kept and shown as they came: no money moves.
    `drafting` is the version of the rules by which its lines are drafted.
    """

    TOPIC: ClassVar[str] = "subscription.started.v3"

    customer: str
    items: tuple[SubscriptionItem, ...]
    currency: str
    interval: Interval
    interval_count: int
    billing_mode: BillingMode
    billing_cycle_anchor: AwareDatetime
    anchor_config: AnchorConfig | None = None
    start_date: AwareDatetime
    created: AwareDatetime
    periods: tuple[CurrentPeriod, ...]
    trial_end: AwareDatetime | None = None
    collection_method: CollectionMethod
    days_until_due: int | None
    cancel_at: AwareDatetime | None
    cancel_at_period_end: bool
    proration_behavior: ProrationBehavior
    default_payment_method: str | None
    description: PersonalText
    metadata: PersonalMetadata
    settings: dict[str, JsonValue]
    default_tax_rates: tuple[str, ...] = ()
    discounts: tuple[Discount, ...] = ()
    thresholds: Thresholds | None = None
    test_clock: str | None
    livemode: bool
    drafting: int = 2


class SubscriptionDetailsChanged(DomainEvent):
    """Details were changed; each field holds the whole new value."""

    TOPIC: ClassVar[str] = "subscription.details_changed.v3"

    collection_method: CollectionMethod
    days_until_due: int | None
    default_payment_method: str | None
    description: PersonalText
    metadata: PersonalMetadata
    settings: dict[str, JsonValue]
    cancellation: CancellationDetails
    default_tax_rates: tuple[str, ...] = ()
    discounts: tuple[Discount, ...] = ()
    thresholds: Thresholds | None = None
    pause_collection: PauseCollection | None = None


class ItemDetailsChanged(DomainEvent):
    """The metadata of one item was changed to this."""

    TOPIC: ClassVar[str] = "subscription.item_details_changed.v2"

    item: str
    metadata: PersonalMetadata


class ItemsChanged(DomainEvent):
    """Items were added, changed or removed; each field but `dropped` holds the whole new value.

    `segments` are the stretches of usage that wait for the next invoice, `dropped` those that are
    not billed, for this change.
    """

    TOPIC: ClassVar[str] = "subscription.items_changed.v2"

    items: tuple[SubscriptionItem, ...]
    periods: tuple[CurrentPeriod, ...]
    charged: tuple[Charged, ...]
    segments: tuple[Segment, ...]
    dropped: tuple[DroppedUsage, ...]
    changed_at: AwareDatetime


class BillingCycleReset(DomainEvent):
    """New periods began at once, counted from a new anchor, on trial where there is a `trial_end`.

    `advances` are the charges for the new periods; they wait for the next invoice, as all
    `segments` of usage do. `dropped` is usage of the ended periods that is not billed.
    """

    TOPIC: ClassVar[str] = "subscription.billing_cycle_reset.v1"

    reset_at: AwareDatetime
    billing_cycle_anchor: AwareDatetime
    anchor_config: AnchorConfig | None = None
    periods: tuple[CurrentPeriod, ...]
    trial_end: AwareDatetime | None
    advances: tuple[Charged, ...]
    segments: tuple[Segment, ...]
    dropped: tuple[DroppedUsage, ...]


class TrialEndChanged(DomainEvent):
    """The running trial, and with it the periods, ends at another time."""

    TOPIC: ClassVar[str] = "subscription.trial_end_changed.v1"

    trial_end: AwareDatetime
    billing_cycle_anchor: AwareDatetime
    periods: tuple[CurrentPeriod, ...]
    changed_at: AwareDatetime


class SubscriptionInvoiced(DomainEvent):
    """What waited for the next invoice of the subscription is on `invoice`, between periods."""

    TOPIC: ClassVar[str] = "subscription.invoiced.v1"

    invoice: str
    invoiced_at: AwareDatetime


class ThresholdReached(DomainEvent):
    """Usage so far was billed on `invoice` before its period's end, where it is given back."""

    TOPIC: ClassVar[str] = "subscription.threshold_reached.v1"

    invoice: str
    billed: tuple[BilledEarly, ...]
    reached_at: AwareDatetime


class CancellationScheduled(DomainEvent):
    """The subscription will end at `cancel_at`, its period's end if `at_period_end`.

    With `prorate` the licensed time that is left then is given back.
    """

    TOPIC: ClassVar[str] = "subscription.cancellation_scheduled.v3"

    cancel_at: AwareDatetime
    at_period_end: bool
    scheduled_at: AwareDatetime
    details: CancellationDetails
    prorate: bool


class CancellationWithdrawn(DomainEvent):
    """The subscription goes on after all."""

    TOPIC: ClassVar[str] = "subscription.cancellation_withdrawn.v1"

    withdrawn_at: AwareDatetime


class ChargedInAdvance(DomainEvent):
    """What is charged in advance, after a change of it that changed no item."""

    TOPIC: ClassVar[str] = "subscription.charged_in_advance.v1"

    charged: tuple[Charged, ...]


class PeriodClosed(DomainEvent):
    """Periods were closed and drafted on `invoice`, None if there was nothing to bill.

    `begun` are those that follow the `ended` ones of the same rhythm, none where the subscription
    ends with them. `dropped` is usage of theirs that is not billed.
    """

    TOPIC: ClassVar[str] = "subscription.period_closed.v2"

    ended: tuple[CurrentPeriod, ...]
    begun: tuple[CurrentPeriod, ...]
    closed_at: AwareDatetime
    invoice: str | None
    dropped: tuple[DroppedUsage, ...] = ()

    @property
    def period(self) -> Period:
        """The shortest of the ended periods, which the invoice is for."""
        return max(one.period for one in self.ended)


class SubscriptionPaused(DomainEvent):
    """Nothing is billed from now on. Usage so far waits in `segments` or is `dropped`; `charged`
    is what stays paid in advance."""

    TOPIC: ClassVar[str] = "subscription.paused.v1"

    paused_at: AwareDatetime
    segments: tuple[Segment, ...]
    dropped: tuple[DroppedUsage, ...]
    charged: tuple[Charged, ...]


class SubscriptionResumed(DomainEvent):
    """A paused subscription goes on, in these periods. Usage while it was paused is `dropped`."""

    TOPIC: ClassVar[str] = "subscription.resumed.v1"

    resumed_at: AwareDatetime
    billing_cycle_anchor: AwareDatetime
    anchor_config: AnchorConfig | None
    periods: tuple[CurrentPeriod, ...]
    advances: tuple[Charged, ...]
    charged: tuple[Charged, ...]
    dropped: tuple[DroppedUsage, ...]


class BillingModeMigrated(DomainEvent):
    """A classic subscription became a flexible one; `settings` hold what belongs to that."""

    TOPIC: ClassVar[str] = "subscription.billing_mode_migrated.v1"

    settings: dict[str, JsonValue]
    migrated_at: AwareDatetime


class SubscriptionCanceled(DomainEvent):
    """The subscription ended at `ended_at`; `canceled_at` is when that was asked for.

    A last period that is billed was closed by a `PeriodClosed` just before; `dropped` is the usage
    that goes unbilled.
    """

    TOPIC: ClassVar[str] = "subscription.canceled.v3"

    canceled_at: AwareDatetime
    ended_at: AwareDatetime
    details: CancellationDetails
    dropped: tuple[DroppedUsage, ...] = ()


EVENTS: tuple[type[DomainEvent], ...] = (
    SubscriptionStarted,
    SubscriptionDetailsChanged,
    ItemDetailsChanged,
    ItemsChanged,
    BillingCycleReset,
    TrialEndChanged,
    SubscriptionInvoiced,
    ThresholdReached,
    CancellationScheduled,
    CancellationWithdrawn,
    ChargedInAdvance,
    PeriodClosed,
    SubscriptionPaused,
    SubscriptionResumed,
    BillingModeMigrated,
    SubscriptionCanceled,
)
