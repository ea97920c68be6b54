"""Worked examples that vendors of usage-based billing publish: their terms, usage and amounts.

Facts and figures alone are taken over, in cents. Each example names the page it is from.
"""

from decimal import Decimal
from typing import NamedTuple

import pytest

from ledger.prices.terms import PriceTerms
from ledger.rating.rate import rate
from tests.rating.terms_examples import each, packages, tiered, with_extensions


class Published(NamedTuple):
    source: str
    terms: PriceTerms
    billed: tuple[tuple[str, int], ...]
    """Quantities and what the page says they cost."""


STRIPE = "https://docs.stripe.com"
LAGO = "https://getlago.com/docs/guide"
FONTS = ((5, "700", "0"), (10, "650", "0"), (None, "600", "0"))
ZUPLO = ((1_000, "10", "0"), (10_000, "5", "0"), (None, "1", "0"))
SLABS = ((250, "100", "0"), (500, "200", "0"), (None, "300", "0"))
FLAT_SLABS = ((250, "0", "1000"), (500, "0", "2000"), (None, "0", "3000"))

PUBLISHED = {
    "Stripe, decimal amounts": Published(
        "https://stripe.com/docs/billing/subscriptions/decimal-amounts",
        each("0.05"),
        (("30", 2),),
    ),
    "Stripe, hours of minutes": Published(
        f"{STRIPE}/billing/subscriptions/usage-based/transform-quantities",
        packages("1000", of=60),
        (("150", 3000),),
    ),
    "Stripe, every five users": Published(
        "https://stripe.com/docs/billing/subscriptions/quantity-transformation",
        packages("1000", of=5),
        (("1", 1000), ("3", 1000), ("5", 1000), ("6", 2000), ("7", 2000)),
    ),
    "Stripe, volume": Published(
        f"{STRIPE}/subscriptions/pricing-models/tiered-pricing",
        tiered("volume", *FONTS),
        (("1", 700), ("5", 3500), ("6", 3900), ("20", 12000), ("25", 15000)),
    ),
    "Stripe, graduated": Published(
        f"{STRIPE}/subscriptions/pricing-models/tiered-pricing",
        tiered("graduated", *FONTS),
        (("5", 3500),),
    ),
    "Lago, volume with a flat fee": Published(
        f"{LAGO}/plans/charges/charge-models/volume.md",
        tiered(
            "volume",
            (10_000, "0.10", "1000"),
            (50_000, "0.08", "1000"),
            (100_000, "0.06", "1000"),
            (None, "0.04", "1000"),
        ),
        (("65000", 4900),),
    ),
    "Lago, packages after free units": Published(
        f"{LAGO}/plans/charges/charge-models/package.md",
        with_extensions(packages("500", of=100), included_units="100"),
        (("201", 1000),),
    ),
    "Lago, a percentage of the tier with a flat fee": Published(
        f"{LAGO}/plans/charges/charge-models/graduated-percentage.md",
        tiered("graduated", (1_000, "1", "20000"), (10_000, "2", "30000"), (None, "3", "40000")),
        (("500", 20500),),
    ),
    "Lago, spending minimum": Published(
        f"{LAGO}/plans/charges/spending-minimum",
        with_extensions(each("1"), minimum_charge=10_000),
        (("5000", 10000),),
    ),
    "Lago, minimum commitment": Published(
        f"{LAGO}/lago-cloud/contract-billing.md",
        with_extensions(each("1"), minimum_charge=100_000),
        (("80000", 100000), ("130000", 130000)),
    ),
    "Lago, 1.2 % of a transaction": Published(
        f"{LAGO}/plans/charges/charge-models/percentage",
        with_extensions(each("0"), percentage_fee=("1.2", "quantity")),
        (("5000", 60),),
    ),
    "Lago, the fee for the same transaction": Published(
        f"{LAGO}/plans/charges/charge-models/percentage",
        with_extensions(each("10"), included_units="3"),
        (("1", 0), ("3", 0), ("4", 10)),
    ),
    "Autumn, graduated": Published(
        "https://docs.useautumn.com/documentation/modelling-pricing/graduated-pricing.md",
        tiered("graduated", (1_000, "1", "0"), (10_000, "0.8", "0"), (None, "0.5", "0")),
        (("15000", 10700),),
    ),
    "Zuplo, per unit": Published(
        "https://zuplo.com/docs/articles/monetization/pricing-models",
        each("0.1"),
        (("100000", 10000),),
    ),
    "Zuplo, graduated": Published(
        "https://zuplo.com/docs/articles/monetization/pricing-models",
        tiered("graduated", *ZUPLO),
        (("15000", 60000),),
    ),
    "Zuplo, volume": Published(
        "https://zuplo.com/docs/articles/monetization/pricing-models",
        tiered("volume", *ZUPLO),
        (("15000", 15000),),
    ),
    "Flexprice, per unit": Published(
        "https://docs.flexprice.io/docs/product-catalogue/plans/billing-models/flat-fee.md",
        each("5"),
        (("1000", 5000),),
    ),
    "Flexprice, one amount for a range": Published(
        "https://docs.flexprice.io/docs/product-catalogue/plans/billing-models/package.md",
        tiered(
            "volume",
            (1_000, "0", "5000"),
            (5_000, "0", "20000"),
            (10_000, "0", "35000"),
            (None, "0", "35000"),
        ),
        (("4500", 20000), ("1500", 20000)),
    ),
    "Chargebee, packages of a million": Published(
        "https://www.chargebee.com/docs/billing/2.0/product-catalog/package-pricing",
        packages("125", of=1_000_000),
        (("10", 125), ("1000000", 125), ("1500000", 250)),
    ),
    "Orb, bulk": Published(
        "https://orb-9bba378a.mintlify.app/product-catalog/price-configuration",
        tiered("volume", (10, "50", "0"), (None, "40", "0")),
        (("101", 4040),),
    ),
    "Orb, packages of ten": Published(
        "https://orb-9bba378a.mintlify.app/product-catalog/price-configuration",
        packages("80", of=10),
        (("4", 80), ("11", 160)),
    ),
    "OpenMeter, per unit": Published(
        "https://openmeter.io/docs/billing/product-catalog/pricing-models",
        each("1"),
        (("10000", 10000),),
    ),
    "Lava, graduated by the million": Published(
        "https://lava.so/docs/monetize/meters",
        tiered("graduated", (10**6, "0.0005", "0"), (10**7, "0.0003", "0"), (None, "0.0001", "0")),
        (("5000000", 1700),),
    ),
    "Zuora, tiers with overage": Published(
        "https://docs.zuora.com/en/zuora-billing/bill-your-customer/"
        "billing-document-templates-configuration/configure-html-templates-for-billing-documents/"
        "customize-html-templates/configure-ratingdetails-in-html-template/ratingdetail-schema/"
        "example-tiered-pricing-mode",
        tiered("graduated", (100, "0", "0"), (None, "200", "0")),
        (("130", 6000),),
    ),
    "Oracle, slabs by the unit": Published(
        "https://docs.oracle.com/en/industries/financial-services/"
        "banking-liquidity-management-cloud-service/14.7.4.0.0/oblug/examples-tier-based-amount.html",
        tiered("graduated", *SLABS),
        (("1000", 225000),),
    ),
    "Oracle, one slab by the unit": Published(
        "https://docs.oracle.com/en/industries/financial-services/"
        "banking-liquidity-management-cloud-service/14.7.4.0.0/oblug/examples-tier-based-amount.html",
        tiered("volume", *SLABS),
        (("1000", 300000),),
    ),
    "Oracle, flat slabs": Published(
        "https://docs.oracle.com/en/industries/financial-services/"
        "banking-liquidity-management-cloud-service/14.7.4.0.0/oblug/examples-tier-based-amount.html",
        tiered("graduated", *FLAT_SLABS),
        (("1000", 6000),),
    ),
    "Oracle, one flat slab": Published(
        "https://docs.oracle.com/en/industries/financial-services/"
        "banking-liquidity-management-cloud-service/14.7.4.0.0/oblug/examples-tier-based-amount.html",
        tiered("volume", *FLAT_SLABS),
        (("1000", 3000),),
    ),
}


@pytest.mark.parametrize(
    ("terms", "quantity", "amount"),
    [
        pytest.param(example.terms, quantity, amount, id=f"{name}: {quantity}")
        for name, example in PUBLISHED.items()
        for quantity, amount in example.billed
    ],
)
def test_published_amount(terms: PriceTerms, quantity: str, amount: int) -> None:
    line = rate(terms, Decimal(quantity))
    assert line.amount == amount
    assert sum((step.amount for step in line.steps), Decimal(0)) == amount


@pytest.mark.parametrize("example", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_each_example_names_its_page(example: Published) -> None:
    assert example.source.startswith("https://")
