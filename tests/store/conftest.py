"""A recorder of its own for each test, in a database shared by a file of them."""

import itertools
from collections.abc import Callable

import pytest

from ledger.store.datastore import Datastore
from ledger.store.recorder import LedgerRecorder

_ledger_ids = itertools.count(1)


@pytest.fixture(scope="module")
def new_recorder(datastore: Datastore) -> Callable[[], LedgerRecorder]:
    """Makes the recorder of a ledger that no other test uses."""
    return lambda: LedgerRecorder(datastore, next(_ledger_ids))


@pytest.fixture
def recorder(new_recorder: Callable[[], LedgerRecorder]) -> LedgerRecorder:
    return new_recorder()
