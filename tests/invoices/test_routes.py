"""Invoices over HTTP; every answer has the shape that the official client declares."""

from typing import Any

import pytest

from tests.support.http_shop import FEBRUARY, HOUR, JANUARY, HttpShop
from tests.support.served import Served

ALL = "/v1/invoices"


class Month:
    """January, with 3,000 tokens used, of a subscription in a shop of its own."""

    def __init__(self, shop: HttpShop, **fields: Any) -> None:
        self.shop = shop
        self.subscription = shop.subscribe(**fields)["id"]
        for value in (1000, 1500, 500):
            shop.use(value)

    def drafted(self) -> str:
        self.shop.advance(FEBRUARY + 60)
        return f"{ALL}/{self.shop.invoices()[0]['id']}"

    def finalized(self) -> str:
        """The path of the invoice, an hour after the period's end."""
        self.shop.advance(FEBRUARY + HOUR)
        return f"{ALL}/{self.shop.invoices()[0]['id']}"


@pytest.fixture
def month(shop: HttpShop) -> Month:
    return Month(shop)


@pytest.fixture
def sent(shop: HttpShop) -> Month:
    return Month(shop, collection_method="send_invoice", days_until_due=10)


def test_the_upcoming_invoice_becomes_the_invoice(month: Month):
    shop = month.shop
    upcoming = shop.post(f"{ALL}/create_preview", "Invoice", subscription=month.subscription)
    assert upcoming["total"] == 120
    issued = shop.get(month.finalized(), "Invoice")
    assert (issued["status"], issued["amount_due"], issued["amount_paid"]) == ("open", 120, 0)
    assert (issued["attempted"], issued["auto_advance"]) == (False, True)
    assert issued["number"].endswith("-0001")
    assert (issued["customer_name"], issued["customer_email"]) == ("Ada", "ada@example.com")
    assert (issued["period_start"], issued["period_end"]) == (JANUARY, FEBRUARY)
    assert issued["status_transitions"]["finalized_at"] == FEBRUARY + HOUR
    assert issued["parent"]["subscription_details"]["subscription"] == month.subscription
    [line] = issued["lines"]["data"]
    assert (line["quantity"], line["quantity_decimal"], line["amount"]) == (3000, "3000", 120)
    assert line["description"] == "3000 \N{MULTIPLICATION SIGN} Tokens (at US$0.04 per 100 / month)"
    assert line["pricing"]["unit_amount_decimal"] == "4"
    assert line["period"] == {"start": JANUARY, "end": FEBRUARY}
    [foreseen] = upcoming["lines"]["data"]
    foreseen["invoice"] = line["invoice"]
    assert foreseen == line


def test_a_draft_counts_late_usage_until_it_is_finalized(month: Month):
    shop, one = month.shop, month.drafted()
    draft = shop.get(one, "Invoice")
    assert (draft["status"], draft["number"], draft["total"]) == ("draft", None, 120)
    assert draft["automatically_finalizes_at"] == FEBRUARY + HOUR
    shop.use(100, timestamp=FEBRUARY - 1)
    shop.use(5000, timestamp=FEBRUARY)
    assert shop.get(one, "Invoice")["total"] == 124
    assert shop.get(f"{one}/lines")["data"][0]["quantity"] == 3100
    assert shop.invoices(status="draft")[0]["amount_due"] == 124
    final = shop.post(f"{one}/finalize", "Invoice", auto_advance=False)
    assert (final["status"], final["total"], final["auto_advance"]) == ("open", 124, False)
    shop.use(100, timestamp=FEBRUARY - 1)
    assert shop.get(one)["total"] == 124


def test_a_draft_shows_credit_and_uses_it_when_it_is_finalized(month: Month):
    shop, one = month.shop, month.drafted()
    shop.post(f"/v1/customers/{shop.customer}", balance=-100)
    draft = shop.get(one, "Invoice")
    assert (draft["starting_balance"], draft["ending_balance"]) == (-100, None)
    assert (draft["total"], draft["amount_due"]) == (120, 20)
    final = shop.post(f"{one}/finalize", "Invoice")
    assert (final["starting_balance"], final["ending_balance"]) == (-100, 0)
    assert (final["amount_due"], final["amount_remaining"]) == (20, 20)
    shop.post(f"{one}/void", "Invoice")
    assert shop.get(f"/v1/customers/{shop.customer}")["balance"] == -100


def test_an_invoice_with_nothing_due_is_paid_at_once(shop: HttpShop):
    shop.subscribe()
    shop.advance(FEBRUARY + HOUR)
    [issued] = shop.invoices()
    assert (issued["status"], issued["amount_due"], issued["attempted"]) == ("paid", 0, True)
    assert issued["status_transitions"]["paid_at"] == FEBRUARY + HOUR
    assert issued["auto_advance"] is False


def test_no_money_moves(month: Month):
    shop, one = month.shop, month.finalized()
    refusal = shop.refused("POST", f"{one}/pay", payment_method="pm_card_visa", off_session=True)
    assert (refusal.status, refusal.param) == (400, "paid_out_of_band")
    assert "No money moves" in refusal.message
    assert shop.get(one)["status"] == "open"
    paid = shop.post(f"{one}/pay", "Invoice", paid_out_of_band=True)
    assert (paid["status"], paid["amount_paid"], paid["amount_remaining"]) == ("paid", 120, 0)
    assert shop.refused("POST", f"{one}/pay", paid_out_of_band=True).status == 400
    assert shop.refused("POST", f"{one}/void").status == 400


def test_an_uncollectible_invoice_can_still_be_paid(month: Month):
    shop, one = month.shop, month.finalized()
    given_up = shop.post(f"{one}/mark_uncollectible", "Invoice")
    assert given_up["status"] == "uncollectible"
    assert given_up["status_transitions"]["marked_uncollectible_at"] == FEBRUARY + HOUR
    assert shop.refused("POST", f"{one}/mark_uncollectible").status == 400
    assert shop.post(f"{one}/pay", "Invoice", paid_out_of_band=True)["status"] == "paid"


def test_an_invoice_is_voided_once_it_is_finalized(month: Month):
    shop, one = month.shop, month.drafted()
    assert shop.refused("POST", f"{one}/void").status == 400
    shop.post(f"{one}/finalize")
    assert shop.refused("POST", f"{one}/finalize").status == 400
    voided = shop.post(f"{one}/void", "Invoice")
    assert voided["status"] == "void"
    assert voided["status_transitions"]["voided_at"] == FEBRUARY + 60


def test_an_invoice_that_is_sent_is_due_later(sent: Month):
    shop, one = sent.shop, sent.finalized()
    issued = shop.get(one, "Invoice")
    due = FEBRUARY + HOUR + 10 * 24 * HOUR
    assert (issued["collection_method"], issued["due_date"]) == ("send_invoice", due)
    assert len(shop.invoices(due_date={"lte": due})) == 1
    assert shop.invoices(due_date={"lt": due}) == []


def test_lists_are_narrowed_and_paged(month: Month):
    shop = month.shop
    other = shop.subscribe(shop.seat)["id"]
    month.finalized()
    everything = [invoice["id"] for invoice in shop.invoices()]
    assert len(everything) == 3
    assert [i["total"] for i in shop.invoices(subscription=month.subscription)] == [120]
    assert len(shop.invoices(subscription=other)) == 2
    assert shop.invoices(status="paid") == []
    assert shop.invoices(collection_method="send_invoice") == []
    assert len(shop.invoices(created={"gte": FEBRUARY})) == 2
    page = shop.get(ALL, customer=shop.customer, limit=2)
    assert (page["has_more"], [i["id"] for i in page["data"]]) == (True, everything[:2])
    rest = shop.get(ALL, customer=shop.customer, limit=2, starting_after=everything[1])
    assert (rest["has_more"], [i["id"] for i in rest["data"]]) == (False, everything[2:])


def test_many_lines_are_a_list_of_their_own(shop: HttpShop):
    prices = [
        shop.price(f"Seat {n}", unit_amount=100 + n, recurring={"interval": "month"})
        for n in range(12)
    ]
    first = shop.subscribe(*prices, expand=["latest_invoice"])["latest_invoice"]
    lines = first["lines"]
    assert (lines["has_more"], len(lines["data"])) == (True, 10)
    assert lines["url"] == f"{ALL}/{first['id']}/lines"
    page = shop.get(lines["url"], "list:InvoiceLineItem", limit=100)
    assert page["data"][:10] == lines["data"]
    assert [line["amount"] for line in page["data"]] == [100 + n for n in range(12)]
    last = lines["data"][-1]["id"]
    rest = shop.get(lines["url"], "list:InvoiceLineItem", starting_after=last)
    assert (rest["has_more"], rest["data"]) == (False, page["data"][10:])


def test_what_an_invoice_refers_to_can_be_expanded(month: Month):
    shop, one = month.shop, month.finalized()
    paths = [
        "customer",
        "confirmation_secret",
        "lines.data.subscription",
        "parent.subscription_details.subscription",
        "payments",
        "test_clock",
    ]
    shown = shop.get(one, "Invoice", expand=paths)
    assert shown["customer"]["name"] == "Ada"
    assert shown["parent"]["subscription_details"]["subscription"]["status"] == "active"
    assert shown["payments"]["data"] == []
    assert (shown["confirmation_secret"], shown["test_clock"]["id"]) == (None, shop.clock)
    expand = ["data.pricing.price_details.price"]
    [line] = shop.get(f"{one}/lines", "list:InvoiceLineItem", expand=expand)["data"]
    assert line["pricing"]["price_details"]["price"]["id"] == shop.tokens
    page = shop.get(ALL, "list:Invoice", customer=shop.customer, expand=["data.customer"])
    assert page["data"][0]["customer"]["id"] == shop.customer


def test_an_invoice_of_a_deleted_customer_names_nobody(month: Month):
    shop, one = month.shop, month.finalized()
    shop.delete(f"/v1/customers/{shop.customer}")
    assert shop.get(one, "Invoice")["customer_name"] is None
    assert shop.get(one, expand=["customer"])["customer"] == {
        "id": shop.customer,
        "object": "customer",
        "deleted": True,
    }


@pytest.mark.parametrize("action", ["finalize", "pay", "void", "mark_uncollectible"])
def test_an_invoice_that_is_not_there(shop: HttpShop, served: Served, action: str):
    before = served.head()
    for method, path in (("GET", ""), ("GET", "/lines"), ("POST", f"/{action}")):
        refusal = shop.refused(method, f"{ALL}/in_unknown{path}")
        assert (refusal.status, refusal.code) == (404, "resource_missing")
    assert served.head() == before
