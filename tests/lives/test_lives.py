"""Whatever happens in a life, the ledger bills what an independent biller bills.

`PYTHONPATH=src python -m tests.lives 20000` plays more of them, also `--on-postgresql`.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, event, given, settings

from tests.lives.played import played_in_memory
from tests.lives.stored import LedgersOnPostgresql, ledgers_on_postgresql
from tests.lives.stories import (
    DAY,
    STARTS,
    Advance,
    CouponAsked,
    Credit,
    Life,
    PriceAsked,
    Subscribe,
    Use,
    lives,
)
from tests.support.postgres import Database

PRICE = PriceAsked(0, 0, "12.5", None, None, (), None, None, (None, None))
LESS_USED = Life(
    start=STARTS[0],
    currency="usd",
    rhythms=(("month", 1), ("month", 1)),
    prices=(PRICE, PRICE),
    coupons=(CouponAsked("12.345", 0, "forever", 0), *[CouponAsked(None, 77, "once", 0)] * 2),
    tax_rates=(("19", False), ("7.7", True), ("0", False)),
    balances=(0, 0),
    policy="immediate",
    steps=(
        Subscribe(0, (0,), 1, "flexible", 0, None, 0, (0, 1), (0, 1)),
        Use(0, 0, ((0, "100"),)),
        Advance(31 * DAY),
        Use(0, 0, ((20 * DAY, "-41.7"),)),
        Use(0, 0, ((20 * DAY, "3"),)),
        Credit(0, 1, 0, 30),
        Use(0, 0, ((20 * DAY, "-50"),)),
        Use(0, 0, ((20 * DAY, "-1"),)),
        Advance(31 * DAY),
    ),
)
"""Usage that is taken back is credited at once, as long as the line has so much left to credit."""

LIVES = 2_000
STORED_LIVES = 12


@pytest.fixture(scope="module")
def stored(shared_database: Database) -> Iterator[LedgersOnPostgresql]:
    with ledgers_on_postgresql(shared_database) as ledgers:
        yield ledgers


def test_usage_taken_back_is_credited_as_the_biller_does() -> None:
    counted = played_in_memory(LESS_USED).counted()
    assert counted["late usage: credit_note"] == 2
    assert counted["late usage: invoice"] == 2


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
