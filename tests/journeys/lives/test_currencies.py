"""Currencies without minor units and with a thousand of them, tiers, and prices in several."""

from typing import Any

from tests.journeys.lives.living import Life
from tests.support.sdk import DAY, at

FEBRUARY, MARCH, APRIL = at("2024-02-01"), at("2024-03-01"), at("2024-04-01")


def tiers(*rows: tuple[int | str, str, str]) -> list[dict[str, Any]]:
    """Tiers of (up to, unit amount, flat amount), in minor units."""
    return [
        {"up_to": up_to, "unit_amount_decimal": unit, "flat_amount_decimal": flat}
        for up_to, unit, flat in rows
    ]


def test_yen_in_graduated_tiers(life: Life) -> None:
    price = life.usage_price(
        None,
        currency="jpy",
        billing_scheme="tiered",
        tiers_mode="graduated",
        tiers=tiers((100, "2.5", "100"), ("inf", "1.25", "0")),
    )
    life.subscribe(price, life.shop.seat(980, currency="jpy"))
    life.use("150.5")
    # 100 + 100 x 2.5 + 50.5 x 1.25 = 413.125
    january = life.close(FEBRUARY)
    assert (january.currency, life.amounts(january)) == ("jpy", [("150.5", 413), ("1", 980)])
    life.use(100)
    assert life.amounts(life.close(MARCH)) == [("100", 350), ("1", 980)]
    # Nothing used pays the first tier's flat amount
    assert life.amounts(life.close(APRIL)) == [("0", 100), ("1", 980)]


def test_kuwaiti_dinars_in_volume_tiers(life: Life) -> None:
    price = life.usage_price(
        None,
        currency="kwd",
        billing_scheme="tiered",
        tiers_mode="volume",
        tiers=tiers((1_000, "0.75", "0"), ("inf", "0.333333333333", "1500")),
    )
    life.subscribe(price)
    life.use("1000.5")
    # 1000.5 x 0.333333333333 = 333.4999999996665, and 1500
    assert life.amounts(life.close(FEBRUARY)) == [("1000.5", 1_833)]
    life.use(10)
    assert life.amounts(life.close(MARCH)) == [("10", 8)]  # 7.5
    life.use("1000")
    assert life.amounts(life.close(APRIL)) == [("1000", 750)]


def test_a_proration_in_yen(life: Life) -> None:
    seat = life.shop.seat(1_000, currency="jpy")
    life.subscribe(seat)
    life.advance(at("2024-01-11"))
    life.change({"id": life.item(seat).id, "quantity": 2})
    # 21/31 of 1000 = 677.4; 21/31 of 2000 = 1354.8
    assert life.amounts(life.close(FEBRUARY)) == [("2", 2_000), ("1", -677), ("2", 1_355)]


def test_one_price_in_euros_for_one_customer(life: Life) -> None:
    options = {
        "eur": {"tiers": tiers((10, "90", "0"), ("inf", "45.5", "0"))},
        "jpy": {"tiers": tiers((10, "150", "0"), ("inf", "75", "0"))},
    }
    tokens = life.usage_price(
        None,
        billing_scheme="tiered",
        tiers_mode="graduated",
        tiers=tiers((10, "100", "0"), ("inf", "50", "0")),
        currency_options=options,
    )
    seat = life.shop.seat(3_100, currency_options={"eur": {"unit_amount": 2_900}})
    life.subscribe(seat, tokens, currency="eur")
    life.use(15)
    life.advance(FEBRUARY - DAY)
    life.change({"id": life.item(seat).id, "quantity": 2}, proration_behavior="none")
    january = life.close(FEBRUARY)
    # 2 x 2900; 10 x 90 + 5 x 45.5 = 1127.5
    assert (january.currency, life.amounts(january)) == ("eur", [("2", 5_800), ("15", 1_128)])
    life.advance(at("2024-02-11"))
    life.change({"id": life.item(seat).id, "quantity": 1})
    # 19/29 of 5800 back, of 2900 charged
    february = life.close(MARCH)
    assert life.amounts(february) == [("1", 2_900), ("0", 0), ("2", -3_800), ("1", 1_900)]
