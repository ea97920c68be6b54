"""Every event class of the ledger, by its stored topic."""

from ledger.accounts.events import EVENTS as ACCOUNTS
from ledger.checkpoints.events import EVENTS as CHECKPOINTS
from ledger.coupons.events import EVENTS as COUPONS
from ledger.credit_notes.events import EVENTS as CREDIT_NOTES
from ledger.credit_notes.events import CreditNoteDetailsChanged, CreditNoteIssued
from ledger.customers.events import EVENTS as CUSTOMERS
from ledger.customers.events import CustomerBalanceChanged, balance_changed_without_kind
from ledger.invoice_items.events import EVENTS as INVOICE_ITEMS
from ledger.invoice_items.events import InvoiceItemChanged, InvoiceItemCreated
from ledger.invoices.events import EVENTS as INVOICES
from ledger.invoices.events import (
    InvoiceDetailsChanged,
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceLinesChanged,
)
from ledger.invoices.upcasting import drafted_without_details, finalized_without_taxes
from ledger.kernel.events import DomainEvent
from ledger.late_usage.events import EVENTS as LATE_USAGE
from ledger.meter_events.events import EVENTS as METER_EVENTS
from ledger.meters.events import EVENTS as METERS
from ledger.meters.events import MeterCreated, created_without_dimensions
from ledger.prices.events import EVENTS as PRICES
from ledger.prices.events import (
    PriceCreated,
    PriceDetailsChanged,
    changed_without_extensions,
    created_without_extensions,
)
from ledger.products.events import EVENTS as PRODUCTS
from ledger.store.catalogue import EventCatalogue
from ledger.store.upcasting import Upcasters, unchanged
from ledger.subscriptions import upcasting as older_subscriptions
from ledger.subscriptions.events import EVENTS as SUBSCRIPTIONS
from ledger.subscriptions.events import (
    CancellationScheduled,
    ItemDetailsChanged,
    ItemsChanged,
    PeriodClosed,
    SubscriptionCanceled,
    SubscriptionDetailsChanged,
    SubscriptionStarted,
)
from ledger.tax_rates.events import EVENTS as TAX_RATES
from ledger.test_clocks.events import EVENTS as TEST_CLOCKS

UPCASTERS = Upcasters()
"""Steps from released payloads to newer ones; stored bytes never change."""

UPCASTERS.register("meter.created.v1", MeterCreated.TOPIC)(created_without_dimensions)
UPCASTERS.register("price.created.v1", PriceCreated.TOPIC)(created_without_extensions)
UPCASTERS.register("price.details_changed.v1", PriceDetailsChanged.TOPIC)(
    changed_without_extensions
)
UPCASTERS.register("customer.balance_changed.v1", CustomerBalanceChanged.TOPIC)(
    balance_changed_without_kind
)
UPCASTERS.register("invoice.drafted.v1", "invoice.drafted.v2")(drafted_without_details)
UPCASTERS.register("invoice.finalized.v1", InvoiceFinalized.TOPIC)(finalized_without_taxes)
UPCASTERS.register("subscription.started.v1", "subscription.started.v2")(
    older_subscriptions.started_with_one_rhythm
)
UPCASTERS.register("subscription.details_changed.v1", "subscription.details_changed.v2")(
    older_subscriptions.details_without_taxes
)
UPCASTERS.register(
    "subscription.cancellation_scheduled.v1", "subscription.cancellation_scheduled.v2"
)(older_subscriptions.scheduled_without_proration)
UPCASTERS.register("subscription.period_closed.v1", PeriodClosed.TOPIC)(
    older_subscriptions.closed_one_period
)
UPCASTERS.register("subscription.canceled.v1", "subscription.canceled.v2")(
    older_subscriptions.canceled_without_a_word
)

_BEFORE_TEXTS_WERE_SEALED: dict[str, type[DomainEvent]] = {
    "credit_note.details_changed.v1": CreditNoteDetailsChanged,
    "credit_note.issued.v1": CreditNoteIssued,
    "invoice.details_changed.v1": InvoiceDetailsChanged,
    "invoice.drafted.v2": InvoiceDrafted,
    "invoice.lines_changed.v1": InvoiceLinesChanged,
    "invoice_item.changed.v1": InvoiceItemChanged,
    "invoice_item.created.v1": InvoiceItemCreated,
    "subscription.canceled.v2": SubscriptionCanceled,
    "subscription.cancellation_scheduled.v2": CancellationScheduled,
    "subscription.details_changed.v2": SubscriptionDetailsChanged,
    "subscription.item_details_changed.v1": ItemDetailsChanged,
    "subscription.items_changed.v1": ItemsChanged,
    "subscription.started.v2": SubscriptionStarted,
}
"""Their free text lies in the clear, in the places where it is read from in the versions after."""

for _topic, _next in _BEFORE_TEXTS_WERE_SEALED.items():
    UPCASTERS.register(_topic, _next.TOPIC)(unchanged)

EVENT_CATALOGUE = EventCatalogue(
    (
        *ACCOUNTS,
        *METERS,
        *TEST_CLOCKS,
        *COUPONS,
        *TAX_RATES,
        *CUSTOMERS,
        *PRODUCTS,
        *PRICES,
        *METER_EVENTS,
        *SUBSCRIPTIONS,
        *INVOICE_ITEMS,
        *INVOICES,
        *CREDIT_NOTES,
        *LATE_USAGE,
        *CHECKPOINTS,
    ),
    UPCASTERS,
)
