"""From usage to an invoice by every formula: preview, draft, invoice and replay agree."""

from decimal import Decimal
from typing import Any

import pytest
from stripe import Price, StripeClient

from ledger.kernel.ids import new_id
from tests.support.sdk import DAY, HOUR, Shop, at
from tests.support.served import Served

JANUARY, FEBRUARY = at("2024-01-01"), at("2024-02-01")


@pytest.fixture(scope="module")
def key(served: Served) -> str:
    return served.new_key().key


@pytest.fixture(scope="module")
def client(served: Served, key: str) -> StripeClient:
    return served.client(key)


def by_unit(shop: Shop, cents: str) -> Price:
    """A price for each unit, for quantities that are no whole numbers."""
    return shop.client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount_decimal": Decimal(cents),
            "recurring": {"interval": "month", "usage_type": "metered", "meter": shop.meter.id},
            "product_data": {"name": "Units"},
        }
    )


def replayed(served: Served, key: str, invoice: str) -> dict[str, Any]:
    with served.http(key) as http:
        return http.get(f"/audit/v1/invoices/{invoice}/replay").json()


@pytest.mark.parametrize(
    ("formula", "window", "quantity", "cents"),
    [
        ("sum", None, "19.5", 1950),
        ("count", None, "4", 400),
        ("last", None, "4.5", 450),
        ("max", None, "20", 2000),
        ("min", None, "-9.5", 0),
        ("average", None, "4.875", 488),
        ("average", "day", "5.125", 513),
        ("max", "day", "20", 2000),
        ("unique_count", None, "3", 300),
        ("unique_count", "day", "3", 300),
    ],
)
def test_an_invoice_bills_what_the_formula_says(
    served: Served,
    key: str,
    client: StripeClient,
    formula: str,
    window: str | None,
    quantity: str,
    cents: int,
) -> None:
    windowed = {"event_time_window": window} if window else {}
    shop = Shop.open(client, JANUARY, default_aggregation={"formula": formula}, **windowed)
    customer = shop.customer().id
    subscription = shop.subscribe(customer, by_unit(shop, "100"))
    shop.advance(JANUARY + 20 * DAY)
    shop.use(customer, "4.5", at=JANUARY + 10 * DAY)
    shop.use(customer, "4.5", at=JANUARY + 10 * DAY - HOUR)
    shop.use(customer, "20", at=JANUARY + 5 * DAY)
    shop.use(customer, "-9.5", at=JANUARY + 7 * DAY)
    if window:
        # Received later for the same two days, so these alone count of them.
        shop.use(customer, "5", at=JANUARY + 10 * DAY - HOUR)
        shop.use(customer, "5", at=JANUARY + 10 * DAY)
    wrong = new_id("e")
    shop.use(customer, "1000", at=JANUARY + 6 * DAY, identifier=wrong)
    client.v1.billing.meter_event_adjustments.create(
        {
            "event_name": shop.meter.event_name,
            "type": "cancel",
            "cancel": {"identifier": wrong},
        }
    )
    billed = max(Decimal(quantity), Decimal(0))
    preview = client.v1.invoices.create_preview({"subscription": subscription.id})
    [line] = preview.lines.data
    assert (line.quantity_decimal, line.amount) == (billed, cents)
    shop.advance(FEBRUARY + HOUR)
    invoice = shop.invoices(customer)[-1]
    [line] = invoice.lines.data
    assert (line.quantity_decimal, line.amount) == (billed, cents)
    replay = replayed(served, key, invoice.id or "")
    assert (replay["equal"], replay["differences"]) == (True, [])


def test_visitors_are_billed_once_each_and_their_names_are_no_numbers(
    served: Served, key: str, client: StripeClient
) -> None:
    shop = Shop.open(client, JANUARY, default_aggregation={"formula": "unique_count"})
    customer = shop.customer().id
    subscription = shop.subscribe(customer, by_unit(shop, "5"))
    for name in ("ada@example.com", "bo\nand co", "ada@example.com", "\N{SNOWMAN}"):
        shop.use(customer, name)
    preview = client.v1.invoices.create_preview({"subscription": subscription.id})
    assert [(line.quantity, line.amount) for line in preview.lines.data] == [(3, 15)]
    shop.advance(FEBRUARY + HOUR)
    invoice = shop.invoices(customer)[-1]
    assert invoice.total == 15
    replay = replayed(served, key, invoice.id or "")
    assert replay["equal"]
