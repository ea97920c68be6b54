"""A ledger of meters over a fresh database."""

from collections.abc import Callable, Iterator

import pytest

from api.services import Services
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from tests.support.postgres import Database

LEDGER = LedgerIdentity(1, "acct_test", livemode=False)

Execute = Callable[[Command], int]


@pytest.fixture
def services(database: Database) -> Iterator[Services]:
    """Services that nothing follows: a test projects when it says so."""
    made = Services(database.app_url, pool_size=4)
    yield made
    made.close()


@pytest.fixture
def execute(services: Services) -> Execute:
    """Execute a command in the test's ledger; the position it led to."""

    def run(command: Command) -> int:
        circumstances = Circumstances(system_now(), "system:test", "test")
        return services.application(LEDGER).execute(command, circumstances).position

    return run
