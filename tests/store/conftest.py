"""One migrated database for a file of tests; each test appends to a ledger of its own."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from ledger.store.datastore import Datastore
from ledger.store.recorder import LedgerRecorder
from tests.support.postgres import Database, PostgresServer

_ledger_ids = itertools.count(1)


@pytest.fixture(scope="module")
def store_database(postgres_server: PostgresServer) -> Iterator[Database]:
    with postgres_server.database() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def datastore(store_database: Database) -> Iterator[Datastore]:
    """A pool under the application role, which owns no table."""
    with Datastore(store_database.app_url, pool_size=16) as store:
        yield store


@pytest.fixture(scope="module")
def new_recorder(datastore: Datastore) -> Callable[[], LedgerRecorder]:
    """Makes the recorder of a ledger that no other test uses."""
    return lambda: LedgerRecorder(datastore, next(_ledger_ids))


@pytest.fixture
def recorder(new_recorder: Callable[[], LedgerRecorder]) -> LedgerRecorder:
    return new_recorder()
