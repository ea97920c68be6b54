"""Commands on invoice items: given facts, when asked, then these facts or this refusal."""

from typing import Any

import pytest

from ledger.coupons.commands import DiscountRequest
from ledger.invoice_items.commands import (
    ChargeRequest,
    CreateInvoiceItem,
    DeleteInvoiceItem,
    UpdateInvoiceItem,
)
from ledger.invoice_items.events import (
    InvoiceItemChanged,
    InvoiceItemCreated,
    InvoiceItemDeleted,
    InvoiceItemInvoiced,
    ItemsTaken,
    ItemsWaiting,
)
from ledger.invoices.commands import CreateInvoice, DetailsRequest, FinalizeInvoice
from ledger.invoices.events import InvoiceLinesChanged
from ledger.prices.commands import CreatePrice
from ledger.prices.events import PriceCreated, PriceDetails
from ledger.prices.terms import PriceTerms
from ledger.products.aggregate import stream_of
from ledger.products.events import ProductCreated, ProductDetails
from tests.support.billing_ledger import BillingLedger, at, of_type

PENDING = "pending_invoice_items:cus_a"


@pytest.fixture
def ledger() -> BillingLedger:
    ledger = BillingLedger()
    ledger.sell()
    ledger.price("price_once", "500", recurring=None)
    return ledger


def create(item: str = "ii_a", *, invoice: str | None = None, **fields: Any) -> CreateInvoiceItem:
    """An item of 5 cents unless something else is asked for."""
    of_item = {name: fields.pop(name) for name in ("currency", "subscription") if name in fields}
    customer = fields.pop("customer", "cus_a")
    charge = ChargeRequest(**(fields or {"amount": 5}))
    return CreateInvoiceItem(
        item=item, charge=charge, customer=customer, invoice=invoice, **of_item
    )


def draft(ledger: BillingLedger, invoice: str = "in_a", customer: str = "cus_a") -> None:
    ledger.do(CreateInvoice(invoice=invoice, customer=customer, details=DetailsRequest()))


def change(item: str = "ii_a", **fields: Any) -> UpdateInvoiceItem:
    return UpdateInvoiceItem(item=item, charge=ChargeRequest(**fields))


def test_an_item_waits_in_the_customers_list(ledger: BillingLedger):
    facts = ledger.do(create(price="price_once", quantity="3"))
    [(stream, created)] = of_type(facts, InvoiceItemCreated)
    assert (stream, created.customer, created.currency) == ("ii_a", "cus_a", "usd")
    assert (created.charge.price, created.charge.quantity) == ("price_once", "3")
    assert (created.invoice, created.created) == (None, at("2026-01-01"))
    [(stream, waiting)] = of_type(facts, ItemsWaiting)
    assert (stream, [item.id for item in waiting.items]) == (PENDING, ["ii_a"])
    assert len(facts) == 2


def test_an_item_for_a_draft_is_a_line_of_it_at_once(ledger: BillingLedger):
    draft(ledger)
    facts = ledger.do(create(invoice="in_a", customer=None, amount=7, description="Fee"))
    [(_, invoiced)] = of_type(facts, InvoiceItemInvoiced)
    [(stream, changed)] = of_type(facts, InvoiceLinesChanged)
    [line] = changed.added
    assert (stream, invoiced.line) == ("in_a", line.id)
    assert (line.kind, line.invoice_item) == ("invoice_item", "ii_a")
    assert (line.amount, line.description) == (7, "Fee")
    assert of_type(facts, ItemsWaiting) == []


def test_a_change_of_an_item_changes_its_line(ledger: BillingLedger):
    draft(ledger)
    ledger.do(create(invoice="in_a"))
    facts = ledger.do(change(amount=9))
    [(_, item)] = of_type(facts, InvoiceItemChanged)
    [(_, lines)] = of_type(facts, InvoiceLinesChanged)
    assert item.charge.amount == lines.changed[0].amount == 9
    assert ledger.do(change(amount=9)) == []


def test_a_deleted_item_waits_no_more(ledger: BillingLedger):
    ledger.do(create())
    facts = ledger.do(DeleteInvoiceItem(item="ii_a"))
    assert of_type(facts, ItemsTaken) == [(PENDING, ItemsTaken(items=("ii_a",)))]
    assert len(of_type(facts, InvoiceItemDeleted)) == 1
    assert ledger.refused(DeleteInvoiceItem(item="ii_a")).code == "resource_missing"
    assert ledger.refused(change(amount=1)).code == "resource_missing"


def test_a_deleted_items_line_is_removed(ledger: BillingLedger):
    draft(ledger)
    ledger.do(create(invoice="in_a"))
    facts = ledger.do(DeleteInvoiceItem(item="ii_a"))
    [(_, lines)] = of_type(facts, InvoiceLinesChanged)
    assert len(lines.removed) == 1
    assert of_type(facts, ItemsTaken) == []


def test_a_price_is_made_along_with_its_item(ledger: BillingLedger):
    ledger.given(
        stream_of("prod_a"),
        ProductCreated(
            product="prod_a",
            details=ProductDetails(name="A"),
            created=ledger.now,
            livemode=False,
        ),
    )
    made = CreatePrice(
        price="price_made",
        product="prod_a",
        terms=PriceTerms(currency="usd", unit_amount_decimal="3"),
        details=PriceDetails(active=False),
    )
    facts = ledger.do(create(price=made, quantity="2"))
    [(stream, price)] = of_type(facts, PriceCreated)
    assert (stream, price.details.active) == ("price_made", False)
    [(_, created)] = of_type(facts, InvoiceItemCreated)
    assert (created.charge.price, created.charge.product) == ("price_made", "prod_a")


def test_an_item_of_a_finalized_invoice_is_frozen(ledger: BillingLedger):
    draft(ledger)
    ledger.do(create(invoice="in_a"))
    ledger.do(FinalizeInvoice(invoice="in_a"))
    for command in (
        change(amount=1),
        change(description="New"),
        DeleteInvoiceItem(item="ii_a"),
        create("ii_b", invoice="in_a"),
    ):
        assert ledger.refused(command).code == "invoice_not_editable"


def test_its_currency_follows_from_what_it_is_for(ledger: BillingLedger):
    ledger.subscribe("price_seat")
    [(_, mine)] = of_type(ledger.do(create(subscription="sub_a")), InvoiceItemCreated)
    assert (mine.currency, mine.charge.subscription) == ("usd", "sub_a")
    ledger.customer("cus_b")
    ledger.price("price_euro", "90", recurring=None, currency="eur")
    facts = ledger.do(create("ii_b", customer="cus_b", price="price_euro"))
    assert of_type(facts, InvoiceItemCreated)[0][1].currency == "eur"


@pytest.mark.parametrize(
    ("command", "param", "code"),
    [
        (create(customer=None), "customer", "parameter_missing"),
        (create(customer="cus_none"), "customer", "resource_missing"),
        (create(currency="eur"), "currency", None),
        (create(invoice="in_none"), "invoice", "resource_missing"),
        (create(invoice="in_b"), "invoice", None),
        (create(invoice="in_a", currency="eur"), "currency", None),
        (create(subscription="sub_none"), "subscription", "resource_missing"),
        (create(customer="cus_b", subscription="sub_a"), "subscription", None),
        (create(subscription="sub_a", currency="eur"), "currency", None),
        (create(price="price_none"), "pricing[price]", "resource_missing"),
        (create(price="price_seat"), "pricing[price]", None),
        (create(amount=1, tax_rates=("txr_none",)), "tax_rates[0]", "resource_missing"),
        (
            create(amount=1, discounts=(DiscountRequest(id="di_a", coupon="none"),)),
            "discounts[0][coupon]",
            "resource_missing",
        ),
    ],
)
def test_what_is_refused(
    ledger: BillingLedger, command: CreateInvoiceItem, param: str, code: str | None
):
    ledger.customer("cus_b")
    ledger.subscribe("price_seat")
    draft(ledger)
    draft(ledger, "in_b", "cus_b")
    refusal = ledger.refused(command)
    assert (refusal.param, refusal.code) == (param, code)
