"""Readers of usage: what a customer used of a meter, as the log stood at a position."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import msgspec

from ledger.kernel.clock import monotonic
from ledger.kernel.errors import InvalidRequest
from ledger.meter_events.aggregation import MeterDefinition, Usage
from ledger.meter_events.asked import (
    Asked,
    PlacedRecord,
    Positions,
    ReaderOfMany,
    UsageAsOf,
    UsageQuestion,
    UsageReader,
    answers_of,
)
from ledger.meter_events.sweeping import Swept, sweep
from ledger.meter_events.usage_in_log import UsageInLog
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder

__all__ = [
    "Asked",
    "LogUsageReader",
    "PlacedRecord",
    "Positions",
    "ReaderOfMany",
    "UsageAsOf",
    "UsageQuestion",
    "UsageReader",
    "answers_of",
]


class LogUsageReader:
    """Reads the log and nothing else: slow, and the measure of every faster reader.

    Holds one page of the log at a time.
    """

    def __init__(
        self, recorder: LedgerRecorder, mapper: LedgerMapper, within_seconds: int | None = None
    ) -> None:
        """A reader that may take no longer than `within_seconds` raises InvalidRequest then, for
        whoever waits has given up and the same question would take as long again."""
        self._log = UsageInLog(recorder, mapper)
        self._within_seconds = within_seconds

    def usage(
        self,
        meter: MeterDefinition,
        customer: str,
        start: datetime,
        end: datetime,
        through_position: int,
    ) -> Usage:
        """The same as `usages` for one meter and stretch of time."""
        return self.usages(customer, [Asked(meter, start, end)], through_position).usages[0]

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:
        """See `UsageReader`. One pass over the log.

        Raises UnknownTopic for an event that this release does not know."""
        whole = Positions(1, through_position)
        return self.usages_within(customer, asked, through_position, whole)

    def usages_within(
        self, customer: str, asked: Sequence[Asked], through_position: int, within: Positions
    ) -> UsageAsOf:
        """The same for who knows that all of the usage was recorded within some positions."""
        question = UsageQuestion(customer, tuple(asked), through_position)
        [answer] = sweep(self._log, [question], within, self._hurry())
        return answer

    def usages_of_all(
        self, questions: Sequence[UsageQuestion], through_position: int
    ) -> list[UsageAsOf]:
        """The same for many customers, each as of the position of its question."""
        return sweep(self._log, questions, Positions(1, through_position), self._hurry())

    def uncancelled(
        self, customer: str, meters: Collection[str], through_position: int, within: Positions
    ) -> Iterator[PlacedRecord]:
        """What was recorded, but for the meter events that are cancelled as of a position."""
        found = self._log.cancellations(through_position)
        cancelled = {one[1:] for meter in meters for one in found.get((meter, customer), ())}
        for placed in self.recorded(customer, meters, within.through(through_position)):
            if placed[:2] not in cancelled:
                yield placed

    def recorded(
        self, customer: str, meters: Collection[str], within: Positions
    ) -> Iterator[PlacedRecord]:
        """A customer's meter events of some meters in the order of the log."""
        # An event that does not name the customer anywhere need not be decoded.
        named = msgspec.json.encode(customer)
        hurry = self._hurry()
        for page in self._log.pages(within) if meters else ():
            for logged in page:
                if not logged.names(named):
                    continue
                for ordinal, record in enumerate(logged.records()):
                    if record.customer == customer and record.meter in meters:
                        yield PlacedRecord(logged.position, ordinal, record)
            hurry(page[-1].position, within.last)

    def _hurry(self) -> Swept:
        """Looks at the clock after each page."""
        begun, within_seconds = monotonic(), self._within_seconds

        def look(_: int, __: int) -> None:
            if within_seconds is not None and monotonic() - begun > within_seconds:
                raise _takes_too_long(within_seconds)

        return look


def _takes_too_long(seconds: int) -> InvalidRequest:
    return InvalidRequest(
        "This needs single meter events that are kept in the log alone, and reading them took more "
        f"than {seconds} seconds. Ask for less time, or for whole days in UTC of a meter without "
        "unique_count, divided by nothing but its own dimensions: those are answered at once."
    )
