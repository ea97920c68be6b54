"""What someone wrote on a customer's invoices and other objects goes with the customer's key."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from ledger.store.datastore import Datastore
from ledger.store.recorder import LedgerRecorder
from tests.support.dumped import Person, Place, told_of
from tests.support.http_shop import FEBRUARY, HOUR, HttpShop
from tests.support.served import TEST_LEDGER

BYTES_OF_RELEASES = Path(__file__).parents[1] / "events"


class Words:
    """Texts about a person, each under the name of the field that it was written into."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self.written: dict[str, str] = {}

    def __call__(self, field: str) -> str:
        return self.written.setdefault(field, f"{field} for {self._person.secrets['name']}")

    def short(self, field: str) -> str:
        """A text for a field that takes few letters."""
        return self.written.setdefault(field, self._person.word[:30])

    def told_by(self, dump: bytes) -> set[str]:
        return told_of(self.written, dump)


@pytest.fixture
def words(person: Person) -> Words:
    return Words(person)


@pytest.fixture
def shop(place: Place) -> Iterator[HttpShop]:
    with place.served.http() as plain:
        yield HttpShop(plain)


def forget(shop: HttpShop) -> dict[str, Any]:
    path = f"/audit/v1/customers/{shop.customer}/forget"
    answered = shop.http.post(path, json={"reason": "Request 17"})
    assert answered.status_code == 200, answered.text
    return answered.json()


def subscribe(shop: HttpShop, words: Words) -> str:
    """A subscription on which everything was written that can be, and an invoice of it."""
    items = [
        {"price": shop.seat, "metadata": {"note": words("seat metadata")}},
        {"price": shop.tokens},
    ]
    subscription = shop.post(
        "/v1/subscriptions",
        customer=shop.customer,
        items=items,
        description=words("subscription description"),
        metadata={"note": words("first subscription metadata")},
    )
    one = f"/v1/subscriptions/{subscription['id']}"
    [seat, tokens] = [item["id"] for item in subscription["items"]["data"]]
    shop.post(f"/v1/subscription_items/{tokens}", metadata={"note": words("tokens metadata")})
    shop.post(f"/v1/subscription_items/{seat}", quantity=3)
    shop.use(1_234)
    shop.post(one, metadata={"note": words("first subscription metadata")})
    shop.advance(FEBRUARY + 2 * HOUR)
    shop.post(one, metadata={"note": words("subscription metadata")})
    comment = {"comment": words("cancellation comment")}
    shop.post(one, cancel_at_period_end=True, cancellation_details=comment)
    return subscription["id"]


def invoice(shop: HttpShop, words: Words) -> str:
    """An invoice made by hand, finalized and credited in part."""
    item = shop.post(
        "/v1/invoiceitems",
        customer=shop.customer,
        amount=500,
        currency="usd",
        description=words("first item description"),
        metadata={"note": words("item metadata")},
    )
    shop.post(f"/v1/invoiceitems/{item['id']}", description=words("item description"))
    made = shop.post(
        "/v1/invoices",
        customer=shop.customer,
        pending_invoice_items_behavior="include",
        description=words("first invoice description"),
        footer=words("invoice footer"),
        custom_fields=[{"name": "Order", "value": words.short("custom field")}],
        metadata={"note": words("invoice metadata")},
    )
    one = f"/v1/invoices/{made['id']}"
    shop.post(one, description=words("invoice description"))
    line = {"amount": 700, "description": words("line description")}
    shop.post(f"{one}/add_lines", lines=[line | {"metadata": {"note": words("line metadata")}}])
    shop.post(f"{one}/finalize")
    credited = {"type": "custom_line_item", "quantity": 1, "unit_amount": 100}
    note = shop.post(
        "/v1/credit_notes",
        invoice=made["id"],
        memo=words("first memo"),
        metadata={"note": words("note metadata")},
        lines=[credited | {"description": words("credited line")}],
    )
    shop.post(f"/v1/credit_notes/{note['id']}", memo=words("memo"))
    return made["id"]


OVERWRITTEN = {
    "first item description",
    "first invoice description",
    "first memo",
}
"""What was written first and then something else: no read model has it any more."""


def test_nothing_that_was_written_is_left_in_a_dump_and_every_replay_stays_equal(
    place: Place, shop: HttpShop, words: Words
):
    subscribe(shop, words)
    invoice(shop, words)
    told = words.told_by(place.dump())
    assert told == set(words.written) - OVERWRITTEN
    replays = {
        one["id"]: shop.get(f"/audit/v1/invoices/{one['id']}/replay") for one in shop.invoices()
    }
    assert len(replays) == 3
    assert all(replay["equal"] for replay in replays.values())

    assert forget(shop)["objects_with_free_text"] == []

    for invoice_id, replay in replays.items():
        assert shop.get(f"/audit/v1/invoices/{invoice_id}/replay") == replay
    assert shop.get("/audit/v1/ledger/check")["holds"]
    assert words.told_by(place.dump()) == set()
    verified = place.served.command("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_what_is_shown_of_a_forgotten_customer_has_amounts_and_no_words(
    shop: HttpShop, words: Words
):
    subscription_id, invoice_id = subscribe(shop, words), invoice(shop, words)
    asked = {
        f"/v1/invoices/{invoice_id}": {},
        f"/v1/subscriptions/{subscription_id}": {},
        "/v1/credit_notes": {"invoice": invoice_id},
        "/v1/invoiceitems": {"customer": shop.customer},
        f"/audit/v1/invoices/{invoice_id}/explain": {},
    }
    before = {path: shop.get(path, **fields) for path, fields in asked.items()}
    assert all("Zerafina" in json.dumps(answer) for answer in before.values())
    forget(shop)
    after = {path: shop.get(path, **fields) for path, fields in asked.items()}
    assert all("Zerafina" not in json.dumps(answer) for answer in after.values())
    [invoice_path, subscription_path, *_] = asked
    assert after[invoice_path]["total"] == before[invoice_path]["total"]
    assert after[invoice_path]["footer"] is None
    assert after[subscription_path]["metadata"] == {}


def test_events_tell_what_was_written_until_its_key_is_gone(shop: HttpShop, words: Words):
    invoice_id = invoice(shop, words)
    events = {"stream": invoice_id, "type": ["invoice.drafted.v3"]}

    def drafted() -> dict[str, Any]:
        [event] = shop.get("/audit/v1/events", **events)["data"]
        return event["data"]

    assert drafted()["details"]["footer"] == words("invoice footer")
    assert "personal" not in drafted()
    forget(shop)
    assert drafted()["details"]["footer"] is None
    assert drafted()["personal"] is None


def test_what_is_written_after_forgetting_goes_when_they_are_forgotten_again(
    place: Place, shop: HttpShop, words: Words
):
    invoice_id = invoice(shop, words)
    first = forget(shop)
    path = f"/v1/invoices/{invoice_id}"
    shop.post(path, metadata={"note": words("later metadata")})
    assert shop.get(path)["metadata"] == {"note": words("later metadata")}
    assert forget(shop) == first
    assert shop.get(path)["metadata"] == {}
    assert words.told_by(place.dump()) == set()


def test_another_customer_keeps_their_words(place: Place, shop: HttpShop, words: Words):
    invoice_id = invoice(shop, words)
    with place.served.http() as plain:
        other = HttpShop(plain)
        other.post("/v1/invoices", customer=other.customer, footer="Thank you")
        forget(other)
    assert shop.get(f"/v1/invoices/{invoice_id}")["footer"] == words("invoice footer")


def test_objects_that_an_earlier_release_stored_in_the_clear_are_named(
    place: Place, shop: HttpShop
):
    item, stream = "ii_of_an_earlier_release", "invoice_item.created.v1"
    stored = json.loads((BYTES_OF_RELEASES / f"{stream}.json").read_text())
    charge = {"amount": 700, "price": None, "discounts": [], "tax_rates": None, "product": None}
    stored |= {"customer": shop.customer, "charge": stored["charge"] | charge}
    stored |= {"invoice": None, "test_clock": None}
    meta = {"recorded_at": "2026-01-01T00:00:00Z", "actor": "system:test", "correlation_id": "run"}
    state = json.dumps({"data": stored, "meta": meta}, separators=(",", ":")).encode()
    recorder = LedgerRecorder(Datastore(place.served.database_url), TEST_LEDGER)
    recorder.append([StoredEvent(item, 1, stream, state)])
    path = f"/v1/invoiceitems/{item}"
    assert shop.get(path)["description"] == stored["charge"]["description"] is not None
    assert forget(shop)["objects_with_free_text"] == [item]
    assert shop.get(path)["description"] is None


def test_a_word_about_a_customer_takes_one_key(place: Place, shop: HttpShop, words: Words):
    invoice(shop, words)
    with psycopg.connect(place.admin_url) as connection:
        kept = connection.execute(
            "SELECT count(*) FROM ledger.customer_keys WHERE customer_id = %s", (shop.customer,)
        ).fetchone()
    assert kept == (1,)
