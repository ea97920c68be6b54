"""One thing at two points in time: what differs, and the events that made it so."""

import json
from typing import Any

import pytest

from api.audit.diff.changes import Change, changes
from tests.support.http_shop import FEBRUARY, JANUARY, HttpShop
from tests.support.served import Served

_DAY = 86_400


def test_fields_are_named_by_their_paths():
    before = {"a": 1, "b": {"c": [1, 2], "gone": None}, "same": [3]}
    after = {"a": "1", "b": {"c": [1, 5, 6]}, "same": [3], "new": {"d": 1}}
    assert list(changes(before, after)) == [
        Change("a", "changed", 1, "1"),
        Change("b.c[1]", "changed", 2, 5),
        Change("b.c[2]", "added", None, 6),
        Change("b.gone", "removed", None, None),
        Change("new", "added", None, {"d": 1}),
    ]


def test_members_with_ids_are_compared_wherever_they_stand():
    before = {"lines": [{"id": "x", "n": 1}, {"id": "y", "n": 2}]}
    after = {"lines": [{"id": "z", "n": 0}, {"id": "y", "n": 3}, {"id": "x", "n": 1}]}
    assert list(changes(before, after)) == [
        Change("lines[y].n", "changed", 2, 3),
        Change("lines[z]", "added", None, {"id": "z", "n": 0}),
    ]


def test_true_is_not_one():
    assert [one.path for one in changes({"a": True}, {"a": 1})] == ["a"]


def _at(position: int) -> str:
    return f"position:{position}"


def _fields(found: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {one["path"]: (one["before"], one["after"]) for one in found["changes"]}


def test_a_price_differs_by_its_nickname(shop: HttpShop, served: Served):
    before = served.head()
    shop.post(f"/v1/prices/{shop.tokens}", nickname="cheap")
    found = shop.get("/audit/v1/diff", object=shop.tokens, **{"from": _at(before)})
    assert _fields(found) == {"nickname": (None, "cheap")}
    [event] = found["events"]["data"]
    assert event["type"].startswith("price.details_changed.")
    assert event["stream"] == shop.tokens
    assert event["position"] > before
    assert event["actor"].startswith("key:")
    assert event["request_id"].startswith("req_")
    assert event["meaning"] == "price details changed"
    assert event["changed"] == ["nickname"]


def test_nothing_differs_where_nothing_happened(shop: HttpShop, served: Served):
    now = _at(served.head())
    found = shop.get("/audit/v1/diff", object=shop.tokens, **{"from": now, "to": now})
    assert (found["equal"], found["changes"], found["events"]["data"]) == (True, [], [])


def test_a_preview_differs_by_the_usage_that_came(shop: HttpShop, served: Served):
    subscription = shop.subscribe()["id"]
    shop.advance(JANUARY + 5 * _DAY)
    shop.use(100, identifier=f"first_{shop.customer}", timestamp=JANUARY + _DAY)
    before = served.head()
    shop.use(900, timestamp=JANUARY + _DAY)
    shop.cancel_usage(f"first_{shop.customer}")
    found = shop.get("/audit/v1/diff", preview=subscription, **{"from": _at(before)})
    assert (found["kind"], found["id"]) == ("preview", subscription)
    assert _fields(found)["total"] == (4, 36)
    recorded, withdrawn = found["events"]["data"]
    assert (recorded["meaning"], recorded["meter_events"]) == ("1 meter event recorded", 1)
    assert withdrawn["meaning"] == f"meter event cancelled: first_{shop.customer}"
    assert "total" in recorded["changed"]
    assert recorded["changed"] == withdrawn["changed"]


def test_events_name_the_fields_that_they_changed(shop: HttpShop, served: Served):
    """Changes of the customer's metadata, of a field that is as it was again, and of the seats
    that the subscription has nothing to do with are no events of its difference."""
    subscription = shop.subscribe()["id"]
    one, before = f"/v1/subscriptions/{subscription}", _at(served.head())
    shop.post(one, description="for a while")
    shop.post(f"/v1/customers/{shop.customer}", metadata={"tier": "gold"})
    shop.post(f"/v1/prices/{shop.seat}", nickname="chair")
    shop.post(one, metadata={"team": "engine"})
    shop.post(one, description="", cancel_at_period_end=True)
    found = shop.get("/audit/v1/diff", object=subscription, **{"from": before})
    events = {event["position"]: event["changed"] for event in found["events"]["data"]}
    assert [*events] == sorted(events)
    tagged, ended = events.values()
    assert tagged == ["metadata.team"]
    assert {"cancel_at", "cancel_at_period_end"} <= {*ended}
    assert {path for named in events.values() for path in named} == {*_fields(found)}


def test_events_of_a_preview_are_those_that_it_shows(shop: HttpShop, served: Served):
    subscription = shop.subscribe(shop.tokens, shop.seat)["id"]
    before = _at(served.head())
    shop.post(f"/v1/customers/{shop.customer}", metadata={"tier": "gold"})
    shop.post(f"/v1/customers/{shop.customer}", name="Countess")
    shop.post(f"/v1/prices/{shop.seat}", metadata={"a": "b"})
    shop.post(f"/v1/customers/{shop.customer}", balance=-150)
    found = shop.get("/audit/v1/diff", preview=subscription, **{"from": before})
    named, balanced = (event["changed"] for event in found["events"]["data"])
    assert named == ["customer_name"]
    assert {"amount_due", "starting_balance"} <= {*balanced}
    page = {"preview": subscription, "from": before, "limit": 1}
    first = shop.get("/audit/v1/diff", **page)["events"]
    after = first["data"][0]["position"]
    second = shop.get("/audit/v1/diff", **page, after=after)["events"]
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert [*first["data"], *second["data"]] == found["events"]["data"]


def test_a_summary_differs_by_the_hour(shop: HttpShop, served: Served):
    shop.advance(JANUARY + 5 * _DAY)
    shop.use(100, timestamp=JANUARY + _DAY)
    before = served.head()
    for value in (1, 2, 3):
        shop.use(value, timestamp=JANUARY + _DAY + 3600 * value)
    asked = {
        "meter": shop.meter,
        "customer": shop.customer,
        "start": JANUARY,
        "end": FEBRUARY,
        "window": "hour",
    }
    moment = {"from": _at(before)}
    found = shop.get("/audit/v1/diff", summary=asked, **moment)
    assert [one["after"] for one in found["changes"]] == ["3", "2", "1"]
    assert {one["kind"] for one in found["changes"]} == {"added"}
    first = shop.get("/audit/v1/diff", summary=asked, limit=2, **moment)["events"]
    last = first["data"][-1]["position"]
    rest = shop.get("/audit/v1/diff", summary=asked, limit=2, after=last, **moment)["events"]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert [*first["data"], *rest["data"]] == found["events"]["data"]


def test_an_invoice_differs_by_its_finalization_and_no_later_usage(shop: HttpShop, served: Served):
    shop.subscribe()
    shop.use(100, timestamp=JANUARY)
    shop.advance(FEBRUARY + 60)
    [draft] = shop.invoices()
    before = served.head()
    shop.use(100, timestamp=JANUARY + 1)
    shop.advance(FEBRUARY + 7200)
    shop.use(100, timestamp=JANUARY + 2)
    found = shop.get("/audit/v1/diff", object=draft["id"], **{"from": _at(before)})
    fields = _fields(found)
    assert fields["status"] == ("draft", "open")
    assert fields["total"] == (4, 8)
    [line] = draft["lines"]["data"]
    assert fields[f"lines.data[{line['id']}].amount"] == (4, 8)
    usage = [one for one in found["events"]["data"] if one["meter_events"]]
    assert [one["meter_events"] for one in usage] == [1]
    topics = {one["type"].rpartition(".")[0] for one in found["events"]["data"]}
    assert topics == {"invoice.finalized", "usage.recorded"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"from": "position:0"}, "from"),
        ({"from": "position:1", "to": "position:999999999"}, "to"),
        ({"from": "soon"}, "from"),
        ({}, "from"),
        ({"from": "position:1", "to": "2199-01-01T00:00:00Z"}, "to"),
        ({"from": "position:2", "to": "position:1"}, "to"),
        ({"from": "position:1", "limit": 0}, "limit"),
        ({"from": "position:1", "preview": "sub_1"}, "preview"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    shop: HttpShop, fields: dict[str, Any], param: str
):
    refusal = shop.refused("GET", "/audit/v1/diff", object=shop.tokens, **fields)
    assert (refusal.status, refusal.param) == (400, param)


def test_what_was_not_there_yet_is_not_found(shop: HttpShop, served: Served):
    before = served.head()
    price = shop.price("Later", unit_amount=5, recurring={"interval": "month"})
    refusal = shop.refused("GET", "/audit/v1/diff", object=price, **{"from": _at(before)})
    assert (refusal.status, refusal.param) == (400, "object")
    assert f"did not exist at position {before}" in refusal.message
    unknown = shop.refused("GET", "/audit/v1/diff", object="in_nothing", **{"from": _at(before)})
    assert (unknown.status, unknown.code) == (400, "resource_missing")


def test_the_command_line_shows_fields_and_events(shop: HttpShop, served: Served):
    subscription = shop.subscribe()["id"]
    before = _at(served.head())
    shop.post(f"/v1/subscriptions/{subscription}", description="[bold]Engine")
    ended = served.command("diff", "subscription", subscription, "--from", before)
    assert ended.returncode == 0, ended.stderr
    assert "description" in ended.stdout
    assert "[bold]Engine" in ended.stdout
    assert "subscription details changed" in ended.stdout
    assert ended.stdout.splitlines()[-1].endswith("description")
    printed = served.command("diff", "subscription", subscription, "--from", before, "--json")
    path = "/audit/v1/diff"
    over_http = shop.get(path, object=subscription, **{"from": before})
    assert json.loads(printed.stdout)["changes"] == over_http["changes"]
    assert json.loads(printed.stdout)["events"] == over_http["events"]


def test_the_command_line_compares_summaries_and_refuses(shop: HttpShop, served: Served):
    before = _at(served.head())
    shop.use(12, timestamp=JANUARY)
    of = ("--customer", shop.customer, "--event-name", shop.event_name)
    times = ("--usage-from", "2025-12-01", "--usage-to", "2026-02-01")
    printed = served.command("diff", "summary", "--from", before, *of, *times, "--json")
    [change] = json.loads(printed.stdout)["changes"]
    assert (change["kind"], change["after"]) == ("added", "12")
    assert served.command("diff", "summary", "--from", before).returncode == 2
    assert served.command("diff", "price", "price_x", "--from", before).returncode == 4
    refused = served.command("diff", "price", shop.tokens, "--from", "position:0")
    assert (refused.returncode, "--from" in refused.stderr) == (6, True)
