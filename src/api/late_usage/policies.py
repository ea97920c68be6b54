"""The policy of late usage: shown and changed, for a ledger and for a customer."""

from typing import Any

from api.late_usage.objects import policy_object
from api.services import Services
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.late_usage.commands import ChangeLateUsagePolicy
from ledger.late_usage.events import Policy
from projections.customers.rows import CUSTOMERS
from projections.late_usage.queries import own_policy, policy_in_force
from projections.late_usage.rows import LEDGER
from projections.runtime.as_of import Lookup


def policy_document(rows: Lookup, customer: str | None) -> dict[str, Any]:
    """The policy in force. Raises NotFound for an unknown customer."""
    if customer is not None:
        rows.require(CUSTOMERS, "customer", customer)
    own = own_policy(rows, customer or LEDGER)
    return policy_object(customer, policy_in_force(rows, customer), own)


def change_policy(
    services: Services,
    identity: LedgerIdentity,
    customer: str | None,
    policy: Policy | None,
    circumstances: Circumstances,
) -> None:
    """Set it from the command line. Raises NotFound for an unknown customer."""
    command = ChangeLateUsagePolicy(customer=customer, policy=policy)
    services.application(identity).execute(command, circumstances)
    services.wake(identity.ledger_id)
