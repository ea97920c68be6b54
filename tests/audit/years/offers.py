"""What the business of a year sells, and to whom."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ledger.coupons.commands import CreateCoupon, DiscountRequest
from ledger.coupons.terms import CouponTerms
from ledger.customers.commands import CreateCustomer
from ledger.late_usage.commands import ChangeLateUsagePolicy
from ledger.meters.commands import CreateMeter
from ledger.prices.commands import CreatePrice
from ledger.prices.terms import PriceTerms, Recurring, Tier
from ledger.subscriptions.commands import CreateSubscription, ItemRequest
from ledger.subscriptions.parts import Thresholds
from ledger.tax_rates.commands import CreateTaxRate
from ledger.tax_rates.events import TaxRateDetails
from ledger.tax_rates.terms import TaxRateTerms
from ledger.test_clocks.commands import CreateTestClock

if TYPE_CHECKING:
    from tests.audit.years.year import Year

CLOCK: Final = "clock_year"
TOKENS: Final = "mtr_test_a"
PEAK: Final = "mtr_test_peak"
EVENT_NAMES: Final = {TOKENS: "tokens", PEAK: "peak"}


@dataclass
class Customer:
    """`items` are the ids of their subscription's items."""

    id: str
    currency: str
    clock: str | None
    subscription: str
    items: list[str]


def open_business(year: "Year") -> list[Customer]:
    """Meters, prices, coupons and taxes; the customer of engine 1, and three new ones."""
    year.do(
        CreateMeter(meter=PEAK, display_name="Peak", event_name=EVENT_NAMES[PEAK], formula="max")
    )
    for currency in ("usd", "jpy", "kwd"):
        _sell(year, currency)
    for percentage, inclusive in (("19", False), ("7.7", True)):
        _tax(year, f"txr_{percentage}", percentage, inclusive=inclusive)
    _offer(year, "TENTH", percent_off="10", duration="forever")
    _offer(year, "ODD", percent_off="33.3", duration="repeating", duration_in_months=3)
    _offer(year, "LESS", amount_off=250, currency="usd", duration="once")
    year.do(CreateTestClock(test_clock=CLOCK, frozen_time=year.now))
    first = Customer("cus_a", "usd", None, "sub_a", ["si_price_tokens", "si_price_seat"])
    others = [
        Customer("cus_b", "usd", None, "", []),
        Customer("cus_c", "jpy", CLOCK, "", []),
        Customer("cus_d", "kwd", CLOCK, "", []),
    ]
    for customer in others:
        year.do(CreateCustomer(customer=customer.id, test_clock=customer.clock, balance=-300))
        subscribe(year, customer)
    year.do(ChangeLateUsagePolicy(customer="cus_d", policy="immediate"))
    return [first, *others]


def subscribe(year: "Year", customer: Customer) -> None:
    """Subscribe a customer to some prices, with or without a coupon, a tax rate, a trial."""
    chance = year.chance
    name = year.name("sub")
    chosen = chance.sample(list(prices_of(customer.currency)), chance.randint(1, 3))
    items = tuple(_item(year, price) for price in chosen)
    command = CreateSubscription(
        subscription=name,
        customer=customer.id,
        items=items,
        currency=customer.currency,
        billing_mode=chance.choice(["flexible", "flexible", "classic"]),
        trial_period_days=chance.choice([None, None, None, 10]),
        default_tax_rates=tuple(chance.sample(["txr_19", "txr_7.7"], chance.randint(0, 2))),
        discounts=_discounts(year, customer),
        thresholds=chance.choice([None, None, Thresholds(amount_gte=90_000)]),
    )
    if year.accepts(command):
        customer.subscription = name
        customer.items = [item.id for item in items]


def prices_of(currency: str) -> tuple[str, ...]:
    """The prices in a currency: two of tokens, one of peaks, one of seats."""
    return tuple(f"price_{currency}_{of}" for of in ("tiers", "packages", "peak", "seat"))


def is_licensed(price: str) -> bool:
    """Whether a quantity is asked for."""
    return price.endswith("seat")


def _item(year: "Year", price: str) -> ItemRequest:
    quantity = year.chance.randint(1, 9) if is_licensed(price) else None
    return ItemRequest(id=year.name("si"), price=price, quantity=quantity)


def _discounts(year: "Year", customer: Customer) -> tuple[DiscountRequest, ...]:
    coupons = ["TENTH", "ODD"] + ["LESS"] * (customer.currency == "usd")
    chosen = year.chance.sample(coupons, year.chance.randint(0, 2))
    return tuple(DiscountRequest(id=year.name("di"), coupon=coupon) for coupon in chosen)


def _sell(year: "Year", currency: str) -> None:
    tiers, packages, peak, seat = prices_of(currency)
    by_tokens = Recurring(interval="month", usage_type="metered", meter=TOKENS)
    _price(
        year,
        tiers,
        currency=currency,
        billing_scheme="tiered",
        tiers_mode="graduated",
        tiers=(
            Tier(up_to=100, unit_amount_decimal="3.35", flat_amount_decimal="30"),
            Tier(up_to=2_000, unit_amount_decimal="1.125"),
            Tier(up_to=None, unit_amount_decimal="0.0625", flat_amount_decimal="7.5"),
        ),
        recurring=by_tokens,
    )
    _price(
        year,
        packages,
        currency=currency,
        unit_amount_decimal="47.5",
        transform_quantity={"divide_by": 100, "round": "up"},
        recurring=by_tokens,
    )
    _price(
        year,
        peak,
        currency=currency,
        unit_amount_decimal="0.75",
        recurring=Recurring(interval="month", usage_type="metered", meter=PEAK),
    )
    _price(
        year,
        seat,
        currency=currency,
        unit_amount=3_100,
        unit_amount_decimal="3100",
        recurring=Recurring(interval="month"),
    )


def _price(year: "Year", name: str, **terms: Any) -> None:
    year.do(CreatePrice(price=name, product="prod_a", terms=PriceTerms(**terms)))


def _tax(year: "Year", name: str, percentage: str, *, inclusive: bool) -> None:
    terms = TaxRateTerms(percentage=percentage, inclusive=inclusive)
    year.do(CreateTaxRate(tax_rate=name, terms=terms, details=TaxRateDetails(display_name="Tax")))


def _offer(year: "Year", coupon: str, **terms: Any) -> None:
    year.do(CreateCoupon(coupon=coupon, terms=CouponTerms(**terms)))
