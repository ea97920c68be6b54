"""A shop over the served ledger."""

from collections.abc import Iterator

import pytest

from tests.support.served import Served
from tests.support.shop import Shop


@pytest.fixture
def shop(served: Served) -> Iterator[Shop]:
    with served.http() as plain:
        yield Shop(plain)
