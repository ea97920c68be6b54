"""The composition root: one datastore, and for each ledger its application, log and readers."""

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import Any

from ledger.accounts.ledgers import CONTROL_LEDGER
from ledger.accounts.lookup import find_ledger
from ledger.application import LedgerApplication
from ledger.command_handlers import command_handlers
from ledger.event_types import EVENT_CATALOGUE
from ledger.kernel.commands import LedgerIdentity
from ledger.meter_events.directory import Directory
from ledger.meter_events.ingestion import UsageIngestion
from ledger.meter_events.usage import UsageReader
from ledger.meter_events.writer import UsageWriter
from ledger.store.datastore import Datastore
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.store.idempotency import IdempotencyKeys
from ledger.store.work import Work
from projections.audit.streams_behind import STREAMS_BEHIND
from projections.meter_events.usage import LiveUsageReader, SqlUsageReader
from projections.registry import PROJECTION_OF_TABLE, PROJECTIONS
from projections.runtime.as_of import PastLookup
from projections.runtime.log import Log
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.projector import Projector
from projections.runtime.reader import Reader
from projections.runtime.tables import Table

DEFAULT_GRACE = timedelta(hours=1)
DEFAULT_LATE_USAGE_SETTLING = timedelta(seconds=60)


class Services:
    """What the doors work with. Closing it records what waits, and closes the pool."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 16,
        grace: timedelta = DEFAULT_GRACE,
        late_usage_settling: timedelta = DEFAULT_LATE_USAGE_SETTLING,
        wake: Callable[[int], None] | None = None,
        wake_projector: Callable[[int], None] | None = None,
        follow_inline: bool = False,
    ) -> None:
        """`wake` tells followers in other processes that a ledger has news, `wake_projector` the
        one that counts usage, from which nothing falls due. With `follow_inline` this process
        brings the read models up to date itself, as a command that runs alone must."""
        self.datastore = Datastore(url, pool_size=pool_size)
        self.grace = grace
        self.late_usage_settling = late_usage_settling
        self.wake = self._follow if follow_inline else wake or _no_wake
        self.wake_projector = wake_projector or self.wake
        self.usage_writer = UsageWriter(self.wake_projector)
        self._applications: dict[int, LedgerApplication] = {}
        self._ingestions: dict[int, UsageIngestion] = {}
        self._logs: dict[int, EventSourcedLedger] = {}
        self._identities: dict[int, LedgerIdentity] = {}

    def close(self) -> None:
        self.usage_writer.close()
        self.datastore.close()

    def application(self, identity: LedgerIdentity) -> LedgerApplication:
        """The commands of a ledger."""
        found = self._applications.get(identity.ledger_id)
        if found is None:
            handlers = command_handlers(self.usage_reader, self.grace)
            found = LedgerApplication(self.datastore, identity, EVENT_CATALOGUE, handlers)
            self._applications[identity.ledger_id] = found
        return found

    def usage_ingestion(self, identity: LedgerIdentity) -> UsageIngestion:
        """The way of meter events into a ledger."""
        found = self._ingestions.get(identity.ledger_id)
        if found is None:
            ledger = self.application(identity)
            directory = Directory(ledger.recorder, ledger.mapper)
            found = UsageIngestion(ledger.recorder, ledger.mapper, directory)
            self._ingestions[identity.ledger_id] = found
        return found

    def log(self, ledger_id: int) -> Log:
        """The events of a ledger, decoded."""
        found = self._logs.get(ledger_id)
        if found is None:
            found = EventSourcedLedger(self.datastore, ledger_id, EVENT_CATALOGUE)
            self._logs[ledger_id] = found
        return Log(found.recorder, found.mapper)

    def reader(self, ledger_id: int) -> Reader:
        """The read models of a ledger, as fresh as its log is now."""
        log = self.log(ledger_id)
        return Reader(self.datastore, ledger_id, PROJECTION_OF_TABLE, log.head(), self.wake, log)

    def usage_reader(self, work: Work) -> UsageReader:
        """Reads usage for a command, with evidence; it waits for the position it is asked for."""
        return SqlUsageReader(self._waiting_reader(work))

    def live_usage_reader(self, work: Work) -> UsageReader:
        """Reads usage for an answer that is not recorded: as of the position or a later one."""
        return LiveUsageReader(self._waiting_reader(work))

    def _waiting_reader(self, work: Work) -> Reader:
        ledger_id = work.ledger.ledger_id
        log = self.log(ledger_id)
        return Reader(self.datastore, ledger_id, PROJECTION_OF_TABLE, 0, self.wake, log)

    def past(self, ledger_id: int, position: int) -> PastLookup:
        """The read models of a ledger as of a position."""
        return PastLookup(
            self.log(ledger_id),
            self._projection_of,
            position,
            STREAMS_BEHIND,
            lambda: self.reader(ledger_id),
        )

    def identity(self, ledger_id: int) -> LedgerIdentity:
        """The account and mode of a ledger that has events. Raises LookupError."""
        found = self._identities.get(ledger_id)
        if found is None:
            found = find_ledger(self.application(CONTROL_LEDGER), ledger_id)
            if found is None:
                raise LookupError(f"ledger {ledger_id} was never given to an account")
            self._identities[ledger_id] = found
        return found

    def idempotency_keys(self, ledger_id: int) -> IdempotencyKeys:
        return IdempotencyKeys(self.datastore, ledger_id)

    @cached_property
    def projector(self) -> Projector:
        return Projector(self.datastore, self.log, PROJECTIONS)

    def _follow(self, ledger_id: int) -> None:
        self.projector.step([ledger_id])

    def _projection_of(self, table: Table[Any]) -> Projection:
        name = PROJECTION_OF_TABLE[table.name]
        return next(p for p in PROJECTIONS if checkpoint_name(p) == name)


def _no_wake(_: int) -> None:
    """Followers find what is new by polling."""
