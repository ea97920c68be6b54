"""Every projection. Nothing else knows the full list."""

from ledger.kernel.clock import system_now
from ledger.kernel.months import Month
from ledger.store import migrate as event_store
from projections.accounts.projection import AccountsProjection
from projections.audit.causes import EventCausesProjection
from projections.audit.merkle.projection import MerkleProjection
from projections.coupons.projection import CouponsProjection
from projections.credit_notes.projection import CreditNotesProjection
from projections.customers.projection import CustomersProjection
from projections.due.projection import DueProjection
from projections.invoice_items.projection import InvoiceItemsProjection
from projections.invoices.projection import InvoicesProjection
from projections.late_usage.projection import LateUsageProjection
from projections.meter_events.projection import MeterEventsProjection
from projections.meter_events.rejections import UsageRejectionsProjection
from projections.meters.projection import MetersProjection
from projections.prices.projection import PricesProjection
from projections.products.projection import ProductsProjection
from projections.runtime.partitions import keep_months
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.schema import create_tables
from projections.subscriptions.projection import SubscriptionsProjection
from projections.tax_rates.projection import TaxRatesProjection
from projections.test_clocks.projection import TestClocksProjection

PROJECTIONS: tuple[Projection, ...] = (
    AccountsProjection(),
    MetersProjection(),
    TestClocksProjection(),
    CustomersProjection(),
    ProductsProjection(),
    PricesProjection(),
    CouponsProjection(),
    TaxRatesProjection(),
    MeterEventsProjection(),
    UsageRejectionsProjection(),
    SubscriptionsProjection(),
    InvoiceItemsProjection(),
    InvoicesProjection(),
    CreditNotesProjection(),
    LateUsageProjection(),
    DueProjection(),
    MerkleProjection(),
    EventCausesProjection(),
)

PROJECTION_OF_TABLE: dict[str, str] = {
    table.name: checkpoint_name(projection)
    for projection in PROJECTIONS
    for table in projection.tables
}


def migrate(owner_url: str, app_role: str | None = None) -> list[str]:
    """Bring a database to this release: event store, read-model tables and the partitions of the
    months around now, grants.

    Returns the names of the migrations that were applied. Raises MigrationError.
    """
    applied = event_store.migrate(owner_url)
    create_tables(owner_url, PROJECTIONS)
    keep_months(owner_url, PROJECTIONS, Month.of(system_now()))
    if app_role is not None:
        event_store.grant_role(owner_url, app_role)
    return applied
