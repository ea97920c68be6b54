"""Pages composed of rows, for tests of what they say."""

from collections.abc import Mapping
from typing import Any

from api.invoices.document.composing import Sources, compose
from api.invoices.document.lines import LineSources
from api.invoices.document.page import InvoicePage, Line
from api.invoices.document.sums import Credit, SumSources
from ledger.prices.terms import PriceTerms, Recurring, TransformQuantity
from projections.customers.rows import CustomerRow, PersonalPart
from projections.invoices.rows import InvoiceRow
from tests.support.invoice_rows import JANUARY, a_line, an_invoice

MONTHLY = Recurring(interval="month", usage_type="metered", meter="mtr_1")
TOKENS = PriceTerms(
    currency="usd",
    unit_amount=4,
    unit_amount_decimal="4",
    transform_quantity=TransformQuantity(divide_by=100, round="up"),
    recurring=MONTHLY,
)
ADA = PersonalPart(
    name="Ada Lovelace",
    email="ada@example.com",
    address={"line1": "12 St James’s Square", "city": "London", "postal_code": "SW1Y 4JH"},
    invoice_custom_fields=({"name": "Purchase order", "value": "PO-7"},),
    invoice_footer="Footer of the customer.",
)


def page_of(
    row: InvoiceRow,
    *,
    personal: PersonalPart = ADA,
    terms: Mapping[str, PriceTerms] | None = None,
    originals: Mapping[str, InvoiceRow] | None = None,
    discounts: Mapping[str, str] | None = None,
    tax_rates: Mapping[str, str] | None = None,
    credits_: tuple[Credit, ...] = (),
) -> InvoicePage:
    customer = CustomerRow(
        id="cus_1",
        sequence=1,
        created=JANUARY,
        livemode=True,
        balance=0,
        invoice_prefix="ADA",
        tax_exempt="none",
        personal=personal,
    )
    lines = LineSources(terms or {"price_tokens": TOKENS}, originals or {})
    sums = SumSources(discounts or {}, tax_rates or {}, credits_)
    return compose(row, Sources("Hypernian", customer, lines, sums))


def line_of(
    terms: PriceTerms | None = None, row: Mapping[str, Any] | None = None, **f: Any
) -> Line:
    invoice = an_invoice(lines=(a_line(**f),), **(row or {}))
    [line] = page_of(invoice, terms=None if terms is None else {"price_tokens": terms}).lines
    return line
