"""Seats that become more, dearer or cheaper midway, beside tokens used.

January 2024 has 31 days: a change on the 11th leaves 21 of them. February has 29.
"""

import pytest

from tests.journeys.lives.living import Life
from tests.support.sdk import at

JANUARY_11, FEBRUARY, MARCH, APRIL = (
    at(f"2024-{day}") for day in ("01-11", "02-01", "03-01", "04-01")
)


def test_more_seats_are_prorated_on_the_next_invoice(life: Life) -> None:
    seat, tokens = life.shop.seat(3_100), life.usage_price("0.5")
    life.subscribe(seat, tokens)
    life.change({"id": life.item(seat).id, "quantity": 2})
    life.use(1_000)
    life.advance(JANUARY_11)
    life.change({"id": life.item(seat).id, "quantity": 5})
    life.use(1)
    january = life.close(FEBRUARY)
    assert life.amounts(january) == [
        ("5", 15_500),  # February: 5 x 3100
        ("1001", 501),  # 1001 x 0.5 = 500.5
        ("1", -3_100),  # on the first second: 1 x 3100 back, in full,
        ("2", 6_200),  # and 2 x 3100
        ("2", -4_200),  # 2 x 3100 x 21/31 back
        ("5", 10_500),  # 5 x 3100 x 21/31
    ]
    assert january.billing_reason == "subscription_cycle"
    assert life.amounts(life.close(MARCH)) == [("5", 15_500), ("0", 0)]


def test_a_dearer_price_is_invoiced_at_once(life: Life) -> None:
    basic, pro = life.shop.seat(3_100), life.shop.seat(6_200)
    life.subscribe(basic)
    life.advance(JANUARY_11)
    change = {"id": life.item(basic).id, "price": pro.id}
    promised = life.preview(
        subscription_details={"items": [change], "proration_behavior": "always_invoice"}
    )
    life.change(change, proration_behavior="always_invoice")
    first, upgrade = life.invoices()
    assert life.billed(upgrade) == life.billed(promised)
    assert (upgrade.billing_reason, upgrade.status) == ("subscription_update", "open")
    # 21/31 of 3100 back, 21/31 of 6200
    assert life.amounts(upgrade) == [("1", -2_100), ("1", 4_200)]
    assert (first.total, upgrade.total) == (3_100, 2_100)
    assert life.amounts(life.close(FEBRUARY)) == [("1", 6_200)]


def test_without_prorations_a_change_counts_from_the_next_period(life: Life) -> None:
    seat = life.shop.seat(3_100)
    life.subscribe(seat)
    life.advance(JANUARY_11)
    life.change({"id": life.item(seat).id, "quantity": 3}, proration_behavior="none")
    assert life.amounts(life.close(FEBRUARY)) == [("3", 9_300)]


def test_an_upgrade_by_the_second(life: Life) -> None:
    seat = life.shop.seat(999)
    life.subscribe(seat)
    moment = JANUARY_11 + 12_345
    life.advance(moment)
    life.change({"id": life.item(seat).id, "quantity": 7})
    # 21 days less 12345 s are 1802055 of 2678400 seconds, 0.672810633...:
    # 999 x that = 672.137..., and seven times it = 4704.964...
    assert life.amounts(life.close(FEBRUARY)) == [("7", 6_993), ("1", -672), ("7", 4_705)]


def test_a_downgrade_leaves_credit_that_pays_the_next_invoices(life: Life) -> None:
    pro, basic = life.shop.seat(12_400), life.shop.seat(3_100)
    life.subscribe(pro)
    life.advance(JANUARY_11)
    life.change({"id": life.item(pro).id, "price": basic.id}, proration_behavior="always_invoice")
    downgrade = life.invoices()[-1]
    # 21/31 of 12400 = 8400 back, 21/31 of 3100 = 2100
    assert life.amounts(downgrade) == [("1", -8_400), ("1", 2_100)]
    assert (downgrade.total, downgrade.amount_due, downgrade.status) == (-6_300, 0, "paid")
    assert life.balance() == -6_300
    dues = [life.close(month) for month in (FEBRUARY, MARCH, APRIL)]
    assert [(one.total, one.amount_due, one.ending_balance) for one in dues] == [
        (3_100, 0, -3_200),
        (3_100, 0, -100),
        (3_100, 3_000, 0),
    ]
    assert life.balance() == 0


def test_a_downgrade_on_the_next_invoice(life: Life) -> None:
    pro, basic = life.shop.seat(12_400), life.shop.seat(3_100)
    life.subscribe(pro)
    life.advance(JANUARY_11)
    life.change({"id": life.item(pro).id, "price": basic.id})
    assert life.balance() == 0
    february = life.close(FEBRUARY)
    assert life.amounts(february) == [("1", 3_100), ("1", -8_400), ("1", 2_100)]
    assert (february.total, february.status) == (-3_200, "paid")
    assert life.close(MARCH).amount_due == 0
    assert life.balance() == -100


@pytest.mark.parametrize(
    ("since", "given_back", "charged"),
    # of 31 days: 26 are left from the 6th on; all of them from the 1st on
    [("2024-01-06", -2_600, 5_200), ("2024-01-01", -3_100, 6_200)],
)
def test_a_change_that_is_prorated_from_an_earlier_day(
    life: Life, since: str, given_back: int, charged: int
) -> None:
    seat = life.shop.seat(3_100)
    life.subscribe(seat)
    life.advance(JANUARY_11)
    life.change({"id": life.item(seat).id, "quantity": 2}, proration_date=at(since))
    assert life.amounts(life.close(FEBRUARY)) == [("2", 6_200), ("1", given_back), ("2", charged)]
