"""What several processes want at once happens once, and no change is lost."""

import os
import signal
from collections.abc import Iterator

import pytest
import stripe
from stripe import StripeClient

from ledger.kernel.clock import from_epoch
from ledger.kernel.ids import new_id
from tests.journeys.racing import close_period, finalize, race, schedule, together
from tests.support.sdk import HOUR, Shop, at, lines_of
from tests.support.served import TEST_LEDGER, Served

JANUARY, FEBRUARY = at("2024-01-01"), at("2024-02-01")


@pytest.fixture
def client(served: Served) -> StripeClient:
    return served.client()


@pytest.fixture
def without_scheduler(served: Served) -> Iterator[None]:
    """The served scheduler stands still, so that only the racers do what is due."""
    [scheduler] = served.process_ids("scheduler")
    os.kill(scheduler, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(scheduler, signal.SIGCONT)


@pytest.fixture
def shop(client: StripeClient) -> Shop:
    return Shop.open(client, JANUARY)


def set_clock(shop: Shop, to: int) -> None:
    """Set the clock forward without waiting for what falls due."""
    shop.client.v1.test_helpers.test_clocks.advance(shop.clock.id, {"frozen_time": to})


def test_one_period_closed_by_four_processes_is_one_invoice(
    served: Served, shop: Shop, without_scheduler: None
) -> None:
    customer = shop.customer().id
    subscription = shop.subscribe(customer).id
    shop.use(customer, 250)
    set_clock(shop, FEBRUARY + HOUR)
    racers = [(close_period, subscription, from_epoch(FEBRUARY))] * 4
    answers = race(served.database_url, TEST_LEDGER, racers)
    assert sorted(answers)[:3] == ["", "", ""]
    assert "subscription.period_closed.v2" in sorted(answers)[3]
    [draft] = shop.invoices(customer)
    answers = race(served.database_url, TEST_LEDGER, [(finalize, draft.id)] * 4)
    assert len([answer for answer in answers if "invoice.finalized.v2" in answer]) == 1
    assert len([answer for answer in answers if answer == ""]) == 3
    [invoice] = shop.invoices(customer)
    assert (invoice.status, lines_of(invoice)) == ("open", [(250, 12)])


def test_several_schedulers_at_once_bill_every_period_once(
    served: Served, shop: Shop, without_scheduler: None
) -> None:
    customers = [shop.customer().id for _ in range(3)]
    for n, customer in enumerate(customers):
        shop.subscribe(customer, shop.price, shop.seat())
        shop.use(customer, 100 * (n + 1))
    set_clock(shop, FEBRUARY + 2 * HOUR)
    race(served.database_url, TEST_LEDGER, [(schedule,)] * 4)
    assert shop.client.v1.test_helpers.test_clocks.retrieve(shop.clock.id).status == "ready"
    for n, customer in enumerate(customers):
        first, cycle = shop.invoices(customer)
        assert (first.total, cycle.total, cycle.status) == (900, 900 + 4 * (n + 1), "open")
        assert first.number is not None
        assert cycle.number == f"{first.number.rpartition('-')[0]}-0002"


def test_racing_updates_of_one_subscription_lose_nothing(served: Served, shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer().id).id
    clients = [shop.client, *(served.client() for _ in range(5))]

    def mark(n: int) -> stripe.Subscription:
        return clients[n].v1.subscriptions.update(subscription, {"metadata": {f"key{n}": str(n)}})

    results = together(*(lambda n=n: mark(n) for n in range(6)))
    for n, result in enumerate(results):
        if isinstance(result, Exception):
            assert isinstance(result, stripe.APIError)
            assert result.http_status == 409
            mark(n)  # the same request may be sent again
    found = shop.client.v1.subscriptions.retrieve(subscription)
    assert found.metadata.to_dict() == {f"key{n}": str(n) for n in range(6)}
    assert not all(isinstance(result, Exception) for result in results)


def test_of_two_cancellations_one_ends_the_subscription(served: Served, shop: Shop) -> None:
    customer = shop.customer().id
    subscription = shop.subscribe(customer).id
    shop.use(customer, 150)
    set_clock(shop, JANUARY + HOUR)
    other = served.client()

    def cancel(client: StripeClient) -> stripe.Subscription:
        return client.v1.subscriptions.cancel(subscription, {"invoice_now": True})

    results = together(lambda: cancel(shop.client), lambda: cancel(other))
    [ended] = [result for result in results if isinstance(result, stripe.Subscription)]
    assert ended.status == "canceled"
    [refused] = [result for result in results if isinstance(result, Exception)]
    assert isinstance(refused, stripe.StripeError)
    assert refused.http_status in (404, 409)
    assert len(shop.invoices(customer)) == 1


def test_racing_meter_events_with_one_identifier_count_once(served: Served, shop: Shop) -> None:
    customer = shop.customer().id
    subscription = shop.subscribe(customer).id
    identifier = new_id("e")
    clients = [shop, *(Shop(served.client(), shop.meter, shop.price, shop.clock) for _ in "123")]
    results = together(*(lambda c=c: c.use(customer, 7, identifier=identifier) for c in clients))
    assert len([result for result in results if result is None]) == 1
    refusals = [result for result in results if result is not None]
    assert all(isinstance(refusal, stripe.InvalidRequestError) for refusal in refusals)
    preview = shop.client.v1.invoices.create_preview({"subscription": subscription})
    assert lines_of(preview) == [(7, 4)]


def test_one_idempotency_key_sent_at_once_is_done_once(served: Served, shop: Shop) -> None:
    key = new_id("k")
    clients = [shop.client, *(served.client() for _ in range(3))]
    customer = shop.customer().id

    def subscribe(client: StripeClient) -> str:
        asked = {"customer": customer, "items": [{"price": shop.price.id}]}
        return client.v1.subscriptions.create(asked, {"idempotency_key": key}).id  # type: ignore[arg-type]

    results = together(*(lambda c=c: subscribe(c) for c in clients))
    made = {result for result in results if isinstance(result, str)}
    assert len(made) == 1
    for result in results:
        assert isinstance(result, str) or result.http_status == 409
    assert len(shop.client.v1.subscriptions.list({"customer": customer}).data) == 1
