"""What a subscription is made of, as its facts hold it.

Times are on the customer's own clock.
"""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from ledger.coupons.discounts import Discount
from ledger.kernel.events import Fact
from ledger.kernel.periods import Cycle, Interval, Period
from ledger.kernel.personal import PersonalMetadata, PersonalText

BillingMode = Literal["classic", "flexible"]
CollectionMethod = Literal["charge_automatically", "send_invoice"]
ProrationBehavior = Literal["create_prorations", "none", "always_invoice"]
CancellationReason = Literal["cancellation_requested", "payment_disputed", "payment_failed"]
PauseBehavior = Literal["keep_as_draft", "mark_uncollectible", "void"]
DropReason = Literal[
    "item_removed",
    "usage_cleared",
    "classic_price_change",
    "canceled_without_invoice",
    "trial",
    "paused",
]
Rhythm = tuple[Interval, int]


class SubscriptionItem(Fact):
    """One price of a subscription: licensed with a quantity, or metered with the meter it reads.

    `since` is when its price came into force; usage from before is billed otherwise or not at all.
    Without `tax_rates` the subscription's default ones apply. `usage_gte` is the usage at which an
    invoice is made before the period's end.
    """

    id: str
    price: str
    product: str
    meter: str | None
    quantity: int | None
    interval: Interval
    interval_count: int
    created: AwareDatetime
    since: AwareDatetime
    metadata: PersonalMetadata
    tax_rates: tuple[str, ...] | None = None
    discounts: tuple[Discount, ...] = ()
    usage_gte: int | None = None

    @property
    def is_metered(self) -> bool:
        return self.meter is not None

    @property
    def rhythm(self) -> Rhythm:
        """How often it is billed."""
        return self.interval, self.interval_count


class CancellationDetails(Fact):
    """Why a subscription ends, as the request told; `reason` is the ledger's own word."""

    comment: PersonalText = None
    feedback: str | None = None
    reason: CancellationReason | None = None


class CurrentPeriod(Fact):
    """The period in which the items of one rhythm are; of all items where no rhythm is named."""

    interval: Interval | None = None
    interval_count: int | None = None
    period: Period


class Charged(Fact):
    """What was charged in advance for a licensed item: `quantity` at `price` for `period`.

    The price is that of `whole`, of which the period may be a part.
    """

    item: str
    price: str
    product: str
    quantity: int
    period: Period
    whole: Period


class Segment(Fact):
    """A stretch of metered usage that ended and is to be rated on its own, on the next invoice.

    `whole` is the item's period, of which it is a part.
    """

    item: str
    price: str
    product: str
    meter: str
    period: Period
    whole: Period
    tax_rates: tuple[str, ...] | None = None
    discounts: tuple[Discount, ...] = ()

    def covers(self, item: str, period: Period) -> bool:
        """Whether usage of an item in this period is rated with it."""
        return self.item == item and self.period.start <= period.start < self.period.end


class DroppedUsage(Fact):
    """A stretch of metered usage that is not billed, and why. It may be empty of usage."""

    item: str
    price: str
    meter: str
    period: Period
    reason: DropReason


class BilledEarly(Fact):
    """A stretch of metered usage that a threshold invoice billed before its period ended.

    `lines` are what it billed of it and what it gave back of an earlier one.
    """

    item: str
    invoice: str
    lines: tuple[str, ...]
    period: Period


class AnchorConfig(Fact):
    """The day and time of which the billing cycle anchor is the next occurrence, in UTC.

    A day that a month does not have is its last one, in that month alone.
    """

    day_of_month: int
    month: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None


class Thresholds(Fact):
    """An invoice is made when unbilled amounts reach `amount_gte`, in minor units."""

    amount_gte: int | None = None
    reset_billing_cycle_anchor: bool | None = None


class PauseCollection(Fact):
    """What becomes of invoices until `resumes_at`, or until told otherwise."""

    behavior: PauseBehavior
    resumes_at: AwareDatetime | None = None


def cycle_from(anchor: datetime, config: AnchorConfig | None, rhythm: Rhythm) -> Cycle:
    """The boundaries of one rhythm's periods, counted from the subscription's anchor."""
    return Cycle(anchor, *rhythm, day=config.day_of_month if config else None)


def cut(period: Period, end: datetime | None) -> Period:
    """As much of a period as lies before `end`."""
    return Period(period.start, max(period.start, min(period.end, end or period.end)))
