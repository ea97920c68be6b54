"""One command's view of the log: the streams it reads and the events it wants appended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.errors import NotFound
from ledger.kernel.events import DomainEvent, Metadata, RecordedEvent
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder

S = TypeVar("S")

Evolve = Callable[[S | None, DomainEvent], S]


@dataclass(slots=True)
class Work:
    """Loads states by folding streams, and collects events to append as one.

    Every stream that was loaded must still be at the same version when the events are appended;
    otherwise the command is decided again.
    """

    ledger: LedgerIdentity
    circumstances: Circumstances
    recorder: LedgerRecorder
    mapper: LedgerMapper
    read_versions: dict[str, int] = field(default_factory=dict[str, int])
    pending: list[RecordedEvent] = field(default_factory=list[RecordedEvent])
    _loaded: dict[str, list[DomainEvent]] = field(default_factory=dict[str, list[DomainEvent]])

    @property
    def now(self) -> datetime:
        """The system's time when the command came in."""
        return self.circumstances.now

    def load(self, evolve: Evolve[S], stream_id: str) -> S | None:
        """The state of a stream, with what this command has appended to it; None if it is new."""
        if stream_id not in self._loaded:
            self._loaded[stream_id] = self._read(stream_id)
        state: S | None = None
        for event in self._loaded[stream_id]:
            state = evolve(state, event)
        for recorded in self.pending:
            if recorded.originator_id == stream_id:
                state = evolve(state, recorded.event)
        return state

    def _read(self, stream_id: str) -> list[DomainEvent]:
        """Read once a command, so that what others append meanwhile is not seen half-way."""
        stored = self.recorder.select_events(stream_id)
        last = stored[-1].originator_version if stored else 0
        version = self.read_versions.setdefault(stream_id, last)
        return [
            self.mapper.to_domain_event(one).event
            for one in stored
            if one.originator_version <= version
        ]

    def head(self) -> int:
        """The last position of the log: nothing after it has any part in the command."""
        return self.recorder.head()[0]

    def require(
        self, evolve: Evolve[S], stream_id: str, what: str, *, param: str | None = None
    ) -> S:
        """The state of a stream that must exist. Raises NotFound, naming the request's field."""
        state = self.load(evolve, stream_id)
        if state is None:
            raise NotFound(what, stream_id, param=param)
        return state

    def version(self, stream_id: str) -> int:
        """How many events a stream has, with those that this command has appended to it."""
        if stream_id not in self.read_versions:
            last = self.recorder.select_events(stream_id, desc=True, limit=1)
            self.read_versions[stream_id] = last[0].originator_version if last else 0
        appended = sum(1 for e in self.pending if e.originator_id == stream_id)
        return self.read_versions[stream_id] + appended

    def append(self, stream_id: str, *events: DomainEvent) -> None:
        """Add events to the end of a stream, to be stored when the command is done."""
        version = self.version(stream_id)
        metadata = Metadata.of(self.circumstances)
        for event in events:
            version += 1
            self.pending.append(RecordedEvent(stream_id, version, event, metadata))


Handler = Callable[[Work, Any], None]
Handlers = Mapping[type[Command], Handler]
