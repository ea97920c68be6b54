"""Credit notes over HTTP: shapes, pages, expansions and refusals."""

from typing import Any

import pytest

from tests.support.http_shop import HttpShop

NOTES, TYPE = "/v1/credit_notes", "CreditNote"


@pytest.fixture
def invoice(shop: HttpShop) -> dict[str, Any]:
    """An open invoice of US$20."""
    shop.subscribe(shop.seat)
    [made] = shop.invoices()
    return made


def test_a_note_has_the_official_shape(shop: HttpShop, invoice: dict[str, Any]) -> None:
    rate = shop.post(
        "/v1/tax_rates", "TaxRate", display_name="VAT", percentage="19", inclusive=False
    )["id"]
    made = shop.post(
        NOTES,
        TYPE,
        invoice=invoice["id"],
        lines=[
            {"type": "invoice_line_item", "invoice_line_item": _line(invoice), "quantity": 1},
        ],
        effective_at=1_767_225_601,
        email_type="none",
        metadata={"a": "b"},
    )
    assert made["lines"]["data"][0]["description"] == invoice["lines"]["data"][0]["description"]
    second = shop.subscribe(shop.seat)["latest_invoice"]
    custom = {
        "type": "custom_line_item",
        "unit_amount_decimal": "33.5",
        "quantity": 3,
        "tax_rates": [rate],
        "metadata": {"c": "d"},
    }
    taxed = shop.post(NOTES, TYPE, invoice=second, lines=[custom])
    assert (taxed["subtotal"], taxed["total"], taxed["total_excluding_tax"]) == (101, 120, 101)
    assert taxed["total_taxes"][0]["amount"] == 19
    [line] = taxed["lines"]["data"]
    assert (line["unit_amount"], line["unit_amount_decimal"]) == (None, "33.5")
    assert [one["id"] for one in line["tax_rates"]] == [rate]
    one = f"{NOTES}/{taxed['id']}"
    shop.get(one, TYPE, expand=["customer", "invoice"])
    shop.get(f"{one}/lines", "list:CreditNoteLineItem")
    changed = shop.post(one, TYPE, memo="Sorry", metadata={"a": "b"})
    assert (changed["memo"], changed["metadata"]) == ("Sorry", {"a": "b"})
    assert shop.post(one, TYPE, memo="")["memo"] is None
    assert shop.post(f"{one}/void", TYPE)["status"] == "void"
    shop.get(NOTES, f"list:{TYPE}", customer=shop.customer, expand=["data.invoice"])
    preview = shop.get(f"{NOTES}/preview", TYPE, invoice=second, amount=5)
    assert (preview["amount"], preview["lines"]["data"][0]["amount"]) == (5, 5)
    shop.get(f"{NOTES}/preview/lines", "list:CreditNoteLineItem", invoice=second, amount=5)


def _line(invoice: dict[str, Any]) -> str:
    return invoice["lines"]["data"][0]["id"]


def test_a_note_and_the_balance_lead_to_each_other(shop: HttpShop, invoice: dict[str, Any]) -> None:
    shop.post(f"/v1/invoices/{invoice['id']}/pay", paid_out_of_band=True)
    note = shop.post(
        NOTES,
        TYPE,
        invoice=invoice["id"],
        amount=500,
        credit_amount=500,
        expand=["customer_balance_transaction.credit_note"],
    )
    moved = note["customer_balance_transaction"]
    assert (moved["amount"], moved["credit_note"]["id"]) == (-500, note["id"])
    path = f"/v1/customers/{shop.customer}/balance_transactions/{moved['id']}"
    found = shop.get(path, "CustomerBalanceTransaction", expand=["invoice", "credit_note"])
    assert found["invoice"]["post_payment_credit_notes_amount"] == 500


def test_notes_are_listed_by_invoice_customer_and_time(
    shop: HttpShop, invoice: dict[str, Any]
) -> None:
    made = [shop.post(NOTES, invoice=invoice["id"], amount=n)["id"] for n in (1, 2, 3)]

    def listed(**filters: Any) -> list[str]:
        return [one["id"] for one in shop.get(NOTES, f"list:{TYPE}", **filters)["data"]]

    assert listed(invoice=invoice["id"]) == listed(customer=shop.customer) == made[::-1]
    assert listed(invoice=invoice["id"], starting_after=made[2], limit=1) == [made[1]]
    assert listed(invoice="in_x") == []
    assert listed(customer=shop.customer, created={"gt": 4_000_000_000}) == []


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"amount": 2001}, "amount_too_large", "amount"),
        ({"amount": 0}, "amount_too_small", "amount"),
        ({"amount": 2**63}, "parameter_invalid_integer", "amount"),
        ({"amount": 1, "credit_amount": 1}, None, "credit_amount"),
        ({"amount": 1, "refund_amount": 1}, None, "refund_amount"),
        ({"amount": 1, "refunds": [{"refund": "re_1"}]}, None, "refunds"),
        ({"amount": 1, "shipping_cost": {"shipping_rate": "shr_1"}}, None, "shipping_cost"),
        ({"amount": 1, "reason": "whim"}, None, "reason"),
        ({"amount": 1, "lines": [{"type": "custom_line_item"}]}, "parameters_exclusive", "lines"),
        ({"lines": [{"type": "gift"}]}, None, "lines[0][type]"),
        ({"lines": [{"amount": 1}]}, "parameter_missing", "lines[0][type]"),
        ({"invoice": "in_x", "amount": 1}, "resource_missing", "invoice"),
        (
            {"lines": [{"type": "custom_line_item", "amount": 1, "unit_amount": 1}]},
            None,
            "lines[0][amount]",
        ),
        (
            {"lines": [{"type": "invoice_line_item", "unit_amount": 1}]},
            None,
            "lines[0][unit_amount]",
        ),
        (
            {"lines": [{"type": "invoice_line_item", "invoice_line_item": "il_x", "amount": 1}]},
            "resource_missing",
            "lines[0][invoice_line_item]",
        ),
        (
            {"lines": [{"type": "custom_line_item", "unit_amount": 1, "unit_amount_decimal": 1}]},
            "parameters_exclusive",
            "lines[0][unit_amount_decimal]",
        ),
    ],
)
def test_what_is_refused_names_its_field(
    shop: HttpShop, invoice: dict[str, Any], form: dict[str, Any], code: str | None, param: str
) -> None:
    for method, path in (("POST", NOTES), ("GET", f"{NOTES}/preview")):
        refused = shop.refused(method, path, **{"invoice": invoice["id"], **form})
        assert (refused.status, refused.code, refused.param) == (400, code, param)
    assert shop.get(NOTES, invoice=invoice["id"])["data"] == []


def test_no_money_moves(shop: HttpShop, invoice: dict[str, Any]) -> None:
    shop.post(f"/v1/invoices/{invoice['id']}/pay", paid_out_of_band=True)
    asked = {"invoice": invoice["id"], "amount": 1, "refund_amount": 1}
    assert "no money moves" in shop.refused("POST", NOTES, **asked).message


def test_drafts_are_not_credited(shop: HttpShop) -> None:
    shop.subscribe(shop.seat, collection_method="send_invoice", days_until_due=7)
    [draft] = shop.invoices()
    refused = shop.refused("POST", NOTES, invoice=draft["id"], amount=1)
    assert (refused.status, refused.param) == (400, "invoice")
    assert "a draft" in refused.message


def test_the_page_of_an_invoice_names_the_notes_that_stand(
    shop: HttpShop, invoice: dict[str, Any]
) -> None:
    void, stands = (shop.post(NOTES, invoice=invoice["id"], amount=amount) for amount in (100, 500))
    shop.post(f"{NOTES}/{void['id']}/void")
    page = shop.http.get(f"/audit/v1/invoices/{invoice['id']}.html").text
    assert f"Credit note {stands['number']}" in page
    assert void["number"] not in page
    assert "15.00" in page
