"""Cancelling a meter event at any time: for a reason, without touching a finalized invoice."""

import json
from typing import Any

import httpx
import pytest
import stripe

from tests.meter_events.usage_shop import UsageShop, ndjson
from tests.support.served import Served

PATH = "/audit/v1/meter_event_adjustments"
TWICE = "The export ran twice"


@pytest.fixture
def shop(served: Served) -> UsageShop:
    return UsageShop.on(served)


def sent(shop: UsageShop, **changed: Any) -> str:
    """The identifier of a record that was sent through the bulk door."""
    record = shop.record(**changed)
    assert shop.send(ndjson([record])).status_code == 200
    return record["identifier"]


def cancel(
    shop: UsageShop, identifier: str, key: str | None = None, **fields: str
) -> httpx.Response:
    with shop.served.http() as http:
        return http.post(
            PATH,
            json={"cancel": {"identifier": identifier}, "reason": TWICE} | fields,
            headers={"Idempotency-Key": key} if key else {},
        )


def invoice_of(shop: UsageShop) -> tuple[stripe.Invoice, str]:
    """A draft for a subscription that has ended, and the identifier of its only meter event."""
    identifier = shop.billed(value="3")
    [invoice] = [
        invoice
        for invoice in shop.served.client().v1.invoices.list({"customer": shop.customer}).data
        if invoice.status == "draft"
    ]
    return invoice, identifier


def test_a_cancelled_event_counts_no_more_and_says_why(shop: UsageShop) -> None:
    identifier = sent(shop, identifier=f"{shop.meter}/with a slash")
    assert shop.total() == 1
    answered = cancel(shop, identifier, event_name=shop.event_name)
    found = answered.json()
    assert (answered.status_code, found["object"]) == (200, "meter_event_adjustment")
    assert (found["status"], found["reason"]) == ("complete", TWICE)
    assert found["cancel"] == {"identifier": identifier}
    assert found["unchanged_invoices"] == []
    assert shop.total() in {None, 0}
    why = shop.why(identifier).json()
    assert (why["status"], why["cancelled"]["reason"]) == ("cancelled", TWICE)
    assert why["cancelled"] == found["cancelled"]


def test_a_reason_is_needed(shop: UsageShop) -> None:
    identifier = sent(shop)
    for reason in ("", "  ", "x" * 501):
        refused = cancel(shop, identifier, reason=reason)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "reason")
    with shop.served.http() as http:
        refused = http.post(PATH, json={"cancel": {"identifier": identifier}})
    assert refused.json()["error"]["code"] == "parameter_missing"
    assert shop.total() == 1


def test_what_is_not_there_is_told(shop: UsageShop) -> None:
    for refused in (cancel(shop, "never"), cancel(shop, sent(shop), event_name="another")):
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (400, "resource_missing")
        assert error["param"] == "cancel[identifier]"
    assert shop.total() == 1


def test_it_is_cancelled_once_and_the_same_request_gets_the_same_answer(shop: UsageShop) -> None:
    identifier = sent(shop)
    first = cancel(shop, identifier, identifier)
    assert cancel(shop, identifier, identifier).json() == first.json()
    assert "already cancelled" in cancel(shop, identifier).json()["error"]["message"]


def test_a_draft_counts_it_no_more(shop: UsageShop) -> None:
    invoice, identifier = invoice_of(shop)
    assert invoice.total == 12
    found = cancel(shop, identifier).json()
    assert [line["invoice_status"] for line in found["invoice_lines"]] == ["draft"]
    assert found["unchanged_invoices"] == []
    assert shop.served.client().v1.invoices.retrieve(str(invoice.id)).total == 0


def test_a_finalized_invoice_stays_as_it_is_and_is_named(shop: UsageShop) -> None:
    client = shop.served.client()
    draft, identifier = invoice_of(shop)
    before = client.v1.invoices.finalize_invoice(str(draft.id))
    assert (before.status, before.total) == ("open", 12)
    assert cancel(shop, identifier).json()["unchanged_invoices"] == [draft.id]
    after = client.v1.invoices.retrieve(str(draft.id))
    assert after.to_dict() == before.to_dict()
    assert shop.total() in {None, 0}
    with shop.served.http() as http:
        assert http.get(f"/audit/v1/invoices/{draft.id}/replay").json()["equal"] is True


def test_the_command_line_does_the_same(shop: UsageShop) -> None:
    command = shop.served.command
    draft, billed = invoice_of(shop)
    shop.served.client().v1.invoices.finalize_invoice(str(draft.id))
    done = command("usage", "cancel", billed, "--reason", TWICE)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{draft.id} is finalized and stays as it is" in done.stdout
    again = command("usage", "cancel", billed, "--reason", TWICE)
    assert (again.returncode, "already cancelled" in again.stderr) == (6, True)
    identifier = sent(shop)
    as_json = json.loads(command("usage", "cancel", identifier, "--reason", TWICE, "--json").stdout)
    assert as_json["cancelled"]["by"] == "system:cli"
    assert (
        f"cancelled   {as_json['cancelled']['at']} by system:cli: {TWICE}"
        in command("usage", "show", identifier).stdout
    )


def test_the_command_line_needs_a_reason_and_an_event(shop: UsageShop) -> None:
    command = shop.served.command
    assert command("usage", "cancel", "never").returncode == 2
    assert command("usage", "cancel", "never", "--reason", " ").returncode == 2
    unknown = command("usage", "cancel", "never", "--reason", TWICE)
    assert (unknown.returncode, unknown.stderr) == (4, "No such meter event: 'never'\n")
