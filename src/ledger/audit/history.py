"""The log as it stood at a position, to decide again what was decided then."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Protocol

from eventsourcing.persistence import Notification

from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.usage import LogUsageReader
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder
from ledger.store.sealing import NoKeys
from ledger.store.streams import Stream
from ledger.store.work import Work


class PastStream:
    """The facts of a stream with their positions. They are decoded when they are first needed, so
    that one that cannot be read concerns only who reads it."""

    def __init__(self, stored: Sequence[Notification], mapper: LedgerMapper) -> None:
        self._stored = stored
        self._mapper = mapper
        self._cuts: dict[int, Stream] = {}

    @cached_property
    def facts(self) -> list[RecordedEvent]:
        """Every fact, the first one first."""
        return [self._mapper.to_domain_event(one) for one in self._stored]

    def through(self, position: int) -> Stream:
        """The stream as it stood at a position. Folded states are kept with it."""
        past = bisect_right(self._stored, position, key=lambda one: one.id)
        cut = self._cuts.get(past)
        if cut is None:
            version = self._stored[past - 1].originator_version if past else 0
            facts = [one.event for one in self.facts[:past]] if past else []
            cut = self._cuts[past] = Stream(version, facts)
        return cut


class PastStreams:
    """The streams of a ledger for many looks at its past: each is read once.

    Personal fields are read as forgotten, as nothing that is billed depends on them, unless they
    are to be `shown`.
    """

    def __init__(self, ledger: EventSourcedLedger, *, shown: bool = False) -> None:
        self.ledger = ledger
        without = LedgerMapper(ledger.mapper.catalogue, NoKeys())
        self._mapper = ledger.mapper if shown else without
        self._streams: dict[str, PastStream] = {}

    def read(self, stream_ids: Collection[str]) -> None:
        """Read those that are not known yet, in one statement."""
        missing = {one: 0 for one in stream_ids if one not in self._streams}
        if not missing:
            return
        found = self.ledger.recorder.select_streams(missing)
        self._mapper.expect(found)
        for stream_id, stored in groupby(found, lambda one: str(one.originator_id)):
            self._streams[stream_id] = PastStream(list(stored), self._mapper)
        for stream_id in missing:
            self._streams.setdefault(stream_id, PastStream((), self._mapper))

    def stream(self, stream_id: str) -> PastStream:
        """One stream, without facts if there is none of that name."""
        self.read([stream_id])
        return self._streams[stream_id]

    def forget(self, stream_ids: Iterable[str]) -> None:
        """Let go of streams that are not needed again."""
        for stream_id in stream_ids:
            self._streams.pop(stream_id, None)


@dataclass(slots=True)
class PastWork(Work):
    """A command's view of the log through a position, and nothing after it.

    It only reads; what is appended to it is stored nowhere. `events_read` counts the facts.
    """

    through: int = 0
    events_read: int = 0
    streams: PastStreams = field(kw_only=True)

    def head(self) -> int:
        return self.through

    def prefetch(self, stream_ids: Collection[str]) -> None:
        self.streams.read(stream_ids)

    def _read(self, stream_id: str) -> Stream:
        stream = self.streams.stream(stream_id).through(self.through)
        self.events_read += len(stream.facts)
        return stream

    def _last_version(self, stream_id: str) -> int:
        return self.streams.stream(stream_id).through(self.through).version


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


def work_at(log: EventSourcedLedger | PastStreams, position: int, *, now: datetime) -> PastWork:
    """The log of a ledger through a position; `now` is the time of what is decided again. Looks
    that share streams read them once."""
    streams = log if isinstance(log, PastStreams) else PastStreams(log)
    ledger = streams.ledger
    return PastWork(
        ledger=LedgerIdentity(ledger.recorder.ledger_id, account_id="", livemode=False),
        circumstances=Circumstances(now=now, actor="system:replay", correlation_id=""),
        recorder=ledger.recorder,
        mapper=ledger.mapper,
        through=position,
        streams=streams,
    )


def usage_from_log(work: Work) -> LogUsageReader:
    """The reader of usage that needs no read model."""
    return LogUsageReader(work.recorder, work.mapper)
