"""Meter events into the ledger: what is accepted, refused, and with which words."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from ledger.kernel.errors import LedgerError, NotFound
from ledger.meter_events.events import UsageRecorded
from ledger.meter_events.ingestion import Verdict
from ledger.meter_events.validation import UsageReport
from ledger.meters.commands import DeactivateMeter, ReactivateMeter
from ledger.store.usage import UsageLog
from ledger.test_clocks.commands import AdvanceTestClock
from tests.meter_events.metered_ledger import NOW, NOW_MICROSECONDS, MeteredLedger, report

DAY = 86_400
PAYLOAD = {"stripe_customer_id": "cus_a", "value": "1"}


def with_payload(more: dict[str, str]) -> UsageReport:
    return msgspec.structs.replace(report(), payload=PAYLOAD | more)


def error(verdict: Verdict) -> LedgerError:
    assert verdict.result != "accepted"
    assert verdict.error is not None
    return verdict.error


def stored(ledger: MeteredLedger, position: int | None) -> UsageRecorded:
    assert position is not None
    log = UsageLog(ledger.recorder, UsageRecorded.TOPIC)
    event = ledger.mapper.to_domain_event(log.at(position)).event
    assert isinstance(event, UsageRecorded)
    return event


def test_events_reported_together_are_one_event_in_the_log(ledger: MeteredLedger) -> None:
    before = ledger.head()
    verdicts = ledger.record(
        report(identifier="a", value="007.50", model="large", region="eu"),
        report(identifier="b", value="-3", seconds_ago=60),
    )
    assert [(v.result, v.position, v.ordinal) for v in verdicts] == [
        ("accepted", before + 1, 0),
        ("accepted", before + 1, 1),
    ]
    assert ledger.head() == before + 1
    first, second = stored(ledger, before + 1).records()
    assert (first.identifier, first.meter, first.customer) == ("a", "mtr_test_tokens", "cus_a")
    assert (first.value, first.payload) == ("7.5", {"model": "large", "region": "eu"})
    assert (second.value, second.timestamp) == ("-3", NOW_MICROSECONDS - 60_000_000)


def test_an_event_without_timestamp_happens_now(ledger: MeteredLedger) -> None:
    record = ledger.record(report(seconds_ago=None))[0].record
    assert record is not None
    assert record.timestamp == NOW_MICROSECONDS


def test_an_unknown_event_name_is_refused(ledger: MeteredLedger) -> None:
    refusal = error(ledger.record(report("nothing"))[0])
    assert refusal.message == (
        "Invalid event_name: nothing. No active meter found with this event name."
    )
    assert refusal.param == "event_name"


def test_an_inactive_meter_takes_no_events_until_it_is_active_again(ledger: MeteredLedger) -> None:
    ledger.execute(DeactivateMeter(meter="mtr_test_tokens"))
    assert error(ledger.record(report())[0]).param == "event_name"
    ledger.execute(ReactivateMeter(meter="mtr_test_tokens"))
    assert ledger.results(report()) == ["accepted"]


def test_a_deactivation_between_validation_and_append_is_honoured(ledger: MeteredLedger) -> None:
    """The directory believes that nothing has changed; the append knows better."""
    ledger.results(report(identifier="warm"))
    catch_up, calls = ledger.directory.catch_up, []

    def stale_once() -> int:
        position = ledger.directory.position if not calls else catch_up()
        calls.append(position)
        return position

    ledger.directory.catch_up = stale_once  # type: ignore[method-assign]
    ledger.execute(DeactivateMeter(meter="mtr_test_tokens"))
    head = ledger.head()
    assert ledger.results(report()) == ["rejected"]
    assert len(calls) == 2
    assert ledger.head() == head


def test_a_change_that_refuses_nothing_does_not_hold_usage_up(ledger: MeteredLedger) -> None:
    ledger.results(report(identifier="warm"))
    position = ledger.directory.position
    ledger.directory.catch_up = lambda: position  # type: ignore[method-assign]
    ledger.customer("cus_new")
    assert ledger.results(report()) == ["accepted"]


def test_an_unknown_or_deleted_customer_is_refused(ledger: MeteredLedger) -> None:
    ledger.customer("cus_gone")
    ledger.delete_customer("cus_gone")
    for customer in ("cus_nobody", "cus_gone"):
        refusal = error(ledger.record(report(customer=customer))[0])
        assert isinstance(refusal, NotFound)
        assert refusal.message == f"No such customer: '{customer}'"
        assert (refusal.code, refusal.param) == ("resource_missing", "payload[stripe_customer_id]")


def test_the_payload_must_name_customer_and_value(ledger: MeteredLedger) -> None:
    nobody = error(ledger.record(UsageReport("tokens", "x", {"value": "1"}))[0])
    assert nobody.message == "Customer mapping key stripe_customer_id not found in payload."
    assert nobody.param == "payload[stripe_customer_id]"
    nothing = error(ledger.record(report(value=None))[0])
    assert nothing.message == "Value key value not found in payload."
    assert nothing.param == "payload[value]"


def test_a_count_meter_needs_no_value(ledger: MeteredLedger) -> None:
    ledger.meter("calls", "count")
    verdict = ledger.record(report("calls", value=None))[0]
    assert verdict.result == "accepted"
    assert stored(ledger, verdict.position).records()[0].value is None


@pytest.mark.parametrize(
    "value", ["", "abc", "NaN", "Infinity", "1e1000000", "1_000", " 1", "+1", "1.", "١٢"]
)
def test_a_value_that_is_no_plain_decimal_is_refused(ledger: MeteredLedger, value: str) -> None:
    assert error(ledger.record(report(value=value))[0]).param == "payload[value]"


def test_a_value_of_more_than_15_digits_is_refused(ledger: MeteredLedger) -> None:
    refusal = error(ledger.record(report(value="1234567890.123456"))[0])
    assert refusal.message == (
        "The value in the event payload can have at most 15 digits. Received 1234567890.123456."
    )
    assert ledger.results(report(value="123456789.123456")) == ["accepted"]


@pytest.mark.parametrize(
    ("seconds_ago", "result"),
    [
        (35 * DAY, "accepted"),
        (35 * DAY + 1, "rejected"),
        (-300, "accepted"),
        (-301, "rejected"),
    ],
)
def test_timestamps_reach_from_35_days_ago_to_5_minutes_ahead(
    ledger: MeteredLedger, seconds_ago: int, result: str
) -> None:
    verdict = ledger.record(report(seconds_ago=seconds_ago))[0]
    assert verdict.result == result
    if verdict.error:
        assert verdict.error.param == "timestamp"


def test_a_backfill_takes_any_timestamp_and_records_the_reason(ledger: MeteredLedger) -> None:
    verdicts = ledger.record(
        report(identifier="old", seconds_ago=400 * DAY),
        report(identifier="ahead", seconds_ago=-DAY),
        backfill="moved from the old system",
    )
    assert [v.result for v in verdicts] == ["accepted", "accepted"]
    assert stored(ledger, verdicts[0].position).backfill == "moved from the old system"


def test_a_customer_on_a_test_clock_lives_on_its_time(ledger: MeteredLedger) -> None:
    frozen = datetime(2023, 11, 16, tzinfo=UTC)
    ledger.clock(frozen)
    ledger.customer("cus_clock", "clock_1")
    assert ledger.results(report(customer="cus_clock")) == ["rejected"]
    record = ledger.record(report(customer="cus_clock", seconds_ago=None))[0].record
    assert record is not None
    assert record.timestamp == int(frozen.timestamp()) * 1_000_000
    ledger.execute(AdvanceTestClock(test_clock="clock_1", frozen_time=frozen + timedelta(days=40)))
    late = (NOW - frozen).total_seconds()
    too_old = report(identifier="e-2", customer="cus_clock", seconds_ago=late)
    refusal = error(ledger.record(too_old)[0])
    assert refusal.param == "timestamp"


@pytest.mark.parametrize(
    ("faulty", "param"),
    [
        (report(identifier="x" * 101), "identifier"),
        (report(identifier=""), "identifier"),
        (report(note="x" * 501), "payload[note]"),
        (with_payload({"k" * 101: "x"}), "payload"),
        (
            msgspec.structs.replace(report(), payload={f"k{n}": "x" for n in range(49)} | PAYLOAD),
            "payload",
        ),
        (report(note="a\0b"), "payload"),
        (report(note="\ud800"), "payload"),
    ],
)
def test_oversized_or_unstorable_text_is_refused(
    ledger: MeteredLedger, faulty: UsageReport, param: str
) -> None:
    head = ledger.head()
    assert error(ledger.record(faulty)[0]).param == param
    assert ledger.head() == head


def test_a_backslash_followed_by_u0000_is_plain_text(ledger: MeteredLedger) -> None:
    assert ledger.results(report(note="\\u0000")) == ["accepted"]


def test_one_bad_event_does_not_take_its_neighbours_with_it(ledger: MeteredLedger) -> None:
    results = ledger.results(
        report(identifier="a"), report(identifier="b", value="x"), report(identifier="c")
    )
    assert results == ["accepted", "rejected", "accepted"]
