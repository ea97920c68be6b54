"""Usage read from the log alone, as it stood at any position."""

from datetime import timedelta
from typing import Any

import pytest

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import Usage, tally
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.formulas import MeteredEvent
from ledger.meter_events.usage import Asked, Positions, UsageQuestion
from ledger.meter_events.usage_in_log import UnreadableUsage
from ledger.meters.events import Formula
from tests.meter_events.metered_ledger import NOW, MeteredLedger, report
from tests.support.postgres import Database
from tests.support.tampering import rewrite


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


FORMULAS: tuple[Formula, ...] = ("sum", "count", "last", "max", "average", "unique_count")


def test_many_questions_of_one_pass_are_answered_as_each_alone(ledger: MeteredLedger) -> None:
    meters = [ledger.meter(formula, formula) for formula in FORMULAS]
    meters.append(ledger.meter("hourly", "sum", "hour"))
    customers = ["cus_a", ledger.customer("cus_b"), ledger.customer("cus_c")]
    for batch in range(3):
        ledger.record(
            *(
                report(
                    meter.id.removeprefix("mtr_test_"),
                    identifier=f"{batch}-{customer}-{meter.id}-{number}",
                    value=f"{number}.{batch}" if number % 2 else str(number),
                    seconds_ago=3_000 * number + batch,
                    customer=customer,
                )
                for number in range(4)
                for meter in meters
                for customer in customers[: batch + 1]
            )
        )
        ledger.execute(
            CancelMeterEvent(identifier=f"{batch}-cus_a-mtr_test_sum-1", event_name="sum")
        )
    hour, day, head = NOW - timedelta(hours=1), NOW - timedelta(days=1), ledger.head()
    questions = [
        UsageQuestion(customer, (Asked(meter, day, hour), Asked(meter, hour, NOW)), through)
        for meter in meters
        for customer in customers
        for through in (head, head - 1, head - 3)
    ]
    found = ledger.log_usage.usages_of_all(questions, head)
    alone = [ledger.log_usage.usages(*question_of(one)) for one in questions]
    assert found == alone
    assert found[0].usages[1] != found[1].usages[1]
    tallied = [tallied_one_by_one(ledger, one) for one in questions]
    assert [answer.usages for answer in found] == tallied


@pytest.mark.parametrize("formula", ["sum", "last", "unique_count"])
def test_usage_of_one_customer_alone_counts_from_the_start_up_to_the_end(
    ledger: MeteredLedger, formula: Formula
) -> None:
    ledger.meter(formula, formula=formula)
    meter, hour = ledger.definition(formula), 3_600
    for batch, seconds in enumerate([(2, 1, 0), (hour, 5), (hour + 1, 7, -1), (2 * hour,)]):
        ledger.record(
            *(
                report(formula, identifier=f"{batch}-{n}", value=f"{batch}.{n}", seconds_ago=ago)
                for n, ago in enumerate(seconds)
            )
        )
    ledger.execute(CancelMeterEvent(identifier="0-1", event_name=formula))
    asked = Asked(meter, NOW - timedelta(hours=1), NOW)
    for through in range(1, ledger.head() + 1):
        question = UsageQuestion("cus_a", (asked,), through)
        answer = ledger.log_usage.usages(*question_of(question))
        assert answer.usages == tallied_one_by_one(ledger, question)
    assert ledger.log_usage.usage(*asked[:1], "cus_a", *asked[1:], ledger.head()).meter_events == 4


def question_of(one: UsageQuestion) -> tuple[str, tuple[Asked, ...], int]:
    return one.customer, one.asked, one.through_position


def tallied_one_by_one(ledger: MeteredLedger, question: UsageQuestion) -> list[Usage]:
    """The same, record by record."""
    found: list[Usage] = []
    for meter, start, end in question.asked:
        first, last = to_microseconds(start), to_microseconds(end)
        reach = meter.reach(first, last)
        whole = Positions(1, question.through_position)
        placed = ledger.log_usage.uncancelled(
            question.customer, {meter.id}, question.through_position, whole
        )
        events = [
            MeteredEvent(
                one.position, one.ordinal, one.record.timestamp, meter.value_of(one.record)
            )
            for one in placed
            if reach[0] <= one.record.timestamp < reach[1]
        ]
        found.append(tally(meter, first, last, events))
    return found


def test_a_usage_event_that_was_altered_is_named(
    ledger: MeteredLedger, shared_database: Database
) -> None:
    ledger.record(report(identifier="a", value="5", seconds_ago=1))
    place = ledger.head()
    assert usage(ledger).quantity == 5
    rewrite(shared_database.owner_url, ledger.ledger_id, "usage.recorded.v1", b'"5"', b"five")
    with pytest.raises(UnreadableUsage, match=f"position {place} cannot be read"):
        usage(ledger)
