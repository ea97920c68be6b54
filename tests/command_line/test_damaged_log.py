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


@pytest.mark.parametrize("path", ["events?stream=CUSTOMER", "objects/CUSTOMER?as_of=now"])
def test_a_damaged_event_is_told_over_http(served: Served, shop: HttpShop, path: str) -> None:
    position = shop.http.get(f"/audit/v1/events?stream={shop.customer}").json()["data"][0][
        "position"
    ]
    owner = served.environment["TALLYBOOK_OWNER_DATABASE_URL"]
    where = (owner, TEST_LEDGER, "customer.created.v1", b'"data":', b'"data",')
    asked = path.replace("CUSTOMER", shop.customer).replace("=now", f"=position:{position}")
    with rewritten(*where, stream=shop.customer):
        refused = shop.http.get(f"/audit/v1/{asked}")
    assert refused.status_code == 500
    error = refused.json()["error"]
    assert error["type"] == "api_error"
    assert "cannot be read: " in error["message"]
    assert "`tallybook audit verify` says what was changed." in error["message"]
