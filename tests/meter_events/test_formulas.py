"""What each formula makes of the events that count."""

import hashlib
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.quantities import decimal_text, quotient
from ledger.meter_events.aggregation import (
    WINDOW_MICROSECONDS,
    MeterDefinition,
    MeteredEvent,
    tally,
)
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.formulas import FORMULAS
from ledger.meters.events import Formula, TimeWindow
from tests.meter_events.metered_ledger import NOW, MeteredLedger, report

HOUR, DAY = WINDOW_MICROSECONDS["hour"], WINDOW_MICROSECONDS["day"]


def amounts_to(formula: Formula, *values: str, window: TimeWindow | None = None) -> str:
    """What values amount to, each received after and happened a minute before the one before."""
    minute = HOUR // 60
    events = [
        MeteredEvent(n, 0, DAY - n * minute, value) for n, value in enumerate(values, start=1)
    ]
    return decimal_text(tally(MeterDefinition("mtr", formula, window), 0, DAY, events).quantity)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("sum", "6.5"),
        ("count", "4"),
        ("last", "3"),
        ("max", "10"),
        ("min", "-9.5"),
        ("average", "1.625"),
        ("unique_count", "3"),
    ],
)
def test_each_formula_has_its_own_answer(formula: Formula, value: str) -> None:
    assert amounts_to(formula, "3", "-9.5", "10", "3") == value


@pytest.mark.parametrize("formula", sorted(FORMULAS))
def test_without_usage_each_is_zero(formula: Formula) -> None:
    assert amounts_to(formula) == "0"


def test_corrections_below_zero_are_extremes_and_averages_too() -> None:
    assert amounts_to("max", "-3", "-2.5") == "-2.5"
    assert amounts_to("min", "0", "-2.5") == "-2.5"
    assert amounts_to("average", "-3", "-2.5", "0") == "-1.833333333333"


def test_numbers_are_compared_as_numbers_and_texts_as_texts() -> None:
    assert amounts_to("max", "9", "10") == "10"
    assert amounts_to("unique_count", "1", "1.0", "01", "1") == "3"
    assert amounts_to("unique_count", "ada", "Ada", "", "ada\n") == "4"
    assert amounts_to("unique_count", "\N{LATIN SMALL LETTER E WITH ACUTE}", "e\u0301") == "2"


@pytest.mark.parametrize(
    ("formula", "value"),
    [("max", "4"), ("min", "4"), ("average", "4"), ("unique_count", "1"), ("sum", "4")],
)
def test_of_an_hour_only_what_was_received_last_has_a_part(formula: Formula, value: str) -> None:
    assert amounts_to(formula, "9", "-5", "4", window="hour") == value


def test_an_average_is_rounded_once_half_away_from_zero() -> None:
    assert decimal_text(quotient(Decimal(2), 3)) == "0.666666666667"
    assert decimal_text(quotient(Decimal("0.000000000001"), 2)) == "0.000000000001"
    assert decimal_text(quotient(Decimal("-0.000000000001"), 2)) == "-0.000000000001"
    assert decimal_text(quotient(Decimal("0.000000000001"), 3)) == "0"
    assert decimal_text(quotient(Decimal(-6), 3)) == "-2"


@given(
    st.decimals(-(10**40), 10**40, places=12, allow_nan=False, allow_infinity=False),
    st.integers(1, 10**18),
)
def test_an_average_is_the_nearest_to_the_fraction(total: Decimal, parts: int) -> None:
    error = Fraction(quotient(total, parts)) - Fraction(total) / parts
    assert abs(error) <= Fraction(1, 2 * 10**12)


@given(st.permutations(["5", "-1.5", "5", "0.25", "12", "-1.5"]))
def test_order_makes_a_difference_to_the_last_alone(values: list[str]) -> None:
    expected = {"sum": "19.25", "count": "6", "max": "12", "min": "-1.5", "unique_count": "4"}
    found = {formula: amounts_to(formula, *values) for formula in FORMULAS}
    assert found == expected | {"average": "3.208333333333", "last": values[0]}


def test_the_evidence_of_unique_texts_cannot_be_read_in_two_ways() -> None:
    meter = MeterDefinition("mtr", "unique_count")
    two = tally(meter, 0, DAY, [MeteredEvent(1, 0, 0, "a"), MeteredEvent(1, 1, 0, "b")])
    one = tally(meter, 0, DAY, [MeteredEvent(1, 0, 0, "a\n1/1 1:b")])
    assert two.digest == hashlib.sha256(b"1/0 1:a\n1/1 1:b\n").hexdigest()
    assert one.digest != two.digest
    accented = tally(meter, 0, DAY, [MeteredEvent(1, 0, 0, "\N{LATIN SMALL LETTER E WITH ACUTE}")])
    assert accented.digest == hashlib.sha256(b"1/0 2:\xc3\xa9\n").hexdigest()


@pytest.mark.parametrize(
    ("formula", "before", "after"),
    [("max", 9, 4), ("min", 2, 3), ("average", 5, "3.5"), ("unique_count", 3, 2)],
)
def test_what_is_cancelled_or_late_or_out_of_order(
    ledger: MeteredLedger, formula: Formula, before: int, after: object
) -> None:
    meter = ledger.meter("gauge", formula)
    when = {"a": ("9", 10), "b": ("4", 86_400), "c": ("2", 5)}
    for identifier, (value, seconds_ago) in when.items():
        ledger.record(report("gauge", identifier, value=value, seconds_ago=seconds_ago))

    def used() -> Decimal:
        start = NOW.replace(month=6)
        return ledger.log_usage.usage(meter, "cus_a", start, NOW, ledger.head()).quantity

    assert used() == before
    ledger.record(report("gauge", "late", value="3", seconds_ago=20 * 86_400))
    ledger.execute(CancelMeterEvent(identifier="a", event_name="gauge"))
    ledger.execute(CancelMeterEvent(identifier="c", event_name="gauge"))
    assert used() == Decimal(str(after))


def test_texts_are_counted_as_they_were_sent_and_need_not_be_numbers(
    ledger: MeteredLedger,
) -> None:
    meter = ledger.meter("visitors", "unique_count")
    texts = ("ada@example.com", "bo", "ada@example.com", "1e3", "")
    verdicts = ledger.record(
        *(report("visitors", str(n), value=text) for n, text in enumerate(texts))
    )
    records = [verdict.record for verdict in verdicts]
    assert [record and record.value for record in records] == [None] * 5
    assert [record and record.payload for record in records] == [{"value": t} for t in texts]
    since = NOW.replace(hour=0)
    assert (
        ledger.log_usage.usage(meter, "cus_a", since, NOW.replace(hour=13), ledger.head()).quantity
        == 4
    )


def test_an_event_to_be_counted_once_needs_something_to_tell_it_by(ledger: MeteredLedger) -> None:
    ledger.meter("visitors", "unique_count")
    [verdict] = ledger.record(report("visitors", value=None))
    assert isinstance(verdict.error, InvalidRequest)
    assert (verdict.error.param, verdict.error.reported_as) == (
        "payload[value]",
        "meter_event_value_not_found",
    )


@pytest.mark.parametrize("formula", ["max", "min", "average"])
def test_a_value_must_be_a_number_for_what_compares_or_adds(
    ledger: MeteredLedger, formula: Formula
) -> None:
    ledger.meter("gauge", formula)
    assert ledger.results(report("gauge", "1", value="ada")) == ["rejected"]
    assert ledger.results(report("gauge", "2", value=None)) == ["rejected"]
    assert ledger.results(report("gauge", "3", value="-0.5")) == ["accepted"]
