"""Commands that come upon a damaged event say where, and never with a traceback."""

import pytest

from tests.support.http_shop import HttpShop, shop
from tests.support.served import TEST_LEDGER, Served
from tests.support.tampering import rewritten

__all__ = ["shop"]


@pytest.mark.parametrize(
    "words",
    ["events list --stream CUSTOMER", "events export --stream CUSTOMER", "ledger check"],
)
def test_a_damaged_event_is_told(served: Served, shop: HttpShop, words: str) -> None:
    asked = words.replace("CUSTOMER", shop.customer).split()
    owner = served.environment["TALLYBOOK_OWNER_DATABASE_URL"]
    where = (owner, TEST_LEDGER, "customer.created.v1", b'"data":', b'"data",')
    with rewritten(*where, stream=shop.customer):
        ran = served.command(*asked)
    assert ran.returncode == 3, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "cannot be read: " in ran.stderr
    assert "`tallybook audit verify` says what was changed." in ran.stderr
