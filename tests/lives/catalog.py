"""What a life sells, as the ledger has it and as the biller is told of it."""

from fractions import Fraction
from typing import Any

from ledger.coupons.commands import CreateCoupon
from ledger.coupons.terms import CouponTerms
from ledger.meters.commands import CreateMeter
from ledger.prices.commands import CreatePrice
from ledger.prices.terms import PercentageFee, PriceTerms, Recurring
from ledger.products.commands import CreateProduct
from ledger.products.events import ProductDetails
from ledger.tax_rates.commands import CreateTaxRate
from ledger.tax_rates.events import TaxRateDetails
from ledger.tax_rates.terms import TaxRateTerms
from tests.lives.ledgers import LedgerOfLife
from tests.lives.stories import METERS, Life, PriceAsked
from tests.support.reference_calendar import moved


def measure(ledger: LedgerOfLife) -> None:
    """The meters mtr_0, mtr_1 …, and what is sold by them."""
    ledger.do(CreateProduct(product="prod_a", details=ProductDetails(name="Sold")))
    for name in (f"mtr_{number}" for number in range(METERS)):
        ledger.do(CreateMeter(meter=name, display_name=name, event_name=name, formula="sum"))


def sell(ledger: LedgerOfLife, life: Life, name: str, asked: PriceAsked) -> dict[str, Any]:
    """Offer a price; what the biller is told of it."""
    interval, count = life.rhythms[asked.rhythm]
    terms: dict[str, Any] = {
        "currency": life.currency,
        "unit_amount_decimal": None if asked.tiers_mode else asked.unit_amount,
    }
    told: dict[str, Any] = {"rhythm": (interval, count)}
    if asked.tiers_mode is not None:
        tiers = [
            {"up_to": up_to, "unit_amount_decimal": unit, "flat_amount_decimal": flat}
            for up_to, unit, flat in asked.tiers
        ]
        terms |= {"billing_scheme": "tiered", "tiers_mode": asked.tiers_mode, "tiers": tiers}
        told |= {"tiers_mode": asked.tiers_mode, "tiers": asked.tiers}
    else:
        told["unit_amount"] = asked.unit_amount
    if asked.packages is not None:
        divide_by, rounding = asked.packages
        terms["transform_quantity"] = {"divide_by": divide_by, "round": rounding}
        told |= {"divide_by": divide_by, "round": rounding}
    if asked.percent is not None:
        percent, of = asked.percent
        terms["percentage_fee"] = PercentageFee(percent=percent, of=of)
        told |= {"percent": percent, "of": of}
    low, high = asked.limits
    terms |= {"included_units": asked.included, "minimum_charge": low, "maximum_charge": high}
    told |= {"included": asked.included, "minimum": low, "maximum": high}
    meter = None if asked.meter is None else f"mtr_{asked.meter}"
    if meter is not None:
        told["meter"] = meter
    terms["recurring"] = Recurring(
        interval=interval,
        interval_count=count,
        usage_type="metered" if meter else "licensed",
        meter=meter,
    )
    ledger.do(CreatePrice(price=name, product="prod_a", terms=PriceTerms(**terms)))
    return told


def offer_coupons(ledger: LedgerOfLife, life: Life) -> None:
    """The coupons OFF0, OFF1 …"""
    for i, asked in enumerate(life.coupons):
        percent = asked.percent is not None
        terms = CouponTerms(
            percent_off=asked.percent,
            amount_off=None if percent else asked.amount,
            currency=None if percent else life.currency,
            duration=asked.duration,
            duration_in_months=asked.months if asked.duration == "repeating" else None,
        )
        ledger.do(CreateCoupon(coupon=f"OFF{i}", terms=terms))


def levy_taxes(ledger: LedgerOfLife, life: Life) -> None:
    """The tax rates txr_0, txr_1 …"""
    for i, (percentage, inclusive) in enumerate(life.tax_rates):
        terms = TaxRateTerms(percentage=percentage, inclusive=inclusive)
        details = TaxRateDetails(display_name="Tax")
        ledger.do(CreateTaxRate(tax_rate=f"txr_{i}", terms=terms, details=details))


def coupon_told(life: Life, number: int, discount: str, now: int) -> dict[str, Any]:
    """What the biller is told of a coupon that is applied now."""
    asked = life.coupons[number]
    return {
        "id": discount,
        "percent": asked.percent,
        "amount": asked.amount,
        "currency": life.currency,
        "duration": asked.duration,
        "until": moved(now, "month", asked.months),
    }


def tax_rate_told(life: Life, number: int) -> tuple[str, Fraction, bool]:
    """What the biller is told of a tax rate."""
    percentage, inclusive = life.tax_rates[number]
    return f"txr_{number}", Fraction(percentage) / 100, inclusive
