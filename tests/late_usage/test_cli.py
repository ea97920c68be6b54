"""`tallybook late-usage` and `tallybook ledger check` as a person runs them."""

import json

from tests.late_usage.test_routes import adjustments, late_january
from tests.support.http_shop import HttpShop, shop
from tests.support.served import TEST_LEDGER, Served
from tests.support.tampering import rewritten

__all__ = ["shop"]


def test_adjustments_and_policies(served: Served, shop: HttpShop) -> None:
    command = ("late-usage", "policy", "--customer", shop.customer)
    assert served.command(*command).stdout == f"{shop.customer}: next_invoice (not set)\n"
    assert served.command(*command, "--set", "report_only").returncode == 0
    invoice = late_january(shop)
    [found] = adjustments(shop)
    told = served.command("late-usage", "list", "--customer", shop.customer).stdout
    assert f"{found['id']}  US$0.04  not_billed (report_only)" in told
    assert invoice["id"] in told
    listed = served.command("late-usage", "not-billed", "--customer", shop.customer, "--json")
    [one] = json.loads(listed.stdout)
    assert (one["reason"], one["late_usage"]) == ("report_only", found["id"])
    assert served.command(*command, "--set", "ledger").stdout.endswith("(not set)\n")


def test_an_unknown_customer_has_no_policy(served: Served) -> None:
    ran = served.command("late-usage", "policy", "--customer", "cus_nobody")
    assert ran.returncode == 4


def test_the_sums_of_the_ledger(served: Served, shop: HttpShop) -> None:
    invoice = late_january(shop)
    adjustments(shop)
    ran = served.command("ledger", "check")
    assert ran.returncode == 0, ran.stdout
    assert "BROKEN" not in ran.stdout
    stream, topic = invoice["id"], "invoice.finalized.v2"
    with rewritten(
        served.environment["TALLYBOOK_OWNER_DATABASE_URL"],
        TEST_LEDGER,
        topic,
        b'"total":12',
        b'"total":13',
        stream=stream,
    ):
        ran = served.command("ledger", "check")
    assert ran.returncode == 3
    assert f"{stream}: total: 13, not 12" in ran.stdout
