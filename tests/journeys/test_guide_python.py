"""The usage-based billing guide in Python, as the official client sends it."""

import pytest
from stripe import StripeClient, Subscription
from stripe.billing import Meter

from tests.support.sdk import answer_of
from tests.support.served import Served
from tests.support.stripe_shape import problems


@pytest.fixture(scope="module")
def client(served: Served) -> StripeClient:
    """A client of a ledger of its own, so that the guide's own event name is free."""
    return served.client(served.new_key().key)


def test_the_guide_from_meter_to_preview(client: StripeClient) -> None:
    meter = _meter(client)
    subscription = _subscription(client, meter)
    customer = str(subscription.customer)
    event = client.v1.billing.meter_events.create(
        {
            "event_name": "hypernian_tokens",
            "payload": {"stripe_customer_id": customer, "value": "25"},
        }
    )
    assert problems(answer_of(event), "billing.MeterEvent") == []
    preview = client.v1.invoices.create_preview({"subscription": subscription.id})
    assert problems(answer_of(preview), "Invoice") == []
    assert (preview.total, preview.amount_due, preview.currency) == (4, 4, "usd")
    [line] = preview.lines.data
    assert (line.quantity, line.amount) == (25, 4)
    minute = event.timestamp // 60 * 60
    summaries = client.v1.billing.meters.event_summaries.list(
        meter.id,
        {"customer": customer, "start_time": minute, "end_time": minute + 60},
    )
    assert problems(answer_of(summaries), "list:billing.MeterEventSummary") == []
    [summary] = summaries.data
    assert (summary.aggregated_value, summary.meter) == (25, meter.id)
    unused = client.v1.billing.meters.event_summaries.list(
        meter.id, {"customer": customer, "start_time": 1717249380, "end_time": 1717249440}
    )
    assert unused.data == []


def _meter(client: StripeClient) -> Meter:
    meter = client.v1.billing.meters.create(
        {
            "display_name": "Hypernian tokens",
            "event_name": "hypernian_tokens",
            "default_aggregation": {"formula": "sum"},
            "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
            "value_settings": {"event_payload_key": "value"},
        }
    )
    assert problems(answer_of(meter), "billing.Meter") == []
    return meter


def _subscription(client: StripeClient, meter: Meter) -> Subscription:
    """A new customer's, to a new price of the meter."""
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 4,
            "billing_scheme": "per_unit",
            "transform_quantity": {"divide_by": 100, "round": "up"},
            "recurring": {"usage_type": "metered", "interval": "month", "meter": meter.id},
            "product_data": {"name": "Hypernian tokens"},
        }
    )
    assert problems(answer_of(price), "Price") == []
    assert (price.unit_amount, str(price.unit_amount_decimal)) == (4, "4")
    customer = client.v1.customers.create({"name": "John Doe"})
    assert problems(answer_of(customer), "Customer") == []
    subscription = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}]}
    )
    assert problems(answer_of(subscription), "Subscription") == []
    assert subscription.status == "active"
    assert subscription.latest_invoice is None
    assert subscription.customer == customer.id
    return subscription
