"""From an invoice line down to its meter events, up again, and along what caused what."""

import json
import time
from typing import Any

import pytest

from tests.support.http_shop import FEBRUARY, HOUR, HttpShop
from tests.support.served import Served


@pytest.fixture
def usage(shop: HttpShop) -> list[str]:
    """Identifiers of meter events that were billed, one that was cancelled before, and a late one;
    with a refused one among them nothing else would be shown."""
    shop.subscribe()
    names = [f"{n}-{shop.event_name}" for n in range(5)]
    for n, name in enumerate(names[:4]):
        shop.use(100 * (n + 1), identifier=name)
    shop.cancel_usage(names[3])
    shop.advance(FEBRUARY + HOUR)
    shop.use(50, identifier=names[4], timestamp=FEBRUARY - 60)
    return names


def metered_line(shop: HttpShop, invoice: dict[str, Any]) -> dict[str, Any]:
    explained = shop.get(f"/audit/v1/invoices/{invoice['id']}/explain")
    return next(line for line in explained["lines"] if line["kind"] == "metered")


def behind(shop: HttpShop, invoice: dict[str, Any], line: str, **page: Any) -> dict[str, Any]:
    return shop.get(f"/audit/v1/invoices/{invoice['id']}/lines/{line}/meter_events", **page)


def january(shop: HttpShop) -> dict[str, Any]:
    return next(i for i in shop.invoices() if i["billing_reason"] == "subscription_cycle")


def test_the_meter_events_behind_a_line_are_those_that_were_rated(shop: HttpShop, usage: list[str]):
    invoice = january(shop)
    line = metered_line(shop, invoice)
    found = behind(shop, invoice, line["id"])["data"]
    standing = {one["identifier"]: one["status"] for one in found}
    assert standing == {
        usage[0]: "rated",
        usage[1]: "rated",
        usage[2]: "rated",
        usage[3]: "cancelled",
        usage[4]: "late",
    }
    rated = [one for one in found if one["status"] == "rated"]
    assert len(rated) == line["meter_events"]
    assert sum(int(one["value"]) for one in rated) == int(line["quantity"])
    assert sum(int(step["amount"]) for step in line["steps"]) == line["amount"]
    assert line["price_version"] == 1


def test_a_later_cancellation_leaves_what_was_rated(shop: HttpShop, usage: list[str]):
    invoice = january(shop)
    line = metered_line(shop, invoice)
    response = shop.http.post(
        "/audit/v1/meter_event_adjustments",
        json={"cancel": {"identifier": usage[0]}, "reason": "a test"},
    )
    assert response.status_code == 200
    found = {one["identifier"]: one for one in behind(shop, invoice, line["id"])["data"]}
    assert found[usage[0]]["status"] == "rated"
    assert found[usage[0]]["cancelled_at_position"] > found[usage[0]]["rated_through_position"]


def test_the_events_behind_a_line_come_in_pages(shop: HttpShop, usage: list[str]):
    invoice = january(shop)
    line = metered_line(shop, invoice)["id"]
    everything = behind(shop, invoice, line)["data"]
    first = behind(shop, invoice, line, limit=2)
    assert first["has_more"]
    second = behind(shop, invoice, line, limit=50, starting_after=first["data"][-1]["id"])
    assert first["data"] + second["data"] == everything
    assert not second["has_more"]
    assert len(everything) == len(usage)


def test_what_has_no_meter_events_says_so(shop: HttpShop):
    shop.subscribe(shop.seat)
    [invoice] = shop.invoices()
    [line] = shop.get(f"/audit/v1/invoices/{invoice['id']}/explain")["lines"]
    path = f"/audit/v1/invoices/{invoice['id']}/lines"
    assert shop.refused("GET", f"{path}/{line['id']}/meter_events").status == 400
    assert shop.refused("GET", f"{path}/il_none/meter_events").status == 404
    assert shop.refused("GET", "/audit/v1/invoices/in_none/lines/il_1/meter_events").status == 404


def test_a_meter_event_names_its_line_with_quantity_and_amount(shop: HttpShop, usage: list[str]):
    invoice = january(shop)
    line = metered_line(shop, invoice)
    [landed] = shop.get(f"/audit/v1/usage/{usage[0]}")["invoice_lines"]
    assert (landed["invoice"], landed["line"]) == (invoice["id"], line["id"])
    assert (landed["line_quantity"], landed["line_amount"]) == (line["quantity"], line["amount"])
    assert landed["price_version"] == 1


def landed_late(shop: HttpShop, identifier: str) -> dict[str, Any]:
    return shop.get(f"/audit/v1/usage/{identifier}")["invoice_lines"][-1]


def test_a_late_meter_event_names_what_was_made_of_it(shop: HttpShop, usage: list[str]):
    deadline = time.monotonic() + 30
    line = landed_late(shop, usage[4])
    while line["adjusted_by"] is None and time.monotonic() < deadline:
        shop.advance(shop.get(f"/v1/test_helpers/test_clocks/{shop.clock}")["frozen_time"] + HOUR)
        line = landed_late(shop, usage[4])
    adjusted = line["adjusted_by"]
    assert adjusted is not None
    assert (line["included"], line["reason"]) == (False, "recorded_after_finalization")
    [recorded] = shop.get("/audit/v1/events", type=["late_usage.adjusted"])["data"][:1]
    assert recorded["data"]["id"] == adjusted["id"]
    late = shop.get(f"/audit/v1/events/{recorded['position']}/cause")["caused_by"]
    assert late["type"] == "usage.recorded.v1"


def test_what_falls_due_names_the_event_that_scheduled_it(shop: HttpShop, usage: list[str]):
    invoice = january(shop)["id"]
    [finalized] = shop.get("/audit/v1/events", type=["invoice.finalized"], stream=invoice)["data"]
    [drafted] = shop.get("/audit/v1/events", type=["invoice.drafted"], stream=invoice)["data"]
    assert finalized["causation_id"] == str(drafted["position"])
    cause = shop.get(f"/audit/v1/events/{finalized['position']}/cause")
    assert cause["caused_by"]["position"] == drafted["position"]
    assert cause["actor"] == "system:scheduler"
    led_to = shop.get(f"/audit/v1/events/{drafted['position']}/caused")["data"]
    assert finalized["position"] in {one["position"] for one in led_to}
    drafting = shop.get(f"/audit/v1/events/{drafted['position']}/cause")["caused_by"]
    assert drafting["type"].startswith("subscription.started")
    assert len(usage) == 5


def test_everything_that_a_request_recorded_is_found_by_its_id(shop: HttpShop):
    response = shop.http.post(
        "/v1/subscriptions", data={"customer": shop.customer, "items[0][price]": shop.seat}
    )
    request = response.headers["Request-Id"]
    found = shop.get("/audit/v1/events", correlation_id=request, limit=50)["data"]
    kinds = {one["type"].partition(".v")[0] for one in found}
    assert {"subscription.started", "invoice.drafted", "invoice.finalized"} <= kinds
    assert {one["request_id"] for one in found} == {request}
    together = shop.get(f"/audit/v1/events/{found[0]['position']}/cause")["recorded_together"]
    assert together == sorted(one["position"] for one in found[1:])
    narrowed = shop.get("/audit/v1/events", correlation_id=request, type=["invoice.drafted"])
    assert [one["type"] for one in narrowed["data"]] == ["invoice.drafted.v3"]


def test_the_command_line_shows_the_arithmetic(shop: HttpShop, usage: list[str], served: Served):
    invoice = january(shop)
    line = metered_line(shop, invoice)
    told = served.command("invoice", "explain", invoice["id"], "--meter-events", "10")
    assert (told.returncode, told.stderr) == (0, "")
    assert "600 \N{DIVISION SIGN} 100 gives 6; 6 \N{MULTIPLICATION SIGN} US$0.04" in told.stdout
    assert f"price {shop.tokens}, version 1" in told.stdout
    assert all(name in told.stdout for name in usage)
    as_json = served.command("invoice", "explain", invoice["id"], "--line", line["id"], "--json")
    assert json.loads(as_json.stdout)["lines"] == [line]
    assert served.command("invoice", "explain", invoice["id"], "--line", "il_x").returncode == 4
    position = shop.get("/audit/v1/events", type=["invoice.drafted"], stream=invoice["id"])
    shown = served.command("events", "show", str(position["data"][0]["position"]))
    assert "led_to" in shown.stdout
    assert "together_with" in shown.stdout
