"""What becomes of late usage.

The adjustments of a finalized line are a stream of their own, `late_usage:il_…`. The policy is one
stream of the ledger, and one of each customer that has its own.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from ledger.invoices.events import UsageEvidence
from ledger.kernel.events import DomainEvent
from ledger.kernel.periods import Period

Policy = Literal["next_invoice", "immediate", "report_only"]
Outcome = Literal["next_invoice", "invoice", "credit_note", "not_billed", "unchanged"]
Reason = Literal["report_only", "invoice_voided", "customer_deleted"]


class LateUsagePolicyChanged(DomainEvent):
    """Late usage is treated like this from now on; None: as the ledger's policy says."""

    TOPIC: ClassVar[str] = "late_usage_policy.changed.v1"

    customer: str | None
    policy: Policy | None


class LateUsageAdjusted(DomainEvent):
    """A finalized line was rated again, over its usage as recorded `through_position`.

    The quantities are the line's in all, before and now. `amount` is the difference of the rated
    amounts in minor units, before discounts and taxes. By `outcome` it is

    - `next_invoice`: billed by the invoice item `invoice_item`, which waits for an invoice;
    - `invoice`: billed on `document`, an invoice of its own;
    - `credit_note`: given back by `document`, a credit note of the invoice;
    - `not_billed`: for `reason`;
    - `unchanged`: 0, as other usage is rated the same.
    """

    TOPIC: ClassVar[str] = "late_usage.adjusted.v1"

    id: str
    customer: str
    subscription: str | None
    invoice: str
    line: str
    meter: str
    price: str
    period: Period
    currency: str
    quantity_before: str
    quantity_after: str
    amount: int
    through_position: int
    evidence: UsageEvidence
    engine_version: int
    price_version: int
    outcome: Outcome
    reason: Reason | None = None
    invoice_item: str | None = None
    document: str | None = None
    adjusted_at: AwareDatetime
    test_clock: str | None
    livemode: bool


class LateUsageChecked(DomainEvent):
    """The usage of a line, as recorded `through_position`, is what is accounted for already."""

    TOPIC: ClassVar[str] = "late_usage.checked.v1"

    invoice: str
    line: str
    through_position: int


EVENTS: tuple[type[DomainEvent], ...] = (
    LateUsagePolicyChanged,
    LateUsageAdjusted,
    LateUsageChecked,
)
