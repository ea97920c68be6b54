"""The process's random state belongs to the tests: a strategy that draws may rely on it."""

import random

from ledger.store.datastore import Datastore
from tests.support.postgres import Database


def test_a_pool_that_connects_leaves_the_random_state(database: Database) -> None:
    before = random.getstate()
    with Datastore(database.app_url, pool_size=2) as store, store.get_connection() as conn:
        conn.execute("SELECT 1")
    assert random.getstate() == before
