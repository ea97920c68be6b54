"""Readers of usage over the read model: event by event for invoices, from rollups for previews."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import MeterDefinition, Usage, canonical
from ledger.meter_events.usage import Asked, UsageAsOf
from projections.meter_events import counted, rolled
from projections.meter_events.rows import CANCELLED_METER_EVENTS, METER_EVENTS, USAGE_ROLLUPS
from projections.runtime.reader import Reader, Snapshot

_EVIDENCE: Final[LiteralString] = """
count(*) AS meter_events, min(position) AS first_position, max(position) AS last_position,
encode(sha256(convert_to(coalesce(string_agg(
    position || '/' || ordinal || ' ' || coalesce(value::text, '') || E'\\n', ''
    ORDER BY position, ordinal), ''), 'UTF8')), 'hex') AS digest
"""


class SqlUsageReader:
    """Reads every meter event. Gives what `LogUsageReader` gives, as a property test shows."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:
        """See `ledger.meter_events.usage.UsageReader`. Waits until the read model has reached
        `through_position`; raises Unavailable when it does not in time."""
        found = [self.usage(*one[:1], customer, *one[1:], through_position) for one in asked]
        return UsageAsOf(through_position, found)

    def usage(
        self,
        meter: MeterDefinition,
        customer: str,
        start: datetime,
        end: datetime,
        through_position: int,
    ) -> Usage:
        """The same for one meter and stretch of time."""
        self._reader.wait_for(METER_EVENTS, CANCELLED_METER_EVENTS, through=through_position)
        quantity = counted.QUANTITY[meter.formula]
        record = self._reader.fetch(
            f"{counted.counted(meter)} SELECT {quantity} AS quantity, {_EVIDENCE} FROM counted",
            counted.parameters(meter, customer, start, end, through_position),
        )[0]
        return Usage(
            canonical(record["quantity"]),
            record["meter_events"],
            record["first_position"],
            record["last_position"],
            record["digest"],
        )


class LiveUsageReader:
    """Reads usage as of now, all of it as of one position, at a cost that does not grow with it.

    Gives quantities and numbers of meter events, and no evidence. Meters with an
    `event_time_window` are read event by event.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:
        """See `ledger.meter_events.usage.UsageReader`: as of `through_position` or a later one.

        Raises Unavailable when the read model does not reach it in time."""
        if not asked:
            return UsageAsOf(through_position, [])
        self._reader.wait_for(USAGE_ROLLUPS, through=through_position)
        with self._reader.snapshot() as snapshot:
            position = snapshot.position_of(USAGE_ROLLUPS)
            found = [_usage(snapshot, customer, one, position) for one in asked]
        return UsageAsOf(position, found)


def _usage(snapshot: Snapshot, customer: str, asked: Asked, position: int) -> Usage:
    meter, start, end = asked
    if meter.event_time_window is None:
        pieces = list(rolled.cut(to_microseconds(start), to_microseconds(end)))
        [record] = snapshot.fetch(
            f"{rolled.ROLLED} SELECT {rolled.QUANTITY[meter.formula]} AS quantity, "
            "coalesce(sum(count), 0)::bigint AS meter_events FROM rolled",
            rolled.parameters(meter.id, customer, pieces),
        )
    else:
        [record] = snapshot.fetch(
            f"{counted.counted(meter)} SELECT {counted.QUANTITY[meter.formula]} AS quantity, "
            "count(*) AS meter_events FROM counted",
            counted.parameters(meter, customer, start, end, position),
        )
    return Usage(canonical(record["quantity"]), record["meter_events"], None, None, "")
