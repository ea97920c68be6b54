"""Prices: their product and meter, their lookup key, and what may change about them."""

from typing import Any

import pytest

from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.meters.events import MeterCreated, MeterDeactivated
from ledger.prices.aggregate import Price
from ledger.prices.commands import CreatePrice, UpdatePrice
from ledger.prices.events import (
    LookupKeyClaimed,
    LookupKeyReleased,
    PriceCreated,
    PriceDetails,
    PriceDetailsChanged,
)
from ledger.prices.handlers import create_price, update_price
from ledger.prices.terms import PriceTerms, Recurring, TransformQuantity
from ledger.products.commands import CreateProduct
from ledger.products.events import (
    DefaultPriceChanged,
    PriceAttached,
    ProductCreated,
    ProductDetails,
)
from tests.support.given_when_then import NOW, LedgerInMemory

TOKENS = ProductDetails(name="Hypernian tokens")
METERED = PriceTerms(
    currency="usd",
    unit_amount=4,
    unit_amount_decimal="4",
    transform_quantity=TransformQuantity(divide_by=100, round="up"),
    recurring=Recurring(interval="month", usage_type="metered", meter="mtr_test_1"),
)
ONCE = PriceTerms(currency="usd", unit_amount=500, unit_amount_decimal="500")


def born(product: str = "prod_1") -> ProductCreated:
    return ProductCreated(product=product, details=TOKENS, created=NOW, livemode=False)


def priced(terms: PriceTerms, **details: Any) -> PriceCreated:
    return PriceCreated(
        product="prod_1",
        terms=terms,
        details=PriceDetails(**details),
        trial_period_days=None,
        created=NOW,
        livemode=False,
    )


def pricing(price: str = "price_1", terms: PriceTerms = ONCE, **given: Any) -> CreatePrice:
    given.setdefault("product", "prod_1")
    return CreatePrice(price=price, terms=terms, **given)


@pytest.fixture
def ledger() -> LedgerInMemory:
    meter = MeterCreated(
        display_name="Tokens",
        event_name="tokens",
        formula="sum",
        customer_key="stripe_customer_id",
        value_key="value",
        event_time_window=None,
        dimension_payload_keys=(),
        livemode=False,
        created=NOW,
    )
    return LedgerInMemory().given("prod_1", born()).given("mtr_test_1", meter)


def test_a_metered_price_of_an_existing_product(ledger: LedgerInMemory):
    assert ledger.when(create_price, pricing(terms=METERED)) == [
        ("prod_1", PriceAttached(product="prod_1", price="price_1")),
        ("price_1", priced(METERED)),
    ]


def test_a_price_can_bring_its_product_and_be_its_default():
    command = pricing(product=CreateProduct(product="prod_1", details=TOKENS), as_default=True)
    assert LedgerInMemory().when(create_price, command) == [
        ("prod_1", born()),
        ("prod_1", PriceAttached(product="prod_1", price="price_1")),
        ("prod_1", DefaultPriceChanged(product="prod_1", price="price_1", changed_at=NOW)),
        ("price_1", priced(ONCE)),
    ]


def test_an_unknown_product_is_refused(ledger: LedgerInMemory):
    refused = ledger.refusal(create_price, pricing(product="prod_x"))
    assert isinstance(refused, NotFound)
    assert refused.param == "product"


@pytest.mark.parametrize("meter", ["mtr_test_unknown", "prod_1"])
def test_an_unknown_meter_is_refused(ledger: LedgerInMemory, meter: str):
    recurring = Recurring(interval="month", usage_type="metered", meter=meter)
    terms = METERED.model_copy(update={"recurring": recurring})
    refused = ledger.refusal(create_price, pricing(terms=terms))
    assert isinstance(refused, NotFound)
    assert refused.param == "recurring[meter]"


def test_an_inactive_meter_is_refused(ledger: LedgerInMemory):
    ledger.given("mtr_test_1", MeterDeactivated(deactivated_at=NOW))
    refused = ledger.refusal(create_price, pricing(terms=METERED))
    assert isinstance(refused, InvalidRequest)
    assert refused.param == "recurring[meter]"


def test_the_tax_behavior_of_the_terms_is_that_of_the_price(ledger: LedgerInMemory):
    terms = ONCE.model_copy(update={"tax_behavior": "exclusive"})
    [_, (_, event)] = ledger.when(create_price, pricing(terms=terms))
    assert event == priced(terms, tax_behavior="exclusive")


def test_a_lookup_key_belongs_to_one_price(ledger: LedgerInMemory):
    keyed = PriceDetails(lookup_key="standard")
    events = ledger.when(create_price, pricing(details=keyed))
    assert events[-1] == ("lookup_key:standard", LookupKeyClaimed(price="price_1"))
    refused = ledger.refusal(create_price, pricing("price_2", details=keyed))
    assert refused.param == "lookup_key"


def test_a_lookup_key_is_transferred(ledger: LedgerInMemory):
    keyed = PriceDetails(lookup_key="standard")
    ledger.when(create_price, pricing(details=keyed))
    events = ledger.when(create_price, pricing("price_2", details=keyed, transfer_lookup_key=True))
    assert events[-2:] == [
        ("price_1", PriceDetailsChanged(details=PriceDetails(), changed_at=NOW)),
        ("lookup_key:standard", LookupKeyClaimed(price="price_2")),
    ]


def test_a_lookup_key_that_is_given_up_is_free(ledger: LedgerInMemory):
    ledger.when(create_price, pricing(details=PriceDetails(lookup_key="standard")))
    change = UpdatePrice(price="price_1", changes={"lookup_key": None})
    assert ledger.when(update_price, change)[0] == (
        "lookup_key:standard",
        LookupKeyReleased(),
    )
    claim = UpdatePrice(price="price_1", changes={"lookup_key": "standard"})
    assert ledger.when(update_price, claim)[0] == (
        "lookup_key:standard",
        LookupKeyClaimed(price="price_1"),
    )


def test_details_change_and_terms_never(ledger: LedgerInMemory):
    ledger.when(create_price, pricing())
    command = UpdatePrice(
        price="price_1", changes={"nickname": "Old", "active": False}, metadata={"a": "1"}
    )
    details = PriceDetails(nickname="Old", active=False, metadata={"a": "1"})
    assert ledger.when(update_price, command) == [
        ("price_1", PriceDetailsChanged(details=details, changed_at=NOW))
    ]
    assert ledger.when(update_price, command) == []


def test_currency_options_are_merged_by_currency(ledger: LedgerInMemory):
    euros = PriceTerms(currency="eur", unit_amount=450, unit_amount_decimal="450")
    pounds = PriceTerms(currency="gbp", unit_amount=400, unit_amount_decimal="400")
    ledger.when(create_price, pricing(details=PriceDetails(currency_options={"eur": euros})))
    add = UpdatePrice(price="price_1", currency_options={"gbp": pounds})
    details = PriceDetails(currency_options={"eur": euros, "gbp": pounds})
    assert ledger.when(update_price, add) == [
        ("price_1", PriceDetailsChanged(details=details, changed_at=NOW))
    ]
    clear = UpdatePrice(price="price_1", currency_options=None)
    assert ledger.when(update_price, clear) == [
        ("price_1", PriceDetailsChanged(details=PriceDetails(), changed_at=NOW))
    ]


def test_the_tax_behavior_is_set_once(ledger: LedgerInMemory):
    ledger.when(create_price, pricing())
    ledger.when(update_price, UpdatePrice(price="price_1", changes={"tax_behavior": "inclusive"}))
    change = UpdatePrice(price="price_1", changes={"tax_behavior": "exclusive"})
    assert ledger.refusal(update_price, change).param == "tax_behavior"


def test_the_default_price_of_a_product_is_not_archived(ledger: LedgerInMemory):
    ledger.when(create_price, pricing(as_default=True))
    change = UpdatePrice(price="price_1", changes={"active": False})
    assert ledger.refusal(update_price, change).param == "active"


@pytest.mark.parametrize("price", ["price_unknown", "prod_1"])
def test_what_is_no_price_is_not_found(ledger: LedgerInMemory, price: str):
    assert isinstance(ledger.refusal(update_price, UpdatePrice(price=price)), NotFound)


def test_terms_in_a_currency_are_its_own_or_an_option():
    euro = ONCE.model_copy(update={"currency": "eur", "unit_amount": 450})
    price = Price("prod_1", ONCE, PriceDetails(currency_options={"eur": euro}))
    assert price.terms_in("usd") is ONCE
    assert price.terms_in("eur") is euro
    with pytest.raises(InvalidRequest, match="only supports usd, eur") as refused:
        price.terms_in("jpy", param="items[0][price]")
    assert refused.value.param == "items[0][price]"
