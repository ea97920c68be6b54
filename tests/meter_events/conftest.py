"""A ledger of its own for each test, in a database shared by a file of them."""

import itertools

import pytest

from ledger.store.datastore import Datastore
from projections.meter_events.rollups import DAY, HOUR, MOST_SINGLE
from tests.meter_events.followed_ledger import Followed
from tests.meter_events.metered_ledger import MeteredLedger

_ledger_ids = itertools.count(1)


@pytest.fixture
def ledger(datastore: Datastore) -> MeteredLedger:
    """A ledger with the meter `tokens` (sum) and the customer `cus_a`."""
    metered = MeteredLedger(datastore, next(_ledger_ids))
    metered.meter()
    metered.customer()
    return metered


@pytest.fixture(autouse=True)
def few_make_a_stretch_finer(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the few events of a test make rows of every resolution, and not everywhere."""
    monkeypatch.setitem(MOST_SINGLE, DAY, 4)
    monkeypatch.setitem(MOST_SINGLE, HOUR, 3)


@pytest.fixture
def followed(ledger: MeteredLedger) -> Followed:
    return Followed(ledger)
