"""Readers of usage over the read model: event by event for invoices, from rollups for previews."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, LiteralString, NamedTuple, cast

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import MeterDefinition, Usage, canonical
from ledger.meter_events.usage import Asked, UsageAsOf
from projections.meter_events import counted, rolled
from projections.meter_events.retention import KEPT_FROM, LOG_WITHIN_SECONDS, usages_from_log
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
_NEVER: Final = 2**63 - 1
"""Later than any time."""


class _Read(NamedTuple):
    """A statement and its parameters; `singles_from` is the time from which on it looks at single
    events, in epoch microseconds, later than any if it looks at none."""

    statement: str
    parameters: Mapping[str, Any]
    singles_from: int


class SqlUsageReader:
    """Reads every meter event, those that were let go from the log. Gives what `LogUsageReader`
    gives, as a property test shows."""

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
        parameters = counted.parameters(meter, customer, start, end, through_position)
        record = self._reader.fetch(
            f"{counted.counted(meter)} SELECT {quantity} AS quantity, {_EVIDENCE}, "
            f"{KEPT_FROM} AS kept_from FROM counted",
            parameters | {"counts_texts": meter.formula == "unique_count"},
        )[0]
        if parameters["from_time"] < record["kept_from"]:
            asked = [Asked(meter, start, end)]
            return usages_from_log(self._reader, customer, asked, through_position)[0]
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
    `event_time_window` are read event by event, and what was let go from the log.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:
        """See `ledger.meter_events.usage.UsageReader`: as of `through_position` or a later one.

        Raises Unavailable when the read model does not reach it in time, InvalidRequest when
        the log takes too long to read."""
        if not asked:
            return UsageAsOf(through_position, [])
        self._reader.wait_for(USAGE_ROLLUPS, through=through_position)
        reads = [_read(customer, one) for one in asked]
        found = self._read([_numbered(n, read) for n, read in enumerate(reads)])
        usages = [_without_evidence(record["quantity"], record["meter_events"]) for record in found]
        through, kept_from = found[0]["through_position"], found[0]["kept_from"]
        lapsed = [n for n, read in enumerate(reads) if read.singles_from < kept_from]
        if lapsed:
            again = [asked[n] for n in lapsed]
            logged = usages_from_log(self._reader, customer, again, through, LOG_WITHIN_SECONDS)
            for n, usage in zip(lapsed, logged, strict=True):
                usages[n] = _without_evidence(usage.quantity, usage.meter_events)
        return UsageAsOf(through, usages)

    def _read(self, reads: Sequence[_Read]) -> list[dict[str, Any]]:
        """One statement for all, for a statement sees the rows and the checkpoint of one moment.

        A transaction of several, with a snapshot, might see tables that a rebuild put in place
        after the snapshot was taken, and miss their last rows."""
        statements = [f"SELECT * FROM ({read.statement}) AS line" for read in reads]
        lines = " UNION ALL ".join(statements)
        return self._reader.fetch(
            cast(
                "LiteralString",
                f"SELECT line, quantity, meter_events, ({_POSITION}) AS through_position, "
                f"{KEPT_FROM} AS kept_from FROM ({lines}) AS lines ORDER BY line",
            ),
            {name: value for read in reads for name, value in read.parameters.items()}
            | {"projection": self._reader.projection_of[USAGE_ROLLUPS.name]},
        )


def _without_evidence(quantity: Decimal, meter_events: int) -> Usage:
    return Usage(canonical(quantity), meter_events, None, None, "")


def _read(customer: str, asked: Asked) -> _Read:
    """The quantity, and how many meter events it is made of."""
    meter, start, end = asked
    if meter.event_time_window is None and meter.formula in rolled.QUANTITY:
        pieces = list(rolled.cut(to_microseconds(start), to_microseconds(end)))
        parameters = rolled.parameters(meter.id, customer, pieces)
        quantity, count = rolled.QUANTITY[meter.formula], "coalesce(sum(count), 0)::bigint"
        usage, rows = rolled.rolled(pieces), "rolled"
        edges = [piece.start for piece in pieces if piece.resolution is None]
        singles_from = min(edges, default=_NEVER)
    else:
        parameters = counted.parameters(meter, customer, start, end, _NOW)
        quantity, count = counted.QUANTITY[meter.formula], "count(*)"
        usage, rows = counted.counted(meter), "counted"
        singles_from = parameters["from_time"]
    what = f"%(line)s::integer AS line, {quantity} AS quantity, {count} AS meter_events"
    return _Read(f"{usage} SELECT {what} FROM {rows}", parameters, singles_from)


def _numbered(number: int, read: _Read) -> _Read:
    """The statement of one line, with parameters of its own beside the ledger."""
    own = re.sub(r"%\((?!ledger_id\))", f"%(l{number}_", read.statement)
    parameters = {f"l{number}_{name}": value for name, value in read.parameters.items()}
    return _Read(own, parameters | {f"l{number}_line": number}, read.singles_from)
