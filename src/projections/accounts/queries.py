"""What is asked of accounts and API keys. The reader is the control ledger's."""

from projections.accounts.rows import ACCOUNTS, API_KEYS, AccountRow, ApiKeyRow
from projections.runtime.reader import Reader


def keys_of(reader: Reader, account_id: str) -> list[ApiKeyRow]:
    """Every key of an account, revoked ones included, newest first."""
    return reader.fetch_rows(
        API_KEYS,
        "ledger_id = %(ledger_id)s AND account = %(account)s ORDER BY sequence DESC",
        {"account": account_id},
    )


def all_accounts(reader: Reader) -> list[AccountRow]:
    """Every account, oldest first."""
    return reader.fetch_rows(ACCOUNTS, "ledger_id = %(ledger_id)s ORDER BY sequence", {})


def live_keys_exist(reader: Reader) -> bool:
    """Whether some key of any account opens a live ledger now."""
    reader.wait_for(API_KEYS)
    found = reader.fetch_rows(
        API_KEYS,
        "ledger_id = %(ledger_id)s AND (data->>'livemode')::boolean "
        "AND data->>'revoked_at' IS NULL LIMIT 1",
        {},
    )
    return bool(found)
