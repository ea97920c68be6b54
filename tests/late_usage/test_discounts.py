"""An adjustment is lowered and taxed as the line that it adjusts was."""

from ledger.coupons.commands import CreateCoupon, DiscountRequest
from ledger.coupons.terms import CouponTerms
from tests.support.late_ledger import LateLedger, broken


def test_a_percentage_that_counted_once_lowers_what_comes_late_too(ledger: LateLedger) -> None:
    ledger.stored.do(CreateCoupon(coupon="half", terms=CouponTerms(percent_off="50")))
    ledger.january(discounts=(DiscountRequest(id="di_1", coupon="half"),))
    ledger.use("e-2", "2026-01-20", "1000")
    [adjusted] = ledger.settle()
    assert adjusted.amount == 40
    february = ledger.invoice(ledger.month("2026-03-01")).final
    assert february is not None
    assert [[one.amount for one in line.discounts] for line in february.lines] == [[], [20]]
    assert february.total == 20
    assert broken(ledger.check()) == []


def test_an_amount_off_was_used_up(ledger: LateLedger) -> None:
    terms = CouponTerms(amount_off=100, currency="usd")
    ledger.stored.do(CreateCoupon(coupon="dollar", terms=terms))
    ledger.january(discounts=(DiscountRequest(id="di_1", coupon="dollar"),))
    ledger.use("e-2", "2026-01-20", "1000")
    ledger.settle()
    february = ledger.invoice(ledger.month("2026-03-01")).final
    assert february is not None
    assert february.total == 40
    assert broken(ledger.check()) == []
