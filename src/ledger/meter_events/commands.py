"""What is asked about meter events that are recorded."""

from ledger.kernel.commands import Command
from ledger.kernel.months import Month
from ledger.meter_events.events import RejectedSample


class CancelMeterEvent(Command):
    """Cancel one meter event; `event_name` is the one that it must have, None if any will do.

    With `at_any_time` it may have been received long ago, and `reason` says why.
    """

    identifier: str
    event_name: str | None = None
    reason: str | None = None
    at_any_time: bool = False


class ReportRejectedUsage(Command):
    """Record that meter events of a request were refused. `report` is the id of the record."""

    report: str
    door: str
    counts: dict[str, int]
    samples: tuple[RejectedSample, ...]


class ChangeUsageRetention(Command):
    """Keep single meter events of this month and later ones beside the log."""

    kept_from: Month
