"""The reader of usage over the read model."""

from datetime import datetime
from typing import Final, LiteralString

from ledger.meter_events.aggregation import MeterDefinition, Usage, canonical
from projections.meter_events.counted import QUANTITY, counted, parameters
from projections.meter_events.rows import CANCELLED_METER_EVENTS, METER_EVENTS
from projections.runtime.reader import Reader

_EVIDENCE: Final[LiteralString] = """
count(*) AS meter_events, min(position) AS first_position, max(position) AS last_position,
encode(sha256(convert_to(coalesce(string_agg(
    position || '/' || ordinal || ' ' || coalesce(value::text, '') || E'\\n', ''
    ORDER BY position, ordinal), ''), 'UTF8')), 'hex') AS digest
"""


class SqlUsageReader:
    """Reads the rows of usage. Gives what `LogUsageReader` gives, as a property test shows."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def usage(
        self,
        meter: MeterDefinition,
        customer: str,
        start: datetime,
        end: datetime,
        through_position: int,
    ) -> Usage:
        """See `ledger.meter_events.usage.UsageReader`. Waits until the read model has reached
        `through_position`; raises Unavailable when it does not in time."""
        self._reader.wait_for(METER_EVENTS, CANCELLED_METER_EVENTS, through=through_position)
        quantity = QUANTITY[meter.formula]
        record = self._reader.fetch(
            f"{counted(meter)} SELECT {quantity} AS quantity, {_EVIDENCE} FROM counted",
            parameters(meter, customer, start, end, through_position),
        )[0]
        return Usage(
            canonical(record["quantity"]),
            record["meter_events"],
            record["first_position"],
            record["last_position"],
            record["digest"],
        )
