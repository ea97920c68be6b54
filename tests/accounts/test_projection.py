"""The read model of accounts and keys."""

from datetime import timedelta

import pytest

from ledger.accounts.events import AccountCreated, ApiKeyIssued, ApiKeyRevoked
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import DomainEvent, Metadata, RecordedEvent
from projections.accounts.projection import AccountsProjection
from projections.accounts.rows import ACCOUNTS, API_KEYS, AccountRow, ApiKeyRow
from projections.runtime.rows import MemoryRows
from tests.support.given_when_then import NOW

CREATED = AccountCreated(
    account="acct_1", name="Hypernian", created=NOW, test_ledger_id=1, live_ledger_id=2
)
ISSUED = ApiKeyIssued(
    key_id="key_1",
    account="acct_1",
    ledger_id=2,
    livemode=True,
    kind="restricted",
    scopes=("read",),
    name="dashboards",
    secret_hash="ab" * 32,
    redacted="rk_live_****1234",
    created=NOW,
)
REVOKED = ApiKeyRevoked(key_id="key_1", revoked_at=NOW + timedelta(days=1))


def project(*events: DomainEvent) -> MemoryRows:
    rows = MemoryRows()
    metadata = Metadata(recorded_at=NOW, actor="system:test", correlation_id="c")
    for position, event in enumerate(events, 1):
        AccountsProjection().apply(RecordedEvent("s", 1, event, metadata, position), rows)
    return rows


def test_an_account_shows_its_two_ledgers() -> None:
    [row] = project(CREATED).all(ACCOUNTS)
    assert row == AccountRow("acct_1", 1, to_epoch(NOW), "Hypernian", 1, 2)


def test_a_key_shows_what_it_may_and_neither_itself_nor_its_hash() -> None:
    [row] = project(CREATED, ISSUED).all(API_KEYS)
    assert row == ApiKeyRow(
        id="key_1",
        sequence=2,
        created=to_epoch(NOW),
        account="acct_1",
        livemode=True,
        kind="restricted",
        scopes=("read",),
        name="dashboards",
        redacted="rk_live_****1234",
        revoked_at=None,
    )
    assert ISSUED.secret_hash not in repr(row)


def test_a_revoked_key_shows_since_when() -> None:
    [row] = project(CREATED, ISSUED, REVOKED).all(API_KEYS)
    assert row.revoked_at == to_epoch(NOW) + 86_400


def test_the_end_of_a_key_that_never_was_stops_the_projection() -> None:
    with pytest.raises(LookupError):
        project(REVOKED)
