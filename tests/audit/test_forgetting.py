"""A customer who is forgotten: no name is left, and every amount and proof stays."""

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.dumped import Person, Place
from tests.support.http_shop import FEBRUARY, HOUR, HttpShop


@pytest.fixture
def shop(place: Place, person: Person) -> Iterator[HttpShop]:
    """A shop with a customer of whom much is known, and with an invoice for January."""
    with place.served.http() as plain:
        shop = HttpShop(plain)
        shop.post(f"/v1/customers/{shop.customer}", **person.fields())
        transactions = f"/v1/customers/{shop.customer}/balance_transactions"
        shop.post(transactions, amount=-150, currency="usd", description=person.secrets["note"])
        shop.subscribe(shop.seat, shop.tokens)
        shop.use(1_234)
        shop.advance(FEBRUARY + 2 * HOUR)
        yield shop


def asked(shop: HttpShop, customer: str, **fields: str) -> httpx.Response:
    return shop.http.post(f"/audit/v1/customers/{customer}/forget", json=fields)


def forget(shop: HttpShop, reason: str = "Request 17") -> dict[str, Any]:
    response = asked(shop, shop.customer, reason=reason)
    assert response.status_code == 200, response.text
    return response.json()


def test_the_name_is_nowhere_in_a_dump_and_every_amount_stays(
    place: Place, shop: HttpShop, person: Person
):
    assert person.told_by(place.dump()) == set(person.secrets)
    before = {one["id"]: one for one in shop.invoices()}
    replays = {one: shop.get(f"/audit/v1/invoices/{one}/replay") for one in before}
    assert all(replay["equal"] for replay in replays.values())

    forgotten = forget(shop)

    assert forgotten["customer"] == shop.customer
    assert forgotten["reason"] == "Request 17"
    after = {one["id"]: one for one in shop.invoices()}
    for invoice_id, invoice in before.items():
        assert after[invoice_id]["total"] == invoice["total"]
        assert after[invoice_id]["number"] == invoice["number"]
        assert after[invoice_id]["customer_name"] is None
        assert after[invoice_id]["customer_email"] is None
        assert shop.get(f"/audit/v1/invoices/{invoice_id}/replay") == replays[invoice_id]
    assert shop.get("/audit/v1/ledger/check")["holds"]
    assert person.told_by(place.dump()) == set()
    with psycopg.connect(place.admin_url) as connection:
        keys = connection.execute(
            "SELECT count(*) FROM ledger.customer_keys WHERE customer_id = %s", (shop.customer,)
        ).fetchone()
    assert keys == (0,)


def test_a_forgotten_customer_is_deleted_and_their_subscription_ends(shop: HttpShop):
    forget(shop)
    assert shop.get(f"/v1/customers/{shop.customer}") == {
        "id": shop.customer,
        "object": "customer",
        "deleted": True,
    }
    assert shop.refused("POST", f"/v1/customers/{shop.customer}", name="Again").status == 404
    [subscription] = shop.get("/v1/subscriptions", customer=shop.customer, status="all")["data"]
    assert subscription["status"] == "canceled"


def test_what_was_written_about_the_balance_is_gone_too(
    shop: HttpShop, place: Place, person: Person
):
    forget(shop)
    transactions = f"/v1/customers/{shop.customer}/balance_transactions"
    shown = shop.get(transactions)["data"]
    assert [one["amount"] for one in shown if one["type"] == "adjustment"] == [-150]
    assert all(one["description"] is None for one in shown)
    assert person.told_by(place.dump()) == set()


def test_a_second_time_changes_nothing(shop: HttpShop, place: Place):
    first = forget(shop)
    head = place.served.head()
    assert forget(shop, "Another reason") == first
    assert place.served.head() == head


def test_a_key_that_came_back_from_a_backup_is_destroyed_by_forgetting_again(
    shop: HttpShop, place: Place
):
    with psycopg.connect(place.admin_url) as connection:
        kept = connection.execute(
            "SELECT ledger_id, customer_id, key FROM ledger.customer_keys WHERE customer_id = %s",
            (shop.customer,),
        ).fetchone()
        forget(shop)
        connection.execute(
            "INSERT INTO ledger.customer_keys (ledger_id, customer_id, key) VALUES (%s, %s, %s)",
            kept,
        )
        connection.commit()
        forget(shop)
        left = connection.execute(
            "SELECT 1 FROM ledger.customer_keys WHERE customer_id = %s", (shop.customer,)
        ).fetchall()
    assert left == []


def test_a_deleted_customer_can_be_forgotten(shop: HttpShop, place: Place, person: Person):
    shop.delete(f"/v1/customers/{shop.customer}")
    forget(shop)
    assert person.told_by(place.dump()) == set()


def test_nobody_unknown_is_forgotten_and_a_reason_is_needed(shop: HttpShop):
    assert asked(shop, "cus_none", reason="x").status_code == 404
    assert asked(shop, "in_1", reason="x").status_code == 404
    without = asked(shop, shop.customer)
    assert (without.status_code, without.json()["error"]["param"]) == (400, "reason")
    assert shop.get(f"/v1/customers/{shop.customer}")["name"] is not None


def test_from_the_command_line_it_is_confirmed_or_refused(shop: HttpShop, place: Place):
    words = ["customer", "forget", shop.customer, "--reason", "Request 17"]
    refused = place.served.command(*words)
    assert refused.returncode == 6
    assert "Nothing was forgotten" in refused.stderr
    done = place.served.command(*words, "--yes")
    assert (done.returncode, done.stdout.splitlines()[1]) == (0, "  reason  Request 17")
    assert f"{shop.customer} is forgotten" in done.stdout
    again = place.served.command(*words, "--yes")
    assert f"{shop.customer} was forgotten before" in again.stdout
    words[2] = "cus_none"
    assert place.served.command(*words, "--yes").returncode == 4
