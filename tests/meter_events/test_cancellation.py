"""Cancelling a meter event: which, how long, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ledger.kernel.errors import InvalidRequest
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.events import MeterEventCancelled
from tests.meter_events.metered_ledger import NOW, MeteredLedger, report

CANCEL = CancelMeterEvent(identifier="e-1", event_name="tokens")


def refusal(ledger: MeteredLedger, command: CancelMeterEvent) -> InvalidRequest:
    head = ledger.head()
    with pytest.raises(InvalidRequest) as refused:
        ledger.execute(command)
    assert ledger.head() == head
    assert refused.value.param == "cancel[identifier]"
    return refused.value


def test_a_cancellation_says_which_event_it_cancels(ledger: MeteredLedger) -> None:
    ledger.record(report(identifier="e-0"))
    verdict = ledger.record(report(identifier="x"), report(seconds_ago=90))[1]
    event = ledger.execute(CANCEL).events[0].event
    assert isinstance(event, MeterEventCancelled)
    assert (event.position, event.ordinal) == (verdict.position, 1)
    assert (event.meter, event.customer) == ("mtr_test_tokens", "cus_a")
    assert verdict.record is not None
    assert (event.timestamp, event.at) == (verdict.record.timestamp, NOW)


def test_an_event_of_another_name_or_none_at_all_is_not_found(ledger: MeteredLedger) -> None:
    ledger.meter("calls", "count")
    ledger.record(report())
    for command in (
        CANCEL.model_copy(update={"event_name": "calls"}),
        CANCEL.model_copy(update={"identifier": "never"}),
    ):
        assert refusal(ledger, command).code == "resource_missing"


def test_an_event_is_cancelled_once(ledger: MeteredLedger) -> None:
    ledger.record(report())
    ledger.execute(CANCEL)
    assert "already cancelled" in refusal(ledger, CANCEL).message


def test_a_cancelled_identifier_stays_taken(ledger: MeteredLedger) -> None:
    ledger.record(report())
    ledger.execute(CANCEL)
    assert ledger.results(report()) == ["duplicate"]


def test_an_event_can_be_cancelled_for_a_day_after_it_was_received(ledger: MeteredLedger) -> None:
    ledger.record(report(seconds_ago=20 * 86_400))
    ledger.record(report(identifier="e-2"))
    ledger.now = NOW + timedelta(hours=24)
    ledger.execute(CANCEL)
    ledger.now += timedelta(seconds=1)
    late = CANCEL.model_copy(update={"identifier": "e-2"})
    assert "more than 24 hours ago" in refusal(ledger, late).message
    reasoned = CancelMeterEvent(identifier="e-2", reason="double import", at_any_time=True)
    event = ledger.execute(reasoned).events[0].event
    assert isinstance(event, MeterEventCancelled)
    assert (event.event_name, event.reason) == ("tokens", "double import")


def test_of_two_cancellations_at_once_one_is_refused(ledger: MeteredLedger) -> None:
    ledger.record(report())

    def cancel(_: int) -> bool:
        try:
            ledger.execute(CANCEL)
        except InvalidRequest:
            return False
        return True

    with ThreadPoolExecutor(4) as clients:
        assert sorted(clients.map(cancel, range(4))) == [False, False, False, True]
