"""One command's view of the log: the streams it reads and the events it wants appended."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.errors import NotFound
from ledger.kernel.events import DomainEvent, Metadata, RecordedEvent
from ledger.kernel.personal import personal_paths
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder
from ledger.store.streams import Evolve, Stream, Streams

__all__ = ["AtOnce", "Evolve", "Handler", "Handlers", "Question", "Source", "Work"]

S = TypeVar("S")
A = TypeVar("A")
Q = TypeVar("Q", bound="Question")


class Question(Hashable, Protocol):
    """What a command asks beside streams. Those of one `kind` can be answered together."""

    @property
    def kind(self) -> Hashable: ...


AnswerAll = Callable[[Sequence[Q]], Sequence[A]]


class Source(Protocol):
    """Where a command's knowledge comes from, when it does not read for itself alone."""

    def read(self, stream_ids: Collection[str]) -> Mapping[str, Stream]:
        """These streams."""
        ...

    def prefetch(self, stream_ids: Collection[str]) -> Mapping[str, Stream]:
        """Those of these streams that can be had now; the others may be read soon."""
        ...

    def version(self, stream_id: str) -> int:
        """How many events a stream has."""
        ...

    def ask(self, question: Q, answer_all: AnswerAll[Q, A]) -> A:
        """The answer to a question."""
        ...


class AtOnce:
    """Reads when it is asked, what is asked for together in one statement."""

    def __init__(self, streams: Streams) -> None:
        self.read = self.prefetch = streams.read
        self.version = streams.version

    def ask(self, question: Q, answer_all: AnswerAll[Q, A]) -> A:
        """See `Source`."""
        [answer] = answer_all([question])
        return answer


@dataclass(frozen=True, slots=True)
class _Head:
    kind = "head"


@dataclass(slots=True)
class Work:
    """Loads states by folding streams, and collects events to append as one.

    Every stream that was loaded must still be at the same version when the events are appended;
    otherwise the command is decided again. Without a `source` each stream is read by itself.
    """

    ledger: LedgerIdentity
    circumstances: Circumstances
    recorder: LedgerRecorder
    mapper: LedgerMapper
    read_versions: dict[str, int] = field(default_factory=dict[str, int])
    pending: list[RecordedEvent] = field(default_factory=list[RecordedEvent])
    source: Source | None = None
    _loaded: dict[str, Stream] = field(default_factory=dict[str, Stream])
    _metadata: Metadata | None = None

    @property
    def now(self) -> datetime:
        """The system's time when the command came in."""
        return self.circumstances.now

    def load(self, evolve: Evolve[S], stream_id: str) -> S | None:
        """The state of a stream, with what this command has appended to it; None if it is new."""
        state = self._stream(stream_id).state(evolve)
        for recorded in self.pending:
            if recorded.originator_id == stream_id:
                state = evolve(state, recorded.event)
        return state

    def prefetch(self, stream_ids: Collection[str]) -> None:
        """Say which streams will be loaded or appended to, so that they are read at once."""
        missing = [one for one in dict.fromkeys(stream_ids) if one not in self._loaded]
        if self.source is not None and missing:
            for stream_id, stream in self.source.prefetch(missing).items():
                self._take(stream_id, stream)

    def _stream(self, stream_id: str) -> Stream:
        """Read once a command, so that what others append meanwhile is not seen half-way."""
        if stream_id not in self._loaded:
            source = self.source
            found = source.read([stream_id])[stream_id] if source else self._read(stream_id)
            self._take(stream_id, found)
        return self._loaded[stream_id]

    def _take(self, stream_id: str, stream: Stream) -> None:
        version = self.read_versions.setdefault(stream_id, stream.version)
        self._loaded[stream_id] = stream.up_to(version)

    def _read(self, stream_id: str) -> Stream:
        stored = self.recorder.select_events(stream_id)
        version = stored[-1].originator_version if stored else 0
        return Stream(version, [self.mapper.to_domain_event(one).event for one in stored])

    def require(
        self, evolve: Evolve[S], stream_id: str, what: str, *, param: str | None = None
    ) -> S:
        """The state of a stream that must exist. Raises NotFound, naming the request's field."""
        state = self.load(evolve, stream_id)
        if state is None:
            raise NotFound(what, stream_id, param=param)
        return state

    def head(self) -> int:
        """The last position of the log: nothing after it has any part in the command.

        It is no earlier than any stream was read so far.
        """
        return self.ask(_Head(), lambda asked: [self.recorder.head()[0]] * len(asked))

    def ask(self, question: Q, answer_all: AnswerAll[Q, A]) -> A:
        """An answer that is no stream's; commands that are decided together ask together."""
        if self.source is not None:
            return self.source.ask(question, answer_all)
        [answer] = answer_all([question])
        return answer

    def version(self, stream_id: str) -> int:
        """How many events a stream has, with those that this command has appended to it."""
        if stream_id not in self.read_versions:
            source = self.source
            self.read_versions[stream_id] = (
                source.version(stream_id) if source else self._last_version(stream_id)
            )
        appended = sum(1 for e in self.pending if e.originator_id == stream_id)
        return self.read_versions[stream_id] + appended

    def _last_version(self, stream_id: str) -> int:
        last = self.recorder.select_events(stream_id, desc=True, limit=1)
        return last[0].originator_version if last else 0

    def append(self, stream_id: str, *events: DomainEvent) -> None:
        """Add events to the end of a stream, to be stored when the command is done."""
        version = self.version(stream_id)
        if self._metadata is None:
            self._metadata = Metadata.of(self.circumstances)
        for event in events:
            version += 1
            customer = self._customer_of(stream_id, event)
            recorded = RecordedEvent(stream_id, version, event, self._metadata, customer=customer)
            self.pending.append(recorded)

    def _customer_of(self, stream_id: str, event: DomainEvent) -> str | None:
        """The customer whom an event with free text is about: whom the first fact of its stream
        names."""
        if not personal_paths(type(event)):
            return None
        begun = next((one.event for one in self.pending if one.originator_id == stream_id), event)
        facts = self._stream(stream_id).facts if self.read_versions[stream_id] else ()
        return getattr(facts[0] if facts else begun, "customer", None)


Handler = Callable[[Work, Any], None]
Handlers = Mapping[type[Command], Handler]
