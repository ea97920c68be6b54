"""One migrated database for a file of tests; each test has a ledger of its own."""

import itertools
from collections.abc import Iterator

import pytest

from ledger.store.datastore import Datastore
from tests.support.postgres import Database, PostgresServer
from tests.support.stored_ledger import StoredLedger

_ledger_ids = itertools.count(1)


@pytest.fixture(scope="module")
def audited_database(postgres_server: PostgresServer) -> Iterator[Database]:
    with postgres_server.database() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def datastore(audited_database: Database) -> Iterator[Datastore]:
    """A pool under the application role."""
    with Datastore(audited_database.app_url, pool_size=12) as store:
        yield store


@pytest.fixture
def ledger(datastore: Datastore) -> StoredLedger:
    """A ledger that sells tokens and seats to `cus_a`."""
    stored = StoredLedger(datastore, next(_ledger_ids))
    stored.sell()
    return stored
