"""Readers of usage over the read model: event by event for invoices, from rollups for previews."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final, LiteralString, TypeAlias, cast

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import MeterDefinition, Usage, canonical
from ledger.meter_events.events import (
    MeterEventCancelled,
    UsageRecorded,
    UsageRetentionChanged,
)
from ledger.meter_events.usage import Asked, UsageAsOf, UsageQuestion
from ledger.store.arrays import Int8Array, TextArray
from projections.meter_events import counted, rolled
from projections.meter_events.retention import KEPT_FROM, LOG_WITHIN_SECONDS, usages_from_log
from projections.meter_events.rollup_rows import USAGE_ROLLUPS
from projections.meter_events.rows import CANCELLED_METER_EVENTS, METER_EVENTS
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


_COUNTED: Final = (UsageRecorded.TOPIC, MeterEventCancelled.TOPIC, UsageRetentionChanged.TOPIC)
"""The topics that change what is counted."""

_POSITION: Final[LiteralString] = """
SELECT position FROM projections.checkpoints
WHERE ledger_id = %(ledger_id)s AND projection = %(projection)s
"""

_NOW: Final = 2**63 - 1
"""A position that no log reaches: everything that is there."""
_QUANTITY_BY_FORMULA: Final = cast(
    "LiteralString",
    " ".join(f"WHEN '{formula}' THEN {made}" for formula, made in rolled.QUANTITY.items()),
)

_ROLLED_UP: Final[LiteralString] = f"""
{rolled.ROLLED} SELECT asked.line, CASE asked.formula {_QUANTITY_BY_FORMULA} END AS quantity,
    coalesce(sum(rolled.count), 0)::bigint AS meter_events
FROM unnest(%(lines)s::bigint[], %(formulas)s::text[]) AS asked (line, formula)
LEFT JOIN rolled ON rolled.line = asked.line GROUP BY asked.line, asked.formula
"""

_Read: TypeAlias = tuple[str, Mapping[str, Any]]
"""A statement and its parameters."""


class SqlUsageReader:
    """Reads every meter event, those that were let go from the log. Gives what `LogUsageReader`
    gives, as a property test shows."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:
        """See `ledger.meter_events.usage.UsageReader`. Waits until the read model has reached
        `through_position`; raises Unavailable when it does not in time."""
        question = UsageQuestion(customer, tuple(asked), through_position)
        return self.usages_of_all([question], through_position)[0]

    def usage(
        self,
        meter: MeterDefinition,
        customer: str,
        start: datetime,
        end: datetime,
        through_position: int,
    ) -> Usage:
        """The same for one meter and stretch of time."""
        return self.usages(customer, [Asked(meter, start, end)], through_position).usages[0]

    def usages_of_all(
        self, questions: Sequence[UsageQuestion], through_position: int
    ) -> list[UsageAsOf]:
        """The same for many customers: a statement for each kind of meter."""
        lines = [(of.customer, one) for of in questions for one in of.asked]
        if lines:
            self._reader.wait_for_topics(
                METER_EVENTS, CANCELLED_METER_EVENTS, topics=_COUNTED, through=through_position
            )
        kinds: dict[tuple[str, ...], list[int]] = {}
        for n, (_, one) in enumerate(lines):
            meter = one.meter
            kind = (meter.formula, meter.event_time_window or "", meter.value_key)
            kinds.setdefault(kind, []).append(n)
        found: dict[int, Usage] = {}
        for numbers in kinds.values():
            usages = self._of_one_kind([lines[n] for n in numbers], through_position)
            found.update(zip(numbers, usages, strict=True))
        usages = iter([found[n] for n in range(len(lines))])
        return [
            UsageAsOf(through_position, list(islice(usages, len(of.asked)))) for of in questions
        ]

    def _of_one_kind(
        self, lines: Sequence[tuple[str, Asked]], through_position: int
    ) -> list[Usage]:
        meter = lines[0][1].meter
        quantity = counted.QUANTITY[meter.formula]
        one = f"{counted.counted(meter)} SELECT {quantity} AS quantity, {_EVIDENCE} FROM counted"
        records = self._reader.fetch(
            f"SELECT found.*, {KEPT_FROM} AS kept_from FROM {counted.ASKED} "
            f"CROSS JOIN LATERAL ({counted.of_lines(one)}) AS found ORDER BY asked.line",
            counted.line_parameters(lines, through_position)
            | {"counts_texts": meter.formula == "unique_count"},
        )
        found: list[Usage] = []
        for (customer, asked), record in zip(lines, records, strict=True):
            start, end = to_microseconds(asked.start), to_microseconds(asked.end)
            if asked.meter.reach(start, end)[0] < record["kept_from"]:
                found += usages_from_log(self._reader, customer, [asked], through_position)
            else:
                found.append(_with_evidence(record))
        return found


def _with_evidence(record: Mapping[str, Any]) -> Usage:
    return Usage(
        canonical(record["quantity"]),
        record["meter_events"],
        record["first_position"],
        record["last_position"],
        record["digest"],
    )


class LiveUsageReader:
    """Reads usage as of now, all of it as of one position, at a cost that does not grow with it.

    Gives quantities and numbers of meter events, and no evidence. Distinct texts are counted event
    by event, and what was let go is read from the log.
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
        lines = _Asked(customer, asked)
        found = self._read(lines)
        usages = [_without_evidence(record["quantity"], record["meter_events"]) for record in found]
        through, kept_from = found[0]["through_position"], found[0]["kept_from"]
        if lapsed := lines.lapsed(self._reader, kept_from):
            again = [asked[n] for n in lapsed]
            logged = usages_from_log(self._reader, customer, again, through, LOG_WITHIN_SECONDS)
            for n, usage in zip(lapsed, logged, strict=True):
                usages[n] = _without_evidence(usage.quantity, usage.meter_events)
        return UsageAsOf(through, usages)

    def _read(self, lines: "_Asked") -> list[dict[str, Any]]:
        """One statement for all, for a statement sees the rows and the checkpoint of one moment.

        A transaction of several, with a snapshot, might see tables that a rebuild put in place
        after the snapshot was taken, and miss their last rows."""
        reads = lines.reads()
        statements = [f"SELECT * FROM ({statement}) AS lines" for statement, _ in reads]
        return self._reader.fetch(
            cast(
                "LiteralString",
                f"SELECT line, quantity, meter_events, ({_POSITION}) AS through_position, "
                f"{KEPT_FROM} AS kept_from "
                f"FROM ({' UNION ALL '.join(statements)}) AS lines ORDER BY line",
            ),
            {name: value for _, parameters in reads for name, value in parameters.items()}
            | {"projection": self._reader.projection_of[USAGE_ROLLUPS.name]},
        )


def _without_evidence(quantity: Decimal, meter_events: int) -> Usage:
    return Usage(canonical(quantity), meter_events, None, None, "")


class _Asked:
    """What a customer used, as numbered lines: those that were rolled up, and all others."""

    def __init__(self, customer: str, asked: Sequence[Asked]) -> None:
        self._customer = customer
        self._rolled_up = rolled.Lines()
        self._formulas: dict[int, str] = {}
        self._one_by_one: dict[int, Asked] = {}
        for line, one in enumerate(asked):
            if not rolled.is_rolled_up(one.meter, set()):
                self._one_by_one[line] = one
                continue
            start, end = to_microseconds(one.start), to_microseconds(one.end)
            self._rolled_up.add(line, one.meter, customer, start, end)
            self._formulas[line] = one.meter.formula

    def reads(self) -> list[_Read]:
        """Statements that give each line its quantity, and the number of its meter events."""
        parameters = self._rolled_up.parameters() | {
            "lines": Int8Array.of([*self._formulas]),
            "formulas": TextArray.of([*self._formulas.values()]),
        }
        return [(_ROLLED_UP, parameters), *map(self._statement, self._one_by_one)]

    def lapsed(self, reader: Reader, kept_from: int) -> list[int]:
        """The lines that take single events from before those that are kept. To be asked after
        they were read."""
        found = [
            line
            for line, (meter, start, end) in self._one_by_one.items()
            if meter.reach(to_microseconds(start), to_microseconds(end))[0] < kept_from
        ]
        if self._rolled_up.edges_start < kept_from:
            records = reader.fetch(rolled.LAPSED, self._rolled_up.parameters())
            found += [record["line"] for record in records]
        return found

    def _statement(self, line: int) -> _Read:
        """The statement of one line, with parameters of its own beside the ledger."""
        meter, start, end = self._one_by_one[line]
        statement = (
            f"{counted.counted(meter)} SELECT %(line)s::bigint AS line, "
            f"{counted.QUANTITY[meter.formula]} AS quantity, count(*) AS meter_events FROM counted"
        )
        parameters = counted.parameters(meter, self._customer, start, end, _NOW) | {"line": line}
        own = re.sub(r"%\((?!ledger_id\))", f"%(l{line}_", statement)
        return own, {f"l{line}_{name}": value for name, value in parameters.items()}
