"""The checks of a fault run see each defect that they are there to see."""

from typing import Any

from tests.faults import checks
from tests.faults.checks import Logged
from tests.faults.journal import Journal, Sent


def journal(*identifiers: str) -> Journal:
    made = Journal()
    for identifier in identifiers:
        made.intends(Sent(identifier, "cus_a", 5))
        made.was_acknowledged(identifier)
    return made


def logged(identifier: str, value: str = "5", timestamp: int = 0) -> Logged:
    return Logged(identifier, "cus_a", value, timestamp)


def invoice(start: int, end: int, status: str = "paid", number: str = "A-0001") -> dict[str, Any]:
    parent = {"subscription_details": {"subscription": "sub_a"}}
    period = {"period_start": start, "period_end": end}
    return {"parent": parent, "status": status, "number": number, **period}


def test_every_acknowledged_event_is_there_once_as_it_was_sent() -> None:
    good = [logged("a"), logged("b")]
    assert checks.exactly_once(journal("a", "b"), good) == []
    assert checks.exactly_once(journal("a", "b"), good[:1]) == ["acknowledged and lost: b"]
    assert checks.exactly_once(journal("a"), [good[0], good[0]]) == ["recorded twice: a"]
    otherwise = "recorded otherwise than it was sent: "
    assert checks.exactly_once(journal("a"), [logged("a", "6")]) == [f"{otherwise}a"]
    assert checks.exactly_once(journal("a"), good) == [f"{otherwise}b"]


def test_an_event_whose_outcome_was_never_known_may_be_there_or_not() -> None:
    unsure = journal("a")
    unsure.acknowledged.clear()
    assert checks.exactly_once(unsure, []) == []
    assert checks.exactly_once(unsure, [logged("a")]) == []


def test_summaries_are_what_the_log_adds_up_to() -> None:
    log = [logged("a", "5", 10), logged("b", "7", 59), logged("c", "1", 60)]
    assert checks.summaries_equal(log, {"cus_a": {0: 12, 60: 1}}, 60) == []
    assert len(checks.summaries_equal(log, {"cus_a": {0: 12}}, 60)) == 1
    assert len(checks.summaries_equal(log, {"cus_a": {0: 12, 60: 2}}, 60)) == 1


def test_periods_tile_time_and_are_final() -> None:
    assert checks.one_invoice_a_period([invoice(1, 2), invoice(0, 1)], "sub_a") == []
    assert len(checks.one_invoice_a_period([invoice(0, 1), invoice(2, 3)], "sub_a")) == 1
    assert len(checks.one_invoice_a_period([invoice(0, 1), invoice(0, 1)], "sub_a")) == 1
    assert len(checks.one_invoice_a_period([invoice(0, 1, "draft")], "sub_a")) == 1


def test_invoice_numbers_have_no_gap() -> None:
    assert checks.numbers_without_gap([invoice(0, 1), invoice(1, 2, number="A-0002")]) == []
    assert len(checks.numbers_without_gap([invoice(0, 1), invoice(1, 2, number="A-0003")])) == 1
    assert len(checks.numbers_without_gap([invoice(0, 1), invoice(1, 2)])) == 1
