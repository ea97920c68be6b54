"""Accounts get two ledgers each; keys open one and can be revoked."""

from datetime import timedelta

import pytest

from ledger.accounts.api_keys import hash_key, key_id_of
from ledger.accounts.commands import CreateAccount, IssueApiKey, RevokeApiKey, SeedApiKey
from ledger.accounts.events import AccountCreated, ApiKeyIssued, ApiKeyRevoked, LedgersAllocated
from ledger.accounts.handlers import (
    create_account,
    issue_api_key,
    revoke_api_key,
    seed_api_key,
)
from ledger.kernel.errors import InvalidRequest, NotFound
from tests.support.given_when_then import NOW, LedgerInMemory

KEY = "sk_test_0123456789abcdef"
HASH = hash_key(KEY)
KEY_ID = key_id_of(HASH)


def issue(
    account: str = "acct_1", *, livemode: bool = False, name: str | None = None
) -> IssueApiKey:
    return IssueApiKey(
        account=account,
        livemode=livemode,
        kind="secret",
        name=name,
        secret_hash=HASH,
        redacted="sk_test_****cdef",
    )


def with_accounts(*names: str) -> LedgerInMemory:
    control = LedgerInMemory()
    for name in names:
        control.when(create_account, CreateAccount(account=name, name=f"Account {name}"))
    return control


def test_each_account_gets_the_next_two_ledgers() -> None:
    control = with_accounts("acct_1", "acct_2", "acct_3")
    assert control.stream("acct_3") == [
        AccountCreated(
            account="acct_3",
            name="Account acct_3",
            created=NOW,
            test_ledger_id=5,
            live_ledger_id=6,
        )
    ]
    numbers = [
        e.account_number for e in control.stream("accounts") if isinstance(e, LedgersAllocated)
    ]
    assert numbers == [1, 2, 3]


def test_creating_an_account_that_exists_changes_nothing() -> None:
    control = with_accounts("acct_1")
    assert control.when(create_account, CreateAccount(account="acct_1", name="Other")) == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 251, "a\x00b", "a\nb"])
def test_an_account_needs_a_printable_name(name: str) -> None:
    refused = LedgerInMemory().refusal(create_account, CreateAccount(account="acct_1", name=name))
    assert isinstance(refused, InvalidRequest)
    assert refused.param == "name"


def test_a_key_opens_the_test_or_the_live_ledger_of_its_account() -> None:
    control = with_accounts("acct_1", "acct_2")
    [(stream, event)] = control.when(issue_api_key, issue("acct_2", livemode=True, name="app"))
    assert stream == KEY_ID
    assert event == ApiKeyIssued(
        key_id=KEY_ID,
        account="acct_2",
        ledger_id=4,
        livemode=True,
        kind="secret",
        scopes=("read", "write"),
        name="app",
        secret_hash=HASH,
        redacted="sk_test_****cdef",
        created=NOW,
    )


def test_a_restricted_key_may_only_read() -> None:
    command = issue().model_copy(update={"kind": "restricted"})
    [(_, event)] = with_accounts("acct_1").when(issue_api_key, command)
    assert isinstance(event, ApiKeyIssued)
    assert event.scopes == ("read",)


def test_no_key_is_given_to_an_unknown_account() -> None:
    refused = LedgerInMemory().refusal(issue_api_key, issue("acct_9"))
    assert isinstance(refused, NotFound)
    assert refused.param == "account"


def test_no_key_is_given_out_twice() -> None:
    control = with_accounts("acct_1", "acct_2")
    control.when(issue_api_key, issue("acct_1"))
    assert isinstance(control.refusal(issue_api_key, issue("acct_2")), InvalidRequest)


def test_a_revoked_key_stays_revoked_from_its_first_revocation() -> None:
    control = with_accounts("acct_1")
    control.when(issue_api_key, issue())
    later = NOW + timedelta(hours=1)
    [(_, event)] = control.when(revoke_api_key, RevokeApiKey(key_id=KEY_ID), now=later)
    assert event == ApiKeyRevoked(key_id=KEY_ID, revoked_at=later)
    assert control.when(revoke_api_key, RevokeApiKey(key_id=KEY_ID)) == []


def test_an_unknown_key_cannot_be_revoked() -> None:
    refused = LedgerInMemory().refusal(revoke_api_key, RevokeApiKey(key_id="key_x"))
    assert isinstance(refused, NotFound)


def test_seeding_at_every_start_issues_the_key_once_and_never_revives_it() -> None:
    control = with_accounts("acct_1")
    seed = SeedApiKey(account="acct_1", secret_hash=HASH, redacted="sk_test_****cdef")
    [(_, event)] = control.when(seed_api_key, seed)
    assert isinstance(event, ApiKeyIssued)
    assert (event.ledger_id, event.livemode, event.kind) == (1, False, "secret")
    assert control.when(seed_api_key, seed) == []
    control.when(revoke_api_key, RevokeApiKey(key_id=KEY_ID))
    assert control.when(seed_api_key, seed) == []
    assert len(control.stream(KEY_ID)) == 2
