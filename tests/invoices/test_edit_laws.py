"""Whatever is done to a draft, its sums are its lines', and its lines are its items'."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.coupons.aggregate import stream_of
from ledger.coupons.commands import DiscountRequest
from ledger.coupons.events import CouponCreated
from ledger.coupons.terms import CouponTerms
from ledger.invoice_items.aggregate import evolve as evolve_item
from ledger.invoice_items.commands import ChargeRequest
from ledger.invoices.bill import Bill
from ledger.invoices.commands import (
    AddedLine,
    AddInvoiceLines,
    ChangedLine,
    CreateInvoice,
    DetailsRequest,
    FinalizeInvoice,
    RemovedLine,
    RemoveInvoiceLines,
    UpdateInvoice,
    UpdateInvoiceLines,
)
from ledger.invoices.events import DraftLine, InvoiceDrafted, InvoiceFinalized
from ledger.invoices.finalizing import bill_now
from ledger.invoices.loading import require_invoice
from ledger.kernel.commands import Command
from ledger.tax_rates.events import TaxRateCreated, TaxRateDetails
from ledger.tax_rates.terms import TaxRateTerms
from tests.support.billing_ledger import BillingLedger, of_type

COUPONS = {
    "tenth": CouponTerms(percent_off="10"),
    "third": CouponTerms(percent_off="33.33"),
    "fixed": CouponTerms(amount_off=700, currency="usd"),
}
TAX_RATES = {"txr_on_top": ("19", False), "txr_within": ("7.25", True), "txr_none": ("0", False)}

amounts = st.integers(-2000, 5000)
quantities = st.decimals(0, 50, places=3).map(lambda d: format(d.normalize(), "f"))
tax_rates = st.lists(st.sampled_from(sorted(TAX_RATES)), unique=True, max_size=2).map(tuple)
coupons = st.lists(st.sampled_from(sorted(COUPONS)), unique=True, max_size=2)
money = st.one_of(
    st.fixed_dictionaries({"amount": amounts}),
    st.fixed_dictionaries({"price": st.just("price_once"), "quantity": quantities}),
    st.fixed_dictionaries(
        {"unit_amount_decimal": st.sampled_from(["0.5", "-3.333", "17"]), "quantity": quantities}
    ),
)
beside = st.fixed_dictionaries(
    {},
    optional={
        "discountable": st.booleans(),
        "tax_rates": st.one_of(st.none(), tax_rates),
        "coupons": coupons,
    },
)
edits = st.one_of(
    st.tuples(st.just("add"), money, beside),
    st.tuples(st.just("change"), st.one_of(st.just({}), money), beside, st.integers(0, 9)),
    st.tuples(st.just("delete"), st.integers(0, 9)),
    st.tuples(st.just("unassign"), st.integers(0, 9)),
    st.tuples(st.just("details"), tax_rates, coupons),
)


class Editing:
    """A draft `in_a` that is edited."""

    def __init__(self) -> None:
        self.ledger = BillingLedger()
        self.ledger.price("price_once", "12.345", recurring=None)
        for coupon, terms in COUPONS.items():
            self._coupon(coupon, terms)
        for rate, (percentage, inclusive) in TAX_RATES.items():
            self._tax_rate(rate, percentage, inclusive=inclusive)
        self._made = 0
        details = DetailsRequest()
        self.ledger.do(CreateInvoice(invoice="in_a", customer="cus_a", details=details))

    @property
    def draft(self) -> InvoiceDrafted:
        return require_invoice(self.ledger.work(), "in_a").draft

    def bill(self) -> Bill:
        return bill_now(self.ledger.work(), self.ledger.reader, self.draft)

    def apply(self, edit: tuple[Any, ...]) -> None:
        command = self._command(edit)
        if command is not None:
            self.ledger.do(command)

    def _command(self, edit: tuple[Any, ...]) -> Command | None:
        lines = self.draft.lines
        match edit:
            case ("add", asked, about):
                line = AddedLine(item=self._id("ii"), charge=self._charge(asked, about))
                return AddInvoiceLines(invoice="in_a", lines=(line,))
            case ("details", rates, named):
                details = DetailsRequest(default_tax_rates=rates, discounts=self._discounts(named))
                return UpdateInvoice(invoice="in_a", details=details)
            case (_, *_, n) if n >= len(lines):
                return None
            case ("change", asked, about, n):
                line = ChangedLine(line=lines[n].id, charge=self._charge(asked, about))
                return UpdateInvoiceLines(invoice="in_a", lines=(line,))
            case (behavior, n):
                line = RemovedLine(line=lines[n].id, behavior=behavior)
                return RemoveInvoiceLines(invoice="in_a", lines=(line,))
            case _:
                raise AssertionError(edit)

    def _charge(self, asked: dict[str, Any], about: dict[str, Any]) -> ChargeRequest:
        given = {**asked, **about}
        if "coupons" in given:
            given["discounts"] = self._discounts(given.pop("coupons"))
        return ChargeRequest(**given)

    def _discounts(self, named: list[str]) -> tuple[DiscountRequest, ...]:
        return tuple(DiscountRequest(id=self._id("di"), coupon=coupon) for coupon in named)

    def _id(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}_{self._made}"

    def _coupon(self, coupon: str, terms: CouponTerms) -> None:
        self.ledger.given(
            stream_of(coupon),
            CouponCreated(
                coupon=coupon,
                terms=terms,
                name=None,
                metadata={},
                created=self.ledger.now,
                livemode=False,
            ),
        )

    def _tax_rate(self, rate: str, percentage: str, *, inclusive: bool) -> None:
        self.ledger.given(
            rate,
            TaxRateCreated(
                terms=TaxRateTerms(percentage=percentage, inclusive=inclusive),
                details=TaxRateDetails(display_name=rate),
                created=self.ledger.now,
                livemode=False,
            ),
        )


def check_sums(bill: Bill) -> None:
    totals = bill.totals
    taken = [each.amount for line in bill.lines for each in line.discounts]
    taxes = [tax for line in bill.lines for tax in line.taxes]
    assert totals.subtotal == sum(line.amount for line in bill.lines)
    assert totals.discount_total == sum(taken)
    assert totals.tax_exclusive == sum(tax.amount for tax in taxes if not tax.inclusive)
    assert totals.tax_inclusive == sum(tax.amount for tax in taxes if tax.inclusive)
    assert totals.total == totals.subtotal - totals.discount_total + totals.tax_exclusive
    assert totals.amount_due == max(totals.total + totals.starting_balance, 0)
    for line in bill.lines:
        if line.steps:
            assert sum(Decimal(step.amount) for step in line.steps) == line.amount


def check_items(ledger: BillingLedger, lines: tuple[DraftLine, ...]) -> None:
    for line in lines:
        item = ledger.work().require(evolve_item, line.invoice_item or "", "item")
        assert (item.invoice, item.line, item.deleted) == ("in_a", line.id, False)
        assert all(getattr(line, name) == value for name, value in dict(item.charge).items())


@settings(max_examples=60, deadline=None)
@given(st.lists(edits, min_size=1, max_size=12))
def test_sums_reconcile_after_every_edit(made: list[tuple[Any, ...]]) -> None:
    editing = Editing()
    for edit in made:
        editing.apply(edit)
        check_sums(editing.bill())
    check_items(editing.ledger, editing.draft.lines)
    bill = editing.bill()
    [(_, final)] = of_type(editing.ledger.do(FinalizeInvoice(invoice="in_a")), InvoiceFinalized)
    assert (final.lines, final.total) == (bill.lines, bill.totals.total)
    assert final.ending_balance == min(bill.totals.total, 0)
