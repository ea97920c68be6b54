"""The one door of the write side: `execute(command)` decides, appends, and tells the position."""

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from eventsourcing.persistence import IntegrityError, PersistenceError

from ledger.customers.events import CustomerForgotten
from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.errors import Conflict
from ledger.kernel.events import RecordedEvent
from ledger.store.catalogue import EventCatalogue
from ledger.store.datastore import Datastore
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.store.outcomes import IdempotencyRow, StaleRead
from ledger.store.streams import RememberedStreams, StoredStreams
from ledger.store.together import Deciding, Decision, independent
from ledger.store.work import AtOnce, Handlers, Work

_ATTEMPTS = 8
_PAUSE_SECONDS = 0.01
_chance = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command led to: its events, and the log's position that includes them."""

    position: int
    events: tuple[RecordedEvent, ...]


class LedgerApplication(EventSourcedLedger):
    """The commands of one ledger."""

    def __init__(
        self,
        datastore: Datastore,
        identity: LedgerIdentity,
        catalogue: EventCatalogue,
        handlers: Handlers,
    ) -> None:
        super().__init__(datastore, identity.ledger_id, catalogue)
        self.identity = identity
        self._handlers = handlers
        self._streams = StoredStreams(self.recorder, self.mapper, RememberedStreams())

    def execute(self, command: Command, circumstances: Circumstances) -> Outcome:
        """Decide the command and append its events.

        A decision made from a state that another command changed meanwhile is made again.
        Raises LedgerError when the command is refused, Conflict when others keep winning, and
        IdempotencyKeyTaken when the request's key was used meanwhile.
        """
        handler = self._handlers[type(command)]
        for attempt in range(_ATTEMPTS):
            work = self.work(circumstances)
            handler(work, command)
            try:
                return self._append(work)
            except (IntegrityError, StaleRead):
                time.sleep(_chance.uniform(0, _PAUSE_SECONDS * 2**attempt))
        raise Conflict(
            "This object is being changed by another request. Try again.", code="lock_timeout"
        )

    def work(self, circumstances: Circumstances) -> Work:
        """States and facts of this ledger; what it collects is appended by `execute` alone."""
        source = AtOnce(self._streams)
        return Work(self.identity, circumstances, self.recorder, self.mapper, source=source)

    def execute_together(
        self, asked: Sequence[tuple[Command, Circumstances]]
    ) -> list[Outcome | Exception]:
        """Execute commands with the events and in the order that they have one after the other.

        They are read for, decided and appended together as far as none rests on what another one
        changes; what is refused or goes wrong is its own outcome and holds up nothing else. They
        take no idempotency keys. Raises PersistenceError when the database is lost.
        """
        decisions = [Decision(command, circumstances) for command, circumstances in asked]
        outcomes: dict[Decision, Outcome | Exception] = {}
        waiting = decisions
        while len(waiting) > 1:
            Deciding(self._streams, self._handlers, self.work(waiting[0].circumstances)).decide(
                waiting
            )
            together, later = independent(waiting)
            overtaken = self._append_together(together, outcomes)
            again = overtaken.union(later)
            waiting = [one for one in waiting if one in again]
            for one in waiting:
                one.begin_anew()
            if overtaken or 2 * len(later) > len(together):
                break
        for one in waiting:
            outcomes[one] = self._execute_alone(one)
        return [outcomes[one] for one in decisions]

    def _append_together(
        self, decisions: Sequence[Decision], outcomes: dict[Decision, Outcome | Exception]
    ) -> set[Decision]:
        """Append what was decided; those that others have overtaken meanwhile are left over."""
        overtaken: set[Decision] = set()
        left = list(decisions)
        while left:
            try:
                self._append_all(left, outcomes)
            except (IntegrityError, StaleRead):
                moved = self.recorder.moved(_versions(left))
                found = {one for one in left if not moved.isdisjoint(one.reads)}
                overtaken |= found or set(left)
                left = [one for one in left if one not in overtaken]
            else:
                break
        return overtaken

    def _append_all(
        self, decisions: Sequence[Decision], outcomes: dict[Decision, Outcome | Exception]
    ) -> None:
        facts = [recorded for one in decisions for recorded in one.facts]
        appended: list[int] = []
        if facts:
            stored = self.mapper.to_stored_events(facts)
            effective = [one for one in decisions if one.facts]
            appended = self.recorder.append(stored, read_versions=_versions(effective)).positions
        head = appended[-1] if appended else self.recorder.head()[0]
        positions = iter(appended)
        for one in decisions:
            placed = list(islice(positions, len(one.facts)))
            events = tuple(map(_placed, one.facts, placed))
            last = placed[-1] if placed else head
            outcomes[one] = one.error or Outcome(last, events)

    def _execute_alone(self, decision: Decision) -> Outcome | Exception:
        try:
            return self.execute(decision.command, decision.circumstances)
        except PersistenceError:
            raise
        except Exception as error:  # noqa: BLE001 - what an execution raises is its outcome
            return error

    def _append(self, work: Work) -> Outcome:
        claim = work.circumstances.idempotency
        row = IdempotencyRow(claim.key, claim.request_hash, work.now) if claim else None
        stored = self.mapper.to_stored_events(work.pending)
        if not stored and row is None:
            return Outcome(self.recorder.head()[0], ())
        appended = self.recorder.append(
            stored, read_versions=work.read_versions if stored else None, idempotency=row
        )
        events = tuple(map(_placed, work.pending, appended.positions))
        for customer_id in forgotten_among(events):
            self.mapper.keyring.forget(customer_id)
        return Outcome(events[-1].position if events else self.recorder.head()[0], events)


def forgotten_among(events: Iterable[RecordedEvent]) -> list[str]:
    """The customers whose keys were destroyed by these events."""
    return [one.originator_id for one in events if isinstance(one.event, CustomerForgotten)]


def _placed(event: RecordedEvent, position: int) -> RecordedEvent:
    return RecordedEvent(
        event.originator_id, event.originator_version, event.event, event.metadata, position
    )


def _versions(decisions: Sequence[Decision]) -> dict[str, int]:
    """The versions of all streams that these rest on, which are the same for all of them."""
    return {stream: version for one in decisions for stream, version in one.read_versions.items()}
