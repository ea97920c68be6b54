"""Why a meter event counts, or does not."""

import json
from typing import Any

import pytest

from ledger.kernel.clock import from_epoch
from tests.meter_events.usage_shop import UsageShop, counts, ndjson
from tests.support.served import TEST_LEDGER, Served


@pytest.fixture
def shop(served: Served) -> UsageShop:
    return UsageShop.on(served)


def sent(shop: UsageShop, **changed: Any) -> str:
    """The identifier of a record that was sent through the bulk door."""
    record = shop.record(**changed)
    assert shop.send(ndjson([record])).status_code == 200
    return record["identifier"]


def test_a_recorded_event_is_told_with_its_place(shop: UsageShop) -> None:
    identifier = sent(shop, value="007.5", identifier=f"{shop.meter}/with a slash")
    found = shop.why(identifier).json()
    assert (found["status"], found["identifier"]) == ("recorded", identifier)
    assert found["payload"] == {"stripe_customer_id": shop.customer, "value": "7.5"}
    written = from_epoch(shop.now - 60).isoformat().replace("+00:00", "Z")
    assert found["event_time"] == written
    assert found["position"] == shop.served.head(TEST_LEDGER)
    assert (found["cancelled"], found["invoice_lines"], found["rejections"]) == (None, [], [])


def test_a_text_that_is_counted_is_told_as_it_was_sent(served: Served) -> None:
    visited = UsageShop.on(served, "unique_count")
    identifier = sent(visited, value="ada 01.0")
    found = visited.why(identifier).json()
    assert found["payload"] == {"stripe_customer_id": visited.customer, "value": "ada 01.0"}
    assert visited.total() == 1


def test_a_cancelled_event_says_by_whom(shop: UsageShop) -> None:
    identifier = sent(shop)
    shop.served.client().v1.billing.meter_event_adjustments.create(
        {"event_name": shop.event_name, "type": "cancel", "cancel": {"identifier": identifier}}
    )
    found = shop.why(identifier).json()
    assert found["status"] == "cancelled"
    assert found["cancelled"]["by"].startswith("key:")


def test_a_refused_event_says_why(shop: UsageShop) -> None:
    identifier = sent(shop, value="much")
    found = shop.why(identifier).json()
    assert found["status"] == "rejected"
    [rejection] = found["rejections"]
    assert (rejection["code"], rejection["line"], rejection["door"]) == (
        "meter_event_invalid_value",
        1,
        "bulk",
    )
    assert "Received much." in rejection["reason"]


def test_a_conflict_is_shown_beside_what_was_recorded(shop: UsageShop) -> None:
    identifier = sent(shop)
    sent(shop, identifier=identifier, value="2")
    found = shop.why(identifier).json()
    assert found["status"] == "recorded"
    assert [r["code"] for r in found["rejections"]] == ["identifier_conflict"]


def test_refusals_are_counted_in_full_and_kept_in_part(shop: UsageShop) -> None:
    records = [shop.record("much") for _ in range(150)]
    answered = shop.send(ndjson(records))
    assert counts(answered) == (0, 0, 0, 150)
    assert len(answered.json()["errors"]) == 100
    assert shop.why(records[99]["identifier"]).status_code == 200
    assert shop.why(records[100]["identifier"]).status_code == 404


def test_an_event_names_the_invoice_line_it_falls_on(shop: UsageShop) -> None:
    identifier = shop.billed()
    found = shop.why(identifier).json()
    invoices = shop.served.client().v1.invoices.list({"customer": shop.customer}).data
    assert [line["included"] for line in found["invoice_lines"]] == [True]
    assert found["invoice_lines"][0]["invoice"] in {invoice.id for invoice in invoices}


def test_the_command_line_tells_the_same(shop: UsageShop) -> None:
    identifier = sent(shop, value="much")
    told = shop.served.command("usage", "show", identifier)
    assert (told.returncode, told.stderr) == (0, "")
    assert "rejected" in told.stdout
    assert "meter_event_invalid_value" in told.stdout
    as_json = shop.served.command("usage", "show", identifier, "--json")
    assert json.loads(as_json.stdout) == shop.why(identifier).json()
    assert shop.served.command("usage", "show", "never seen").returncode == 4
