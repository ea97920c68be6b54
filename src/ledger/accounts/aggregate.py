"""Accounts and API keys as their streams tell them, and what may happen to them next."""

from dataclasses import dataclass, replace
from datetime import datetime

from ledger.accounts.api_keys import SCOPES, key_id_of
from ledger.accounts.commands import CreateAccount, IssueApiKey
from ledger.accounts.events import (
    AccountCreated,
    ApiKeyIssued,
    ApiKeyRevoked,
    LedgersAllocated,
    Scope,
)
from ledger.accounts.ledgers import ledger_for_live, ledger_for_test
from ledger.kernel.commands import LedgerIdentity
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent

_LONGEST_NAME = 250


@dataclass(frozen=True, slots=True)
class Directory:
    """How many accounts have ledgers."""

    accounts: int


@dataclass(frozen=True, slots=True)
class Account:
    """An account and its two ledgers."""

    id: str
    name: str
    test_ledger_id: int
    live_ledger_id: int

    def ledger(self, *, livemode: bool) -> LedgerIdentity:
        """The identity of the account's live or test ledger."""
        number = self.live_ledger_id if livemode else self.test_ledger_id
        return LedgerIdentity(number, self.id, livemode)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key to one ledger. `revoked_at` is None while it opens it."""

    id: str
    ledger: LedgerIdentity
    scopes: tuple[Scope, ...]
    secret_hash: str
    redacted: str
    revoked_at: datetime | None


def evolve_directory(directory: Directory | None, event: DomainEvent) -> Directory:
    number = (directory.accounts if directory else 0) + 1
    match event:
        case LedgersAllocated(account_number=allocated) if allocated == number:
            return Directory(allocated)
        case _:
            raise _unexpected(event)


def evolve_account(account: Account | None, event: DomainEvent) -> Account:
    match event, account:
        case AccountCreated(), None:
            return Account(event.account, event.name, event.test_ledger_id, event.live_ledger_id)
        case _:
            raise _unexpected(event)


def evolve_api_key(key: ApiKey | None, event: DomainEvent) -> ApiKey:
    match event, key:
        case ApiKeyIssued(), None:
            return ApiKey(
                id=event.key_id,
                ledger=LedgerIdentity(event.ledger_id, event.account, event.livemode),
                scopes=event.scopes,
                secret_hash=event.secret_hash,
                redacted=event.redacted,
                revoked_at=None,
            )
        case ApiKeyRevoked(), ApiKey():
            return replace(key, revoked_at=event.revoked_at)
        case _:
            raise _unexpected(event)


def create_account(
    directory: Directory | None, command: CreateAccount, now: datetime
) -> tuple[LedgersAllocated, AccountCreated]:
    """The next account number with its ledgers, and the account that has them."""
    _check_name(command.name)
    number = (directory.accounts if directory else 0) + 1
    allocated = LedgersAllocated(
        account=command.account,
        account_number=number,
        test_ledger_id=ledger_for_test(number),
        live_ledger_id=ledger_for_live(number),
    )
    created = AccountCreated(
        account=command.account,
        name=command.name,
        created=now,
        test_ledger_id=allocated.test_ledger_id,
        live_ledger_id=allocated.live_ledger_id,
    )
    return allocated, created


def issue_api_key(account: Account, command: IssueApiKey, now: datetime) -> ApiKeyIssued:
    """A key of the kind asked for to one ledger of the account."""
    if command.name is not None:
        _check_name(command.name)
    ledger = account.ledger(livemode=command.livemode)
    return ApiKeyIssued(
        key_id=key_id_of(command.secret_hash),
        account=account.id,
        ledger_id=ledger.ledger_id,
        livemode=ledger.livemode,
        kind=command.kind,
        scopes=SCOPES[command.kind],
        name=command.name,
        secret_hash=command.secret_hash,
        redacted=command.redacted,
        created=now,
    )


def revoke_api_key(key: ApiKey, now: datetime) -> ApiKeyRevoked | None:
    """The end of a key; None when it has ended already."""
    if key.revoked_at is not None:
        return None
    return ApiKeyRevoked(key_id=key.id, revoked_at=now)


def _unexpected(event: DomainEvent) -> ValueError:
    """What to raise for an event that cannot stand where it was found."""
    return ValueError(f"{event.TOPIC} does not belong here in an account's stream")


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidRequest(
            f"A name needs 1 to {_LONGEST_NAME} printable characters.", param="name"
        )
