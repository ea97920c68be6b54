"""What comes in between and afterwards: late usage, credit notes, items and invoices by hand."""

from typing import Any

import pytest
from stripe import Invoice

from tests.journeys.lives.living import Amounts, Life
from tests.support.sdk import at

JANUARY_11, JANUARY_20, FEBRUARY, FEBRUARY_11, MARCH = (
    at(f"2024-{day}") for day in ("01-11", "01-20", "02-01", "02-11", "03-01")
)


def january(life: Life, policy: str) -> Invoice:
    """January is billed: 150 tokens in tiers, 100 at 2 and 50 at 1, with 10 % of tax."""
    path = f"/audit/v1/customers/{life.customer}/late_usage_policy"
    assert life.http.post(path, json={"policy": policy}).json()["policy"] == policy
    tiers: list[dict[str, Any]] = [
        {"up_to": 100, "unit_amount": 2},
        {"up_to": "inf", "unit_amount": 1},
    ]
    tokens = life.usage_price(None, billing_scheme="tiered", tiers_mode="graduated", tiers=tiers)
    rate = life.client.v1.tax_rates.create(
        {"display_name": "Sales tax", "percentage": 10.0, "inclusive": False}
    )
    life.subscribe(tokens, default_tax_rates=[rate.id])
    life.use(150)
    billed = life.close(FEBRUARY)
    assert (life.amounts(billed), billed.total) == ([("150", 250)], 275)
    return billed


def test_late_usage_on_the_next_invoice(life: Life) -> None:
    billed = january(life, "next_invoice")
    life.use(60, at=JANUARY_20)
    [late] = life.settled(1)
    # 210 tokens are 100 x 2 + 110 x 1 = 310, 60 more than were billed
    assert (late["outcome"], late["invoice"], late["amount"]) == ("next_invoice", billed.id, 60)
    february = life.close(MARCH)
    assert [line.amount for line in life.lines(february)] == [0, 60]
    assert february.total == 66
    assert life.client.v1.invoices.retrieve(billed.id).total == 275


def test_usage_that_is_taken_back_lowers_the_next_invoice(life: Life) -> None:
    january(life, "next_invoice")
    life.use(-100, at=JANUARY_20)
    [late] = life.settled(1)
    assert late["amount"] == -150  # 50 tokens are 100
    life.use(500)
    february = life.close(MARCH)
    # 100 x 2 + 400 x 1, less 150; and 10 %
    assert [line.amount for line in life.lines(february)] == [600, -150]
    assert february.total == 495


def test_late_usage_that_is_billed_at_once(life: Life) -> None:
    billed = january(life, "immediate")
    life.use(60, at=JANUARY_20)
    life.settled(1)
    extra = life.invoices()[-1]
    assert (extra.billing_reason, extra.status, extra.total) == ("manual", "open", 66)
    life.use(-110, at=JANUARY_20)
    life.settled(2)
    # 100 tokens are 200: 110 less than the 310 of before, 121 with tax
    [note] = life.client.v1.credit_notes.list({"invoice": billed.id}).data
    assert (note.total, note.type) == (121, "pre_payment")
    left = life.client.v1.invoices.retrieve(billed.id)
    assert (left.total, left.amount_due, left.amount_remaining) == (275, 154, 154)
    assert [line.amount for line in life.lines(life.close(MARCH))] == [0]


def test_late_usage_that_is_only_reported(life: Life) -> None:
    january(life, "report_only")
    life.use(60, at=JANUARY_20)
    [late] = life.settled(1)
    assert (late["outcome"], late["reason"], late["amount"]) == ("not_billed", "report_only", 60)
    assert life.amounts(life.close(MARCH)) == [("0", 0)]


def test_late_usage_after_the_end_is_billed_by_itself(life: Life) -> None:
    billed = january(life, "next_invoice")
    life.client.v1.subscriptions.cancel(life.subscription)
    life.use(60, at=JANUARY_20)
    [late] = life.settled(1)
    assert (late["outcome"], late["invoice"]) == ("invoice", billed.id)
    assert life.invoices()[-1].total == 66


def test_credit_notes_before_and_after_payment(life: Life) -> None:
    rate = life.client.v1.tax_rates.create(
        {"display_name": "VAT", "percentage": 20.0, "inclusive": False}
    )
    seat, support = life.shop.seat(2_000), life.shop.seat(1_000)
    life.subscribe(seat, support, default_tax_rates=[rate.id])
    [first] = life.invoices()
    notes, invoices = life.client.v1.credit_notes, life.client.v1.invoices
    # 1200 of 3600, shared as the lines are: 800 and 400, of which 200 is tax
    before = notes.create({"invoice": first.id, "amount": 1_200})
    assert [line.amount for line in before.lines.data] == [667, 333]
    assert (before.subtotal, before.total) == (1_000, 1_200)
    assert invoices.pay(first.id, {"paid_out_of_band": True}).amount_paid == 2_400
    line = first.lines.data[0].id
    notes.create(
        {
            "invoice": first.id,
            "lines": [{"type": "invoice_line_item", "invoice_line_item": line, "amount": 500}],
            "credit_amount": 600,  # 500 and 20 %
        }
    )
    assert life.balance() == -600
    february = life.close(FEBRUARY)
    assert (february.total, february.amount_due) == (3_600, 3_000)
    assert life.balance() == 0


def test_items_by_hand_wait_for_the_next_invoice(life: Life) -> None:
    setup = life.client.v1.prices.create(
        {"currency": "usd", "unit_amount_decimal": "12.5", "product_data": {"name": "Setup"}}  # type: ignore[typeddict-item]
    )
    life.subscribe(life.shop.seat(3_100), life.usage_price("1"))
    items = life.client.v1.invoice_items
    items.create({"customer": life.customer, "amount": -300, "currency": "usd"})
    items.create(
        {
            "customer": life.customer,
            "pricing": {"price": setup.id},
            "quantity": 3,
            "subscription": life.subscription,
        }
    )
    life.use(10)
    january = life.close(FEBRUARY)
    # 3 x 12.5 = 37.5
    assert [line.amount for line in life.lines(january)] == [3_100, 10, -300, 38]
    assert life.amounts(life.close(MARCH)) == [("1", 3_100), ("0", 0)]


def test_an_invoice_by_hand_between_two_cycles(life: Life) -> None:
    invoices = life.client.v1.invoices
    life.subscribe(life.shop.seat(1_000))
    life.advance(JANUARY_11)
    waiting = life.client.v1.invoice_items.create(
        {"customer": life.customer, "amount": 700, "currency": "usd", "description": "Visit"}
    )
    made = invoices.create({"customer": life.customer, "pending_invoice_items_behavior": "include"})
    invoices.add_lines(made.id, {"lines": [{"amount": 50, "description": "Parts"}]})
    final = invoices.finalize_invoice(made.id)
    assert (final.billing_reason, final.total) == ("manual", 750)
    assert life.client.v1.invoice_items.retrieve(waiting.id).invoice == made.id
    assert life.amounts(life.close(FEBRUARY)) == [("1", 1_000)]
    numbers = [str(one.number).rpartition("-")[2] for one in life.invoices()]
    assert numbers == ["0001", "0002", "0003"]


@pytest.mark.parametrize(
    ("resets", "end", "billed"),
    [
        # The month bills all 800 tokens, less the 600 that were billed before
        (False, FEBRUARY, [[("600", 600)], [("800", 800), ("0", -600)]]),
        # A new month begins with the invoice
        (True, FEBRUARY_11, [[("600", 600)], [("200", 200)]]),
    ],
)
def test_usage_is_billed_as_soon_as_it_reaches_a_threshold(
    life: Life, resets: bool, end: int, billed: list[Amounts]
) -> None:
    threshold = {"amount_gte": 500, "reset_billing_cycle_anchor": resets}
    life.subscribe(life.usage_price("1"), billing_thresholds=threshold)
    life.use(499)
    life.advance(JANUARY_11)
    life.use(101, at=JANUARY_11 - 1)
    [early] = life.expect(1)
    assert (early.billing_reason, early.created) == ("subscription_threshold", JANUARY_11)
    life.advance(JANUARY_20)
    life.use(200)
    life.close(end)
    assert [life.amounts(one) for one in life.invoices()] == billed
