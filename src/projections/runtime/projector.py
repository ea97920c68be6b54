"""Applies the log to the read models: a page of events, its rows and the checkpoint as one."""

from collections.abc import Callable, Iterable, Sequence

import structlog

from ledger.kernel.events import RecordedEvent
from ledger.store.datastore import Datastore
from ledger.store.retrying import TRANSIENT
from projections.runtime.checkpoints import Checkpoints, advance
from projections.runtime.log import Log, UnreadableEvent
from projections.runtime.projection import Projection, apply_page, checkpoint_name
from projections.runtime.sql_rows import SqlRows

_log = structlog.get_logger("projector")

PAGE_EVENTS = 200

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

    def step(self, ledgers: Iterable[int] | None = None) -> int:
        """One page for each of these ledgers, or of all that moved; how many events were
        applied."""
        moved = self.checkpoints.moved_ledgers() if ledgers is None else ledgers
        return sum(self.step_ledger(ledger_id) for ledger_id in moved)

    def catch_up(self) -> None:
        """Step until no ledger is ahead of a projection that runs."""
        while moved := self.checkpoints.moved_ledgers():
            self.step(moved)

    def step_ledger(self, ledger_id: int) -> int:
        """Apply one page to the projections of a ledger; how many events were applied.

        Projections that stand at different positions get a page each, so that one which has far
        to go holds up none of the others.
        """
        waiting: dict[int, list[str]] = {}
        for checkpoint in self.checkpoints.of_ledger(ledger_id).values():
            if checkpoint.stopped_at is None:
                waiting.setdefault(checkpoint.position, []).append(checkpoint.projection)
        return sum(self._step_from(ledger_id, since, waiting[since]) for since in sorted(waiting))

    def _step_from(self, ledger_id: int, since: int, names: list[str]) -> int:
        try:
            page = self._logs(ledger_id).batch(since, PAGE_EVENTS)
        except UnreadableEvent as error:
            _log.exception("projections stopped", ledger=ledger_id, position=error.position)
            for name in names:
                self.checkpoints.stop(ledger_id, name, error.position, str(error))
            return 0
        if not page:
            return 0
        return len(page) if self._apply(ledger_id, names, since, page) else 0

    def _apply(
        self, ledger_id: int, names: list[str], since: int, page: list[RecordedEvent]
    ) -> bool:
        """Whether any of the projections moved."""
        try:
            return self._apply_page(ledger_id, names, since, page)
        except TRANSIENT:
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong with an event, it stops here
            moved = [self._apply_up_to_poison(ledger_id, name, since, page) for name in names]
            return any(moved)

    def _apply_page(
        self, ledger_id: int, names: list[str], since: int, page: list[RecordedEvent]
    ) -> bool:
        """All in one transaction: a commit for each projection would cost more than its rows."""
        with self._datastore.transaction(commit=True) as cursor:
            moving = advance(cursor, ledger_id, names, since=since, to=page[-1].position)
            rows = SqlRows(cursor, ledger_id, log=self._logs(ledger_id))
            for name in moving:
                apply_page(self._projections[name], page, rows)
            rows.flush()
        return bool(moving)

    def _apply_up_to_poison(
        self, ledger_id: int, name: str, since: int, page: list[RecordedEvent]
    ) -> bool:
        """One event at a time; the one that cannot be applied stops the projection, on display."""
        began = since
        for recorded in page:
            try:
                if not self._apply_page(ledger_id, [name], since, [recorded]):
                    break
            except TRANSIENT:
                raise
            except Exception as error:  # noqa: BLE001 - put on display, never skipped
                _log.exception("projection stopped", projection=name, position=recorded.position)
                text = f"{type(error).__name__}: {error}"
                self.checkpoints.stop(ledger_id, name, recorded.position, text)
                break
            since = recorded.position
        return since > began
