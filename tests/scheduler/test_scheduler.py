"""The scheduler gives every ledger its turn, whatever becomes of the others."""

import threading
from typing import Any

import pytest

from api.accounts.first_start import ensure_default_account
from api.scheduler import Scheduler
from api.services import Services
from ledger.accounts.commands import CreateAccount
from ledger.accounts.ledgers import CONTROL_LEDGER
from ledger.invoices.close_period import InvoiceBilling
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances
from ledger.subscriptions.events import PeriodClosed
from projections.due.projection import DueProjection
from projections.runtime.projection import checkpoint_name
from tests.support.stored_ledger import StoredLedger

FIRST, SECOND = 1, 3
"""The test ledgers of two accounts."""


@pytest.fixture
def ledgers(services: Services) -> list[StoredLedger]:
    """Two ledgers, each with a subscription whose first months are long over."""
    ensure_default_account(services)
    circumstances = Circumstances(system_now(), "system:test", "test")
    other = CreateAccount(account="acct_other", name="Other")
    services.application(CONTROL_LEDGER).execute(other, circumstances)
    made = [StoredLedger(services.datastore, number) for number in (FIRST, SECOND)]
    for ledger in made:
        ledger.sell()
        ledger.subscribe("price_seat")
    services.projector.catch_up()
    return made


def periods_closed(ledger: StoredLedger) -> int:
    stored = ledger.application.recorder.select_events("sub_a")
    return sum(event.topic == PeriodClosed.TOPIC for event in stored)


def test_a_ledger_whose_read_model_is_stopped_holds_up_no_other(
    services: Services, ledgers: list[StoredLedger]
) -> None:
    first, second = ledgers
    first.price("price_more", unit_amount_decimal="1")
    behind = services.log(FIRST).head()
    services.projector.checkpoints.stop(
        FIRST, checkpoint_name(DueProjection()), behind, "ValueError: cannot be applied"
    )
    assert Scheduler(services).step() > 0
    assert periods_closed(first) == 0
    assert periods_closed(second) == 1


def test_work_that_fails_in_an_unforeseen_way_holds_up_no_other(
    services: Services, ledgers: list[StoredLedger], monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = InvoiceBilling.close_at

    def failing(billing: InvoiceBilling, work: Any, *arguments: Any) -> Any:
        if work.ledger.ledger_id == FIRST:
            raise ZeroDivisionError
        return closing(billing, work, *arguments)

    monkeypatch.setattr(InvoiceBilling, "close_at", failing)
    first, second = ledgers
    assert Scheduler(services).step() > 0
    assert periods_closed(first) == 0
    assert periods_closed(second) == 1


def test_nothing_is_begun_once_it_is_to_stop(
    services: Services, ledgers: list[StoredLedger]
) -> None:
    stopping = threading.Event()
    stopping.set()
    Scheduler(services, stopping).step()
    assert [periods_closed(ledger) for ledger in ledgers] == [0, 0]
