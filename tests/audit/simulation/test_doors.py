"""Simulations over HTTP and on the command line: tables, CSV, a chart, and files of usage."""

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.support.http_shop import FEBRUARY, HOUR, HttpShop
from tests.support.served import Served

PATH = "/audit/v1/simulations"


@pytest.fixture
def invoice(shop: HttpShop) -> str:
    """3,000 tokens at 4 cents a hundred, 25 % off and 10 % tax: 90 cents and 9."""
    coupon = shop.post("/v1/coupons", percent_off=25, duration="forever")["id"]
    tax = shop.post("/v1/tax_rates", display_name="VAT", percentage=10, inclusive=False)["id"]
    shop.subscribe(discounts=[{"coupon": coupon}], default_tax_rates=[tax])
    shop.use(3_000)
    shop.advance(FEBRUARY + HOUR)
    return shop.invoices()[0]["id"]


def asked(shop: HttpShop, **change: Any) -> dict[str, Any]:
    return {"changes": [{"price": shop.tokens, **change}], "customers": [shop.customer]}


def simulated(shop: HttpShop, **body: Any) -> dict[str, Any]:
    answer = shop.http.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused_param(shop: HttpShop, **body: Any) -> str:
    answer = shop.http.post(PATH, json=body)
    assert answer.status_code in {400, 404}, answer.text
    return answer.json()["error"]["param"]


def test_discounts_and_taxes_are_worked_out_again(shop: HttpShop, invoice: str):
    dear = {"currency": "usd", "unit_amount_decimal": "0.1"}
    found = simulated(shop, **asked(shop, terms=dear))
    [total] = found["totals"]
    assert total["before"] == {"subtotal": 120, "discounts": 30, "taxes": 9, "total": 99}
    assert total["after"] == {"subtotal": 300, "discounts": 75, "taxes": 23, "total": 248}
    assert (total["difference"], total["currency"]) == (149, "usd")
    assert [mover["customer"] for mover in total["movers"]] == [shop.customer]
    [line] = found["lines"]
    assert (line["invoice"], line["quantity"]) == (invoice, "3000")
    assert (line["before"], line["after"], line["difference"]) == (120, 300, 180)
    assert (found["object"], found["affected_invoices"]) == ("simulation", 1)


def test_the_same_price_changes_nothing(shop: HttpShop, invoice: str):
    found = shop.get(PATH, **asked(shop, replaced_by=shop.tokens))
    [total] = found["totals"]
    assert total["before"] == total["after"]
    assert (total["difference"], total["movers"]) == (0, [])
    assert [line["difference"] for line in found["lines"]] == [0]


def test_a_segment_is_told_by_metadata(shop: HttpShop, invoice: str):
    segment = {"plan": shop.customer}
    shop.post(f"/v1/customers/{shop.customer}", metadata=segment)
    change: Any = {"changes": [{"price": shop.tokens, "replaced_by": shop.tokens}]}
    found = simulated(shop, metadata=segment, **change)
    assert [one["customer"] for one in found["customers"]] == [shop.customer]
    assert refused_param(shop, metadata={"plan": "of nobody"}, **change) == "metadata"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({}, "changes[0][replaced_by]"),
        ({"replaced_by": "price_unknown"}, "changes[0][replaced_by]"),
        ({"terms": {"currency": "usd"}}, "unit_amount"),
        ({"terms": {"currency": "eur", "unit_amount": 1}}, "changes"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    shop: HttpShop, invoice: str, change: dict[str, Any], param: str
):
    assert refused_param(shop, **asked(shop, **change)) == param


def test_the_command_writes_a_table_csv_and_a_chart(
    served: Served, shop: HttpShop, invoice: str, tmp_path: Path
):
    terms, rows, drawn = (tmp_path / name for name in ("new.json", "lines.csv", "chart.svg"))
    tier = {"up_to": 10_000, "unit_amount_decimal": "0.1"}
    tiered = {"billing_scheme": "tiered", "tiers_mode": "graduated"}
    rest = {"up_to": "inf", "unit_amount": 1}
    terms.write_text(json.dumps({"currency": "usd", "tiers": [tier, rest], **tiered}))
    words = ["--price", f"{shop.tokens}={terms}", "--customer", shop.customer]
    ran = served.command(
        "simulate", *words, "--from", "2026-01", "--csv", str(rows), "--chart", str(drawn)
    )
    assert ran.returncode == 0, ran.stderr
    for words_ in ("US$0.99", "US$2.48", "+US$1.49", shop.customer):
        assert words_ in ran.stdout
    with rows.open() as file:
        [line] = csv.DictReader(file)
    assert (line["invoice"], line["before"], line["after"]) == (invoice, "120", "300")
    document = ET.parse(drawn)  # noqa: S314 - this project wrote it
    texts = [one.text for one in document.iter("{http://www.w3.org/2000/svg}text")]
    assert shop.customer in texts
    assert "US$2.48" in texts
    as_json = served.command("simulate", "--price", f"{shop.tokens}={terms}", "--json")
    assert json.loads(as_json.stdout)["object"] == "simulation"


def test_usage_in_a_file_is_rated_and_not_recorded(served: Served, shop: HttpShop, tmp_path: Path):
    other = shop.price(
        "Dear",
        unit_amount_decimal="0.1",
        recurring={"interval": "month", "usage_type": "metered", "meter": shop.meter},
    )
    usage = tmp_path / "usage.ndjson"
    times = ("2026-05-30T00:00:00Z", "2026-05-31T00:00:00Z", "2026-06-01T00:00:00Z")
    records = [
        {
            "identifier": f"unsent-{number}",
            "event_name": shop.event_name,
            "timestamp": time,
            "payload": {"stripe_customer_id": shop.customer, "value": "1500"},
        }
        for number, time in enumerate(times)
    ]
    records.append(records[0])
    unknown = {"stripe_customer_id": "cus_unknown", "value": "1"}
    records.append(records[0] | {"identifier": "unknown", "payload": unknown})
    usage.write_text("".join(json.dumps(record) + "\n" for record in records))
    ran = served.command(
        "simulate", "--price", f"{shop.tokens}={other}", "--usage", str(usage), "--json"
    )
    assert ran.returncode == 0, ran.stderr
    assert "3 events counted, 1 repeated, 1 refused; nothing is recorded" in ran.stderr
    assert "cus_unknown" in ran.stderr
    found = json.loads(ran.stdout)
    lines = [(line["quantity"], line["before"], line["after"]) for line in found["lines"]]
    assert lines == [("3000", 120, 300), ("1500", 60, 150)]
    assert found["totals"][0]["difference"] == 270
    assert served.command("usage", "show", "unsent-0").returncode == 4


def test_the_command_refuses_what_it_cannot_do(served: Served, shop: HttpShop, tmp_path: Path):
    def code(*words: str) -> int:
        return served.command("simulate", *words).returncode

    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert code() == 2
    assert code("--price", "price_x") == 2
    assert code("--price", f"{shop.tokens}={shop.seat}", "--from", "2026-13") == 2
    assert code("--price", f"{shop.tokens}={shop.seat}") == 6
    assert code("--price", f"{shop.tokens}={broken}") == 6
    assert code("--price", f"{shop.tokens}=/nowhere.json") == 6
    assert code("--price", f"price_unknown={shop.tokens}") == 4
    assert code("--price", f"{shop.tokens}={shop.tokens}", "--customer", "cus_unknown") == 4


def test_months_in_the_wrong_order_are_refused(shop: HttpShop, invoice: str):
    months = {"first_period": "2026-03", "last_period": "2026-01"}
    asking = asked(shop, replaced_by=shop.tokens)
    assert refused_param(shop, **asking, **months) == "last_period"
