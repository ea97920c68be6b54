"""What is asked of late usage, by people and by the ledger's own schedule."""

from ledger.kernel.commands import Command
from ledger.late_usage.events import Policy


class AdjustLateUsage(Command):
    """Rate a finalized line over its usage as of now, and settle the difference by the policy.

    Does nothing where the line was looked at since the position `recorded_at`, where its last usage
    or cancellation was recorded.
    """

    invoice: str
    line: str
    recorded_at: int


class ChangeLateUsagePolicy(Command):
    """Set the policy of the ledger, or of one customer, for which None means the ledger's."""

    customer: str | None = None
    policy: Policy | None
