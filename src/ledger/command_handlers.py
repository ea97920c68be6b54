"""Every command of the ledger with its handler."""

from collections.abc import Iterable

from ledger.accounts.handlers import HANDLERS as ACCOUNTS
from ledger.customers.aggregate import Customer
from ledger.customers.handlers import handlers as customer_handlers
from ledger.meter_events.handlers import HANDLERS as METER_EVENTS
from ledger.meters.handlers import HANDLERS as METERS
from ledger.prices.handlers import HANDLERS as PRICES
from ledger.products.handlers import HANDLERS as PRODUCTS
from ledger.store.work import Handlers, Work
from ledger.test_clocks.aggregate import CycleLength, TestClock
from ledger.test_clocks.handlers import handlers as test_clock_handlers


class _NoSubscriptions:
    """What customers and test clocks ask about subscriptions while there are none."""

    def cancel_all(self, work: Work, customer: Customer) -> None:
        """There is nothing to cancel."""

    def cycles_of(self, work: Work, clock: TestClock) -> Iterable[CycleLength]:  # noqa: ARG002
        return ()


def command_handlers() -> Handlers:
    """The handlers of one ledger."""
    subscriptions = _NoSubscriptions()
    return {
        **ACCOUNTS,
        **METERS,
        **test_clock_handlers(subscriptions),
        **customer_handlers(subscriptions),
        **PRODUCTS,
        **PRICES,
        **METER_EVENTS,
    }
