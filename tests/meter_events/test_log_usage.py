"""Usage read from the log alone, as it stood at any position."""

from datetime import timedelta
from typing import Any

import pytest

from ledger.meter_events.aggregation import Usage
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.usage import Asked
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


def test_several_meters_and_stretches_are_read_in_one_pass(
    ledger: MeteredLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.meter("other")
    ledger.record(
        report(identifier="a", value="5", seconds_ago=1),
        report(identifier="b", value="7", seconds_ago=7200),
        report("other", identifier="c", value="11", seconds_ago=1),
    )
    ledger.execute(CancelMeterEvent(identifier="b", event_name="tokens"))
    hour, day = NOW - timedelta(hours=1), NOW - timedelta(days=1)
    asked = [
        Asked(ledger.definition(name), start, end)
        for name, start, end in [
            ("tokens", hour, NOW),
            ("tokens", day, hour),
            ("other", day, NOW),
            ("other", day, hour),
        ]
    ]
    reader, through = ledger.log_usage, ledger.head()
    alone = [reader.usage(*one[:1], "cus_a", *one[1:], through) for one in asked]
    recorder = ledger.application.recorder
    read, select = [], recorder.select_notifications

    def counted(*arguments: Any, **options: Any) -> Any:
        read.append(arguments)
        return select(*arguments, **options)

    monkeypatch.setattr(recorder, "select_notifications", counted)
    assert reader.usages("cus_a", asked, through) == (through, alone)
    assert [usage.quantity for usage in alone] == [5, 0, 11, 0]
    assert len(read) == 2
