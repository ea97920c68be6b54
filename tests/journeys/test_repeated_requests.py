"""Answers that never arrive, and requests that are sent again because of it."""

from typing import Any

import pytest
import requests
import stripe
from stripe import APIConnectionError, RequestsClient

from ledger.kernel.ids import new_id
from tests.support.sdk import Shop, at, lines_of
from tests.support.served import Served

JANUARY = at("2024-01-01")


class LosingAnswers(RequestsClient):
    """An HTTP client that loses the first answers, after the server has given them."""

    def __init__(self, session: requests.Session, losses: int) -> None:
        super().__init__(session=session)
        self.losses = losses
        self.sent: list[str] = []

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        self.sent.append(headers.get("Idempotency-Key", ""))
        answer = super().request(method, url, headers, post_data)
        if self.losses:
            self.losses -= 1
            raise APIConnectionError("the answer was lost", should_retry=True)
        return answer

    def sleep_time_seconds(self, *_: Any, **__: Any) -> int:
        return 0


@pytest.fixture
def shop(served: Served) -> Shop:
    return Shop.open(served.client(), JANUARY)


def test_the_client_sends_a_request_again_and_it_is_done_once(served: Served, shop: Shop) -> None:
    customer = shop.customer().id
    with requests.Session() as session:
        losing = LosingAnswers(session, losses=2)
        client = served.client(max_network_retries=2, http_client=losing)
        made = client.v1.subscriptions.create(
            {"customer": customer, "items": [{"price": shop.price.id}]}
        )
    assert len(losing.sent) == 3
    assert len(set(losing.sent)) == 1
    found = shop.client.v1.subscriptions.list({"customer": customer})
    assert [subscription.id for subscription in found.data] == [made.id]


def test_a_meter_event_sent_again_counts_once(served: Served, shop: Shop) -> None:
    customer = shop.customer().id
    subscription = shop.subscribe(customer).id
    with requests.Session() as session:
        losing = LosingAnswers(session, losses=1)
        client = served.client(max_network_retries=2, http_client=losing)
        Shop(client, shop.meter, shop.price, shop.clock).use(customer, 5)
    assert len(losing.sent) == 2
    preview = shop.client.v1.invoices.create_preview({"subscription": subscription})
    assert lines_of(preview) == [(5, 4)]


def test_a_repeated_request_is_answered_once_more_and_done_once(shop: Shop) -> None:
    options: Any = {"idempotency_key": new_id("k")}
    customer = shop.customer().id
    asked: Any = {"customer": customer, "items": [{"price": shop.price.id}]}
    subscriptions = shop.client.v1.subscriptions
    first = subscriptions.create(asked, options)
    shop.client.v1.subscriptions.update(first.id, {"metadata": {"changed": "since"}})
    again = subscriptions.create(asked, options)
    assert again.last_response is not None
    assert first.last_response is not None
    assert again.last_response.body == first.last_response.body
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(subscriptions.list({"customer": customer}).data) == 1
    with pytest.raises(stripe.IdempotencyError):
        shop.client.v1.customers.create({"name": "Other"}, options)


def test_an_identifier_counts_once_until_it_is_cancelled(shop: Shop) -> None:
    customer = shop.customer().id
    subscription = shop.subscribe(customer).id
    identifier = new_id("e")
    shop.use(customer, 5, identifier=identifier)
    with pytest.raises(stripe.InvalidRequestError, match=f"with identifier {identifier}"):
        shop.use(customer, 5, identifier=identifier)
    previews = shop.client.v1.invoices
    assert lines_of(previews.create_preview({"subscription": subscription})) == [(5, 4)]
    shop.client.v1.billing.meter_event_adjustments.create(
        {
            "event_name": shop.meter.event_name,
            "type": "cancel",
            "cancel": {"identifier": identifier},
        }
    )
    assert lines_of(previews.create_preview({"subscription": subscription})) == [(0, 0)]
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        shop.use(customer, 5, identifier=identifier)
