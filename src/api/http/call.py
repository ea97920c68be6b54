"""One request as a route sees it: who asks, with which parameters, and what it may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from api.http.as_of import point_of
from api.http.auth import Caller
from api.http.lists import TimeRange
from api.http.params import Params
from api.http.versions import ApiVersion
from api.services import Services
from ledger.application import LedgerApplication, Outcome
from ledger.kernel.clock import system_now, to_epoch
from ledger.kernel.commands import Circumstances, Command, IdempotencyClaim, LedgerIdentity
from projections.runtime.as_of import Lookup, PastLookup
from projections.runtime.moments import PointInTime, recorded_at
from projections.runtime.reader import Reader

P = TypeVar("P", bound=Params)


@dataclass(slots=True)
class View:
    """What an answer is rendered from: rows of now, or of the past point `as_of`.

    `streams` are those that decisions for the answer were made from.
    """

    services: Services
    identity: LedgerIdentity
    rows: Lookup
    position: int
    as_of: PointInTime | None = None
    streams: set[str] = field(default_factory=set[str])

    @property
    def livemode(self) -> bool:
        return self.identity.livemode

    @property
    def now(self) -> datetime:
        """The time of the answer."""
        return system_now() if self.as_of is None else self.as_of.at

    @property
    def through(self) -> int | None:
        """The position that a past answer must not look beyond."""
        return None if self.as_of is None else self.as_of.position

    def looked_up(self) -> set[str]:
        """The streams that the rows of a past answer rest on, as far as they were looked up."""
        return set(self.rows.streams) if isinstance(self.rows, PastLookup) else set()

    def reader(self) -> Reader:
        """The read models of now, of which a past answer takes only what it can date."""
        if isinstance(self.rows, Reader):
            return self.rows
        return self.services.reader(self.identity.ledger_id)


def view_of(services: Services, identity: LedgerIdentity, as_of: PointInTime | None = None) -> View:
    """A ledger as it is now, or as it was."""
    if as_of is None:
        reader = services.reader(identity.ledger_id)
        return View(services, identity, reader, reader.head)
    rows = services.past(identity.ledger_id, as_of.position)
    return View(services, identity, rows, as_of.position, as_of)


@dataclass(slots=True)
class Call(Generic[P]):
    """A request that was authenticated and checked."""

    services: Services
    caller: Caller
    params: P
    path: Mapping[str, str]
    version: ApiVersion
    request_id: str
    url: str
    claim: IdempotencyClaim | None = None
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    _as_of: PointInTime | None = None

    @property
    def identity(self) -> LedgerIdentity:
        return self.caller.identity

    @property
    def application(self) -> LedgerApplication:
        return self.services.application(self.identity)

    def circumstances(self) -> Circumstances:
        """The time and the cause of a command; the idempotency key goes with the first one."""
        return Circumstances(
            now=system_now(),
            actor=self.caller.actor,
            correlation_id=self.request_id,
            request_id=self.request_id,
            idempotency=None if self.outcomes else self.claim,
        )

    def execute(self, command: Command) -> Outcome:
        """Execute a command and wake whoever follows the log."""
        outcome = self.application.execute(command, self.circumstances())
        self.outcomes.append(outcome)
        self.services.wake(self.identity.ledger_id)
        return outcome

    def reader(self) -> Reader:
        """The read models, including everything acknowledged up to now."""
        return self.services.reader(self.identity.ledger_id)

    def view(self) -> View:
        """The ledger as it is now, or as of the moment that the request names."""
        return view_of(self.services, self.identity, self.as_of())

    def as_of(self) -> PointInTime | None:
        """The past point that the request names. Raises InvalidRequest."""
        if self._as_of is None:
            self._as_of = point_of(self.params, self.services.log(self.identity.ledger_id))
        return self._as_of

    @property
    def through(self) -> int | None:
        """The position that the answer must not look beyond, if the request names a past point.
        Raises InvalidRequest."""
        point = self.as_of()
        return None if point is None else point.position

    def view_as_of(self, position: int) -> View:
        """The ledger as of a position, at the time when that was recorded."""
        log = self.services.log(self.identity.ledger_id)
        point = PointInTime(position, recorded_at(log, position) if position else system_now())
        return view_of(self.services, self.identity, point)


def known_by(view: View) -> dict[str, int]:
    """A filter of rows that never change, by the position of the event that they came with."""
    return {} if view.through is None else {"lte": view.through}


def bounds(created: TimeRange | None) -> dict[str, int]:
    """A filter by creation time as a reader takes it, in epoch seconds."""
    if created is None:
        return {}
    given = {name: getattr(created, name) for name in ("gt", "gte", "lt", "lte")}
    return {name: to_epoch(moment) for name, moment in given.items() if moment is not None}
