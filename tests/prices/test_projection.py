"""The read models of prices and of the products they belong to."""

from datetime import UTC, datetime

from ledger.prices.events import PriceCreated, PriceDetails, PriceDetailsChanged
from ledger.prices.terms import PriceTerms, Recurring, Tier
from ledger.products.events import (
    DefaultPriceChanged,
    PackageDimensions,
    ProductCreated,
    ProductDeleted,
    ProductDetails,
    ProductDetailsChanged,
)
from projections.prices.projection import PricesProjection
from projections.prices.rows import PRICES, PriceRow
from projections.products.projection import ProductsProjection
from projections.products.rows import PRODUCTS
from tests.support.recorded import rows_after

CREATED = datetime(2023, 11, 16, tzinfo=UTC)
LATER = datetime(2023, 11, 17, tzinfo=UTC)
EPOCH = 1700092800
TIERED = PriceTerms(
    currency="usd",
    billing_scheme="tiered",
    tiers_mode="graduated",
    tiers=(
        Tier(up_to=100, unit_amount=5, unit_amount_decimal="5"),
        Tier(up_to=None, unit_amount_decimal="0.000000000001"),
    ),
    recurring=Recurring(interval="month", usage_type="metered", meter="mtr_test_1"),
)
EUROS = PriceTerms(currency="eur", unit_amount=4, unit_amount_decimal="4")
PRICED = PriceCreated(
    product="prod_1",
    terms=TIERED,
    details=PriceDetails(lookup_key="standard", currency_options={"eur": EUROS}),
    trial_period_days=7,
    created=CREATED,
    livemode=False,
)
TOKENS = ProductDetails(
    name="Tokens",
    package_dimensions=PackageDimensions(height="1.5", length="1", weight="1", width="1"),
)
BORN = ProductCreated(product="gold", details=TOKENS, created=CREATED, livemode=False)


def test_a_price_keeps_its_terms_and_what_lists_filter_by():
    row = rows_after(PricesProjection(), ("price_1", PRICED)).get(PRICES, "price_1")
    assert row is not None
    assert row == PriceRow(
        id="price_1",
        sequence=1,
        created=EPOCH,
        livemode=False,
        product="prod_1",
        stated_terms=TIERED.model_dump(mode="json"),
        currency="usd",
        type="recurring",
        active=True,
        nickname=None,
        lookup_key="standard",
        metadata={},
        tax_behavior="unspecified",
        currency_options={"eur": EUROS.model_dump(mode="json")},
        billed_every="month",
        usage_type="metered",
        meter="mtr_test_1",
        trial_period_days=7,
    )
    stored = PRICES.decode(PRICES.document_of(row))
    assert stored.terms == TIERED


def test_the_tax_behavior_that_was_set_later_is_in_the_terms():
    changed = PriceDetailsChanged(
        details=PriceDetails(tax_behavior="exclusive", active=False), changed_at=LATER
    )
    rows = rows_after(PricesProjection(), ("price_1", PRICED), ("price_1", changed))
    row = rows.get(PRICES, "price_1")
    assert row is not None
    assert row.terms == TIERED.model_copy(update={"tax_behavior": "exclusive"})
    assert (row.active, row.lookup_key) == (False, None)


def test_a_price_has_terms_in_each_currency_that_it_is_sold_in():
    row = rows_after(PricesProjection(), ("price_1", PRICED)).get(PRICES, "price_1")
    assert row is not None
    assert (row.terms_in("eur"), row.terms_in("usd")) == (EUROS, TIERED)
    assert row.terms_in("jpy") == TIERED


def test_a_product_is_found_by_its_own_id():
    rows = rows_after(
        ProductsProjection(),
        ("prod_:gold", BORN),
        ("prod_:gold", DefaultPriceChanged(product="gold", price="price_1", changed_at=LATER)),
    )
    row = rows.get(PRODUCTS, "gold")
    assert row is not None
    assert PRODUCTS.decode(PRODUCTS.document_of(row)) == row
    assert (row.name, row.default_price, row.created) == ("Tokens", "price_1", EPOCH)
    assert row.updated == EPOCH + 86_400
    assert row.package_dimensions == {"height": "1.5", "length": "1", "weight": "1", "width": "1"}


def test_a_changed_product_keeps_its_default_price():
    renamed = ProductDetailsChanged(
        product="gold", details=ProductDetails(name="Gold"), changed_at=LATER
    )
    default = DefaultPriceChanged(product="gold", price="price_1", changed_at=LATER)
    facts = [("prod_:gold", fact) for fact in (BORN, default, renamed)]
    row = rows_after(ProductsProjection(), *facts).get(PRODUCTS, "gold")
    assert row is not None
    assert (row.name, row.default_price, row.package_dimensions) == ("Gold", "price_1", None)


def test_nothing_is_left_of_a_deleted_product():
    deleted = ProductDeleted(product="gold", deleted_at=LATER)
    rows = rows_after(ProductsProjection(), ("prod_:gold", BORN), ("prod_:gold", deleted))
    assert rows.all(PRODUCTS) == []
