"""Late usage over HTTP: found, billed on the next invoice, listed, and by which policy."""

import time
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.support.http_shop import FEBRUARY, HOUR, JANUARY, HttpShop, shop

__all__ = ["shop"]

DAY = 86_400
MARCH = 1_772_323_200
_FOUND_WITHIN_SECONDS = 20.0
LIST = "/audit/v1/late_usage"


def adjustments(shop: HttpShop, count: int = 1, **fields: Any) -> list[dict[str, Any]]:
    """The customer's adjustments, as soon as there are so many."""
    deadline = time.monotonic() + _FOUND_WITHIN_SECONDS
    while True:
        found = shop.get(LIST, customer=shop.customer, **fields)["data"]
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, "late usage is not settled"
        time.sleep(0.05)


def change(shop: HttpShop, path: str, policy: str | None) -> httpx.Response:
    """Set a policy; these routes take JSON."""
    return shop.http.post(path, json={"policy": policy})


def late_january(shop: HttpShop) -> dict[str, Any]:
    """January billed 250 tokens, and then 100 more are reported; January's invoice."""
    shop.subscribe()
    shop.use(250, timestamp=JANUARY)
    shop.advance(FEBRUARY + 2 * HOUR)
    [invoice] = shop.invoices()
    assert invoice["status"] == "open"
    shop.use(100, timestamp=JANUARY + 20 * DAY)
    return invoice


def test_late_usage_is_settled_and_listed(shop: HttpShop) -> None:
    invoice = late_january(shop)
    [found] = adjustments(shop)
    assert found["object"] == "late_usage"
    assert (found["invoice"], found["amount"]) == (invoice["id"], 4)
    assert (found["quantity_before"], found["quantity_after"]) == ("250", "350")
    assert found["outcome"] == "next_invoice"
    assert shop.get(LIST, invoice=invoice["id"])["data"] == [found]
    assert shop.get(LIST, customer=shop.customer, outcome="not_billed")["data"] == []


def test_it_lands_on_the_invoice_of_the_period_that_is_closed_next(shop: HttpShop) -> None:
    invoice = late_january(shop)
    shop.advance(MARCH + 2 * HOUR)
    newest = shop.invoices()[0]
    lines = newest["lines"]["data"]
    assert sorted(line["amount"] for line in lines) == [0, 4]
    [late] = [line for line in lines if line["amount"] == 4]
    assert invoice["number"] in late["description"]
    assert late["period"] == {"start": JANUARY, "end": FEBRUARY}
    assert newest["total"] == 4


def test_taxes_and_percentages_of_the_original_line_are_those_of_the_adjustment(
    shop: HttpShop,
) -> None:
    """Half off January once, and 25 % tax: of what comes late for January as well. What lines have
    taken off of their own is not in the subtotal (contract §9)."""
    coupon = shop.post("/v1/coupons", percent_off=50, duration="once")["id"]
    tax = {"display_name": "VAT", "percentage": 25, "inclusive": False}
    rate = shop.post("/v1/tax_rates", **tax)["id"]
    shop.subscribe(discounts=[{"coupon": coupon}], default_tax_rates=[rate])
    shop.use(1000, timestamp=JANUARY)
    shop.advance(FEBRUARY + 2 * HOUR)
    shop.use(1000, timestamp=JANUARY + DAY)
    shop.use(1000, timestamp=FEBRUARY)
    shop.advance(MARCH + 2 * HOUR)
    february, january = shop.invoices()
    assert (january["subtotal"], january["total"]) == (40, 25)
    sums = [
        (line["amount"], [one["amount"] for one in line["discount_amounts"]])
        for line in february["lines"]["data"]
    ]
    assert sums == [(40, []), (40, [20])]
    assert (february["subtotal"], february["total"]) == (60, 75)


def test_a_customer_of_whom_it_is_only_reported(shop: HttpShop) -> None:
    path = f"/audit/v1/customers/{shop.customer}/late_usage_policy"
    assert shop.get(path)["own"] is None
    changed = change(shop, path, "report_only").json()
    assert (changed["customer"], changed["policy"]) == (shop.customer, "report_only")
    late_january(shop)
    [found] = adjustments(shop)
    assert (found["outcome"], found["reason"]) == ("not_billed", "report_only")
    assert change(shop, path, None).json()["own"] is None


def test_an_unknown_policy_and_an_unknown_customer_are_refused(shop: HttpShop) -> None:
    refused = change(shop, "/audit/v1/late_usage/policy", "never")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "policy")
    unknown = "/audit/v1/customers/cus_nobody/late_usage_policy"
    assert change(shop, unknown, "immediate").status_code == 404
    assert shop.refused("GET", unknown).status == 404


def test_the_policy_of_the_ledger(shop: HttpShop) -> None:
    path = "/audit/v1/late_usage/policy"
    assert shop.get(path)["policy"] == "next_invoice"
    assert change(shop, path, "next_invoice").json()["own"] == "next_invoice"


def test_usage_that_a_subscription_drops_is_listed_with_its_reason(shop: HttpShop) -> None:
    subscription = shop.subscribe()
    shop.use(250, timestamp=JANUARY)
    shop.advance(JANUARY + DAY)
    shop.delete(f"/v1/subscriptions/{subscription['id']}")
    [found] = shop.get("/audit/v1/usage_not_billed", customer=shop.customer)["data"]
    assert (found["reason"], found["subscription"]) == (
        "canceled_without_invoice",
        subscription["id"],
    )
    assert (found["quantity"], found["meter_events"]) == ("250", 1)
    assert found["period"] == {"start": JANUARY, "end": JANUARY + DAY}


def test_usage_of_no_subscription_is_found(shop: HttpShop) -> None:
    path = f"/audit/v1/customers/{shop.customer}/usage_without_subscription"
    shop.use(70, timestamp=JANUARY - DAY)
    shop.subscribe()
    shop.use(250, timestamp=JANUARY)
    [found] = shop.get(path)["data"]
    assert (found["quantity"], found["meter"]) == ("70", shop.meter)
    assert found["period"] == {"start": None, "end": JANUARY}
    assert shop.get("/audit/v1/usage_not_billed", customer=shop.customer)["data"] == []


def test_every_sum_of_the_ledger_holds(shop: HttpShop) -> None:
    late_january(shop)
    adjustments(shop)
    found = shop.get("/audit/v1/ledger/check")
    assert [one for one in found["identities"] if not one["holds"]] == []
    assert found["holds"] is True


def test_of_late_usage_only_the_difference_is_not_billed(shop: HttpShop) -> None:
    change(shop, f"/audit/v1/customers/{shop.customer}/late_usage_policy", "report_only")
    late_january(shop)
    [adjusted] = adjustments(shop)
    [found] = shop.get("/audit/v1/usage_not_billed", customer=shop.customer)["data"]
    late = Decimal(adjusted["quantity_after"]) - Decimal(adjusted["quantity_before"])
    assert (found["late_usage"], Decimal(found["quantity"])) == (adjusted["id"], late)
    assert found["meter_events"] is None


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/audit/v1/late_usage", "customer"),
        ("/audit/v1/late_usage", "invoice"),
        ("/audit/v1/usage_not_billed", "customer"),
        ("/audit/v1/usage_not_billed", "subscription"),
    ],
)
def test_a_list_of_what_does_not_exist_is_refused(shop: HttpShop, path: str, field: str) -> None:
    refused = shop.refused("GET", path, **{field: "x_nobody"})
    assert (refused.status, refused.code, refused.param) == (400, "resource_missing", field)


def test_a_reason_that_there_is_not_is_refused(shop: HttpShop) -> None:
    assert shop.refused("GET", "/audit/v1/usage_not_billed", reason="none").param == "reason"
