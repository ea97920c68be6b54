"""Coupons are redeemed while they are valid, each time once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger.coupons.commands import DeleteCoupon, DiscountRequest
from ledger.coupons.discounts import Discount
from ledger.coupons.events import CouponCreated, CouponRedeemed
from ledger.coupons.handlers import delete_coupon
from ledger.coupons.redeeming import DiscountHolder, coupon_terms, give_discounts
from ledger.coupons.terms import CouponTerms
from ledger.kernel.commands import Command
from ledger.kernel.errors import NotFound
from ledger.store.work import Work
from tests.support.given_when_then import NOW, LedgerInMemory

DAY = timedelta(days=1)


class Give(Command):
    asked: tuple[DiscountRequest, ...]
    kept: tuple[Discount, ...] = ()
    currency: str = "usd"
    at: datetime = NOW


def give(work: Work, command: Give) -> None:
    holder = DiscountHolder(
        source="subscription",
        id="sub_1",
        customer="cus_1",
        currency=command.currency,
        now=command.at,
    )
    discounts = give_discounts(work, command.asked, holder, command.kept)
    coupons = [discount.coupon for discount in discounts]
    assert list(coupon_terms(work, coupons)) == coupons


def a_ledger(**terms: Any) -> LedgerInMemory:
    ledger = LedgerInMemory()
    for coupon in ("A", "B"):
        born = CouponCreated(
            coupon=coupon,
            terms=CouponTerms(**terms or {"percent_off": "50"}),
            name=None,
            metadata={},
            created=NOW,
            livemode=False,
        )
        ledger.given(f"coupon_:{coupon}", born)
    return ledger


def coupons(*names: str) -> tuple[DiscountRequest, ...]:
    return tuple(DiscountRequest(id=f"di_{name}", coupon=name) for name in names)


def discount(name: str, **fields: Any) -> Discount:
    given: dict[str, Any] = {"duration": "once", "start": NOW, **fields}
    return Discount(id=f"di_{name}", coupon=name, source="subscription", holder="sub_1", **given)


def test_a_coupon_gives_a_discount():
    redeemed = CouponRedeemed(discount=discount("A"), customer="cus_1")
    assert a_ledger().when(give, Give(asked=coupons("A"))) == [("redemptions:A", redeemed)]


def test_a_repeating_discount_is_told_its_end():
    ledger = a_ledger(percent_off="50", duration="repeating", duration_in_months=1)
    [(_, redeemed)] = ledger.when(give, Give(asked=coupons("A")))
    assert isinstance(redeemed, CouponRedeemed)
    assert redeemed.discount.end == datetime.fromisoformat("2026-02-28T12:00:00Z")


def test_a_discount_that_is_kept_is_not_redeemed_again():
    asked = (DiscountRequest(id="di_new", discount="di_A"), *coupons("B"))
    found = a_ledger().when(give, Give(asked=asked, kept=(discount("A"),)))
    assert [stream for stream, _ in found] == ["redemptions:B"]


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        (coupons("C"), "discounts[0][coupon]"),
        (coupons("A", "C"), "discounts[1][coupon]"),
        ((DiscountRequest(id="di_new", discount="di_X"),), "discounts[0][discount]"),
    ],
)
def test_what_does_not_exist(asked: Sequence[DiscountRequest], param: str):
    refused = a_ledger().refusal(give, Give(asked=tuple(asked)))
    assert isinstance(refused, NotFound)
    assert refused.param == param


def test_a_coupon_is_named_once():
    refused = a_ledger().refusal(give, Give(asked=coupons("A", "B", "A")))
    assert refused.param == "discounts[2]"
    asked = (*coupons("A"), DiscountRequest(id="di_new", discount="di_A"))
    assert (
        a_ledger().refusal(give, Give(asked=asked, kept=(discount("A"),))).param == "discounts[1]"
    )


def test_there_is_an_end_to_discounts():
    many = tuple(DiscountRequest(id=f"di_{n}", coupon="A") for n in range(21))
    assert a_ledger().refusal(give, Give(asked=many)).param == "discounts"


def test_nothing_is_asked_for():
    refused = a_ledger().refusal(give, Give(asked=(DiscountRequest(id="di_new"),)))
    assert (refused.code, refused.param) == ("parameter_missing", "discounts[0][coupon]")


def test_a_coupon_is_redeemed_so_many_times():
    ledger = a_ledger(percent_off="50", max_redemptions=2)
    assert ledger.when(give, Give(asked=coupons("A")))
    assert ledger.when(give, Give(asked=coupons("A")))
    refused = ledger.refusal(give, Give(asked=coupons("A")))
    assert (refused.code, refused.param) == ("coupon_expired", "discounts[0][coupon]")
    assert ledger.when(give, Give(asked=coupons("B")))


def test_a_coupon_is_redeemed_up_to_its_last_moment():
    ledger = a_ledger(percent_off="50", redeem_by=NOW + DAY)
    assert ledger.when(give, Give(asked=coupons("A"), at=NOW + DAY))
    refused = ledger.refusal(give, Give(asked=coupons("B"), at=NOW + 2 * DAY))
    assert refused.code == "coupon_expired"


def test_an_amount_off_is_for_its_currencies():
    ledger = a_ledger(amount_off=5, currency="usd", currency_options={"jpy": 7})
    assert ledger.when(give, Give(asked=coupons("A"), currency="jpy"))
    refused = ledger.refusal(give, Give(asked=coupons("A"), currency="kwd"))
    assert refused.param == "discounts[0][coupon]"


def test_a_deleted_coupon_gives_no_more_discounts_but_those_it_gave_go_on():
    ledger = a_ledger()
    ledger.when(delete_coupon, DeleteCoupon(coupon="A"))
    assert isinstance(ledger.refusal(give, Give(asked=coupons("A"))), NotFound)
    kept = (DiscountRequest(id="di_new", discount="di_A"),)
    assert ledger.when(give, Give(asked=kept, kept=(discount("A"),))) == []
