"""What happened to accounts and API keys. Recorded in the control ledger."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from ledger.kernel.events import DomainEvent

KeyKind = Literal["secret", "restricted"]
Scope = Literal["read", "write"]


class LedgersAllocated(DomainEvent):
    """The account with the next number took its two ledgers."""

    TOPIC: ClassVar[str] = "ledgers.allocated.v1"

    account: str
    account_number: int
    test_ledger_id: int
    live_ledger_id: int


class AccountCreated(DomainEvent):
    """An account came to be, with one ledger for test data and one for live data."""

    TOPIC: ClassVar[str] = "account.created.v1"

    account: str
    name: str
    created: AwareDatetime
    test_ledger_id: int
    live_ledger_id: int


class ApiKeyIssued(DomainEvent):
    """A key to one ledger was given out.

    `secret_hash` is the SHA-256 of the whole key in hex; the key itself is kept nowhere.
    `redacted` shows enough to tell keys apart: `sk_test_****1234`.
    """

    TOPIC: ClassVar[str] = "api_key.issued.v1"

    key_id: str
    account: str
    ledger_id: int
    livemode: bool
    kind: KeyKind
    scopes: tuple[Scope, ...]
    name: str | None
    secret_hash: str
    redacted: str
    created: AwareDatetime


class ApiKeyRevoked(DomainEvent):
    """A key opens nothing any more."""

    TOPIC: ClassVar[str] = "api_key.revoked.v1"

    key_id: str
    revoked_at: AwareDatetime


EVENTS: tuple[type[DomainEvent], ...] = (
    LedgersAllocated,
    AccountCreated,
    ApiKeyIssued,
    ApiKeyRevoked,
)
