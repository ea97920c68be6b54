"""From usage to an invoice by prices with extensions: preview, invoice, steps and replay agree."""

from decimal import Decimal
from typing import Any

import pytest
from stripe import StripeClient

from tests.support.sdk import DAY, HOUR, Shop, at
from tests.support.served import Served

JANUARY, FEBRUARY = at("2024-01-01"), at("2024-02-01")


@pytest.fixture(scope="module")
def key(served: Served) -> str:
    return served.new_key().key


@pytest.fixture(scope="module")
def client(served: Served, key: str) -> StripeClient:
    return served.client(key)


@pytest.mark.parametrize(
    ("currency", "extensions", "usage", "amount"),
    [
        ("usd", {"included_units": "1000"}, "1234.5", 938),
        ("usd", {"included_units": "1000"}, None, 0),
        ("usd", {"percentage_fee": {"percent": "2.9"}}, "1000", 4029),
        ("kwd", {"percentage_fee": {"percent": "25", "of": "amount"}}, "10", 50),
        ("jpy", {"minimum_charge": 500}, "10", 500),
        ("jpy", {"minimum_charge": 500}, None, 500),
        ("usd", {"maximum_charge": 500}, "1000000", 500),
        (
            "usd",
            {
                "included_units": "100",
                "percentage_fee": {"percent": "10", "of": "amount"},
                "minimum_charge": 100,
                "maximum_charge": 430,
            },
            "200",
            430,
        ),
    ],
)
def test_an_invoice_bills_what_the_price_says(
    served: Served,
    key: str,
    client: StripeClient,
    currency: str,
    extensions: dict[str, Any],
    usage: str | None,
    amount: int,
) -> None:
    shop = Shop.open(client, JANUARY)
    recurring = {"interval": "month", "usage_type": "metered", "meter": shop.meter.id}
    price = shop.seat(4, currency=currency, recurring=recurring, **extensions)
    customer = shop.customer().id
    subscription = shop.subscribe(customer, price)
    shop.advance(JANUARY + 20 * DAY)
    if usage is not None:
        shop.use(customer, usage, at=JANUARY + 10 * DAY)
    preview = client.v1.invoices.create_preview({"subscription": subscription.id})
    assert [line.amount for line in preview.lines.data] == [amount]
    shop.advance(FEBRUARY + HOUR)
    invoice = shop.invoices(customer)[-1]
    [line] = invoice.lines.data
    assert (invoice.currency, invoice.total, line.amount) == (currency, amount, amount)
    assert line.quantity_decimal == Decimal(usage or 0)
    with served.http(key) as http:
        replay = http.get(f"/audit/v1/invoices/{invoice.id}/replay").json()
    assert (replay["equal"], replay["differences"]) == (True, [])
