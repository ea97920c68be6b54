"""What is asked of late usage."""

from api.http.as_of import AsOfParams
from api.http.lists import CreatedListParams
from api.http.params import RequestParams
from api.http.wire_types import Id
from ledger.late_usage.events import Outcome, Policy, Reason
from ledger.subscriptions.parts import DropReason


class LateUsageList(CreatedListParams, AsOfParams):
    """Which adjustments are wanted."""

    customer: Id | None = None
    invoice: Id | None = None
    outcome: Outcome | None = None


class NotBilledList(CreatedListParams, AsOfParams):
    """Which stretches that are not billed are wanted."""

    customer: Id | None = None
    subscription: Id | None = None
    reason: DropReason | Reason | None = None


class LedgerPolicy(RequestParams):
    """The policy of the ledger."""

    policy: Policy


class CustomerPolicy(RequestParams):
    """The policy of one customer; null lets go of it, so that the ledger's counts."""

    policy: Policy | None
