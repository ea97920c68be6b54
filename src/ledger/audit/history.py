"""The log as it stood at a position, to decide again what was decided then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.usage import LogUsageReader
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder
from ledger.store.streams import Stream
from ledger.store.work import Work


@dataclass(slots=True)
class PastWork(Work):
    """A command's view of the log through a position, and nothing after it.

    It only reads; what is appended to it is stored nowhere. `events_read` counts the facts.
    """

    through: int = 0
    events_read: int = 0

    def head(self) -> int:
        return self.through

    def _read(self, stream_id: str) -> Stream:
        recorded = recorded_stream(self, stream_id, self.through)
        self.events_read += len(recorded)
        last = recorded[-1].originator_version if recorded else 0
        return Stream(last, [one.event for one in recorded])


class _Log(Protocol):
    """Whatever holds the log of one ledger."""

    @property
    def recorder(self) -> LedgerRecorder: ...
    @property
    def mapper(self) -> LedgerMapper: ...


def recorded_stream(log: _Log, stream_id: str, through: int | None = None) -> list[RecordedEvent]:
    """The facts of a stream with their places, up to and with a position."""
    return [
        log.mapper.to_domain_event(notification)
        for notification in log.recorder.select_stream(stream_id)
        if through is None or notification.id <= through
    ]


def work_at(ledger: EventSourcedLedger, position: int, *, now: datetime) -> PastWork:
    """The log of a ledger through a position; `now` is the time of what is decided again."""
    return PastWork(
        ledger=LedgerIdentity(ledger.recorder.ledger_id, account_id="", livemode=False),
        circumstances=Circumstances(now=now, actor="system:replay", correlation_id=""),
        recorder=ledger.recorder,
        mapper=ledger.mapper,
        through=position,
    )


def usage_from_log(work: Work) -> LogUsageReader:
    """The reader of usage that needs no read model."""
    return LogUsageReader(work.recorder, work.mapper)
