"""Products: ids of the caller's own, changes, default price, deletion only without prices."""

from typing import Any

import pytest

from ledger.kernel.errors import NotFound
from ledger.products.aggregate import product_of, stream_of
from ledger.products.commands import CreateProduct, DeleteProduct, UpdateProduct
from ledger.products.events import (
    DefaultPriceChanged,
    PriceAttached,
    ProductCreated,
    ProductDeleted,
    ProductDetails,
    ProductDetailsChanged,
)
from ledger.products.handlers import create_product, delete_product, update_product
from tests.support.given_when_then import NOW, LedgerInMemory

TOKENS = ProductDetails(name="Hypernian tokens", metadata={"a": "1"})


def born(product: str = "prod_1") -> ProductCreated:
    return ProductCreated(product=product, details=TOKENS, created=NOW, livemode=False)


@pytest.fixture
def ledger() -> LedgerInMemory:
    return LedgerInMemory().given("prod_1", born())


def change(**given: Any) -> UpdateProduct:
    return UpdateProduct(product="prod_1", **given)


def test_a_product_is_created():
    command = CreateProduct(product="prod_1", details=TOKENS)
    assert LedgerInMemory().when(create_product, command) == [("prod_1", born())]


def test_an_id_of_the_callers_own_meets_no_other_objects_stream():
    command = CreateProduct(product="cus_1", details=TOKENS)
    ledger = LedgerInMemory().given("cus_1", born())
    assert ledger.when(create_product, command) == [("prod_:cus_1", born("cus_1"))]


@pytest.mark.parametrize("product", ["prod_1", "gold", "cus_1", "prod_:gold", "prod_:prod_:1"])
def test_a_stream_is_of_one_product_and_names_it(product: str):
    assert stream_of(product).startswith("prod_")
    assert product_of(stream_of(product)) == product


def test_an_id_is_given_once_even_after_deletion(ledger: LedgerInMemory):
    command = CreateProduct(product="prod_1", details=TOKENS)
    refused = ledger.refusal(create_product, command)
    assert (refused.code, refused.param) == ("resource_already_exists", "id")
    ledger.when(delete_product, DeleteProduct(product="prod_1"))
    assert ledger.refusal(create_product, command).code == "resource_already_exists"


def test_only_the_given_fields_change(ledger: LedgerInMemory):
    command = change(changes={"active": False, "url": "https://example.com"}, metadata={"a": ""})
    details = ProductDetails(name="Hypernian tokens", active=False, url="https://example.com")
    assert ledger.when(update_product, command) == [
        ("prod_1", ProductDetailsChanged(product="prod_1", details=details, changed_at=NOW))
    ]


def test_a_change_of_nothing_records_nothing(ledger: LedgerInMemory):
    assert ledger.when(update_product, change(changes={"name": "Hypernian tokens"})) == []


def test_the_default_price_is_one_of_the_products_own(ledger: LedgerInMemory):
    ledger.given("prod_1", PriceAttached(product="prod_1", price="price_1"))
    expected = DefaultPriceChanged(product="prod_1", price="price_1", changed_at=NOW)
    assert ledger.when(update_product, change(default_price="price_1")) == [("prod_1", expected)]
    refused = ledger.refusal(update_product, change(default_price="price_2"))
    assert isinstance(refused, NotFound)
    assert refused.param == "default_price"


def test_a_product_is_deleted_only_without_prices(ledger: LedgerInMemory):
    sold = LedgerInMemory().given(
        "prod_1", born(), PriceAttached(product="prod_1", price="price_1")
    )
    command = DeleteProduct(product="prod_1")
    assert "one or more prices" in sold.refusal(delete_product, command).message
    assert ledger.when(delete_product, command) == [
        ("prod_1", ProductDeleted(product="prod_1", deleted_at=NOW))
    ]
    assert isinstance(ledger.refusal(delete_product, command), NotFound)
