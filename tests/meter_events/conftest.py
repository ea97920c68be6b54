"""A ledger of its own for each test, in a database shared by a file of them."""

import itertools

import pytest

from ledger.store.datastore import Datastore
from tests.meter_events.metered_ledger import MeteredLedger

_ledger_ids = itertools.count(1)


@pytest.fixture
def ledger(datastore: Datastore) -> MeteredLedger:
    """A ledger with the meter `tokens` (sum) and the customer `cus_a`."""
    metered = MeteredLedger(datastore, next(_ledger_ids))
    metered.meter()
    metered.customer()
    return metered
