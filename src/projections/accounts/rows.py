"""Rows of accounts and API keys. Times are epoch seconds. No row holds a key or its hash."""

import msgspec

from ledger.accounts.events import KeyKind, Scope
from projections.runtime.tables import Table


class AccountRow(msgspec.Struct, frozen=True):
    id: str
    sequence: int
    created: int
    name: str
    test_ledger_id: int
    live_ledger_id: int


class ApiKeyRow(msgspec.Struct, frozen=True):
    id: str
    sequence: int
    created: int
    account: str
    livemode: bool
    kind: KeyKind
    scopes: tuple[Scope, ...]
    name: str | None
    redacted: str
    revoked_at: int | None = None


ACCOUNTS = Table(
    "accounts",
    AccountRow,
    columns={"sequence": "bigint", "created": "bigint"},
    indexes=(("sequence",),),
)

API_KEYS = Table(
    "api_keys",
    ApiKeyRow,
    columns={"sequence": "bigint", "created": "bigint", "account": "text"},
    indexes=(("account", "sequence"),),
)
