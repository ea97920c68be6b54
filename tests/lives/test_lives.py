"""Whatever happens in a life, the ledger bills what an independent biller bills.

`PYTHONPATH=src python -m tests.lives 20000` plays more of them, also `--on-postgresql`.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, event, given, settings

from tests.lives.played import played_in_memory
from tests.lives.stored import LedgersOnPostgresql, ledgers_on_postgresql
from tests.lives.stories import Life, lives
from tests.support.postgres import Database

LIVES = 2_000
STORED_LIVES = 12


@pytest.fixture(scope="module")
def stored(shared_database: Database) -> Iterator[LedgersOnPostgresql]:
    with ledgers_on_postgresql(shared_database) as ledgers:
        yield ledgers


@settings(max_examples=LIVES)
@given(life=lives())
def test_every_invoice_of_a_life_equals_that_of_the_independent_biller(life: Life) -> None:
    for what in played_in_memory(life).counted():
        event(what)


@settings(
    max_examples=STORED_LIVES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(life=lives())
def test_every_identity_of_the_ledger_reads_0_after_a_life(
    stored: LedgersOnPostgresql, life: Life
) -> None:
    stored.play(life)
