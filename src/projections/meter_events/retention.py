"""From when on single meter events are kept in the read model, and who is asked for those before.

A row of a single event from before that time may be there or not, so that nothing relies on it.
What was read is looked at afterwards: the time only ever moves on, and rows are taken away after
it has moved, so that what was read completely is known to have been complete.
"""

from collections.abc import Sequence
from typing import Final, LiteralString

from ledger.kernel.clock import to_microseconds
from ledger.kernel.months import Month
from ledger.meter_events.aggregation import Usage
from ledger.meter_events.usage import Asked, LogUsageReader
from projections.meter_events.days import positions_of
from projections.meter_events.rows import USAGE_RETENTION
from projections.runtime.reader import Reader

LOG_WITHIN_SECONDS: Final = 30
"""How long an answer may take that is read from the log."""


KEPT_FROM: Final[LiteralString] = f"""
coalesce((SELECT kept_from FROM {USAGE_RETENTION.relation()} WHERE ledger_id = %(ledger_id)s), 0)
"""
"""In a statement: the time from which on the single events that it reads are all there."""


def kept_from(reader: Reader) -> int:
    """The same, to be asked after they were read."""
    reader.wait_for(USAGE_RETENTION)
    [record] = reader.fetch(f"SELECT {KEPT_FROM} AS kept_from", {})
    return record["kept_from"]


def first_month_kept(reader: Reader) -> Month | None:
    """The first month whose single events are kept, None where all are."""
    since = kept_from(reader)
    return Month.of_microseconds(since) if since else None


def usages_from_log(
    reader: Reader,
    customer: str,
    asked: Sequence[Asked],
    through_position: int,
    within_seconds: int | None = None,
) -> list[Usage]:
    """What was used as of a position that the read model has reached. Raises InvalidRequest when
    it takes longer than `within_seconds`."""
    stretches = [
        one.meter.reach(to_microseconds(one.start), to_microseconds(one.end)) for one in asked
    ]
    within = positions_of(
        reader, min(start for start, _ in stretches), max(end for _, end in stretches)
    )
    log = log_of(reader, within_seconds)
    return log.usages_within(customer, asked, through_position, within).usages


def log_of(reader: Reader, within_seconds: int | None) -> LogUsageReader:
    """Who knows what was let go. Raises LookupError for a reader that was given no log."""
    if reader.log is None:
        raise LookupError("single meter events were let go, and there is no log to read them from")
    return reader.log.usage(within_seconds)
