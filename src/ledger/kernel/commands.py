"""The base of every command, and the circumstances in which one is executed."""

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Command(BaseModel):
    """What is asked of the ledger. Ids of things to create are part of the command."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class LedgerIdentity:
    """One ledger: its number in the store, its account, and whether it is live."""

    ledger_id: int
    account_id: str
    livemode: bool


@dataclass(frozen=True, slots=True)
class IdempotencyClaim:
    """An idempotency key with the hash of method, path and parameters it was used with."""

    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, by whom and for which request a command is executed. `now` is the system's time."""

    now: datetime
    actor: str
    correlation_id: str
    request_id: str | None = None
    causation_id: str | None = None
    idempotency: IdempotencyClaim | None = field(default=None)
