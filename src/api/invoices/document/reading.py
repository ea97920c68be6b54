"""What an invoice's page is made from, looked up in the read models."""

from api.http.call import View
from api.invoices.document.composing import Sources, compose
from api.invoices.document.lines import LineSources
from api.invoices.document.naming import discount_names, tax_names
from api.invoices.document.page import InvoicePage
from api.invoices.document.sums import Credit, SumSources
from api.invoices.live import with_amounts
from api.prices.objects import price_rows
from ledger.accounts.ledgers import CONTROL_LEDGER
from ledger.prices.terms import PriceTerms
from projections.accounts.rows import ACCOUNTS
from projections.credit_notes.queries import standing_notes
from projections.customers.rows import CUSTOMERS
from projections.invoices.rows import INVOICES, InvoiceRow
from projections.prices.rows import PriceRow


def invoice_page(view: View, row: InvoiceRow) -> InvoicePage:
    """The page of an invoice; of a draft, what it comes to now."""
    [rated] = with_amounts(view, [row])
    return compose(
        rated,
        Sources(
            seller=_seller(view),
            customer=view.rows.get(CUSTOMERS, row.customer),
            lines=_line_sources(view, rated),
            sums=SumSources(
                discount_names(view.rows, rated), tax_names(view.rows, rated), _credits(view, rated)
            ),
        ),
    )


def _credits(view: View, row: InvoiceRow) -> tuple[Credit, ...]:
    """The notes that stand, with what each took off and gave back."""
    if not (row.amounts.pre_payment_credited or row.amounts.post_payment_credited):
        return ()
    notes = standing_notes(view.reader(), row.id, view.rows, view.through)
    return tuple(Credit(note.number, note.pre_payment, note.post_payment) for note in notes)


def _seller(view: View) -> str:
    accounts = view.services.reader(CONTROL_LEDGER.ledger_id)
    return accounts.require(ACCOUNTS, "account", view.identity.account_id).name


def _line_sources(view: View, row: InvoiceRow) -> LineSources:
    prices = price_rows(view, (line.price for line in row.lines if line.price is not None))
    terms = {name: _terms_in(price, row.currency) for name, price in prices.items()}
    late = {line.late_usage.invoice for line in row.lines if line.late_usage is not None}
    found = {invoice: view.rows.get(INVOICES, invoice) for invoice in sorted(late)}
    return LineSources(terms, {name: kept for name, kept in found.items() if kept is not None})


def _terms_in(price: PriceRow, currency: str) -> PriceTerms:
    if price.currency == currency:
        return price.terms
    return PriceTerms.model_validate(price.currency_options[currency])
