"""What is taken off rated lines and put on them: discounts first, then taxes (contract §9)."""

from collections.abc import Mapping, Sequence

from ledger.coupons.terms import CouponTerms
from ledger.customers.events import TaxExempt
from ledger.invoices.discounting import Discountable, discount_lines
from ledger.invoices.events import DraftLine, FinalLine, InvoiceDrafted
from ledger.invoices.taxing import Taxable, tax_lines
from ledger.tax_rates.terms import TaxRateTerms


def with_discounts(
    draft: InvoiceDrafted, lines: Sequence[FinalLine], coupons: Mapping[str, CouponTerms]
) -> tuple[FinalLine, ...]:
    """The lines with what the draft's discounts take off each."""
    drafted = {line.id: line for line in draft.lines}
    if not draft.details.discounts and not any(line.discounts for line in draft.lines):
        return tuple(lines)
    discountable = [_discountable(drafted[line.id], line) for line in lines]
    taken = discount_lines(discountable, draft.details.discounts, coupons, draft.currency)
    return tuple(
        line.model_copy(update={"discounts": discounts})
        for line, discounts in zip(lines, taken, strict=True)
    )


def _discountable(drafted: DraftLine, line: FinalLine) -> Discountable:
    """What adjusts a line or gives back a charge has the discounts of that, and no others."""
    return Discountable(
        line.amount,
        drafted.product,
        drafted.discountable,
        drafted.discounts,
        own_only=drafted.late_usage is not None or (drafted.proration and drafted.credit),
    )


def with_taxes(
    draft: InvoiceDrafted,
    lines: Sequence[FinalLine],
    rates: Mapping[str, TaxRateTerms],
    exempt: TaxExempt,
) -> tuple[FinalLine, ...]:
    """The lines with the taxes on what their discounts left."""
    if not rates:
        return tuple(lines)
    drafted = {line.id: line for line in draft.lines}
    taxable = [
        Taxable(
            line.amount - sum(discount.amount for discount in line.discounts),
            tax_rates_of(draft, drafted[line.id]),
        )
        for line in lines
    ]
    return tuple(
        line.model_copy(update={"taxes": taxes})
        for line, taxes in zip(lines, tax_lines(taxable, rates, exempt), strict=True)
    )


def tax_rates_of(draft: InvoiceDrafted, line: DraftLine) -> tuple[str, ...]:
    """The tax rates of a line: its own, or else the invoice's default ones."""
    return draft.details.default_tax_rates if line.tax_rates is None else line.tax_rates


def coupons_of(draft: InvoiceDrafted) -> tuple[str, ...]:
    """Every coupon that the draft or a line of it has, once."""
    discounts = [*draft.details.discounts, *(d for line in draft.lines for d in line.discounts)]
    return tuple(dict.fromkeys(discount.coupon for discount in discounts))


def all_tax_rates_of(draft: InvoiceDrafted) -> tuple[str, ...]:
    """Every tax rate that a line of the draft has, once."""
    return tuple(dict.fromkeys(rate for line in draft.lines for rate in tax_rates_of(draft, line)))
