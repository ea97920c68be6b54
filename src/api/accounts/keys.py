"""Giving out, listing and revoking API keys, as the command line and the demo do it."""

from typing import Any

import msgspec

from api.accounts.control import execute
from api.services import Services
from ledger.accounts.api_keys import generate_key, hash_key, key_id_of, redact_key
from ledger.accounts.commands import IssueApiKey, RevokeApiKey
from ledger.accounts.events import KeyKind
from ledger.accounts.ledgers import CONTROL_LEDGER
from projections.accounts.queries import keys_of, live_keys_exist
from projections.accounts.rows import ApiKeyRow


class IssuedKey(msgspec.Struct, frozen=True):
    """A key just given out. `key` is the only copy of its text there will ever be."""

    id: str
    key: str
    account: str
    kind: KeyKind
    livemode: bool
    name: str | None

    def __repr__(self) -> str:
        return f"IssuedKey({self.id})"

    def document(self) -> dict[str, Any]:
        """The key as JSON, its text included."""
        return msgspec.to_builtins(self)


def issue_key(
    services: Services,
    account: str,
    kind: KeyKind,
    *,
    livemode: bool = False,
    name: str | None = None,
) -> IssuedKey:
    """Make a key to an account's test or live ledger. Raises NotFound for an unknown account."""
    key = generate_key(kind, livemode=livemode)
    secret_hash = hash_key(key)
    issue = IssueApiKey(
        account=account,
        livemode=livemode,
        kind=kind,
        name=name,
        secret_hash=secret_hash,
        redacted=redact_key(key),
    )
    execute(services, issue, process="cli")
    return IssuedKey(key_id_of(secret_hash), key, account, kind, livemode, name)


def list_keys(services: Services, account: str) -> list[ApiKeyRow]:
    """Every key of an account, revoked ones included, newest first."""
    return keys_of(services.reader(CONTROL_LEDGER.ledger_id), account)


def row_document(row: ApiKeyRow) -> dict[str, Any]:
    """A listed key as JSON."""
    return msgspec.to_builtins(row)


def revoke_key(services: Services, key_id: str) -> None:
    """Close a ledger to a key. Raises NotFound for an unknown one."""
    execute(services, RevokeApiKey(key_id=key_id), process="cli")


def has_live_keys(services: Services) -> bool:
    """Whether some key opens a live ledger now."""
    return live_keys_exist(services.reader(CONTROL_LEDGER.ledger_id))
