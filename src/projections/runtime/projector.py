"""Applies the log to the read models: a page of events, its rows and the checkpoint as one."""

from collections.abc import Callable, Sequence

import structlog
from eventsourcing.persistence import InterfaceError, InternalError, OperationalError

from ledger.kernel.events import RecordedEvent
from ledger.store.datastore import Datastore
from projections.runtime.checkpoints import Checkpoint, Checkpoints, advance
from projections.runtime.log import Log
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.rows import SqlRows

_log = structlog.get_logger("projector")

_PAGE_EVENTS = 200

Logs = Callable[[int], Log]


class Projector:
    """Brings projections up to the head of every ledger that moved.

    Two projectors may run at once: a checkpoint moves only from the position it was read at, so
    each event is applied once.
    """

    def __init__(self, datastore: Datastore, logs: Logs, projections: Sequence[Projection]) -> None:
        self._datastore = datastore
        self._logs = logs
        self._projections = {checkpoint_name(p): p for p in projections}
        self.checkpoints = Checkpoints(datastore, list(self._projections))

    def step(self) -> int:
        """One page for each ledger that moved; how many events were applied."""
        return sum(self.step_ledger(ledger_id) for ledger_id in self.checkpoints.moved_ledgers())

    def catch_up(self) -> None:
        """Step until no ledger is ahead of a projection that runs."""
        while self.checkpoints.moved_ledgers():
            self.step()

    def step_ledger(self, ledger_id: int) -> int:
        """Apply the next page to the projections that are furthest behind."""
        running = [
            c for c in self.checkpoints.of_ledger(ledger_id).values() if c.stopped_at is None
        ]
        if not running:
            return 0
        since = min(c.position for c in running)
        page = self._logs(ledger_id).page(since, _PAGE_EVENTS)
        if not page:
            return 0
        for checkpoint in running:
            if checkpoint.position == since:
                self._apply(ledger_id, checkpoint, page)
        return len(page)

    def _apply(self, ledger_id: int, checkpoint: Checkpoint, page: list[RecordedEvent]) -> None:
        name = checkpoint.projection
        try:
            self._apply_page(ledger_id, name, checkpoint.position, page)
        except (OperationalError, InterfaceError, InternalError):
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong with an event, it stops here
            self._apply_up_to_poison(ledger_id, name, checkpoint.position, page)

    def _apply_page(self, ledger_id: int, name: str, since: int, page: list[RecordedEvent]) -> bool:
        projection = self._projections[name]
        with self._datastore.transaction(commit=True) as cursor:
            if not advance(cursor, ledger_id, name, since=since, to=page[-1].position):
                return False
            rows = SqlRows(cursor, ledger_id)
            for recorded in page:
                projection.apply(recorded, rows)
            rows.flush()
        return True

    def _apply_up_to_poison(
        self, ledger_id: int, name: str, since: int, page: list[RecordedEvent]
    ) -> None:
        """One event at a time; the one that cannot be applied stops the projection, on display."""
        for recorded in page:
            try:
                if not self._apply_page(ledger_id, name, since, [recorded]):
                    return
            except (OperationalError, InterfaceError, InternalError):
                raise
            except Exception as error:  # noqa: BLE001 - put on display, never skipped
                _log.exception("projection stopped", projection=name, position=recorded.position)
                text = f"{type(error).__name__}: {error}"
                self.checkpoints.stop(ledger_id, name, recorded.position, text)
                return
            since = recorded.position
