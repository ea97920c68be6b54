"""How long the single meter events of a ledger are kept beside its log.

The log keeps every event for ever. What is let go is the copy of single events that the read
model holds for quick answers; rollups stay. Answers that need single events of earlier months are
taken from the log, and are the same.
"""

from datetime import datetime
from typing import Final

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.kernel.months import Month
from ledger.meter_events.commands import ChangeUsageRetention
from ledger.meter_events.events import UsageRetentionChanged
from ledger.store.work import Work

STREAM: Final = "usage_retention"
"""The one stream of its kind in a ledger."""


def evolve(_: Month | None, event: DomainEvent) -> Month:
    """The first month that is kept, after a fact."""
    if not isinstance(event, UsageRetentionChanged):
        raise TypeError(f"{event.TOPIC} says nothing of retention")
    return Month.of(event.kept_from)


def change_retention(
    kept_from: Month | None, wanted: Month, now: datetime
) -> UsageRetentionChanged | None:
    """None when it stays as it is. Raises InvalidRequest for a month that is yet to come, and for
    one before the first that is kept now: what was let go does not come back."""
    if wanted > Month.of(now):
        raise InvalidRequest(
            f"Invalid kept_from: {wanted} is yet to come. The running month is always kept.",
            param="kept_from",
        )
    if kept_from is not None and wanted < kept_from:
        raise InvalidRequest(
            f"Invalid kept_from: single events before {kept_from} were let go already. They are in "
            "the log, from which all answers are still given.",
            param="kept_from",
        )
    return None if wanted == kept_from else UsageRetentionChanged(kept_from=wanted.start)


def change_usage_retention(work: Work, command: ChangeUsageRetention) -> None:
    """Raises InvalidRequest as `change_retention` does."""
    changed = change_retention(work.load(evolve, STREAM), command.kept_from, work.now)
    if changed is not None:
        work.append(STREAM, changed)
