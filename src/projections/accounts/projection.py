"""Builds accounts and API keys from their events."""

import msgspec

from ledger.accounts.events import AccountCreated, ApiKeyIssued, ApiKeyRevoked
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from projections.accounts.rows import ACCOUNTS, API_KEYS, AccountRow, ApiKeyRow
from projections.runtime.rows import Rows


class AccountsProjection:
    name = "accounts"
    version = 1
    tables = (ACCOUNTS, API_KEYS)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case AccountCreated() as event:
                rows.put(ACCOUNTS, _account(recorded, event))
            case ApiKeyIssued() as event:
                rows.put(API_KEYS, _api_key(recorded, event))
            case ApiKeyRevoked() as event:
                row = rows.get(API_KEYS, event.key_id)
                if row is None:
                    raise LookupError(f"API key {event.key_id} was never issued")
                revoked_at = to_epoch(event.revoked_at)
                rows.put(API_KEYS, msgspec.structs.replace(row, revoked_at=revoked_at))
            case _:
                pass


def _account(recorded: RecordedEvent, event: AccountCreated) -> AccountRow:
    return AccountRow(
        id=event.account,
        sequence=recorded.position,
        created=to_epoch(event.created),
        name=event.name,
        test_ledger_id=event.test_ledger_id,
        live_ledger_id=event.live_ledger_id,
    )


def _api_key(recorded: RecordedEvent, event: ApiKeyIssued) -> ApiKeyRow:
    return ApiKeyRow(
        id=event.key_id,
        sequence=recorded.position,
        created=to_epoch(event.created),
        account=event.account,
        livemode=event.livemode,
        kind=event.kind,
        scopes=event.scopes,
        name=event.name,
        redacted=event.redacted,
    )
