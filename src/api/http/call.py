"""One request as a route sees it: who asks, with which parameters, and what it may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from api.http.auth import Caller
from api.http.lists import TimeRange
from api.http.params import Params
from api.http.versions import ApiVersion
from api.services import Services
from ledger.application import LedgerApplication, Outcome
from ledger.kernel.clock import system_now, to_epoch
from ledger.kernel.commands import Circumstances, Command, IdempotencyClaim, LedgerIdentity
from projections.runtime.as_of import Lookup
from projections.runtime.reader import Reader

P = TypeVar("P", bound=Params)


@dataclass(slots=True)
class View:
    """What an answer is rendered from: rows of now, or of a past position."""

    services: Services
    identity: LedgerIdentity
    rows: Lookup
    position: int

    @property
    def livemode(self) -> bool:
        return self.identity.livemode


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
        reader = self.reader()
        return View(self.services, self.identity, reader, reader.head)

    def view_as_of(self, position: int) -> View:
        rows = self.services.past(self.identity.ledger_id, position)
        return View(self.services, self.identity, rows, position)


def bounds(created: TimeRange | None) -> dict[str, int]:
    """A filter by creation time as a reader takes it, in epoch seconds."""
    if created is None:
        return {}
    given = {name: getattr(created, name) for name in ("gt", "gte", "lt", "lte")}
    return {name: to_epoch(moment) for name, moment in given.items() if moment is not None}
