"""A whole year of one customer: everything that happens to others, one after the other."""

from collections.abc import Callable
from typing import Any

from stripe import Price

from tests.journeys.lives.living import Amounts, Life
from tests.support.sdk import DAY, at

Close = Callable[[str, Amounts, int], None]
"""Live to a day; what is billed then, and its total with 10 % of tax."""


def test_a_year_of_twelve_invoices(life: Life) -> None:
    """Each month is told as what happens in it, and then what its end bills."""

    def close(end: str, billed: Amounts, total: int) -> None:
        invoice = life.close(at(end))
        assert (life.amounts(invoice), invoice.total) == (billed, total)

    seat = life.shop.seat(3_000)
    first_quarter(life, seat, close)
    second_quarter(life, close)
    third_quarter(life, seat, close)
    last_quarter(life, close)
    invoices = life.invoices()
    assert {one.status for one in invoices} <= {"open", "paid"}
    assert life.unbilled() == {"trial": 1, "paused": 1}
    numbers = [int(str(one.number).rpartition("-")[2]) for one in invoices]
    assert numbers == list(range(1, 13))


def first_quarter(life: Life, seat: Price, close: Close) -> None:
    """A trial, a coupon for two months, tokens in tiers, more seats."""
    tax = life.client.v1.tax_rates.create(
        {"display_name": "Sales tax", "percentage": 10.0, "inclusive": False}
    )
    welcome = life.client.v1.coupons.create(
        {"percent_off": 20, "duration": "repeating", "duration_in_months": 2}
    )
    tiers: list[dict[str, Any]] = [
        {"up_to": 1_000, "unit_amount_decimal": "0.5", "flat_amount": 100},
        {"up_to": "inf", "unit_amount_decimal": "0.25"},
    ]
    tokens = life.usage_price(None, billing_scheme="tiered", tiers_mode="graduated", tiers=tiers)
    life.subscribe(
        seat,
        tokens,
        trial_end=at("2024-02-01"),
        default_tax_rates=[tax.id],
        discounts=[{"coupon": welcome.id}],
    )
    life.use(999)
    close("2024-02-01", [("1", 3_000)], 2_640)  # less 20 %

    # 100 + 1000 x 0.5 + 200 x 0.25. The coupon is over on the 1st of March
    life.use(1_200)
    close("2024-03-01", [("1", 3_000), ("1200", 650)], 4_015)

    # From the 11th: 21/31 of 3000 back, of 9000 charged
    life.advance(at("2024-03-11"))
    life.change({"id": life.item(seat).id, "quantity": 3})
    close("2024-04-01", [("3", 9_000), ("0", 100), ("1", -2_032), ("3", 6_097)], 14_482)


def second_quarter(life: Life, close: Close) -> None:
    """Dearer tokens with a minimum, a credit note, something by hand, late usage."""
    dearer = life.usage_price("1", minimum_charge=310)
    [_, tokens] = life.client.v1.subscription_items.list({"subscription": life.subscription}).data
    life.use(10)
    life.advance(at("2024-04-11"))
    life.change({"id": tokens.id, "price": dearer.id})
    life.use(20)
    # 100 + 10 x 0.5; 20/30 of the minimum of 310
    close("2024-05-01", [("3", 9_000), ("10", 105), ("20", 207)], 10_243)

    april = life.invoices()[-1]
    life.client.v1.credit_notes.create({"invoice": april.id, "amount": 243})
    paid = life.client.v1.invoices.pay(april.id, {"paid_out_of_band": True})
    assert paid.amount_paid == 10_000
    life.client.v1.invoice_items.create(
        {"customer": life.customer, "amount": 1_000, "currency": "usd", "description": "Visit"}
    )
    life.use(500)
    close("2024-06-01", [("3", 9_000), ("500", 500), ("1", 1_000)], 11_550)

    # 40 of May came late: 540 at 1 are 40 more than were billed
    life.use(40, at=at("2024-05-31T23:59:59"))
    life.settled(1)
    life.use(400)
    close("2024-07-01", [("3", 9_000), ("400", 400), ("40", 40)], 10_384)


def third_quarter(life: Life, seat: Price, close: Close) -> None:
    """A seat less with credit at once, half a month for nothing, a pause."""
    life.advance(at("2024-07-17"))
    life.change({"id": life.item(seat).id, "quantity": 2}, proration_behavior="always_invoice")
    # 15/31: of 9000 back, of 6000 charged, and 10 %
    assert life.amounts(life.invoices()[-1]) == [("3", -4_355), ("2", 2_903)]
    assert life.balance() == -1_597
    close("2024-08-01", [("2", 6_000), ("0", 310)], 6_941)
    assert life.invoices()[-1].amount_due == 6_941 - 1_597

    summer = life.client.v1.coupons.create({"percent_off": 50, "duration": "once"})
    life.change(discounts=[{"coupon": summer.id}])
    close("2024-09-01", [("2", 6_000), ("0", 310)], 3_471)  # 3155 and 315.5

    life.use(310)
    life.advance(at("2024-09-11"))
    life.client.v1.subscriptions.pause(life.subscription, {"type": "subscription"})
    life.use(1_000_000)


def last_quarter(life: Life, close: Close) -> None:
    """The pause ends, and with the year the subscription."""
    life.advance(at("2024-10-01"))
    life.client.v1.subscriptions.resume(
        life.subscription, {"billing_cycle_anchor": {"type": "unchanged"}}
    )
    life.use(5)
    billed = [
        ("2", 6_000),  # November
        ("310", 310),  # before the pause
        ("5", 310),  # October, at least
        ("2", -4_000),  # 20/30 of September back, of which half had been off
        ("2", 6_000),  # October
    ]
    close("2024-11-01", billed, 11_682)  # 8620 and the 2000 that had been off
    life.use(700)
    close("2024-12-01", [("2", 6_000), ("700", 700)], 7_370)
    life.use(50)
    life.change(cancel_at_period_end=True)
    close("2025-01-01", [("50", 310)], 341)
    life.advance(at("2025-02-01") + DAY)
