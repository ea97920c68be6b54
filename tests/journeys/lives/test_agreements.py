"""Minimum and maximum charges, included units and percentage fees, over months."""

from typing import Any

import pytest

from tests.journeys.lives.living import Life
from tests.support.sdk import at

BOUNDARIES = [at(f"2024-{month:02}-01") for month in range(2, 6)]


@pytest.mark.parametrize(
    ("cents", "agreed", "used", "billed"),
    [
        ("2", {"minimum_charge": 100}, [0, 49, 50, 51], [100, 100, 100, 102]),
        ("2", {"maximum_charge": 100}, [0, 49, 50, 51], [0, 98, 100, 100]),
        ("2", {"included_units": "10.5"}, ["0", "10", "10.5", "11"], [0, 0, 0, 1]),
        # 2.9 % of amounts of money, in minor units
        ("0", {"percentage_fee": {"percent": "2.9"}}, [0, 100, 1_000, 1_017], [0, 3, 29, 29]),
        # 10 % on top of 2 a unit
        ("2", {"percentage_fee": {"percent": "10", "of": "amount"}}, [0, 2, 3, 50], [0, 4, 7, 110]),
        (
            "2",
            {
                "included_units": "100",
                "percentage_fee": {"percent": "50", "of": "amount"},
                "minimum_charge": 30,
                "maximum_charge": 300,
            },
            # (used - 100) x 2 x 1.5: 0, 30, 150 and 600
            [100, 110, 150, 300],
            [30, 30, 150, 300],
        ),
    ],
)
def test_four_months(
    life: Life, cents: str, agreed: dict[str, Any], used: list[int | str], billed: list[int]
) -> None:
    life.subscribe(life.usage_price(cents, **agreed))
    for value, boundary, amount in zip(used, BOUNDARIES, billed, strict=True):
        if value not in (0, "0"):
            life.use(value)
        assert life.amounts(life.close(boundary)) == [(str(value), amount)]


def test_a_maximum_for_seats_that_grow_midway(life: Life) -> None:
    seat = life.shop.seat(1_000, maximum_charge=3_100)
    life.subscribe(seat)
    life.advance(at("2024-01-11"))
    life.change({"id": life.item(seat).id, "quantity": 10})
    # 21/31 of 1000 = 677.4 back, 21/31 of the 3100 at most
    assert life.amounts(life.close(BOUNDARIES[0])) == [("10", 3_100), ("1", -677), ("10", 2_100)]
