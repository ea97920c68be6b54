"""By which policy late usage is treated: the customer's own, or else the ledger's."""

from typing import Final

from ledger.customers.handlers import require_customer
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.late_usage.commands import ChangeLateUsagePolicy
from ledger.late_usage.events import LateUsagePolicyChanged, Policy
from ledger.store.work import Work

DEFAULT_POLICY: Final[Policy] = "next_invoice"
"""Where nothing was said: usage is money, and nobody gets an invoice they did not expect."""

_STREAM: Final = "late_usage_policy"


def policy_stream(customer: str | None) -> str:
    """The stream of a customer's policy, or of the ledger's."""
    return _STREAM if customer is None else f"{_STREAM}:{customer}"


def stated(_: Policy | None, event: DomainEvent) -> Policy | None:
    """What the last fact of such a stream says."""
    if not isinstance(event, LateUsagePolicyChanged):
        raise TypeError(f"{event.TOPIC} says nothing of a policy")
    return event.policy


def policy_of(work: Work, customer: str) -> Policy:
    """The policy in force for a customer."""
    own = work.load(stated, policy_stream(customer))
    return own or work.load(stated, policy_stream(None)) or DEFAULT_POLICY


def change_policy(work: Work, command: ChangeLateUsagePolicy) -> None:
    """Raises NotFound for an unknown customer, InvalidRequest for a ledger without a policy."""
    if command.customer is not None:
        require_customer(work, command.customer)
    elif command.policy is None:
        raise InvalidRequest("The ledger's policy cannot be unset.", param="policy")
    stream = policy_stream(command.customer)
    if work.load(stated, stream) != command.policy:
        changed = LateUsagePolicyChanged(customer=command.customer, policy=command.policy)
        work.append(stream, changed)
