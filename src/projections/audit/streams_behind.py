"""Which streams the rows of a table rest on, so that a row of the past is folded from those alone.

What belongs together is asked of the read models of now, which forget none of it: a subscription's
invoices are never deleted, nor are changes of balance, credit notes or adjustments.
"""

from collections.abc import Mapping
from typing import Final

from ledger.coupons.aggregate import redemptions_of
from ledger.coupons.aggregate import stream_of as stream_of_coupon
from ledger.invoices.events import (
    InvoiceCredited,
    InvoiceDrafted,
    InvoiceLinesChanged,
)
from ledger.invoices.numbering import numbers_stream
from ledger.late_usage.policy import policy_stream
from ledger.products.aggregate import stream_of as stream_of_product
from projections.coupons.rows import COUPONS, DISCOUNTS
from projections.credit_notes.rows import CREDIT_NOTES
from projections.customers.rows import BALANCE_TRANSACTIONS, CUSTOMERS
from projections.invoice_items.rows import INVOICE_ITEMS
from projections.invoices.rows import INVOICES
from projections.late_usage.rows import LATE_USAGE_POLICIES, LEDGER
from projections.meters.rows import METERS
from projections.prices.rows import PRICES
from projections.products.rows import PRODUCTS
from projections.runtime.as_of import PastLookup, StreamsBehind
from projections.subscriptions.rows import SUBSCRIPTIONS
from projections.tax_rates.rows import TAX_RATES
from projections.test_clocks.rows import TEST_CLOCKS

_Streams = list[str]


def _own(_: PastLookup, row_id: str) -> _Streams:
    return [row_id]


def _customer(_: PastLookup, customer: str) -> _Streams:
    return [customer, numbers_stream(customer)]


def _balance_transaction(past: PastLookup, transaction: str) -> _Streams:
    row = past.today.get(BALANCE_TRANSACTIONS, transaction)
    return [] if row is None else [row.customer]


def _product(_: PastLookup, product: str) -> _Streams:
    return [stream_of_product(product)]


def _coupon(_: PastLookup, coupon: str) -> _Streams:
    return [stream_of_coupon(coupon), redemptions_of(coupon)]


def _discount(past: PastLookup, discount: str) -> _Streams | None:
    """What spent a discount is an invoice that may be deleted since."""
    row = past.today.get(DISCOUNTS, discount)
    if row is None:
        return []
    return None if row.spent else [redemptions_of(row.coupon), stream_of_coupon(row.coupon)]


def _subscription(past: PastLookup, subscription: str) -> _Streams:
    """With the invoice that was the latest one."""
    latest = past.today.fetch_rows(
        INVOICES,
        "ledger_id = %(ledger_id)s AND subscription = %(subscription)s "
        "AND sequence <= %(position)s ORDER BY sequence DESC LIMIT 1",
        {"subscription": subscription, "position": past.position},
    )
    return [subscription, *(row.id for row in latest)]


def _invoice(past: PastLookup, invoice: str) -> _Streams:
    """With the products that its lines are named after."""
    products: dict[str, None] = {}
    for recorded in past.facts(invoice):
        match recorded.event:
            case InvoiceDrafted(lines=lines):
                products.update(dict.fromkeys(line.product for line in lines if line.product))
            case InvoiceLinesChanged(added=added, changed=changed):
                lines = (*added, *changed)
                products.update(dict.fromkeys(line.product for line in lines if line.product))
            case _:
                pass
    return [invoice, *map(stream_of_product, products)]


def _credit_note(past: PastLookup, credit_note: str) -> _Streams:
    """With its invoice, which tells of the other notes as well."""
    row = past.today.get(CREDIT_NOTES, credit_note)
    if row is None:
        return []
    credited = (recorded.event for recorded in past.facts(row.invoice))
    notes = [event.credit_note for event in credited if isinstance(event, InvoiceCredited)]
    return [credit_note, row.invoice, *notes]


def _policy(_: PastLookup, customer: str) -> _Streams:
    return [policy_stream(None if customer == LEDGER else customer)]


STREAMS_BEHIND: Final[Mapping[str, StreamsBehind]] = {
    METERS.name: _own,
    TEST_CLOCKS.name: _own,
    CUSTOMERS.name: _customer,
    BALANCE_TRANSACTIONS.name: _balance_transaction,
    PRODUCTS.name: _product,
    PRICES.name: _own,
    COUPONS.name: _coupon,
    DISCOUNTS.name: _discount,
    TAX_RATES.name: _own,
    SUBSCRIPTIONS.name: _subscription,
    INVOICE_ITEMS.name: _own,
    INVOICES.name: _invoice,
    CREDIT_NOTES.name: _credit_note,
    LATE_USAGE_POLICIES.name: _policy,
}
