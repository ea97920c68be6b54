"""Streams as commands read them: facts up to a version, with the states folded from them."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, Protocol, TypeVar, cast

from eventsourcing.persistence import StoredEvent

from ledger.kernel.events import DomainEvent
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder

S = TypeVar("S")

Evolve = Callable[[S | None, DomainEvent], S]

_REMEMBERED_STREAMS: Final = 1_024
_REMEMBERED_FACTS: Final = 64
"""A longer stream is read anew each time: many such would take too much memory."""


class Stream:
    """A stream up to and with a version; 0 is a stream without facts. It never changes."""

    __slots__ = ("_states", "facts", "version")

    def __init__(self, version: int, facts: Sequence[DomainEvent]) -> None:
        self.version = version
        self.facts = tuple(facts)
        self._states: dict[Evolve[Any], Any] = {}

    def state(self, evolve: Evolve[S]) -> S | None:
        """What the facts amount to; None if there are none. Folded once for each `evolve`."""
        if evolve not in self._states:
            state: S | None = None
            for fact in self.facts:
                state = evolve(state, fact)
            self._states[evolve] = state
        return cast("S | None", self._states[evolve])

    def up_to(self, version: int) -> "Stream":
        """The stream as it was at a version."""
        return self if version >= self.version else Stream(version, self.facts[:version])


NEW_STREAM: Final = Stream(0, ())


class Streams(Protocol):
    """Whoever reads streams for a command."""

    def read(self, stream_ids: Collection[str]) -> Mapping[str, Stream]:
        """Each of these streams as it is now."""
        ...

    def version(self, stream_id: str) -> int:
        """How many events a stream has, without reading them."""
        ...


class RememberedStreams:
    """What a process has read of a ledger's streams, used least recently forgotten first.

    A stream only grows, so that what is remembered of it stays true and only what followed has to
    be read. Facts with sealed fields are not remembered: their key may be destroyed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: OrderedDict[str, Stream] = OrderedDict()

    def recall(self, stream_ids: Iterable[str]) -> dict[str, Stream]:
        """What is known of these streams."""
        found: dict[str, Stream] = {}
        with self._lock:
            for stream_id in stream_ids:
                stream = self._streams.get(stream_id)
                if stream is not None:
                    self._streams.move_to_end(stream_id)
                    found[stream_id] = stream
        return found

    def remember(self, streams: Mapping[str, Stream]) -> None:
        """Keep what was read, each no older than before."""
        with self._lock:
            for stream_id, stream in streams.items():
                if self._streams.get(stream_id, NEW_STREAM).version < stream.version:
                    self._streams[stream_id] = stream
                    self._streams.move_to_end(stream_id)
            while len(self._streams) > _REMEMBERED_STREAMS:
                self._streams.popitem(last=False)


class StoredStreams:
    """Reads streams of the log, many in one statement."""

    def __init__(
        self, recorder: LedgerRecorder, mapper: LedgerMapper, remembered: RememberedStreams
    ) -> None:
        self._recorder = recorder
        self._mapper = mapper
        self._remembered = remembered

    def read(self, stream_ids: Collection[str]) -> dict[str, Stream]:
        """See `Streams`."""
        known = self._remembered.recall(stream_ids)
        streams = {stream_id: known.get(stream_id, NEW_STREAM) for stream_id in stream_ids}
        stored = self._recorder.select_streams({of: s.version for of, s in streams.items()})
        self._mapper.expect(stored)
        worth: dict[str, Stream] = {}
        for stream_id, group in groupby(stored, lambda one: str(one.originator_id)):
            followed = self._followed(streams[stream_id], added := list(group))
            streams[stream_id] = followed
            if len(followed.facts) <= _REMEMBERED_FACTS and not any(map(self._is_sealed, added)):
                worth[stream_id] = followed
        self._remembered.remember(worth)
        return streams

    def version(self, stream_id: str) -> int:
        """See `Streams`."""
        last = self._recorder.select_events(stream_id, desc=True, limit=1)
        return last[0].originator_version if last else 0

    def _followed(self, stream: Stream, added: Sequence[StoredEvent]) -> Stream:
        facts = [self._mapper.to_domain_event(one).event for one in added]
        return Stream(added[-1].originator_version, (*stream.facts, *facts))

    def _is_sealed(self, stored: StoredEvent) -> bool:
        return self._mapper.key_holder(stored) is not None
