"""Which moments may be asked for, and the command line's view of the past."""

import json
from datetime import timedelta

import pytest

from ledger.kernel.clock import system_now
from tests.support.http_shop import FEBRUARY, JANUARY, HttpShop
from tests.support.served import Served

_DAY = 86_400


@pytest.mark.parametrize(
    ("as_of", "says"),
    [
        ("position:0", "the ledger begins at position 1"),
        ("position:-4", "the ledger begins at position 1"),
        ("position:999999999", "the ledger ends at position"),
        ("position:12a", "A position is position:123"),
        ("position:", "A position is position:123"),
        ("yesterday", "it must be RFC 3339"),
        ("2026-13-01T00:00:00Z", "Invalid timestamp"),
        ("1000000000", "nothing from 2001-09-09"),
        ("-1", "must be a Unix time in seconds"),
    ],
)
def test_a_moment_that_the_log_does_not_have_is_refused(shop: HttpShop, as_of: str, says: str):
    path = f"/audit/v1/objects/{shop.customer}"
    refusal = shop.refused("GET", path, as_of=as_of)
    assert (refusal.status, refusal.param) == (400, "as_of")
    assert says in refusal.message


def test_the_future_is_not_known(shop: HttpShop):
    tomorrow = (system_now() + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    refusal = shop.refused("GET", "/audit/v1/late_usage", as_of=tomorrow)
    assert (refusal.status, refusal.param) == (400, "as_of")
    assert "is in the future" in refusal.message


def test_what_was_recorded_later_did_not_exist(shop: HttpShop, served: Served):
    before = served.head()
    price = shop.price("Later", unit_amount=5, recurring={"interval": "month"})
    refusal = shop.refused("GET", f"/audit/v1/objects/{price}", as_of=f"position:{before}")
    assert (refusal.status, refusal.code) == (404, "resource_missing")
    assert f"It did not exist at position {before}: it was first recorded at" in refusal.message
    shop.use(3, identifier="afterwards")
    refusal = shop.refused("GET", "/audit/v1/usage/afterwards", as_of=f"position:{before}")
    assert (refusal.status, refusal.code) == (404, "resource_missing")
    assert f"It did not exist at position {before}" in refusal.message


@pytest.mark.parametrize("unknown", ["in_nothing", "cus_nothing", "nothing"])
def test_an_unknown_id_is_not_found_at_any_time(shop: HttpShop, served: Served, unknown: str):
    path = f"/audit/v1/objects/{unknown}"
    for moment in ({}, {"as_of": f"position:{served.head()}"}):
        refusal = shop.refused("GET", path, **moment)
        assert (refusal.status, refusal.code) == (404, "resource_missing")
        assert "did not exist at" not in refusal.message


def test_what_is_expanded_is_of_the_same_moment(shop: HttpShop, served: Served):
    subscription = shop.subscribe()["id"]
    before = served.head()
    shop.post(f"/v1/customers/{shop.customer}", name="Countess")
    path = f"/audit/v1/objects/{subscription}"
    then = shop.get(path, as_of=f"position:{before}", expand=["customer"])
    assert then["customer"]["name"] == "Ada"
    assert shop.get(path, expand=["customer"])["customer"]["name"] == "Countess"


def test_the_command_line_answers_as_of_a_moment(shop: HttpShop, served: Served):
    subscription = shop.subscribe()["id"]
    shop.advance(JANUARY + 5 * _DAY)
    shop.use(1000, identifier=f"one_{shop.customer}", timestamp=JANUARY + _DAY)
    before = served.head()
    shop.use(500, timestamp=JANUARY + _DAY)
    shop.cancel_usage(f"one_{shop.customer}")
    moment = ("--as-of", f"position:{before}", "--json")
    times = ("--customer", shop.customer, "--start", str(JANUARY), "--end", str(FEBRUARY))
    [used] = _printed(served, "usage", "query", "--meter", shop.meter, *times, *moment)
    shown = _printed(served, "usage", "show", f"one_{shop.customer}", *moment)
    previewed = _printed(served, "invoice", "preview", subscription, *moment)
    assert (used["value"], shown["status"], previewed["total"]) == ("1000", "recorded", 40)
    now = _printed(served, "invoice", "preview", subscription, "--json")
    assert now["total"] == 20
    assert _printed(served, "late-usage", "list", "--customer", shop.customer, *moment) == []


def test_the_command_line_shows_an_invoice_as_it_was(shop: HttpShop, served: Served):
    shop.subscribe()
    shop.use(100)
    shop.advance(FEBRUARY + 60)
    [draft] = shop.invoices()
    before = served.head()
    shop.advance(FEBRUARY + 7200)
    moment = ("--as-of", f"position:{before}")
    then = served.command("invoice", "show", draft["id"], *moment)
    assert "(draft, test)" in then.stdout
    assert "(draft, test)" not in served.command("invoice", "show", draft["id"]).stdout


@pytest.mark.parametrize(
    ("as_of", "code"), [("tomorrow", 2), ("position:0", 6), ("position:999999999", 6)]
)
def test_the_command_line_refuses_a_moment(shop: HttpShop, served: Served, as_of: str, code: int):
    ended = served.command("late-usage", "list", "--as-of", as_of)
    assert ended.returncode == code, ended.stderr
    assert "--as-of" in ended.stderr
    assert ended.stdout == ""


def _printed(served: Served, *words: str):
    ended = served.command(*words)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_the_compatible_routes_stay_as_they_are(shop: HttpShop, served: Served):
    """What they say of now, the audit API says of then."""
    subscription = shop.subscribe()["id"]
    moment = {"as_of": f"position:{served.head()}"}
    times = {"customer": shop.customer, "start_time": JANUARY, "end_time": FEBRUARY}
    summaries = f"/v1/billing/meters/{shop.meter}/event_summaries"
    for method, path, fields in (
        ("GET", summaries, times),
        ("POST", "/v1/invoices/create_preview", {"subscription": subscription}),
        ("GET", f"/v1/customers/{shop.customer}", {}),
    ):
        refusal = shop.refused(method, path, **fields, **moment)
        assert (refusal.status, refusal.code) == (400, "parameter_unknown"), path
        assert refusal.param == "as_of"
    previewed = {"subscription": subscription, **moment}
    answered = shop.http.post("/audit/v1/invoices/create_preview", json=previewed)
    assert answered.status_code == 200, answered.text
    used = {"meter": shop.meter, "customer": shop.customer, "start": JANUARY, "end": FEBRUARY}
    assert shop.get("/audit/v1/usage", **used, **moment)["data"] == []
