"""Coupons and tax rates over five months of a seat at 10000 and 1000 tokens at 1."""

from typing import Any

import pytest

from tests.journeys.lives.living import Life
from tests.support.sdk import at

BOUNDARIES = [at(f"2024-{month:02}-01") for month in range(2, 6)]


def totals_of_five_months(life: Life, coupon: dict[str, Any], inclusive: bool | None) -> list[int]:
    """The first invoice is of the seat, those of the months after it of seat and tokens."""
    made = life.client.v1.coupons.create(coupon)  # type: ignore[arg-type]
    details: dict[str, Any] = {"discounts": [{"coupon": made.id}]}
    if inclusive is not None:
        rate = life.client.v1.tax_rates.create(
            {"display_name": "VAT", "percentage": 20.0, "inclusive": inclusive}
        )
        details["default_tax_rates"] = [rate.id]
    life.subscribe(life.shop.seat(10_000), life.usage_price("1"), **details)
    for boundary in BOUNDARIES:
        life.use(1_000)
        life.close(boundary)
    return [one.total for one in life.invoices()]


@pytest.mark.parametrize(
    ("coupon", "inclusive", "totals"),
    [
        # 10 % of 10000 and of 11000, on the drafts of January, February and March
        (
            {"percent_off": 10, "duration": "repeating", "duration_in_months": 3},
            None,
            [9_000, 9_900, 9_900, 11_000, 11_000],
        ),
        ({"percent_off": 10, "duration": "once"}, None, [9_000, *[11_000] * 4]),
        ({"percent_off": 10, "duration": "forever"}, None, [9_000, *[9_900] * 4]),
        # and 20 % on what is left
        ({"percent_off": 10, "duration": "forever"}, False, [10_800, *[11_880] * 4]),
        # and 20 % in it
        ({"percent_off": 10, "duration": "forever"}, True, [9_000, *[9_900] * 4]),
        (
            {"amount_off": 500, "currency": "usd", "duration": "once"},
            False,
            [11_400, *[13_200] * 4],
        ),
        (
            {
                "amount_off": 500,
                "currency": "usd",
                "duration": "repeating",
                "duration_in_months": 3,
            },
            False,
            [11_400, 12_600, 12_600, 13_200, 13_200],
        ),
        # More than there is takes all there is
        (
            {"amount_off": 10_500, "currency": "usd", "duration": "forever"},
            False,
            [0, *[600] * 4],
        ),
        # 33.333 % of 10000 = 3333.3, of 11000 = 3666.63; 20 % of 6667 = 1333.4, of 7333 = 1466.6
        ({"percent_off": 33.333, "duration": "forever"}, False, [8_000, *[8_800] * 4]),
    ],
)
def test_five_months(
    life: Life, coupon: dict[str, Any], inclusive: bool | None, totals: list[int]
) -> None:
    assert totals_of_five_months(life, coupon, inclusive) == totals


def test_taxes_that_are_included_and_excluded_together(life: Life) -> None:
    rates = [
        life.client.v1.tax_rates.create(
            {"display_name": name, "percentage": percentage, "inclusive": inclusive}
        ).id
        for name, percentage, inclusive in (("VAT", 25.0, True), ("Levy", 2.5, False))
    ]
    coupon = life.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    seat, tokens = life.shop.seat(10_000), life.usage_price("0.3")
    life.client.v1.subscriptions.create(
        {
            "customer": life.customer,
            "default_tax_rates": rates,
            "items": [
                {"price": seat.id},
                {"price": tokens.id, "discounts": [{"coupon": coupon.id}]},
            ],
        }
    )
    life.subscription = life.client.v1.subscriptions.list({"customer": life.customer}).data[0].id
    life.use(4_445)
    [first] = life.invoices()
    # 10000 holds 2000 of VAT; the levy is 2.5 % of the net 8000
    assert [tax.amount for tax in first.total_taxes or []] == [2_000, 200]
    january = life.close(BOUNDARIES[0])
    # 4445 x 0.3 = 1333.5 -> 1334, half of it off: 667. Of 10667 the net is 8533.6, the VAT 2133.4,
    # the levy 213.34
    assert life.amounts(january) == [("1", 10_000), ("4445", 1_334)]
    assert [one.amount for one in january.total_discount_amounts or []] == [667]
    assert [tax.amount for tax in january.total_taxes or []] == [2_133, 213]
    # The subtotal has the line's discount in it
    assert (january.subtotal, january.total) == (10_667, 10_880)


def test_a_proration_is_discounted_and_taxed_as_what_it_changes(life: Life) -> None:
    rate = life.client.v1.tax_rates.create(
        {"display_name": "Sales tax", "percentage": 10.0, "inclusive": False}
    )
    coupon = life.client.v1.coupons.create({"percent_off": 20, "duration": "forever"})
    seat = life.shop.seat(3_100)
    life.subscribe(seat, default_tax_rates=[rate.id], discounts=[{"coupon": coupon.id}])
    life.advance(at("2024-01-11"))
    life.change({"id": life.item(seat).id, "quantity": 2}, proration_behavior="always_invoice")
    first, upgrade = life.invoices()
    assert first.total == 2_728  # 3100 - 620 + 248
    # 21/31: -2100 and 4200; 20 % of 2100 off, 10 % of 1680 on
    assert (upgrade.subtotal, upgrade.total) == (2_100, 1_848)


def test_a_coupon_that_comes_midway_and_goes(life: Life) -> None:
    coupon = life.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    life.subscribe(life.shop.seat(1_000))
    life.change(discounts=[{"coupon": coupon.id}])
    assert life.close(BOUNDARIES[0]).total == 500
    life.client.v1.subscriptions.delete_discount(life.subscription)
    assert life.close(BOUNDARIES[1]).total == 1_000
