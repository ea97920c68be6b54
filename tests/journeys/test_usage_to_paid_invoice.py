"""Months of a business on a test clock, through the official client."""

import json
from decimal import Decimal

import pytest
import stripe
from stripe import StripeClient

from ledger.kernel.ids import new_id
from tests.support.sdk import DAY, HOUR, Shop, at, lines_of
from tests.support.served import Served

JANUARY, FEBRUARY, MARCH, APRIL = (at(f"2024-0{month}-01") for month in range(1, 5))
BASIL = "2025-05-28.basil"


@pytest.fixture(scope="module")
def client(served: Served) -> StripeClient:
    return served.client(served.new_key().key)


@pytest.fixture
def shop(client: StripeClient) -> Shop:
    return Shop.open(client, JANUARY)


def replays(client: StripeClient, invoice: str) -> bool:
    """Whether an invoice recomputed from the log is the one that was issued."""
    answer = client.raw_request("get", f"/audit/v1/invoices/{invoice}/replay")
    return json.loads(answer.body)["equal"]


def test_three_months_from_usage_to_paid_invoices(shop: Shop) -> None:
    invoices = shop.client.v1.invoices
    customer = shop.customer(name="Ann").id
    subscription = shop.subscribe(customer)
    assert subscription.latest_invoice is None
    for value in (1_000, 1_500, 500):
        shop.use(customer, value)
    preview = invoices.create_preview({"subscription": subscription.id})
    assert (preview.total, lines_of(preview)) == (120, [(3_000, 120)])
    assert preview.billing_reason == "upcoming"

    shop.advance(FEBRUARY)
    [january] = shop.invoices(customer)
    assert (january.status, january.number, january.total) == ("draft", None, 120)
    assert january.automatically_finalizes_at == FEBRUARY + HOUR
    assert (january.period_start, january.period_end) == (JANUARY, FEBRUARY)
    shop.use(customer, 1, at=FEBRUARY - 1)  # late, but before it is final
    assert invoices.retrieve(january.id).total == 124

    shop.advance(FEBRUARY + HOUR)
    january = invoices.retrieve(january.id)
    assert (january.status, january.total, january.amount_due) == ("open", 124, 124)
    assert january.billing_reason == "subscription_cycle"
    assert (january.attempted, january.amount_remaining) == (False, 124)
    assert january.status_transitions.finalized_at == FEBRUARY + HOUR
    shop.use(customer, 7_000, at=FEBRUARY - 1)  # too late
    assert invoices.retrieve(january.id).total == 124
    paid = invoices.pay(january.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 124, 0)
    assert shop.client.v1.subscriptions.retrieve(subscription.id).latest_invoice == january.id


def test_invoices_are_voided_written_off_and_paid_after_all(shop: Shop) -> None:
    invoices = shop.client.v1.invoices
    customer = shop.customer().id
    shop.subscribe(customer)
    shop.use(customer, 250)
    shop.advance(FEBRUARY)
    [january] = shop.invoices(customer)
    early = invoices.finalize_invoice(january.id)
    assert (early.status, early.total) == ("open", 12)
    void = invoices.void_invoice(early.id)
    assert (void.status, void.number) == ("void", early.number)
    for month in (MARCH, APRIL):
        shop.use(customer, 100)
        shop.advance(month + HOUR)
    _, february, march = shop.invoices(customer)
    assert (february.total, march.total) == (4, 4)
    assert invoices.mark_uncollectible(march.id).status == "uncollectible"
    assert invoices.pay(march.id, {"paid_out_of_band": True}).status == "paid"
    assert invoices.mark_uncollectible(february.id).status == "uncollectible"
    assert invoices.void_invoice(february.id).status == "void"
    numbers = [str(invoice.number) for invoice in shop.invoices(customer)]
    assert [number.rpartition("-")[2] for number in numbers] == ["0001", "0002", "0003"]


def test_finalized_invoices_replay_to_the_byte(shop: Shop) -> None:
    customer = shop.customer().id
    shop.subscribe(customer, shop.price, shop.seat())
    shop.use(customer, "12.5")
    shop.advance(FEBRUARY + 2 * HOUR)
    first, cycle = shop.invoices(customer)
    assert lines_of(first) == [(1, 900)]
    assert replays(shop.client, first.id)
    assert replays(shop.client, cycle.id)
    [metered] = [line for line in cycle.lines.data if line.amount == 4]
    assert (metered.quantity, str(metered.quantity_decimal)) == (12, "12.5")


def test_nothing_used_is_a_paid_invoice_of_nothing(shop: Shop) -> None:
    customer = shop.customer().id
    shop.subscribe(customer)
    shop.advance(FEBRUARY + HOUR)
    [invoice] = shop.invoices(customer)
    assert (invoice.total, invoice.status, lines_of(invoice)) == (0, "paid", [(0, 0)])


def test_the_first_invoice_follows_the_version(served: Served, shop: Shop) -> None:
    old = Shop.open(served.client(shop.client._requestor.api_key, stripe_version=BASIL), JANUARY)
    customer = old.customer().id
    classic = old.subscribe(customer, expand=["latest_invoice"])
    assert classic.billing_mode.type == "classic"
    first = classic.latest_invoice
    assert isinstance(first, stripe.Invoice)
    assert (first.amount_due, first.status, lines_of(first)) == (0, "paid", [(0, 0)])
    asked = old.subscribe(old.customer().id, billing_mode={"type": "flexible"})
    assert (asked.billing_mode.type, asked.latest_invoice) == ("flexible", None)
    assert shop.subscribe(shop.customer().id).billing_mode.type == "flexible"


def test_a_backdated_subscription_bills_its_past_periods(shop: Shop) -> None:
    shop.advance(MARCH + 10 * DAY)
    customer = shop.customer().id
    shop.use(customer, 150, at=MARCH - 5 * DAY)
    shop.use(customer, 30, at=MARCH + 5 * DAY)
    subscription = shop.subscribe(customer, backdate_start_date=FEBRUARY, expand=["latest_invoice"])
    assert (subscription.start_date, subscription.billing_cycle_anchor) == (FEBRUARY, FEBRUARY)
    first = subscription.latest_invoice
    assert isinstance(first, stripe.Invoice)
    assert lines_of(first) == [(150, 8)]
    [line] = first.lines.data
    assert (line.period.start, line.period.end) == (FEBRUARY, MARCH)
    shop.advance(APRIL + HOUR)
    assert lines_of(shop.invoices(customer)[-1]) == [(30, 4)]


def test_several_items_on_one_invoice(shop: Shop) -> None:
    name = new_id("use")
    peak = shop.client.v1.billing.meters.create(
        {
            "display_name": "Peak",
            "event_name": name,
            "default_aggregation": {"formula": "last"},
        }
    )
    peaks = shop.client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount_decimal": Decimal("0.05"),
            "recurring": {"interval": "month", "usage_type": "metered", "meter": peak.id},
            "product_data": {"name": "Peak"},
        }
    )
    customer = shop.customer().id
    subscription = shop.subscribe(customer, shop.price, shop.seat(), peaks)
    assert len(subscription["items"].data) == 3
    shop.use(customer, 201)
    for value, moment in (("70", JANUARY + DAY), ("30", JANUARY + 2 * DAY), ("50", JANUARY)):
        shop.client.v1.billing.meter_events.create(
            {
                "event_name": name,
                "payload": {"stripe_customer_id": customer, "value": value},
                "timestamp": moment - 3 * DAY,
            }
        )
    preview = shop.client.v1.invoices.create_preview({"subscription": subscription.id})
    assert sorted(lines_of(preview)) == [(0, 0), (1, 900), (201, 12)]
    for value, moment in (("70", JANUARY), ("30", JANUARY + 60)):
        shop.client.v1.billing.meter_events.create(
            {
                "event_name": name,
                "payload": {"stripe_customer_id": customer, "value": value},
                "timestamp": moment,
            }
        )
    shop.advance(FEBRUARY + HOUR)
    cycle = shop.invoices(customer)[-1]
    assert sorted(lines_of(cycle)) == [(1, 900), (30, 2), (201, 12)]
    assert cycle.total == 914
    listed = shop.client.v1.subscription_items.list({"subscription": subscription.id})
    assert len(listed.data) == 3


def test_an_anchor_makes_a_stub_of_the_first_period(shop: Shop) -> None:
    customer = shop.customer().id
    subscription = shop.subscribe(
        customer, shop.seat(3_100), billing_cycle_anchor=JANUARY + 10 * DAY
    )
    [first] = shop.invoices(customer)
    assert (first.total, first.billing_reason) == (1_000, "subscription_create")
    [item] = subscription["items"].data
    assert (item.current_period_start, item.current_period_end) == (JANUARY, JANUARY + 10 * DAY)
    shop.advance(JANUARY + 10 * DAY + HOUR)
    assert shop.invoices(customer)[-1].total == 3_100


def test_the_end_of_january_renews_at_the_end_of_february(client: StripeClient) -> None:
    shop = Shop.open(client, at("2024-01-31T10:00:00"))
    customer = shop.customer().id
    shop.subscribe(customer)
    for end in ("2024-02-29T10:00:00", "2024-03-31T10:00:00", "2024-04-30T10:00:00"):
        shop.advance(at(end))
        assert shop.invoices(customer)[-1].period_end == at(end)


def test_cancelling_bills_what_was_used_only_when_asked(shop: Shop) -> None:
    subscriptions = shop.client.v1.subscriptions
    customers = [shop.customer().id for _ in range(3)]
    dropped, billed, ending = (shop.subscribe(customer).id for customer in customers)
    for customer in customers:
        shop.use(customer, 250)
    shop.advance(JANUARY + 10 * DAY)
    assert subscriptions.cancel(dropped).status == "canceled"
    canceled = subscriptions.cancel(billed, {"invoice_now": True})
    assert (canceled.status, canceled.ended_at) == ("canceled", JANUARY + 10 * DAY)
    scheduled = subscriptions.update(ending, {"cancel_at_period_end": True})
    assert (scheduled.status, scheduled.cancel_at) == ("active", FEBRUARY)
    shop.advance(FEBRUARY + HOUR)
    totals = [[invoice.total for invoice in shop.invoices(customer)] for customer in customers]
    assert totals == [[], [12], [12]]
    assert subscriptions.retrieve(ending).status == "canceled"
    assert subscriptions.list({"customer": customers[2]}).data == []
    ended = subscriptions.list({"customer": customers[2], "status": "canceled"})
    assert [subscription.id for subscription in ended.data] == [ending]


def test_expanding_and_paging_through_everything(shop: Shop) -> None:
    customer = shop.customer(name="Bo").id
    shop.subscribe(customer, shop.price, expand=["customer"])
    for month in (FEBRUARY, MARCH, APRIL):
        shop.advance(month + HOUR)
    invoices = shop.client.v1.invoices
    page = invoices.list({"customer": customer, "limit": 1, "expand": ["data.customer"]})
    everyone = list(page.auto_paging_iter())
    assert [invoice.period_end for invoice in everyone] == [APRIL, MARCH, FEBRUARY]
    assert {invoice.customer.name for invoice in everyone} == {"Bo"}  # type: ignore[union-attr]
    backwards = invoices.list({"customer": customer, "ending_before": everyone[-1].id, "limit": 2})
    assert [invoice.id for invoice in backwards.data] == [i.id for i in everyone[:2]]
    recent = invoices.list({"customer": customer, "created": {"gte": MARCH}})
    assert [invoice.id for invoice in recent.data] == [i.id for i in everyone[:2]]
