"""A ledger in memory with finalized invoices of any lines, to issue credit notes of."""

from typing import Any

from ledger.credit_notes.commands import CreditLine, IssueCreditNote
from ledger.credit_notes.events import CreditNoteIssued
from ledger.customers.aggregate import Customer
from ledger.customers.aggregate import evolve as evolve_customer
from ledger.invoices.aggregate import Invoice, Settlement, evolve, settlement
from ledger.invoices.events import (
    FinalLine,
    InvoiceDetails,
    InvoiceDrafted,
    InvoiceFinalized,
    LineDiscount,
    LineTax,
)
from ledger.invoices.totals import total_up
from ledger.kernel.periods import Period
from ledger.tax_rates.events import TaxRateCreated, TaxRateDetails
from ledger.tax_rates.terms import TaxRateTerms
from tests.support.billing_ledger import BillingLedger, Fact, at, of_type

NUMBER = "TALLY123-0001"
MONTH = Period(start=at("2026-01-01"), end=at("2026-02-01"))


def line(
    line_id: str,
    amount: int,
    *,
    off: dict[str, int] | None = None,
    tax: dict[str, int] | None = None,
    included: dict[str, int] | None = None,
    quantity: str = "1",
) -> FinalLine:
    """A rated line with what its discounts take off and what its taxes come to."""
    net = amount - sum((off or {}).values()) - sum((included or {}).values())
    taxes = [(rate, of, False) for rate, of in (tax or {}).items()]
    taxes += [(rate, of, True) for rate, of in (included or {}).items()]
    return FinalLine(
        id=line_id,
        quantity=quantity,
        amount=amount,
        price=None,
        price_version=None,
        evidence=None,
        discounts=tuple(LineDiscount(discount=d, amount=of) for d, of in (off or {}).items()),
        taxes=tuple(
            LineTax(
                tax_rate=rate,
                amount=of,
                taxable_amount=net,
                inclusive=inclusive,
                reason="standard_rated",
            )
            for rate, of, inclusive in taxes
        ),
    )


class CreditedLedger(BillingLedger):
    """Knows the customer `cus_a`; invoices are given as facts, finalized already."""

    def __init__(self) -> None:
        super().__init__("2026-02-01")
        self._notes = 0

    def invoice_of(
        self, *lines: FinalLine, invoice: str = "in_1", customer: str = "cus_a", balance: int = 0
    ) -> str:
        """A finalized invoice; `balance` is what the customer's was before it."""
        totals = total_up(lines, balance)
        self.given(invoice, _draft(customer))
        final = InvoiceFinalized(
            number=NUMBER,
            finalized_at=self.now,
            due_date=None,
            auto_advance=True,
            through_position=1,
            engine_version=2,
            lines=lines,
            subtotal=totals.subtotal,
            discount_total=totals.discount_total,
            tax_exclusive=totals.tax_exclusive,
            tax_inclusive=totals.tax_inclusive,
            total=totals.total,
            starting_balance=totals.starting_balance,
            ending_balance=totals.ending_balance,
            amount_due=totals.amount_due,
            document_sha256="",
        )
        self.given(invoice, final)
        return invoice

    def tax_rate(self, rate: str, percentage: str, *, inclusive: bool = False) -> str:
        self.given(
            rate,
            TaxRateCreated(
                terms=TaxRateTerms(percentage=percentage, inclusive=inclusive),
                details=TaxRateDetails(display_name="VAT"),
                created=self.now,
                livemode=False,
            ),
        )
        return rate

    def request(self, invoice: str = "in_1", **fields: Any) -> IssueCreditNote:
        """A request for the next credit note: `cn_1`, `cn_2`…"""
        return IssueCreditNote(credit_note=f"cn_{self._notes + 1}", invoice=invoice, **fields)

    def credit(self, invoice: str = "in_1", **fields: Any) -> CreditNoteIssued:
        """Issue the next credit note."""
        facts = self.credit_facts(invoice, **fields)
        [(_, issued)] = of_type(facts, CreditNoteIssued)
        return issued

    def credit_facts(self, invoice: str = "in_1", **fields: Any) -> list[Fact]:
        """Everything that issuing the next credit note leads to."""
        facts = self.do(self.request(invoice, **fields))
        self._notes += 1
        return facts

    def state(self, invoice: str = "in_1") -> Invoice:
        found = self.work().load(evolve, invoice)
        assert found is not None
        return found

    def settled(self, invoice: str = "in_1") -> Settlement:
        return settlement(self.state(invoice))

    def balance(self, customer: str = "cus_a") -> int:
        found: Customer | None = self.work().load(evolve_customer, customer)
        assert found is not None
        return found.balance


def of_invoice(line_id: str, **fields: Any) -> CreditLine:
    """A credit of an invoice line."""
    return CreditLine(kind="invoice_line_item", invoice_line_item=line_id, **fields)


def custom(**fields: Any) -> CreditLine:
    """A credit beside the lines of the invoice."""
    return CreditLine(kind="custom_line_item", **fields)


def _draft(customer: str) -> InvoiceDrafted:
    return InvoiceDrafted(
        customer=customer,
        subscription=None,
        subscription_metadata={},
        billing_reason="manual",
        currency="usd",
        period=MONTH,
        lines=(),
        details=InvoiceDetails(
            collection_method="send_invoice",
            days_until_due=None,
            auto_advance=True,
            automatically_finalizes_at=None,
        ),
        created=MONTH.end,
        test_clock=None,
        livemode=False,
    )
