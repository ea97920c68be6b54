"""Without a test clock time passes by itself: a period ends, and its invoice is finalized."""

import time
from collections.abc import Iterator

import pytest
from stripe import Invoice, StripeClient

from ledger.kernel.ids import new_id
from tests.support.postgres import Database
from tests.support.sdk import DAY, lines_of
from tests.support.served import serving

PATIENCE_SECONDS = 20.0


@pytest.fixture
def client(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeClient]:
    """A client of a server that finalizes drafts after two seconds."""
    with serving(
        tmp_path_factory.mktemp("served"),
        database.app_url,
        workers=1,
        DATABASE_URL=database.app_url,
        TALLYBOOK_OWNER_DATABASE_URL=database.owner_url,
        TALLYBOOK_FINALIZATION_GRACE_SECONDS="2",
    ) as served:
        yield served.client()


def first_invoice_in(client: StripeClient, customer: str, status: str) -> Invoice:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = client.v1.invoices.list({"customer": customer}).data
        if found and found[0].status == status:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"no invoice of {customer} gets {status}")


def test_a_day_ends(client: StripeClient) -> None:
    name = new_id("use")
    meter = client.v1.billing.meters.create(
        {"display_name": "A", "event_name": name, "default_aggregation": {"formula": "sum"}}
    )
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 2,
            "recurring": {"interval": "day", "usage_type": "metered", "meter": meter.id},
            "product_data": {"name": "A"},
        }
    )
    customer = client.v1.customers.create({"name": "Ann"}).id
    end = int(time.time()) + 4
    subscription = client.v1.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": price.id}],
            "backdate_start_date": end - DAY,
        }
    )
    [item] = subscription["items"].data
    assert item.current_period_end == end
    client.v1.billing.meter_events.create(
        {"event_name": name, "payload": {"stripe_customer_id": customer, "value": "10"}}
    )
    draft = first_invoice_in(client, customer, "draft")
    assert end <= draft.created <= time.time()
    assert (draft.period_start, draft.period_end) == (end - DAY, end)
    client.v1.billing.meter_events.create(
        {
            "event_name": name,
            "timestamp": end - 1,
            "payload": {"stripe_customer_id": customer, "value": "5"},
        }
    )
    final = first_invoice_in(client, customer, "open")
    assert lines_of(final) == [(15, 30)]
    finalized_at = final.status_transitions.finalized_at
    assert finalized_at is not None
    assert draft.created + 2 <= finalized_at <= time.time()
    renewed = client.v1.subscriptions.retrieve(subscription.id)
    assert renewed["items"].data[0].current_period_end == end + DAY
    assert renewed.latest_invoice == final.id
