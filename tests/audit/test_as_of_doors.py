"""Each door of the audit API: what it says now, a change, and what it said before as of then."""

from dataclasses import dataclass
from typing import Any

import pytest

from api.app import ROUTES
from tests.support.http_shop import FEBRUARY, HOUR, JANUARY, HttpShop
from tests.support.served import Served

_DAY = 24 * HOUR
MARCH = FEBRUARY + 28 * _DAY


@dataclass
class January:
    """A month that was billed, and what the log's head was at its turns."""

    invoice: str
    line: str
    before_draft: int
    drafted: int
    finalized: int

    @property
    def meter_events(self) -> str:
        return f"/audit/v1/invoices/{self.invoice}/lines/{self.line}/meter_events"


@pytest.fixture
def january(shop: HttpShop, served: Served) -> January:
    """250 tokens in January, and 50 more that were recorded after it was drafted."""
    shop.subscribe()
    shop.use(250, identifier=f"first_{shop.customer}", timestamp=JANUARY)
    before_draft = served.head()
    shop.advance(FEBRUARY + 60)
    [draft] = shop.invoices()
    drafted = served.head()
    shop.use(50, identifier=f"second_{shop.customer}", timestamp=JANUARY + 1)
    shop.advance(FEBRUARY + 2 * HOUR)
    [line] = draft["lines"]["data"]
    return January(draft["id"], line["id"], before_draft, drafted, served.head())


def _at(position: int) -> str:
    return f"position:{position}"


def test_an_invoice_replays_from_when_it_was_finalized(shop: HttpShop, january: January):
    path = f"/audit/v1/invoices/{january.invoice}/replay"
    now = shop.get(path)
    assert now["equal"]
    assert shop.get(path, as_of=_at(january.finalized)) == now
    refusal = shop.refused("GET", path, as_of=_at(january.drafted))
    assert (refusal.status, refusal.code) == (400, None)
    assert f"a draft at position {january.drafted}" in refusal.message
    refusal = shop.refused("GET", path, as_of=_at(january.before_draft))
    assert (refusal.status, refusal.code) == (404, "resource_missing")
    assert f"It did not exist at position {january.before_draft}" in refusal.message


def test_a_draft_that_was_deleted_is_not_found_from_then_on(shop: HttpShop, served: Served):
    draft = shop.post("/v1/invoices", customer=shop.customer)["id"]
    drafted = served.head()
    shop.delete(f"/v1/invoices/{draft}")
    path = f"/audit/v1/invoices/{draft}/replay"
    assert shop.refused("GET", path, as_of=_at(drafted)).status == 400
    assert shop.refused("GET", path, as_of=_at(served.head())).status == 404


def test_many_invoices_replay_as_far_as_they_were_finalized(
    shop: HttpShop, served: Served, january: January
):
    shop.advance(MARCH + 2 * HOUR)
    february = shop.invoices()[0]["id"]
    whose = {"customer": shop.customer}
    assert _ids(shop, "/audit/v1/replays", "invoice", **whose) == [february, january.invoice]
    then = {**whose, "as_of": _at(january.finalized)}
    assert _ids(shop, "/audit/v1/replays", "invoice", **then) == [january.invoice]
    everyone = _ids(shop, "/audit/v1/replays", "invoice", limit=1, as_of=_at(january.finalized))
    assert everyone == [january.invoice]
    cursor = shop.refused("GET", "/audit/v1/replays", starting_after=february, **then)
    assert (cursor.status, cursor.param) == (400, "starting_after")
    early = {**whose, "as_of": _at(january.drafted)}
    assert _ids(shop, "/audit/v1/replays", "invoice", **early) == []


def test_a_customer_of_later_has_nothing_to_replay(shop: HttpShop, served: Served):
    before = served.head()
    later = shop.post("/v1/customers", name="Later")["id"]
    refusal = shop.refused("GET", "/audit/v1/replays", customer=later, as_of=_at(before))
    assert refusal.param == "customer"
    assert f"did not exist at position {before}" in refusal.message


def test_no_customer_has_an_invoice_between_its_number_and_itself(shop: HttpShop, january: January):
    [numbered] = shop.get("/audit/v1/events", type=["invoice_number.*"], through=january.finalized)[
        "data"
    ][:1]
    moment = _at(numbered["position"])
    assert numbered["data"]["invoice"] == january.invoice
    asked = {"customer": shop.customer, "as_of": moment}
    assert _ids(shop, "/audit/v1/replays", "invoice", **asked) == []


def test_evidence_needs_a_checkpoint_of_then(shop: HttpShop, served: Served, january: January):
    path = f"/audit/v1/invoices/{january.invoice}/evidence"
    assert shop.refused("GET", path, as_of=_at(january.drafted)).status == 400
    assert shop.refused("GET", path, as_of=_at(january.finalized)).status == 409
    assert served.command("audit", "checkpoint").returncode == 0
    signed = served.head()
    assert shop.refused("GET", path, as_of=_at(january.finalized)).status == 409
    now = shop.http.get(path)
    then = shop.http.get(path, params={"as_of": _at(signed)})
    assert (now.status_code, then.content == now.content) == (200, True)


def test_checkpoints_and_keys_are_those_that_were_signed(shop: HttpShop, served: Served):
    assert served.command("audit", "checkpoint").returncode == 0
    before = served.head()
    first = shop.http.get("/audit/v1/checkpoints/latest").content
    checkpoints = shop.get("/audit/v1/checkpoints", limit=1)
    keys = shop.get("/audit/v1/keys")
    shop.price("Another", unit_amount=5, recurring={"interval": "month"})
    assert served.command("audit", "checkpoint").returncode == 0
    moment = {"as_of": _at(before)}
    assert shop.http.get("/audit/v1/checkpoints/latest").content != first
    assert shop.http.get("/audit/v1/checkpoints/latest", params=moment).content == first
    assert shop.get("/audit/v1/checkpoints", limit=1) != checkpoints
    assert shop.get("/audit/v1/checkpoints", limit=1, **moment) == checkpoints
    assert shop.get("/audit/v1/keys") != keys
    assert shop.get("/audit/v1/keys", **moment) == keys
    none = {"as_of": "position:1"}
    assert shop.refused("GET", "/audit/v1/checkpoints/latest", **none).status == 404
    assert shop.get("/audit/v1/checkpoints", **none)["data"] == []
    assert shop.get("/audit/v1/keys", **none)["data"] == []


def test_the_events_are_those_up_to_then(shop: HttpShop, served: Served):
    before = served.head()
    listed = shop.get("/audit/v1/events", limit=3)
    shop.post(f"/v1/customers/{shop.customer}", name="Countess")
    moment = {"as_of": _at(before)}
    assert shop.get("/audit/v1/events", limit=3) != listed
    assert shop.get("/audit/v1/events", limit=3, **moment) == listed
    beyond = shop.get("/audit/v1/events", through=served.head(), limit=3, **moment)
    assert beyond["data"] == listed["data"]
    shown = _ids(shop, "/audit/v1/events", "position", ending_before=before - 1, **moment)
    assert shown == [before]
    assert _ids(shop, "/audit/v1/events", "position", after=before, **moment) == []
    found = _ids(shop, "/audit/v1/events", "position", stream=shop.customer)
    earlier = _ids(shop, "/audit/v1/events", "position", stream=shop.customer, **moment)
    assert found == [before + 1, *earlier]


def test_one_request_s_events_are_those_up_to_then(shop: HttpShop, served: Served):
    before = served.head()
    shop.price("Two events", unit_amount=5, recurring={"interval": "month"})
    [first, *rest] = range(before + 1, served.head() + 1)
    request = shop.get(f"/audit/v1/events/{first}")["correlation_id"]
    moment = {"as_of": _at(first)}
    whole = _ids(shop, "/audit/v1/events", "position", correlation_id=request)
    part = _ids(shop, "/audit/v1/events", "position", correlation_id=request, **moment)
    assert (sorted(whole), part) == ([first, *rest], [first])
    cause = f"/audit/v1/events/{first}/cause"
    assert shop.get(cause)["recorded_together"] == rest
    assert shop.get(cause, **moment)["recorded_together"] == []


@pytest.mark.parametrize("door", ["", "/cause", "/caused"])
def test_an_event_of_later_is_not_found(shop: HttpShop, served: Served, door: str):
    before = served.head()
    shop.post(f"/v1/customers/{shop.customer}", name="Countess")
    path = f"/audit/v1/events/{before + 1}{door}"
    assert shop.get(path)
    refusal = shop.refused("GET", path, as_of=_at(before))
    assert (refusal.status, refusal.code) == (404, "resource_missing")
    assert f"It did not exist at position {before}" in refusal.message
    unknown = shop.refused("GET", f"/audit/v1/events/99999999{door}", as_of=_at(before))
    assert (unknown.status, "did not exist at" in unknown.message) == (404, False)


def test_what_an_event_led_to_is_what_it_had_led_to(shop: HttpShop, january: January):
    [drafted] = shop.get("/audit/v1/events", stream=january.invoice, type=["invoice.drafted"])[
        "data"
    ]
    path = f"/audit/v1/events/{drafted['position']}/caused"
    finalized = _ids(shop, path, "type")
    assert "invoice.finalized.v2" in finalized
    assert _ids(shop, path, "type", as_of=_at(january.drafted)) == []
    assert _ids(shop, path, "type", as_of=_at(january.finalized)) == finalized


def test_the_meter_events_behind_a_line_are_those_that_counted(
    shop: HttpShop, served: Served, january: January
):
    path = january.meter_events
    first, second, third = (f"{name}_{shop.customer}" for name in ("first", "second", "third"))
    answers = {served.head(): shop.get(path)}
    shop.use(7, identifier=third, timestamp=JANUARY + 2)
    answers[served.head()] = shop.get(path)
    cancelled = {"cancel": {"identifier": first}, "reason": "wrong"}
    assert shop.http.post("/audit/v1/meter_event_adjustments", json=cancelled).status_code == 200
    answers[served.head()] = shop.get(path)
    assert len({str(answer) for answer in answers.values()}) == len(answers)
    for position, answer in answers.items():
        assert shop.get(path, as_of=_at(position)) == answer
    draft = shop.get(path, as_of=_at(january.drafted))["data"]
    assert [(one["identifier"], one["status"]) for one in draft] == [(first, "rated")]
    assert draft[0]["rated_through_position"] == january.drafted
    now = {one["identifier"]: one["status"] for one in shop.get(path)["data"]}
    assert now == {first: "rated", second: "rated", third: "late"}
    refusal = shop.refused("GET", path, as_of=_at(january.before_draft))
    assert (refusal.status, "did not exist at" in refusal.message) == (404, True)


def test_a_simulation_is_of_the_invoices_and_prices_of_then(
    shop: HttpShop, served: Served, january: January
):
    shop.post(f"/v1/customers/{shop.customer}", metadata={"tier": shop.customer})
    tagged = served.head()
    changes = [{"price": shop.tokens, "terms": _terms(shop, 8)}]
    asked: dict[str, Any] = {"changes": changes, "metadata": {"tier": shop.customer}}
    then = shop.get("/audit/v1/simulations", **asked)
    shop.advance(MARCH + 2 * HOUR)
    shop.post(f"/v1/customers/{shop.customer}", metadata={"tier": ""})
    by_name = {"changes": changes, "customers": [shop.customer]}
    assert (then["invoices"], shop.get("/audit/v1/simulations", **by_name)["invoices"]) == (1, 2)
    assert shop.refused("GET", "/audit/v1/simulations", **asked).param == "metadata"
    assert shop.get("/audit/v1/simulations", **asked, as_of=_at(tagged)) == then
    later = shop.price("Later", unit_amount=5, recurring={"interval": "month"})
    replaced = [{"price": shop.seat, "replaced_by": later}]
    refusal = shop.refused("GET", "/audit/v1/simulations", changes=replaced, as_of=_at(tagged))
    assert refusal.param == "changes[0][replaced_by]"
    assert f"did not exist at position {tagged}" in refusal.message


@pytest.mark.parametrize(
    "as_of", ["position:0", "position:999999999", "position:x", "soon", "4102444800"]
)
def test_no_door_takes_a_moment_that_there_is_not(shop: HttpShop, as_of: str):
    needed: dict[str, dict[str, Any]] = {
        "/audit/v1/usage": {
            "customer": shop.customer,
            "meter": shop.meter,
            "start": JANUARY,
            "end": FEBRUARY,
        },
        "/audit/v1/simulations": {"changes": [{"price": shop.seat, "replaced_by": shop.seat}]},
    }
    for path in _doors():
        fields = needed.get(path, {})
        page = path.replace("{page:str}", "in_1.html")
        refusal = shop.refused("GET", page, as_of=as_of, **fields)
        assert (refusal.status, refusal.param) == (400, "as_of"), path


def _doors() -> list[str]:
    """The paths of all reads that take `as_of`."""
    return [
        route.endpoint.path
        for route in ROUTES
        if route.endpoint.method == "GET"
        and "as_of" in getattr(route.endpoint.params, "model_fields", {})
    ]


def _ids(shop: HttpShop, path: str, name: str, **fields: Any) -> list[Any]:
    """One field of each member of a list."""
    return [one[name] for one in shop.get(path, **fields)["data"]]


def _terms(shop: HttpShop, unit_amount: int) -> dict[str, Any]:
    return {
        "currency": "usd",
        "unit_amount": unit_amount,
        "product_data": {"name": "Tokens"},
        "recurring": {"interval": "month", "usage_type": "metered", "meter": shop.meter},
    }
