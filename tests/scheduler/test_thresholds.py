"""Thresholds are checked when usage has moved, and lead to an invoice."""

import pytest

from api.accounts.first_start import ensure_default_account
from api.scheduler import Scheduler
from api.services import Services
from ledger.invoices.events import InvoiceDrafted
from ledger.kernel.clock import system_now
from ledger.subscriptions.parts import Thresholds
from tests.support.stored_ledger import StoredLedger


@pytest.fixture
def ledger(services: Services) -> StoredLedger:
    """Tokens at 4 cents a hundred begun, and an invoice from 10 cents on."""
    ensure_default_account(services)
    made = StoredLedger(services.datastore, 1, system_now().replace(microsecond=0))
    made.sell()
    made.subscribe("price_tokens", thresholds=Thresholds(amount_gte=10))
    return made


def invoices(ledger: StoredLedger) -> list[str]:
    recorder, mapper = ledger.application.recorder, ledger.application.mapper
    facts = (mapper.to_domain_event(one) for one in recorder.select_notifications(1, 10_000))
    return [fact.event.billing_reason for fact in facts if isinstance(fact.event, InvoiceDrafted)]


def use(services: Services, ledger: StoredLedger, identifier: str, value: str) -> None:
    ledger.now = system_now()
    ledger.use(identifier, ledger.now.isoformat()[:19], value)
    services.projector.catch_up()


def test_usage_that_reaches_a_threshold_is_invoiced(
    services: Services, ledger: StoredLedger
) -> None:
    services.projector.catch_up()
    scheduler = Scheduler(services)
    scheduler.check_thresholds()
    assert scheduler.check_thresholds() == 0
    use(services, ledger, "a", "200")
    assert scheduler.check_thresholds() == 1
    assert invoices(ledger) == []
    use(services, ledger, "b", "1")
    assert scheduler.check_thresholds() == 1
    assert scheduler.check_thresholds() == 0
    assert invoices(ledger) == ["subscription_threshold"]
