"""Coupons: terms that hold for ever, changes of what may change, deletion."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger.coupons.aggregate import coupon_of, stream_of
from ledger.coupons.commands import CreateCoupon, DeleteCoupon, UpdateCoupon
from ledger.coupons.discounts import Discount, discounts_in_force, end_of, spent_by
from ledger.coupons.events import CouponChanged, CouponCreated, CouponDeleted
from ledger.coupons.handlers import create_coupon, delete_coupon, update_coupon
from ledger.coupons.terms import CouponTerms, Duration
from ledger.kernel.errors import NotFound
from ledger.products.events import ProductCreated, ProductDetails
from tests.support.given_when_then import NOW, LedgerInMemory

HALF = CouponTerms(percent_off="50")
FIVE = CouponTerms(amount_off=500, currency="usd", currency_options={"jpy": 700})


def born(terms: CouponTerms = HALF, coupon: str = "SUMMER") -> CouponCreated:
    return CouponCreated(
        coupon=coupon, terms=terms, name="Summer", metadata={"a": "1"}, created=NOW, livemode=False
    )


def a_ledger(terms: CouponTerms = HALF) -> LedgerInMemory:
    return LedgerInMemory().given("coupon_:SUMMER", born(terms))


def creation(**terms: Any) -> CreateCoupon:
    return CreateCoupon(
        coupon="SUMMER", terms=CouponTerms(**terms), name="Summer", metadata={"a": "1"}
    )


def change(**given: Any) -> UpdateCoupon:
    return UpdateCoupon(coupon="SUMMER", **given)


def test_a_coupon_is_created():
    command = creation(percent_off="50")
    assert LedgerInMemory().when(create_coupon, command) == [("coupon_:SUMMER", born())]


def test_an_id_is_given_once_even_after_deletion():
    ledger = a_ledger()
    refused = ledger.refusal(create_coupon, creation(percent_off="50"))
    assert (refused.code, refused.param) == ("resource_already_exists", "id")
    ledger.when(delete_coupon, DeleteCoupon(coupon="SUMMER"))
    refused = ledger.refusal(create_coupon, creation(percent_off="50"))
    assert refused.code == "resource_already_exists"


def test_a_stream_names_its_coupon():
    assert coupon_of(stream_of("SUMMER")) == "SUMMER"


@pytest.mark.parametrize(
    ("terms", "param", "code"),
    [
        ({}, "percent_off", "parameter_missing"),
        (
            {"percent_off": "1", "amount_off": 1, "currency": "usd"},
            "amount_off",
            "parameters_exclusive",
        ),
        ({"amount_off": 1}, "currency", "parameter_missing"),
        ({"percent_off": "1", "currency": "usd"}, "currency", None),
        ({"percent_off": "1", "currency_options": {"eur": 1}}, "currency_options", None),
        (
            {"amount_off": 1, "currency": "usd", "currency_options": {"usd": 2}},
            "currency_options[usd]",
            None,
        ),
        ({"percent_off": "1", "duration": "repeating"}, "duration_in_months", "parameter_missing"),
        ({"percent_off": "1", "duration_in_months": 3}, "duration_in_months", None),
        (
            {"percent_off": "1", "duration": "repeating", "duration_in_months": 1201},
            "duration_in_months",
            None,
        ),
        ({"percent_off": "1", "redeem_by": NOW}, "redeem_by", None),
        ({"percent_off": "1", "redeem_by": NOW + timedelta(days=6 * 366)}, "redeem_by", None),
    ],
)
def test_terms_that_no_coupon_can_have(terms: dict[str, Any], param: str, code: str | None):
    refused = LedgerInMemory().refusal(create_coupon, creation(**terms))
    assert (refused.param, refused.code) == (param, code)


def test_the_products_of_a_coupon_exist():
    details = ProductDetails(name="API")
    made = ProductCreated(product="prod_1", details=details, created=NOW, livemode=False)
    ledger = LedgerInMemory().given("prod_1", made)
    refused = ledger.refusal(
        create_coupon, creation(percent_off="50", products=("prod_1", "prod_2"))
    )
    assert isinstance(refused, NotFound)
    assert refused.param == "applies_to[products][1]"
    assert ledger.when(create_coupon, creation(percent_off="50", products=("prod_1",)))


def test_a_name_and_metadata_change():
    changed = CouponChanged(
        coupon="SUMMER", name=None, metadata={}, currency_options={}, changed_at=NOW
    )
    ledger = a_ledger()
    found = ledger.when(update_coupon, change(name=None, metadata={"a": ""}))
    assert found == [("coupon_:SUMMER", changed)]
    assert ledger.when(update_coupon, change(metadata={})) == []


def test_further_currencies_come_and_those_there_are_stay():
    ledger = a_ledger(FIVE)
    [(_, changed)] = ledger.when(update_coupon, change(currency_options={"kwd": 1500, "jpy": 700}))
    assert isinstance(changed, CouponChanged)
    assert changed.currency_options == {"jpy": 700, "kwd": 1500}
    refused = ledger.refusal(update_coupon, change(currency_options={"jpy": 701}))
    assert refused.param == "currency_options[jpy][amount_off]"
    refused = ledger.refusal(update_coupon, change(currency_options={"usd": 5}))
    assert refused.param == "currency_options[usd]"
    refused = a_ledger().refusal(update_coupon, change(currency_options={"eur": 5}))
    assert refused.param == "currency_options"


def test_a_deleted_coupon_is_gone():
    ledger = a_ledger()
    deleted = ledger.when(delete_coupon, DeleteCoupon(coupon="SUMMER"))
    assert deleted == [("coupon_:SUMMER", CouponDeleted(coupon="SUMMER", deleted_at=NOW))]
    assert isinstance(ledger.refusal(delete_coupon, DeleteCoupon(coupon="SUMMER")), NotFound)
    assert isinstance(ledger.refusal(update_coupon, change(name="x")), NotFound)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-01-01", 3, "2026-04-01"),
    ],
)
def test_a_repeating_discount_ends_after_its_months(start: str, months: int, end: str):
    terms = CouponTerms(percent_off="50", duration="repeating", duration_in_months=months)
    assert end_of(terms, on(start)) == on(end)
    assert end_of(HALF, on(start)) is None


def on(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00Z")


def a_discount(duration: Duration, end: datetime | None = None) -> Discount:
    return Discount(
        id=f"di_{duration}",
        coupon="SUMMER",
        source="subscription",
        holder="sub_1",
        duration=duration,
        start=on("2026-01-01"),
        end=end,
    )


def test_which_discounts_a_draft_takes():
    once, forever = a_discount("once"), a_discount("forever")
    repeating = a_discount("repeating", on("2026-03-01"))
    every = (once, repeating, forever)
    assert discounts_in_force(every, on("2026-01-01")) == every
    assert discounts_in_force(every, on("2026-02-28"), ["di_once"]) == (repeating, forever)
    assert discounts_in_force(every, on("2026-03-01"), ["di_once"]) == (forever,)
    assert spent_by(every) == ("di_once",)
    assert discounts_in_force(every, on("2026-02-01"), ["di_forever"]) == every
