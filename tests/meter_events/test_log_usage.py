"""Usage read from the log alone, as it stood at any position."""

from datetime import timedelta

from ledger.meter_events.aggregation import Usage
from ledger.meter_events.commands import CancelMeterEvent
from tests.meter_events.metered_ledger import NOW, MeteredLedger, report


def usage(ledger: MeteredLedger, through: int | None = None, customer: str = "cus_a") -> Usage:
    meter = ledger.definition("tokens")
    return ledger.log_usage.usage(
        meter, customer, NOW - timedelta(days=2), NOW, through or ledger.head()
    )


def test_only_the_meters_and_customers_own_events_count(ledger: MeteredLedger) -> None:
    ledger.customer("cus_b")
    ledger.meter("other")
    ledger.record(
        report(identifier="a", value="5", seconds_ago=1),
        report(identifier="b", value="7", seconds_ago=1, customer="cus_b"),
        report("other", identifier="c", value="11", seconds_ago=1, note="cus_a"),
    )
    assert usage(ledger).quantity == 5
    assert usage(ledger, customer="cus_b").quantity == 7


def test_what_was_recorded_later_does_not_change_an_earlier_answer(ledger: MeteredLedger) -> None:
    ledger.record(report(identifier="a", value="5", seconds_ago=1))
    then = ledger.head()
    answer = usage(ledger)
    ledger.record(report(identifier="b", value="7", seconds_ago=3600))
    ledger.execute(CancelMeterEvent(identifier="a", event_name="tokens"))
    assert usage(ledger, through=then) == answer
    assert usage(ledger, through=then + 1).quantity == 12
    now = usage(ledger)
    assert (now.quantity, now.meter_events) == (7, 1)
    assert (now.first_position, now.last_position) == (then + 1, then + 1)
