"""One pass over the usage in the log that counts for many questions at once.

What a record belongs to is found by its meter and customer, so that a pass takes hardly longer for
ten thousand customers than for one. What comes next is fetched and inflated meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

import msgspec

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import MeterDefinition, Tally
from ledger.meter_events.asked import Asked, Positions, UsageAsOf, UsageQuestion
from ledger.meter_events.events import CountedRecord
from ledger.meter_events.usage_in_log import (
    Cancellation,
    LoggedUsage,
    Series,
    UsageInLog,
    decoder_of,
)

_NO_IDENTIFIER: Final = msgspec.Raw()

Swept = Callable[[int, int], None]
"""Called with the position that is reached and the last one there is to read."""


class _Part(NamedTuple):
    """Some records of one usage event, with their ordinals."""

    ordinals: Sequence[int]
    records: list[CountedRecord]

    def at(self, places: Sequence[int]) -> "_Part":
        """The records at some places."""
        if len(places) == len(self.records):
            return self
        return _Part([self.ordinals[i] for i in places], [self.records[i] for i in places])


class UsageSweep:
    """The questions of one pass, and what has been counted for them so far."""

    def __init__(
        self,
        questions: Sequence[UsageQuestion],
        cancelled: Mapping[Series, Sequence[Cancellation]],
    ) -> None:
        self._questions = questions
        self._countings = [
            [_Counting.of(question, one, cancelled) for one in question.asked]
            for question in questions
        ]
        self._series: dict[Series, list[_Counting]] = {}
        countings = [one for of in self._countings for one in of]
        for counting in countings:
            self._series.setdefault(counting.series, []).append(counting)
        self._meters = {one.meter.id: one.meter for of in questions for one in of.asked}
        self._texts = any(one.formula == "unique_count" for one in self._meters.values())
        alone = len(self._series) == 1 and not self._texts
        self._alone = decoder_of(*countings[0].series) if alone else None
        only = alone and len(countings) == 1
        self._within = decoder_of(*countings[0].series, countings[0].reach) if only else None
        customers = {question.customer for question in questions}
        self._named = msgspec.json.encode(customers.pop()) if len(customers) == 1 else b""

    def take(self, logged: LoggedUsage) -> None:
        """Count the records of a usage event."""
        if not logged.names(self._named):
            return
        if self._within is not None:
            records = logged.records_of(self._within)
            if records is not None:
                [[counting]] = self._series.values()
                counting.take_within(logged.position, _Part(range(len(records)), records))
                return
        for series, part in self._parts(logged).items():
            for counting in self._series[series]:
                counting.take(logged.position, part)

    def _parts(self, logged: LoggedUsage) -> "Mapping[Series, _Part]":
        """The records of each series that is asked for, with their ordinals."""
        if self._alone is not None:
            records = logged.records_of(self._alone)
            if records is not None:
                return {series: _Part(range(len(records)), records) for series in self._series}
        records = self._with_texts(logged) if self._texts else logged.counted_records()
        found: dict[Series, tuple[list[int], list[CountedRecord]]] = {}
        wanted = self._series
        for ordinal, record in enumerate(records):
            series = record.meter, record.customer
            if series in wanted:
                part = found.get(series)
                if part is None:
                    part = found[series] = [], []
                part[0].append(ordinal)
                part[1].append(record)
        return {series: _Part(*part) for series, part in found.items()}

    def _with_texts(self, logged: LoggedUsage) -> list[CountedRecord]:
        """The records with the text that counts in place of the value, where a text counts."""
        return [
            CountedRecord(
                _NO_IDENTIFIER,
                record.meter,
                record.customer,
                record.timestamp,
                self._meters[record.meter].value_of(record) if record.meter in self._meters else "",
            )
            for record in logged.records()
        ]

    def answers(self) -> list[UsageAsOf]:
        """What was counted. Asked for once, at the end."""
        return [
            UsageAsOf(question.through_position, [one.tally.result() for one in countings])
            for question, countings in zip(self._questions, self._countings, strict=True)
        ]


def sweep(
    log: UsageInLog,
    questions: Sequence[UsageQuestion],
    within: Positions,
    swept: Swept | None = None,
) -> list[UsageAsOf]:
    """Answer questions as of any positions in one pass over a stretch of the log."""
    last = max((one.through_position for one in questions if one.asked), default=0)
    within = within.through(last)
    if within.last < within.first:
        return UsageSweep(questions, {}).answers()
    sweeping = UsageSweep(questions, log.cancellations(last))
    for page in log.pages_ahead(within):
        for logged in page:
            sweeping.take(logged)
        if swept is not None:
            swept(page[-1].position, within.last)
    return sweeping.answers()


@dataclass(slots=True)
class _Counting:
    """A tally on its way, of the events of one series within its reach and up to a position."""

    series: Series
    through: int
    reach: tuple[int, int]
    tally: Tally
    cancelled: dict[int, set[int]] = field(default_factory=dict[int, set[int]])

    @classmethod
    def of(
        cls,
        question: UsageQuestion,
        asked: Asked,
        cancelled: Mapping[Series, Sequence[Cancellation]],
    ) -> Self:
        meter: MeterDefinition = asked.meter
        first, last = to_microseconds(asked.start), to_microseconds(asked.end)
        counting = cls(
            (meter.id, question.customer),
            question.through_position,
            meter.reach(first, last),
            Tally(meter, first, last),
        )
        for one in cancelled.get(counting.series, ()):
            if one.cancelled_at <= counting.through:
                counting.cancelled.setdefault(one.position, set()).add(one.ordinal)
        return counting

    def take(self, position: int, part: _Part) -> None:
        """The records of the series in one usage event."""
        if position <= self.through:
            start, end = self.reach
            times = [record.timestamp for record in part.records]
            within = part.at([i for i, at in enumerate(times) if start <= at < end])
            self.take_within(position, within)

    def take_within(self, position: int, part: _Part) -> None:
        """The same where all are within reach."""
        if position > self.through:
            return
        gone = self.cancelled.get(position)
        if gone:
            part = part.at([i for i, at in enumerate(part.ordinals) if at not in gone])
        self.tally.add_all(position, part.ordinals, part.records)
