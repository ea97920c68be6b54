"""Readers of usage over the read model: event by event for invoices, from rollups for previews."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, TypeAlias, cast

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import MeterDefinition, Usage, canonical
from ledger.meter_events.usage import Asked, UsageAsOf
from projections.meter_events import counted, rolled
from projections.meter_events.rows import CANCELLED_METER_EVENTS, METER_EVENTS, USAGE_ROLLUPS
from projections.runtime.reader import Reader

_EVIDENCE: Final[LiteralString] = f"""
count(*) AS meter_events, min(position) AS first_position, max(position) AS last_position,
encode(sha256(convert_to(coalesce(string_agg(
    position || '/' || ordinal || ' '
    || CASE WHEN %(counts_texts)s::boolean
       THEN octet_length(convert_to({counted.TEXT}, 'UTF8')) || ':' || {counted.TEXT}
       ELSE coalesce(value::text, '') END || E'\\n', ''
    ORDER BY position, ordinal), ''), 'UTF8')), 'hex') AS digest
"""


_POSITION: Final[LiteralString] = """
SELECT position FROM projections.checkpoints
WHERE ledger_id = %(ledger_id)s AND projection = %(projection)s
"""

_NOW: Final = 2**63 - 1
"""A position that no log reaches: everything that is there."""

_Read: TypeAlias = tuple[str, Mapping[str, Any]]
"""A statement and its parameters."""


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
            counted.parameters(meter, customer, start, end, through_position)
            | {"counts_texts": meter.formula == "unique_count"},
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
        found = self._read([_numbered(n, *_read(customer, one)) for n, one in enumerate(asked)])
        usages = [
            Usage(canonical(record["quantity"]), record["meter_events"], None, None, "")
            for record in found
        ]
        return UsageAsOf(found[0]["through_position"], usages)

    def _read(self, reads: Sequence[_Read]) -> list[dict[str, Any]]:
        """One statement for all, for a statement sees the rows and the checkpoint of one moment.

        A transaction of several, with a snapshot, might see tables that a rebuild put in place
        after the snapshot was taken, and miss their last rows."""
        statements = [f"SELECT * FROM ({statement}) AS line" for statement, _ in reads]
        return self._reader.fetch(
            cast(
                "LiteralString",
                f"SELECT line, quantity, meter_events, ({_POSITION}) AS through_position "
                f"FROM ({' UNION ALL '.join(statements)}) AS lines ORDER BY line",
            ),
            {name: value for _, parameters in reads for name, value in parameters.items()}
            | {"projection": self._reader.projection_of[USAGE_ROLLUPS.name]},
        )


def _read(customer: str, asked: Asked) -> _Read:
    """The quantity, and how many meter events it is made of."""
    meter, start, end = asked
    if meter.event_time_window is None and meter.formula in rolled.QUANTITY:
        pieces = list(rolled.cut(to_microseconds(start), to_microseconds(end)))
        parameters = rolled.parameters(meter.id, customer, pieces)
        quantity, count = rolled.QUANTITY[meter.formula], "coalesce(sum(count), 0)::bigint"
        usage, rows = rolled.ROLLED, "rolled"
    else:
        parameters = counted.parameters(meter, customer, start, end, _NOW)
        quantity, count = counted.QUANTITY[meter.formula], "count(*)"
        usage, rows = counted.counted(meter), "counted"
    what = f"%(line)s::integer AS line, {quantity} AS quantity, {count} AS meter_events"
    return f"{usage} SELECT {what} FROM {rows}", parameters


def _numbered(number: int, statement: str, parameters: Mapping[str, Any]) -> _Read:
    """The statement of one line, with parameters of its own beside the ledger."""
    own = re.sub(r"%\((?!ledger_id\))", f"%(l{number}_", statement)
    return own, {f"l{number}_{name}": value for name, value in parameters.items()} | {
        f"l{number}_line": number
    }
