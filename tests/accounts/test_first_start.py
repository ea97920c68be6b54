"""The first start of an installation, and accounts created at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.accounts.first_start import ensure_default_account, seed_key
from api.services import Services
from ledger.accounts.api_keys import hash_key
from ledger.accounts.commands import CreateAccount
from ledger.accounts.ledgers import CONTROL_LEDGER, DEFAULT_ACCOUNT_ID
from ledger.accounts.lookup import find_api_key, find_ledger
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.kernel.errors import InvalidRequest
from ledger.store.mapper import inflate

SEED = "sk_test_for_the_scripts"


def start(services: Services) -> None:
    ensure_default_account(services)
    seed_key(services, SEED)


def test_eight_processes_that_start_at_once_make_one_account_and_one_key(
    services: Services,
) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: start(services), range(8)))
    events = services.log(0).page(0, 100)
    assert [e.event.TOPIC for e in events] == [
        "ledgers.allocated.v1",
        "account.created.v1",
        "api_key.issued.v1",
    ]
    key = find_api_key(services.application(CONTROL_LEDGER), hash_key(SEED))
    assert key is not None
    assert key.ledger == LedgerIdentity(1, DEFAULT_ACCOUNT_ID, False)


def test_accounts_created_at_once_share_no_ledger(services: Services) -> None:
    control = services.application(CONTROL_LEDGER)

    def create(n: int) -> None:
        control.execute(
            CreateAccount(account=f"acct_{n}", name=f"Account {n}"),
            Circumstances(now=system_now(), actor="system:test", correlation_id="c"),
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, range(8)))
    given = [find_ledger(control, number) for number in range(1, 19)]
    assert [identity.ledger_id for identity in given if identity] == list(range(1, 19))
    owners = [identity.account_id for identity in given if identity]
    assert owners[0::2] == owners[1::2]
    assert set(owners) == {DEFAULT_ACCOUNT_ID, *(f"acct_{n}" for n in range(8))}
    assert [identity.livemode for identity in given if identity] == [False, True] * 9
    assert find_ledger(control, 19) is None
    assert find_ledger(control, 0) == CONTROL_LEDGER


def test_a_seed_that_is_no_test_key_is_refused_before_anything_is_recorded(
    services: Services,
) -> None:
    before = services.log(0).head()
    with pytest.raises(InvalidRequest):
        seed_key(services, "sk_live_for_the_scripts")
    assert services.log(0).head() == before


def test_nothing_stored_holds_the_key(services: Services) -> None:
    seed_key(services, SEED)
    recorder = services.application(CONTROL_LEDGER).recorder
    stored = b"".join(inflate(n.state) for n in recorder.select_notifications(None, 100))
    assert hash_key(SEED).encode() in stored
    assert SEED.encode() not in stored
