"""Decisions in memory: given facts, when a command comes, then these facts or this refusal."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.errors import LedgerError
from ledger.kernel.events import DomainEvent, Metadata, RecordedEvent
from ledger.store.streams import Evolve, Stream
from ledger.store.work import AtOnce, Work

S = TypeVar("S")

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)

Handler = Callable[[Work, Any], None]


class GrowingStream(Stream):
    """A stream whose states are folded on from what they were when it was shorter."""

    def __init__(self, facts: Sequence[DomainEvent], folded: dict[Any, tuple[int, Any]]) -> None:
        super().__init__(len(facts), facts)
        self._folded = folded

    def state(self, evolve: Evolve[S]) -> S | None:
        """As every stream."""
        version, state = self._folded.get(evolve, (0, None))
        for fact in self.facts[version:]:
            state = evolve(state, fact)
        self._folded[evolve] = self.version, state
        return state


class LedgerInMemory:
    """Streams of facts, in place of the recorder and the mapper."""

    def __init__(self, *, livemode: bool = False) -> None:
        self._identity = LedgerIdentity(1, "acct_test", livemode)
        self._streams: dict[str, list[RecordedEvent]] = {}
        self._folded: dict[str, dict[Any, tuple[int, Any]]] = {}

    def given(self, stream: str, *events: DomainEvent) -> "LedgerInMemory":
        """Put facts at the end of a stream."""
        recorded = self._streams.setdefault(stream, [])
        for event in events:
            metadata = Metadata(recorded_at=NOW, actor="system:test", correlation_id="c")
            recorded.append(RecordedEvent(stream, len(recorded) + 1, event, metadata))
        return self

    def when(
        self, handler: Handler, command: Command, *, now: datetime = NOW
    ) -> list[tuple[str, DomainEvent]]:
        """Execute a command and keep its facts; they are returned, each with its stream."""
        work = self.work(now)
        handler(work, command)
        for recorded in work.pending:
            assert recorded.originator_version == len(self.stream(recorded.originator_id)) + 1
            self._streams.setdefault(recorded.originator_id, []).append(recorded)
        return [(recorded.originator_id, recorded.event) for recorded in work.pending]

    def work(self, now: datetime = NOW) -> Work:
        """A view of the log, of which nothing is kept."""
        circumstances = Circumstances(now=now, actor="key:test", correlation_id="c")
        store: Any = self
        return Work(self._identity, circumstances, store, store, source=AtOnce(self))

    def refusal(self, handler: Handler, command: Command, *, now: datetime = NOW) -> LedgerError:
        """Execute a command that must be refused without a trace; the refusal is returned."""
        before = {name: list(events) for name, events in self._streams.items()}
        with pytest.raises(LedgerError) as refused:
            self.when(handler, command, now=now)
        assert self._streams == before
        return refused.value

    def stream(self, stream: str) -> list[DomainEvent]:
        """The facts of a stream."""
        return [recorded.event for recorded in self._streams.get(stream, [])]

    def read(self, stream_ids: Collection[str]) -> dict[str, Stream]:
        """Streams, as commands read them."""
        return {
            name: GrowingStream(self.stream(name), self._folded.setdefault(name, {}))
            for name in stream_ids
        }

    def version(self, stream_id: str) -> int:
        """How many facts a stream has."""
        return len(self._streams.get(stream_id, ()))

    def select_events(
        self, stream: str, *, desc: bool = False, limit: int | None = None
    ) -> list[RecordedEvent]:
        recorded = self._streams.get(stream, [])
        return (recorded[::-1] if desc else recorded)[:limit]

    def to_domain_event(self, recorded: RecordedEvent) -> RecordedEvent:
        return recorded
