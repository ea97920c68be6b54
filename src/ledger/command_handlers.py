"""Every command of the ledger with its handler."""

from datetime import timedelta

from ledger.accounts.handlers import HANDLERS as ACCOUNTS
from ledger.checkpoints.handlers import HANDLERS as CHECKPOINTS
from ledger.coupons.handlers import HANDLERS as COUPONS
from ledger.credit_notes.handlers import HANDLERS as CREDIT_NOTES
from ledger.customers.handlers import handlers as customer_handlers
from ledger.invoices.handlers import handlers as invoice_handlers
from ledger.invoices.handlers import subscription_handlers
from ledger.invoices.ingredients import UsageReaders
from ledger.late_usage.handlers import handlers as late_usage_handlers
from ledger.meter_events.handlers import HANDLERS as METER_EVENTS
from ledger.meters.handlers import HANDLERS as METERS
from ledger.prices.handlers import HANDLERS as PRICES
from ledger.products.handlers import HANDLERS as PRODUCTS
from ledger.store.work import Handlers
from ledger.tax_rates.handlers import HANDLERS as TAX_RATES
from ledger.test_clocks.handlers import handlers as test_clock_handlers


def command_handlers(usage_readers: UsageReaders, grace: timedelta) -> Handlers:
    """The handlers of one ledger, given who reads usage and how long a draft takes late usage."""
    subscriptions = subscription_handlers(usage_readers, grace)
    return {
        **ACCOUNTS,
        **METERS,
        **test_clock_handlers(subscriptions),
        **customer_handlers(subscriptions),
        **PRODUCTS,
        **COUPONS,
        **TAX_RATES,
        **PRICES,
        **METER_EVENTS,
        **subscriptions.by_command(),
        **invoice_handlers(usage_readers, grace),
        **CREDIT_NOTES,
        **late_usage_handlers(usage_readers),
        **CHECKPOINTS,
    }
