"""Meters as a client of the official package meets them."""

import pytest
import stripe
from stripe import StripeClient

from ledger.kernel.ids import new_id
from tests.support.served import Served


@pytest.fixture(scope="module")
def client(served: Served) -> StripeClient:
    return served.client(served.new_key().key)


def create(client: StripeClient, event_name: str) -> str:
    return client.v1.billing.meters.create(
        {
            "display_name": "Tokens",
            "event_name": event_name,
            "default_aggregation": {"formula": "last"},
            "event_time_window": "day",
        }
    ).id


def test_defaults_are_those_of_the_contract(client: StripeClient) -> None:
    meter = client.v1.billing.meters.retrieve(create(client, new_id("use")))
    assert meter.customer_mapping.event_payload_key == "stripe_customer_id"
    assert meter.value_settings.event_payload_key == "value"
    assert (meter.event_time_window, meter.status) == ("day", "active")


def test_a_meter_rests_and_is_listed_so(client: StripeClient) -> None:
    meters = client.v1.billing.meters
    meter = create(client, new_id("use"))
    resting = meters.deactivate(meter)
    assert resting.status == "inactive"
    assert resting.status_transitions.deactivated_at is not None
    assert [found.id for found in meters.list({"status": "inactive"}).data] == [meter]
    assert meter not in [found.id for found in meters.list({"status": "active"}).data]
    working = meters.reactivate(meter)
    assert (working.status, working.status_transitions.deactivated_at) == ("active", None)


def test_lists_are_newest_first_and_paged(client: StripeClient) -> None:
    made = [create(client, new_id("use")) for _ in range(3)]
    meters = client.v1.billing.meters
    first = meters.list({"limit": 2})
    assert [found.id for found in first.data] == [made[2], made[1]]
    assert first.has_more
    second = meters.list({"limit": 1, "starting_after": made[1]})
    assert [found.id for found in second.data] == [made[0]]
    back = meters.list({"limit": 5, "ending_before": made[1]})
    assert [found.id for found in back.data] == [made[2]]


def test_one_event_name_has_one_meter(client: StripeClient) -> None:
    name = new_id("use")
    create(client, name)
    with pytest.raises(stripe.InvalidRequestError, match="already exists") as refused:
        create(client, name)
    assert refused.value.param == "event_name"


def test_a_new_name_to_show(client: StripeClient) -> None:
    meter = create(client, new_id("use"))
    assert client.v1.billing.meters.update(meter, {"display_name": "Words"}).display_name == "Words"
