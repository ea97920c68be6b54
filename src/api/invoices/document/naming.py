"""What discounts and taxes are called on an invoice's page."""

from collections.abc import Iterator

from api.invoices.document.figures import money, plain
from projections.coupons.rows import COUPONS, CouponRow
from projections.invoices.rows import DiscountPart, InvoiceRow
from projections.runtime.as_of import Lookup
from projections.tax_rates.rows import TAX_RATES, TaxRateRow


def discount_names(rows: Lookup, invoice: InvoiceRow) -> dict[str, str]:
    """The names of an invoice's discounts, by their ids: `Launch, 10 % off`."""
    return {
        discount.id: coupon_name(coupon, invoice.currency)
        for discount in _discounts(invoice)
        for coupon in (rows.get(COUPONS, discount.coupon),)
        if coupon is not None
    }


def tax_names(rows: Lookup, invoice: InvoiceRow) -> dict[str, str]:
    """The names of the rates of an invoice's taxes, by their ids: `VAT 19 % (DE)`."""
    used = {tax.tax_rate for line in invoice.lines for tax in line.taxes}
    found = {rate: rows.get(TAX_RATES, rate) for rate in sorted(used)}
    return {name: tax_name(rate) for name, rate in found.items() if rate is not None}


def coupon_name(coupon: CouponRow, currency: str) -> str:
    """The coupon's own name, and what it takes off in a currency."""
    if coupon.percent_off is not None:
        off = f"{coupon.percent_off} % off"
    else:
        same = currency == coupon.currency
        amount = coupon.amount_off if same else coupon.currency_options.get(currency)
        off = f"{money(amount or 0, currency)} off"
    return ", ".join(filter(None, (plain(coupon.name), off)))


def tax_name(rate: TaxRateRow) -> str:
    """The tax rate's display name, percentage and jurisdiction."""
    where = plain(rate.jurisdiction)
    name = f"{plain(rate.display_name)} {rate.percentage} %"
    return f"{name} ({where})" if where else name


def _discounts(invoice: InvoiceRow) -> Iterator[DiscountPart]:
    yield from invoice.discounts
    for line in invoice.lines:
        yield from line.own_discounts
