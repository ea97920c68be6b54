"""What an invoice item bills, decided from what was asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.invoice_items.charges import Charge, LateUsage
from ledger.invoice_items.charging import Named, Offer, changed_charge, new_charge, worth
from ledger.invoice_items.commands import ChargeRequest
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.money import MAX_AMOUNT
from ledger.kernel.periods import Period
from ledger.prices.aggregate import Price
from ledger.prices.events import PriceDetails
from ledger.prices.terms import PriceTerms, Recurring

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
USD = Named("usd")


def priced(
    amount: str = "250", *, active: bool = True, param: str = "pricing[price]", **terms: Any
) -> Named:
    """A price in dollars, as a request names it."""
    stated = PriceTerms(currency="usd", unit_amount_decimal=amount, **terms)
    price = Price("prod_a", stated, PriceDetails(active=active))
    return Named("usd", Offer("price_a", price, param))


def charged(named: Named = USD, **asked: Any) -> Charge:
    return new_charge(ChargeRequest(**asked), named, NOW)


def test_an_amount_is_billed_as_it_is():
    charge = charged(amount=1234, description="Setup")
    assert (charge.amount, charge.quantity, charge.description) == (1234, "1", "Setup")
    assert charge.period == Period(NOW, NOW)
    assert worth(charge, None) == 1234


def test_a_price_is_billed_by_its_quantity():
    named = priced()
    charge = charged(named, price="price_a", quantity="2.5")
    assert (charge.price, charge.product, charge.quantity) == ("price_a", "prod_a", "2.5")
    assert named.offer is not None
    assert worth(charge, named.offer.price.terms) == 625


def test_one_of_a_price_is_billed_unless_said_otherwise():
    assert charged(priced(), price="price_a").quantity == "1"


@pytest.mark.parametrize(
    ("unit", "quantity", "amount"),
    [
        ("0.5", "3", 2),
        ("-0.5", "3", -2),
        ("0.000000000001", "1", 0),
        ("33.333333333333", "3", 100),
        ("7", "0", 0),
    ],
)
def test_a_unit_amount_is_multiplied_and_rounded_once(unit: str, quantity: str, amount: int):
    assert worth(charged(unit_amount_decimal=unit, quantity=quantity), None) == amount


def test_credit_and_a_share_of_a_period_are_worth_their_part():
    month = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, tzinfo=UTC))
    rest = Period(month.end - timedelta(days=10), month.end)
    charge = Charge(price="price_a", quantity="3", period=rest, prorated_of=month, credit=True)
    assert worth(charge, PriceTerms(currency="usd", unit_amount_decimal="100")) == -100


@pytest.mark.parametrize(
    ("asked", "discountable"),
    [
        ({"amount": 5}, True),
        ({"amount": 0}, True),
        ({"amount": -5}, False),
        ({"unit_amount_decimal": "-0.1"}, False),
        ({"amount": -5, "discountable": True}, True),
        ({"amount": 5, "discountable": False}, False),
    ],
)
def test_what_gives_back_is_not_discounted_by_default(asked: dict[str, Any], discountable: bool):
    assert charged(**asked).discountable is discountable


@pytest.mark.parametrize(
    ("named", "asked", "param", "code"),
    [
        (USD, {}, "amount", "parameter_missing"),
        (USD, {"quantity": "2"}, "amount", "parameter_missing"),
        (USD, {"amount": 1, "price": "p"}, "pricing[price]", "parameters_exclusive"),
        (
            USD,
            {"amount": 1, "unit_amount_decimal": "1"},
            "unit_amount_decimal",
            "parameters_exclusive",
        ),
        (USD, {"amount": 1, "quantity": "2"}, "quantity", None),
        (USD, {"amount": MAX_AMOUNT + 1}, "amount", None),
        (USD, {"unit_amount_decimal": str(MAX_AMOUNT), "quantity": "2"}, "quantity", None),
        (priced(str(MAX_AMOUNT)), {"price": "price_a", "quantity": "2"}, "quantity", None),
        (priced(active=False), {"price": "price_a"}, "pricing[price]", None),
        (
            priced(recurring=Recurring(interval="month")),
            {"price": "price_a"},
            "pricing[price]",
            None,
        ),
        (Named("eur", priced().offer), {"price": "price_a"}, "pricing[price]", None),
    ],
)
def test_what_cannot_be_billed(named: Named, asked: dict[str, Any], param: str, code: str | None):
    with pytest.raises(InvalidRequest) as refused:
        charged(named, **asked)
    assert (refused.value.param, refused.value.code) == (param, code)


def test_a_price_that_was_made_for_the_item_may_be_inactive():
    named = priced(active=False, param="price_data[currency]")
    assert charged(named, price="price_a").price == "price_a"


def test_a_change_keeps_what_it_does_not_name():
    charge = charged(amount=500, description="Setup", metadata={"a": "1"})
    changed = changed_charge(charge, ChargeRequest(metadata={"b": "2"}), USD)
    assert changed == charge.model_copy(update={"metadata": {"a": "1", "b": "2"}})
    assert changed_charge(charge, ChargeRequest(description=None), USD).description is None


def test_another_way_to_say_the_money_replaces_the_one_before():
    first = charged(priced(), price="price_a", quantity="4")
    fixed = changed_charge(first, ChargeRequest(amount=-7), USD)
    assert (fixed.amount, fixed.price, fixed.product, fixed.quantity) == (-7, None, None, "1")
    named = priced()
    again = changed_charge(fixed, ChargeRequest(price="price_a", quantity="3"), named)
    assert (again.amount, again.price, again.quantity) == (None, "price_a", "3")
    more = changed_charge(again, ChargeRequest(quantity="5"), named)
    assert (more.price, more.quantity) == ("price_a", "5")


def test_a_new_quantity_is_refused_where_it_would_be_too_much():
    named = priced(str(MAX_AMOUNT))
    charge = charged(named, price="price_a")
    with pytest.raises(InvalidRequest) as refused:
        changed_charge(charge, ChargeRequest(quantity="2"), named)
    assert refused.value.param == "quantity"


def test_prorations_are_never_discounted_and_keep_their_period():
    month = Period(NOW, NOW + timedelta(days=30))
    charge = Charge(
        price="price_a",
        quantity="1",
        period=month,
        prorated_of=month,
        proration=True,
        discountable=False,
    )
    for asked, param in (
        (ChargeRequest(discountable=True), "discountable"),
        (ChargeRequest(period=Period(NOW, NOW)), "period"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            changed_charge(charge, asked, priced())
        assert refused.value.param == param


def test_late_usage_bills_what_it_bills():
    late = LateUsage(
        invoice="in_a", line="il_a", quantity_before="1", quantity_after="2", through_position=9
    )
    charge = Charge(amount=5, quantity="1", period=Period(NOW, NOW), late_usage=late)
    for asked in (ChargeRequest(amount=1), ChargeRequest(discountable=True)):
        with pytest.raises(InvalidRequest):
            changed_charge(charge, asked, USD)
    noted = changed_charge(charge, ChargeRequest(description="Late", metadata={"a": "b"}), USD)
    assert (noted.amount, noted.description, noted.metadata) == (5, "Late", {"a": "b"})
