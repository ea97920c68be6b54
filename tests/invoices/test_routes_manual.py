"""Invoices made and edited by hand over HTTP; every answer has the official client's shape."""

from typing import Any

import pytest

from tests.support.http_shop import FEBRUARY, HOUR, JANUARY, HttpShop

ALL = "/v1/invoices"
DAY = 24 * HOUR


def begin(shop: HttpShop, **fields: Any) -> str:
    """The path of a new draft of the customer."""
    return f"{ALL}/{shop.post(ALL, 'Invoice', customer=shop.customer, **fields)['id']}"


def wait(shop: HttpShop, amount: int, **fields: Any) -> str:
    """The id of an item that waits for an invoice, or is put on one."""
    asked = {"customer": shop.customer, "amount": amount, **fields}
    return shop.post("/v1/invoiceitems", "InvoiceItem", **asked)["id"]


def amounts(invoice: dict[str, Any]) -> list[int]:
    return [line["amount"] for line in invoice["lines"]["data"]]


def test_a_draft_begins_empty_and_stays_a_draft(shop: HttpShop):
    wait(shop, 5)
    draft = shop.post(ALL, "Invoice", customer=shop.customer)
    assert (draft["status"], draft["billing_reason"], draft["number"]) == ("draft", "manual", None)
    assert (draft["auto_advance"], draft["automatically_finalizes_at"]) == (False, None)
    assert (draft["currency"], draft["total"], draft["parent"]) == ("usd", 0, None)
    assert (draft["period_start"], draft["period_end"]) == (JANUARY, JANUARY)
    shop.advance(FEBRUARY)
    assert shop.get(f"{ALL}/{draft['id']}", "Invoice")["status"] == "draft"


def test_what_waits_is_taken_on_request(shop: HttpShop):
    items = [wait(shop, 100), wait(shop, 20)]
    draft = shop.post(
        ALL, "Invoice", customer=shop.customer, pending_invoice_items_behavior="include"
    )
    assert (amounts(draft), draft["total"]) == ([100, 20], 120)
    taken = [line["parent"]["invoice_item_details"] for line in draft["lines"]["data"]]
    assert [one["invoice_item"] for one in taken] == items
    again = shop.post(
        ALL, "Invoice", customer=shop.customer, pending_invoice_items_behavior="include"
    )
    assert amounts(again) == []


def test_a_subscriptions_invoice_takes_what_waits_for_it_alone(shop: HttpShop):
    subscription = shop.subscribe(metadata={"plan": "a"})["id"]
    wait(shop, 100)
    wait(shop, 20, subscription=subscription)
    draft = shop.post(
        ALL, "Invoice", subscription=subscription, pending_invoice_items_behavior="include"
    )
    assert (draft["customer"], amounts(draft)) == (shop.customer, [20])
    details = draft["parent"]["subscription_details"]
    assert details == {"subscription": subscription, "metadata": {"plan": "a"}}
    assert shop.refused("DELETE", f"{ALL}/{draft['id']}").status == 400


def test_items_that_no_invoice_was_made_for_come_with_the_next_period(shop: HttpShop):
    shop.subscribe(shop.seat)
    wait(shop, 500, description="Setup")
    shop.advance(FEBRUARY + HOUR)
    issued = shop.invoices()[0]
    assert (issued["billing_reason"], amounts(issued)) == ("subscription_cycle", [2000, 500])
    [seat, extra] = issued["lines"]["data"]
    assert seat["parent"]["type"] == "subscription_item_details"
    assert extra["parent"]["type"] == "invoice_item_details"
    assert (extra["description"], extra["quantity"]) == ("Setup", 1)


def test_a_draft_that_advances_is_finalized_after_its_grace_period(shop: HttpShop):
    one = begin(shop, auto_advance=True)
    wait(shop, 5, invoice=one.removeprefix(f"{ALL}/"))
    assert shop.get(one)["automatically_finalizes_at"] == JANUARY + HOUR
    shop.advance(JANUARY + HOUR - 1)
    assert shop.get(one, "Invoice")["status"] == "draft"
    shop.advance(JANUARY + HOUR)
    issued = shop.get(one, "Invoice")
    assert (issued["status"], issued["amount_due"]) == ("open", 5)
    assert issued["status_transitions"]["finalized_at"] == JANUARY + HOUR


def test_when_a_draft_finalizes_itself_can_be_said_and_unsaid(shop: HttpShop):
    one = begin(shop, automatically_finalizes_at=JANUARY + DAY)
    assert shop.get(one)["auto_advance"] is True
    later = shop.post(one, "Invoice", automatically_finalizes_at=JANUARY + 2 * DAY)
    assert later["automatically_finalizes_at"] == JANUARY + 2 * DAY
    shop.advance(JANUARY + DAY)
    stopped = shop.post(one, "Invoice", auto_advance=False)
    assert (stopped["auto_advance"], stopped["automatically_finalizes_at"]) == (False, None)
    shop.advance(JANUARY + 3 * DAY)
    assert shop.get(one)["status"] == "draft"
    again = shop.post(one, "Invoice", auto_advance=True)
    assert again["automatically_finalizes_at"] == JANUARY + 3 * DAY + HOUR
    shop.advance(JANUARY + 4 * DAY)
    assert shop.get(one)["status_transitions"]["finalized_at"] == JANUARY + 3 * DAY + HOUR


def test_details_are_kept_and_changed(shop: HttpShop):
    fields = [{"name": "PO", "value": "1234"}]
    draft = shop.post(
        ALL,
        "Invoice",
        customer=shop.customer,
        description="Thanks",
        footer="Pay soon",
        metadata={"a": "1"},
        custom_fields=fields,
        statement_descriptor="TALLY",
        payment_settings={"payment_method_types": ["card"]},
        default_payment_method="pm_card_visa",
    )
    assert (draft["description"], draft["footer"]) == ("Thanks", "Pay soon")
    assert (draft["metadata"], draft["custom_fields"]) == ({"a": "1"}, fields)
    assert draft["statement_descriptor"] == "TALLY"
    assert draft["payment_settings"]["payment_method_types"] == ["card"]
    assert draft["default_payment_method"] == "pm_card_visa"
    one = f"{ALL}/{draft['id']}"
    changed = shop.post(one, "Invoice", description="", footer="Later", metadata={"b": "2"})
    assert (changed["description"], changed["footer"]) == (None, "Later")
    assert changed["metadata"] == {"a": "1", "b": "2"}
    assert shop.post(one, "Invoice", custom_fields="")["custom_fields"] is None


def test_an_invoice_to_be_sent_is_due_on_a_day(shop: HttpShop):
    due = JANUARY + 9 * DAY
    one = begin(shop, collection_method="send_invoice", due_date=due)
    assert shop.get(one, "Invoice")["due_date"] == due
    assert shop.post(one, "Invoice", days_until_due=3)["due_date"] is None
    shop.advance(JANUARY + DAY)
    sent = shop.post(f"{one}/send", "Invoice")
    assert (sent["status"], sent["due_date"]) == ("paid", JANUARY + 4 * DAY)
    assert shop.post(f"{one}/send", "Invoice") == sent
    charged = begin(shop)
    back = shop.post(charged, "Invoice", collection_method="send_invoice", due_date=due)
    assert back["due_date"] == due
    automatic = shop.post(charged, "Invoice", collection_method="charge_automatically")
    assert automatic["due_date"] is None


def test_of_a_finalized_invoice_only_notes_change(shop: HttpShop):
    one = begin(shop, collection_method="send_invoice", days_until_due=5)
    wait(shop, 100, invoice=one.removeprefix(f"{ALL}/"))
    issued = shop.post(f"{one}/finalize", "Invoice")
    noted = shop.post(one, "Invoice", metadata={"a": "b"}, default_payment_method="pm_b")
    assert noted == {**issued, "metadata": {"a": "b"}, "default_payment_method": "pm_b"}
    stopped = shop.post(one, "Invoice", auto_advance=True)
    assert (stopped["auto_advance"], stopped["automatically_finalizes_at"]) == (True, None)
    for field in ("description", "footer"):
        refusal = shop.refused("POST", one, **{field: "New"})
        assert (refusal.code, refusal.param) == ("invoice_not_editable", field)


def test_a_deleted_drafts_items_wait_again(shop: HttpShop):
    one = begin(shop)
    items = [wait(shop, n, invoice=one.removeprefix(f"{ALL}/")) for n in (1, 2)]
    gone = shop.delete(one)
    assert gone == {"id": one.removeprefix(f"{ALL}/"), "object": "invoice", "deleted": True}
    assert shop.refused("GET", one).status == 404
    assert shop.invoices() == []
    page = shop.get("/v1/invoiceitems", customer=shop.customer, pending=True)["data"]
    assert sorted(item["id"] for item in page) == sorted(items)
    shop.subscribe(shop.seat)
    assert amounts(shop.invoices()[0]) == [2000, 1, 2]


def test_sums_beyond_64_bits_are_said_on_the_draft_and_never_issued(shop: HttpShop):
    one = begin(shop)
    for _ in range(2):
        wait(shop, 2**63 - 1, invoice=one.removeprefix(f"{ALL}/"))
    draft = shop.get(one, "Invoice")
    assert draft["last_finalization_error"]["type"] == "invalid_request_error"
    assert "64-bit" in draft["last_finalization_error"]["message"]
    assert draft["total"] == 0
    refusal = shop.refused("POST", f"{one}/finalize")
    assert (refusal.status, "64-bit" in refusal.message) == (400, True)
    assert shop.get(one)["status"] == "draft"


def test_a_total_below_zero_becomes_credit(shop: HttpShop):
    one = begin(shop)
    wait(shop, -300, invoice=one.removeprefix(f"{ALL}/"))
    issued = shop.post(f"{one}/finalize", "Invoice")
    assert (issued["status"], issued["total"], issued["amount_due"]) == ("paid", -300, 0)
    assert (issued["starting_balance"], issued["ending_balance"]) == (0, -300)
    assert shop.get(f"/v1/customers/{shop.customer}")["balance"] == -300
    following = begin(shop)
    wait(shop, 1000, invoice=following.removeprefix(f"{ALL}/"))
    assert shop.post(f"{following}/finalize", "Invoice")["amount_due"] == 700


@pytest.mark.parametrize("inclusive", [False, True])
def test_discounts_and_taxes_show_on_lines_and_in_sums(shop: HttpShop, inclusive: bool):
    coupon = shop.post("/v1/coupons", percent_off="10")["id"]
    rate = shop.post("/v1/tax_rates", display_name="VAT", percentage="20", inclusive=inclusive)[
        "id"
    ]
    one = begin(shop, discounts=[{"coupon": coupon}], default_tax_rates=[rate])
    lines = [{"amount": 1000}, {"amount": 333}, {"amount": -100}]
    shop.post(f"{one}/add_lines", lines=lines)
    for invoice in (shop.get(one, "Invoice"), shop.post(f"{one}/finalize", "Invoice")):
        data = invoice["lines"]["data"]
        assert [one["id"] for one in invoice["default_tax_rates"]] == [rate]
        [discount] = invoice["discounts"]
        taken = [sum(each["amount"] for each in line["discount_amounts"]) for line in data]
        assert taken == [100, 33, 0]
        assert invoice["total_discount_amounts"] == [{"amount": 133, "discount": discount}]
        taxes = [tax for line in data for tax in line["taxes"]]
        assert {tax["tax_behavior"] for tax in taxes} == {"inclusive" if inclusive else "exclusive"}
        [total_tax] = invoice["total_taxes"]
        assert total_tax["amount"] == sum(tax["amount"] for tax in taxes)
        assert total_tax["amount"] == (183 if inclusive else 220)
        assert invoice["subtotal"] == 1233
        assert invoice["total"] == (1100 if inclusive else 1320)
        assert invoice["total_excluding_tax"] == invoice["total"] - total_tax["amount"]


def test_an_invoice_by_hand_is_a_page_with_its_own_fields(shop: HttpShop):
    one = begin(shop, custom_fields=[{"name": "Order", "value": "A-17"}], footer="Net of fees")
    wait(shop, 1200, invoice=one.removeprefix(f"{ALL}/"), description="Workshop")
    shop.post(f"{one}/finalize")
    page = shop.http.get(one.replace("/v1/", "/audit/v1/") + ".html").text
    for said in ("Order", "A-17", "Net of fees", "Workshop", "US$12.00"):
        assert said in page
    assert "31 December 2025" not in page
