"""Does what is due: closes periods, finalizes invoices, settles late usage, brings test clocks to
their new time.

Every command it issues names what it is due for, and is refused or without effect once that was
done. It may be cut off anywhere, run again, or run twice at once: the events are the same.
"""

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import structlog
from eventsourcing.persistence import PersistenceError

from api.audit.checkpoints import DueCheckpoints
from api.services import Services
from ledger.application import Outcome
from ledger.invoices.commands import ClosePeriod, FinalizeDueInvoice
from ledger.kernel.clock import from_epoch, monotonic, system_now, to_epoch
from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.errors import Conflict, LedgerError, Unavailable
from ledger.kernel.ids import new_id
from ledger.late_usage.commands import AdjustLateUsage
from ledger.subscriptions.commands import CheckThresholds, ResumeCollection
from ledger.test_clocks.commands import CompleteTestClockAdvance
from projections.due.queries import advancing_clocks, ledgers_with_work, next_due
from projections.due.rows import ClockRow, DueRow
from projections.due.thresholds import ledgers_with_thresholds, usage_towards_thresholds
from projections.late_usage.queries import LateLine, late_lines, late_lines_of
from projections.runtime.leases import Lease
from projections.runtime.wake import Bell

_log = structlog.get_logger("scheduler")

_DUE_AT_ONCE = 1_000
_BATCH = 100
_TURN_SECONDS = 5.0
_SYSTEM_CLOCK = ""
_BUSY_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
_PAUSE_AFTER_ERROR_SECONDS = 0.5
_SHORTEST_PAUSE_SECONDS = 0.02
_FORGET_EVERY_SECONDS = 600.0
_CHECK_THRESHOLDS_EVERY_SECONDS = 3.0
_LOOK_FOR_CHECKPOINTS_EVERY_SECONDS = 5.0
_LEFT_FOR_SECONDS = 60.0


class _Asked(NamedTuple):
    """A command, and the position of the event that made it due."""

    command: Command
    cause: int | None = None

    def circumstances(self, now: datetime) -> Circumstances:
        return Circumstances(
            now,
            actor="system:scheduler",
            correlation_id=new_id("run"),
            causation_id=None if self.cause is None else str(self.cause),
        )


class Scheduler:
    """Finds due work in a read model and issues the commands for it."""

    def __init__(self, services: Services, stopping: threading.Event | None = None) -> None:
        """Once `stopping` is set, what was begun is finished and nothing more is begun."""
        self._services = services
        self._stopping = stopping or threading.Event()
        self._in_vain: dict[tuple[int, str], float] = {}
        self._usage_seen: dict[tuple[int, str], int] = {}

    def step(self) -> int:
        """Do what is due now, oldest first, with a turn for every ledger; how many commands were
        issued. A ledger that cannot go on now holds up none of the others."""
        now = to_epoch(system_now())
        ledgers = ledgers_with_work(self._services.datastore, now, self._recorded_by(now))
        return sum(self._turn_of(ledger_id, now) for ledger_id in ledgers)

    def forget_old_keys(self) -> int:
        """Forget idempotency keys that were kept for their time, in every ledger; how many."""
        services, now = self._services, system_now()
        ledgers = services.projector.checkpoints.ledgers()
        return sum(services.idempotency_keys(ledger_id).expire(now) for ledger_id in ledgers)

    def check_thresholds(self) -> int:
        """Invoice what has reached a threshold, where usage has moved since the last time; how
        many commands were issued."""
        done = 0
        for ledger_id in ledgers_with_thresholds(self._services.datastore):
            identity = self._services.identity(ledger_id)
            usage = usage_towards_thresholds(self._services.reader(ledger_id))
            for subscription, events in usage.items():
                if self._stopping.is_set():
                    return done
                seen = (ledger_id, subscription)
                if self._usage_seen.get(seen) != events:
                    command = CheckThresholds(subscription=subscription)
                    if _postponed(self._execute(identity, [_Asked(command)])) is None:
                        self._usage_seen[seen] = events
                    done += 1
        return done

    def _turn_of(self, ledger_id: int, now: int) -> int:
        identity = self._services.identity(ledger_id)
        try:
            done = self._settle_late_usage(identity, now)
            done += self._do_due(identity, _SYSTEM_CLOCK, now)
            for clock in advancing_clocks(self._services.reader(ledger_id)):
                done += self._advance(identity, clock)
        except (Conflict, Unavailable) as error:
            _log.warning("a ledger's due work waits", ledger=ledger_id, reason=error.message)
            return 0
        return done

    def _advance(self, identity: LedgerIdentity, clock: ClockRow) -> int:
        """What is due before a clock's new time, then the end of its advance; when a turn is over
        before that, the rest is for the next one."""
        done, turn_ends = 0, monotonic() + _TURN_SECONDS
        while worked := self._do_due(identity, clock.id, clock.frozen_time):
            done += worked
            if self._stopping.is_set() or monotonic() > turn_ends:
                return done
        completion = CompleteTestClockAdvance(test_clock=clock.id)
        outcomes = self._execute(identity, [_Asked(completion)])
        if (postponed := _postponed(outcomes)) is not None:
            raise postponed
        return done + sum(map(_came_of, outcomes))

    def _do_due(self, identity: LedgerIdentity, clock: str, now: int) -> int:
        """One batch of what is due by a clock: on a test clock of one moment, as it may bring the
        next one forward.

        What came to nothing is left for a while, so that it does not hold up the rest. On a test
        clock what cannot be done yet is waited for, as a later moment must not come before it.
        """
        reader = self._services.reader(identity.ledger_id)
        left = self._left(identity)
        due = next_due(reader, clock, now, _DUE_AT_ONCE, left)
        if clock:
            due = [row for row in due if row.due_at == due[0].due_at]
        closing = [row.subject for row in due if row.kind == "close_period"]
        if closing:
            self._settle(identity, late_lines_of(reader, closing))
        postponed: LedgerError | None = None
        for first in range(0, len(due), _BATCH):
            if self._stopping.is_set() or (postponed is not None and clock):
                break
            batch = due[first : first + _BATCH]
            outcomes = self._execute(
                identity, [_Asked(_command_for(row), row.sequence) for row in batch]
            )
            self._leave(identity, [row.id for row in batch], outcomes)
            postponed = _postponed(outcomes) or postponed
        if postponed is not None:
            raise postponed
        return len(due)

    def _recorded_by(self, now: int) -> int:
        """Late usage that was recorded until then is to be settled."""
        return now - int(self._services.late_usage_settling.total_seconds())

    def _settle_late_usage(self, identity: LedgerIdentity, now: int) -> int:
        """One batch of lines whose late usage came long enough ago."""
        reader, left = self._services.reader(identity.ledger_id), self._left(identity)
        found = late_lines(reader, self._recorded_by(now), _BATCH, left)
        if not self._stopping.is_set():
            outcomes = self._settle(identity, found)
            self._leave(identity, [line.line for line in found], outcomes)
        return len(found)

    def _settle(
        self, identity: LedgerIdentity, late: Sequence[LateLine]
    ) -> list[Outcome | Exception]:
        """Raises Conflict or Unavailable: try again."""
        asked = [
            _Asked(
                AdjustLateUsage(invoice=one.invoice, line=one.line, recorded_at=one.recorded_at),
                one.recorded_at,
            )
            for one in late
        ]
        outcomes = self._execute(identity, asked)
        if (postponed := _postponed(outcomes)) is not None:
            raise postponed
        return outcomes

    def _leave(
        self,
        identity: LedgerIdentity,
        ids: Sequence[str],
        outcomes: Sequence[Outcome | Exception],
    ) -> None:
        """Leave what came to nothing, unless it is to be tried again, for a while."""
        for row_id, outcome in zip(ids, outcomes, strict=True):
            if not _came_of(outcome) and not isinstance(outcome, Conflict | Unavailable):
                self._in_vain[identity.ledger_id, row_id] = monotonic() + _LEFT_FOR_SECONDS

    def _left(self, identity: LedgerIdentity) -> list[str]:
        """What came to nothing a short while ago."""
        self._in_vain = {of: until for of, until in self._in_vain.items() if until > monotonic()}
        return [row_id for ledger_id, row_id in self._in_vain if ledger_id == identity.ledger_id]

    def _execute(
        self, identity: LedgerIdentity, asked: Sequence[_Asked]
    ) -> list[Outcome | Exception]:
        """What became of each command."""
        now = system_now()
        commands = [(one.command, one.circumstances(now)) for one in asked]
        outcomes = self._services.application(identity).execute_together(commands)
        for (command, _), outcome in zip(commands, outcomes, strict=True):
            if isinstance(outcome, Conflict | Unavailable):
                continue
            if isinstance(outcome, LedgerError):
                _log.error("due work was refused", command=repr(command), reason=outcome.message)
            elif isinstance(outcome, Exception):
                _log.error("due work failed", command=repr(command), exc_info=outcome)
        if any(map(_came_of, outcomes)):
            self._services.wake(identity.ledger_id)
        return outcomes


def _came_of(outcome: Outcome | Exception) -> bool:
    """Whether something came of a command."""
    return isinstance(outcome, Outcome) and bool(outcome.events)


def _postponed(outcomes: Sequence[Outcome | Exception]) -> Conflict | Unavailable | None:
    """Why a command has to be tried again, if one of them has to."""
    return next((one for one in outcomes if isinstance(one, Conflict | Unavailable)), None)


def _command_for(row: DueRow) -> Command:
    match row.kind:
        case "close_period":
            return ClosePeriod(subscription=row.subject, period_end=from_epoch(row.due_at))
        case "resume_collection":
            return ResumeCollection(subscription=row.subject)
        case _:
            return FinalizeDueInvoice(invoice=row.subject)


def run_scheduler(
    services: Services,
    lease: Lease,
    stopping: threading.Event,
    bell: Bell,
    checkpoints: DueCheckpoints | None = None,
) -> None:
    """Work until `stopping` is set, at least once a second. Signs checkpoints if it is given who
    does."""
    scheduler = Scheduler(services, stopping)
    pause, forget_at, check_at = _BUSY_PAUSE_SECONDS, monotonic(), monotonic()
    sign_at = monotonic()
    while not stopping.is_set():
        try:
            leads = lease.take(system_now())
            done = scheduler.step() if leads else 0
            if leads and monotonic() >= forget_at:
                scheduler.forget_old_keys()
                forget_at = monotonic() + _FORGET_EVERY_SECONDS
            if leads and monotonic() >= check_at:
                done += scheduler.check_thresholds()
                check_at = monotonic() + _CHECK_THRESHOLDS_EVERY_SECONDS
            if leads and checkpoints is not None and monotonic() >= sign_at:
                checkpoints.sign(system_now(), stopping.is_set)
                sign_at = monotonic() + _LOOK_FOR_CHECKPOINTS_EVERY_SECONDS
        except (PersistenceError, LedgerError) as error:
            _log.warning("the scheduler waits", error=str(error))
            stopping.wait(_PAUSE_AFTER_ERROR_SECONDS)
            continue
        pause = _BUSY_PAUSE_SECONDS if done else min(pause * 2, _LONGEST_PAUSE_SECONDS)
        if bell.wait(pause):
            pause = _BUSY_PAUSE_SECONDS
            # Every request rings; few of them make something due.
            stopping.wait(_SHORTEST_PAUSE_SECONDS)
    lease.release()
