"""A shop, and a ledger of its own for each test in a database shared by a file of them."""

import itertools

import pytest

from ledger.store.datastore import Datastore
from tests.support.dumped import person, place
from tests.support.http_shop import shop
from tests.support.stored_ledger import StoredLedger

__all__ = ["person", "place", "shop"]

_ledger_ids = itertools.count(1)


def next_ledger() -> int:
    """The id of a ledger that no other test uses."""
    return next(_ledger_ids)


@pytest.fixture
def ledger(datastore: Datastore) -> StoredLedger:
    """A ledger that sells tokens and seats to `cus_a`."""
    stored = StoredLedger(datastore, next_ledger())
    stored.sell()
    return stored
