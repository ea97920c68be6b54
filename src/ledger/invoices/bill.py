"""A draft with its lines rated and summed, as the log stood at a position."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.coupons.terms import CouponTerms
from ledger.customers.events import TaxExempt
from ledger.invoices.deductions import with_discounts, with_taxes
from ledger.invoices.document import digest
from ledger.invoices.events import (
    FinalLine,
    InvoiceDetails,
    InvoiceDrafted,
    InvoiceFinalized,
)
from ledger.invoices.lines import Priced, UsageOf, rate_lines
from ledger.invoices.totals import Totals, total_up
from ledger.rating.rate import RATING_ENGINE_VERSION
from ledger.tax_rates.terms import TaxRateTerms


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What a bill is made of beside its draft, all of it recorded by `through_position`.

    `balance` is the customer's, in minor units, below 0 when in credit.
    """

    prices: Mapping[str, Priced]
    usage_of: UsageOf
    coupons: Mapping[str, CouponTerms]
    tax_rates: Mapping[str, TaxRateTerms]
    tax_exempt: TaxExempt
    balance: int
    through_position: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What a draft comes to."""

    draft: InvoiceDrafted
    lines: tuple[FinalLine, ...]
    totals: Totals
    through_position: int
    engine_version: int


@dataclass(frozen=True, slots=True)
class Issue:
    """The circumstances of finalizing an invoice: its number, when, and whether it advances."""

    number: str
    finalized_at: datetime
    auto_advance: bool


def make_bill(
    draft: InvoiceDrafted,
    ingredients: Ingredients,
    engine_version: int = RATING_ENGINE_VERSION,
) -> Bill:
    """Rate the lines, take discounts off and put taxes on, and sum them up.

    Raises InvalidRequest for amounts beyond 64 bits.
    """
    rated = rate_lines(draft, ingredients.prices, ingredients.usage_of, engine_version)
    discounted = with_discounts(draft, rated, ingredients.coupons)
    lines = with_taxes(draft, discounted, ingredients.tax_rates, ingredients.tax_exempt)
    totals = total_up(lines, ingredients.balance)
    return Bill(draft, lines, totals, ingredients.through_position, engine_version)


def issue(invoice_id: str, bill: Bill, circumstances: Issue) -> InvoiceFinalized:
    """The bill, fixed for ever, with the digest of its document."""
    finalized_at = circumstances.finalized_at
    final = InvoiceFinalized(
        number=circumstances.number,
        finalized_at=finalized_at,
        due_date=_due_date(bill.draft.details, finalized_at),
        auto_advance=circumstances.auto_advance,
        through_position=bill.through_position,
        engine_version=bill.engine_version,
        lines=bill.lines,
        subtotal=bill.totals.subtotal,
        discount_total=bill.totals.discount_total,
        tax_exclusive=bill.totals.tax_exclusive,
        tax_inclusive=bill.totals.tax_inclusive,
        total=bill.totals.total,
        starting_balance=bill.totals.starting_balance,
        ending_balance=bill.totals.ending_balance,
        amount_due=bill.totals.amount_due,
        document_sha256="",
    )
    sha256 = digest(invoice_id, bill.draft, final)
    return final.model_copy(update={"document_sha256": sha256})


def _due_date(details: InvoiceDetails, finalized_at: datetime) -> datetime | None:
    if details.due_date is not None or details.days_until_due is None:
        return details.due_date
    return finalized_at + timedelta(days=details.days_until_due)
