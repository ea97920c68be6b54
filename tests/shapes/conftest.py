"""A ledger of its own, and a shop in it."""

from collections.abc import Iterator

import pytest
from stripe import StripeClient

from tests.shapes.conforming import Conforming
from tests.support.sdk import Shop, at
from tests.support.served import Served

JANUARY = at("2024-01-01")


@pytest.fixture(scope="package")
def key(served: Served) -> str:
    return served.new_key().key


@pytest.fixture(scope="package")
def client(served: Served, key: str) -> StripeClient:
    return served.client(key)


@pytest.fixture
def api(served: Served, key: str) -> Iterator[Conforming]:
    with served.http(key) as http:
        yield Conforming(http)


@pytest.fixture
def shop(client: StripeClient) -> Shop:
    return Shop.open(client, JANUARY)
