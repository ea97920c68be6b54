"""The one door of the write side: `execute(command)` decides, appends, and tells the position."""

import random
import time
from dataclasses import dataclass

from eventsourcing.persistence import IntegrityError

from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.errors import Conflict
from ledger.kernel.events import RecordedEvent
from ledger.store.catalogue import EventCatalogue
from ledger.store.datastore import Datastore
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.store.outcomes import IdempotencyRow, StaleRead
from ledger.store.work import Handlers, Work

_ATTEMPTS = 8
_PAUSE_SECONDS = 0.01


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
                time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))  # noqa: S311
        raise Conflict(
            "This object is being changed by another request. Try again.", code="lock_timeout"
        )

    def work(self, circumstances: Circumstances) -> Work:
        """States and facts of this ledger; what it collects is appended by `execute` alone."""
        return Work(self.identity, circumstances, self.recorder, self.mapper)

    def _append(self, work: Work) -> Outcome:
        claim = work.circumstances.idempotency
        row = IdempotencyRow(claim.key, claim.request_hash, work.now) if claim else None
        stored = [self.mapper.to_stored_event(event) for event in work.pending]
        if not stored and row is None:
            return Outcome(self.recorder.head()[0], ())
        appended = self.recorder.append(
            stored, read_versions=work.read_versions if stored else None, idempotency=row
        )
        events = tuple(
            RecordedEvent(e.originator_id, e.originator_version, e.event, e.metadata, position)
            for e, position in zip(work.pending, appended.positions, strict=True)
        )
        return Outcome(events[-1].position if events else self.recorder.head()[0], events)
