"""The read model of invoices: what is left of them after each fact."""

from typing import Any

import pytest

from ledger.invoices.commands import (
    ClosePeriod,
    FinalizeInvoice,
    MarkInvoiceUncollectible,
    PayInvoice,
    VoidInvoice,
)
from ledger.kernel.clock import to_epoch
from ledger.kernel.commands import Command
from ledger.products.events import ProductCreated, ProductDetails, ProductDetailsChanged
from ledger.rating.rate import RATING_ENGINE_VERSION
from projections.invoices.projection import InvoicesProjection
from projections.invoices.rows import INVOICES, AmountsPart, InvoiceRow
from tests.support.billing_ledger import BillingLedger, Fact, at
from tests.support.recorded import rows_after

NAMED: Fact = (
    "prod_a",
    ProductCreated(
        product="prod_a",
        details=ProductDetails(name="Tokens"),
        created=at("2026-01-01"),
        livemode=False,
    ),
)
RENAMED: Fact = (
    "prod_a",
    ProductDetailsChanged(
        product="prod_a", details=ProductDetails(name="Units"), changed_at=at("2026-02-01")
    ),
)
INVOICE = "in_unknown"


class Month:
    """January of a subscription to tokens, drafted with 3,000 of them."""

    def __init__(self, **fields: object) -> None:
        self.ledger = BillingLedger("2026-01-01")
        self.ledger.meter()
        terms: Any = {"transform_quantity": {"divide_by": 100, "round": "up"}}
        self.ledger.price("price_tokens", "4", meter="mtr_tokens", **terms)
        self.facts: list[Fact] = [NAMED, *self.ledger.subscribe("price_tokens", **fields)]
        self.ledger.use("2026-01-05", "3000")
        self.at("2026-02-01", ClosePeriod(subscription="sub_a", period_end=at("2026-02-01")))
        self.invoice = next(stream for stream, _ in self.facts if stream.startswith("in_"))

    def at(self, now: str, command: Command) -> None:
        self.ledger.now = at(now)
        self.facts += self.ledger.do(command)

    def finalized(self) -> None:
        self.at("2026-02-01T01:00", FinalizeInvoice(invoice=self.invoice))

    def row(self, *more: Fact) -> InvoiceRow:
        row = rows_after(InvoicesProjection(), *self.facts, *more).get(INVOICES, self.invoice)
        assert row is not None
        return row


def epoch(text: str) -> int:
    return to_epoch(at(text))


def test_a_draft_holds_what_it_will_bill_and_no_amounts():
    row = Month(description="Tokens", metadata={"plan": "gold"}).row()
    assert (row.status, row.number, row.amounts) == ("draft", None, AmountsPart())
    assert (row.customer, row.subscription) == ("cus_a", "sub_a")
    assert (row.period_start, row.period_end) == (epoch("2026-01-01"), epoch("2026-02-01"))
    assert row.automatically_finalizes_at == epoch("2026-02-01T01:00")
    assert (row.description, row.subscription_metadata) == ("Tokens", {"plan": "gold"})
    [line] = row.lines
    assert (line.kind, line.meter, line.product_name) == ("metered", "mtr_tokens", "Tokens")
    assert (line.quantity, line.amount, line.prorated) == (None, None, False)
    assert (line.period_start, line.period_end) == (row.period_start, row.period_end)


def test_a_finalized_invoice_holds_its_amounts_and_pins():
    month = Month(collection_method="send_invoice", days_until_due=7)
    month.finalized()
    row = month.row()
    assert (row.status, row.finalized_at) == ("open", epoch("2026-02-01T01:00"))
    assert row.number is not None
    assert row.number.endswith("-0001")
    assert row.due_date == epoch("2026-02-08T01:00")
    assert row.automatically_finalizes_at is None
    assert row.amounts == AmountsPart(subtotal=120, total=120, ending_balance=0, amount_due=120)
    [line] = row.lines
    assert (line.quantity, line.amount, line.meter_events) == ("3000", 120, 1)
    final = month.ledger.invoice(month.invoice)[1]
    assert final is not None
    assert row.document_sha256 == final.document_sha256
    assert (row.through_position, row.engine_version) == (
        final.through_position,
        RATING_ENGINE_VERSION,
    )


def test_a_line_keeps_the_name_that_its_product_had_when_the_invoice_was_finalized():
    month = Month()
    month.facts.append(RENAMED)
    assert month.row().lines[0].product_name == "Tokens"
    month.finalized()
    again: Fact = ("prod_a", NAMED[1])
    assert month.row(again).lines[0].product_name == "Units"


def test_a_first_invoice_shows_only_the_lines_that_were_billed():
    ledger = BillingLedger("2026-03-10")
    ledger.meter()
    ledger.price("price_tokens", "1", meter="mtr_tokens")
    ledger.use("2026-02-05", "700")
    facts = ledger.subscribe("price_tokens", backdate_start_date=at("2026-01-01"))
    [row] = rows_after(InvoicesProjection(), *facts).all(INVOICES)
    assert [line.period_start for line in row.lines] == [epoch("2026-02-01")]
    assert (row.status, row.amounts.total) == ("open", 700)


@pytest.mark.parametrize(
    ("command", "status", "field"),
    [
        (VoidInvoice(invoice=INVOICE), "void", "voided_at"),
        (MarkInvoiceUncollectible(invoice=INVOICE), "uncollectible", "marked_uncollectible_at"),
        (PayInvoice(invoice=INVOICE, paid_out_of_band=True), "paid", "paid_at"),
    ],
)
def test_what_becomes_of_an_open_invoice(command: Command, status: str, field: str):
    month = Month()
    month.finalized()
    named = command.model_copy(update={"invoice": month.invoice})
    month.at("2026-02-03", named)
    row = month.row()
    assert row.status == status
    assert getattr(row, field) == epoch("2026-02-03")


def test_a_paid_invoice_says_how_much_was_paid_and_how():
    month = Month()
    month.finalized()
    month.at("2026-02-03", PayInvoice(invoice=month.invoice, paid_out_of_band=True))
    row = month.row()
    assert (row.amounts.amount_due, row.amounts.amount_paid) == (120, 120)
    assert row.paid_out_of_band


def test_a_fact_about_an_invoice_that_was_never_drafted_stops_the_projection():
    month = Month()
    month.facts = []
    month.finalized()
    with pytest.raises(LookupError, match="never drafted"):
        month.row()
