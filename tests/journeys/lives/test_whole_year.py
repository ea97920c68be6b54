"""A whole year of one customer: everything that happens to others, one after the other."""

from typing import Any

from tests.journeys.lives.living import Amounts, Life
from tests.support.sdk import DAY, at

BOUNDARIES = [at(f"2024-{month:02}-01") for month in range(2, 13)] + [at("2025-01-01")]


def test_a_year(life: Life) -> None:
    """Each month is told as what happens in it, and then what its end bills."""
    client = life.client
    sales_tax = client.v1.tax_rates.create(
        {"display_name": "Sales tax", "percentage": 10.0, "inclusive": False}
    )
    welcome = client.v1.coupons.create(
        {"percent_off": 20, "duration": "repeating", "duration_in_months": 2}
    )
    seat = life.shop.seat(3_000)
    tiers: list[dict[str, Any]] = [
        {"up_to": 1_000, "unit_amount_decimal": "0.5", "flat_amount": 100},
        {"up_to": "inf", "unit_amount_decimal": "0.25"},
    ]
    tokens = life.usage_price(None, billing_scheme="tiered", tiers_mode="graduated", tiers=tiers)
    dearer = life.usage_price("1", minimum_charge=310)
    months = iter(BOUNDARIES)

    def close(billed: Amounts, total: int) -> None:
        invoice = life.close(next(months))
        assert (life.amounts(invoice), invoice.total) == (billed, total)

    # January: 14 days of trial, of which the usage is not billed
    life.subscribe(
        seat,
        tokens,
        trial_end=at("2024-02-01"),
        default_tax_rates=[sales_tax.id],
        discounts=[{"coupon": welcome.id}],
    )
    life.use(999)
    close([("1", 3_000)], 2_640)  # less 20 %, and 10 %

    # February: 1200 tokens are 100 + 1000 x 0.5 + 200 x 0.25 = 650. The coupon ran out on March 1
    life.use(1_200)
    close([("1", 3_000), ("1200", 650)], 4_015)

    # March: two more seats from the 11th: 21/31 of 3000 back, of 9000 charged
    life.advance(at("2024-03-11"))
    life.change({"id": life.item(seat).id, "quantity": 3})
    close([("3", 9_000), ("0", 100), ("1", -2_032), ("3", 6_097)], 14_482)

    # April: dearer tokens from the 11th, at least 310 a month: 20/30 of it = 206.67
    life.use(10)
    life.advance(at("2024-04-11"))
    life.change({"id": life.item(tokens).id, "price": dearer.id})
    life.use(20)
    close([("3", 9_000), ("10", 105), ("20", 207)], 10_243)

    # May: something by hand, and a credit note of April
    april = life.invoices()[-1]
    client.v1.credit_notes.create({"invoice": april.id, "amount": 243})
    assert client.v1.invoices.pay(april.id, {"paid_out_of_band": True}).amount_paid == 10_000
    client.v1.invoice_items.create(
        {"customer": life.customer, "amount": 1_000, "currency": "usd", "description": "Visit"}
    )
    life.use(500)
    close([("3", 9_000), ("500", 500), ("1", 1_000)], 11_550)

    # June: late usage of May, 40 more at 1
    life.use(40, at=at("2024-05-31T23:59:59"))
    life.use(400)
    close([("3", 9_000), ("400", 400), ("40", 40)], 10_384)

    # July: one seat less from the 17th, 15/31: 9000 -> 4355 back, 6000 -> 2903, credit at once
    life.advance(at("2024-07-17"))
    life.change({"id": life.item(seat).id, "quantity": 2}, proration_behavior="always_invoice")
    assert life.balance() == -1_597  # 1452 and 10 %
    close([("2", 6_000), ("0", 310)], 6_941)
    assert life.invoices()[-1].amount_due == 6_941 - 1_597

    # August: half off this once
    summer = client.v1.coupons.create({"percent_off": 50, "duration": "once"})
    life.change(discounts=[{"coupon": summer.id}])
    close([("2", 6_000), ("0", 310)], 3_471)  # 3155 and 10 %: 3470.5

    # September: paused from the 11th, 20/30 of 6000 back; October: resumed on the 1st
    life.use(310)
    life.advance(at("2024-09-11"))
    client.v1.subscriptions.pause(life.subscription, {"type": "subscription"})
    life.use(1_000_000)
    life.advance(next(months))
    client.v1.subscriptions.resume(life.subscription, {"billing_cycle_anchor": "unchanged"})
    life.use(5)
    # 6000 of October, and for November; 310 before the pause, 5 of October at no less than 310
    close([("2", 6_000), ("310", 310), ("5", 310), ("2", -4_000), ("2", 6_000)], 9_482)

    # November: canceled at the end of it; December: nothing
    life.use(700)
    life.change(cancel_at_period_end=True)
    close([("700", 700)], 770)
    life.advance(next(months) + DAY)

    invoices = life.invoices()
    assert len(invoices) >= 12
    assert life.unbilled() == {"trial": 1, "paused": 1}
    numbers = [int(str(one.number).rpartition("-")[2]) for one in invoices]
    assert numbers == list(range(1, len(invoices) + 1))
