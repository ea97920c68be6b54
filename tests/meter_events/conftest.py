"""One migrated database for a file of tests; each test has a ledger of its own."""

import itertools
from collections.abc import Iterator

import pytest

from ledger.store.datastore import Datastore
from tests.meter_events.metered_ledger import MeteredLedger
from tests.support.postgres import Database, PostgresServer

_ledger_ids = itertools.count(1)


@pytest.fixture(scope="module")
def usage_database(postgres_server: PostgresServer) -> Iterator[Database]:
    with postgres_server.database() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def datastore(usage_database: Database) -> Iterator[Datastore]:
    """A pool under the application role."""
    with Datastore(usage_database.app_url, pool_size=12) as store:
        yield store


@pytest.fixture
def ledger(datastore: Datastore) -> MeteredLedger:
    """A ledger with the meter `tokens` (sum) and the customer `cus_a`."""
    metered = MeteredLedger(datastore, next(_ledger_ids))
    metered.meter()
    metered.customer()
    return metered
