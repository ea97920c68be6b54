"""The checks of a door run see each defect that they are there to see."""

from decimal import Decimal

import pytest

from ledger.meter_events.events import UsageRecord
from tests.doors.answers import Answer, Unclear, next_step
from tests.doors.recomputed import Window, expected_summaries, surviving
from tests.doors.uses import MICROSECONDS, Use
from tests.faults import door_checks as checks
from tests.faults.door_checks import Place

METERS = {"tokens": "mtr_1"}


def use(identifier: str, value: str = "5", second: int = 0) -> Use:
    return Use("tokens", identifier, "cus_a", second * MICROSECONDS, value)


def place(identifier: str, ordinal: int, value: str = "5") -> Place:
    return Place(3, ordinal, UsageRecord(identifier, "mtr_1", "cus_a", 0, value, {}))


def test_every_record_is_there_once_as_it_was_sent() -> None:
    uses = [use("a"), use("b", "5.0")]
    good = [place("a", 0), place("b", 1)]
    assert checks.counted_once(uses, good, METERS) == []
    assert "lost: b" in checks.counted_once(uses, good[:1], METERS)
    assert "recorded twice: a" in checks.counted_once(uses, [*good, place("a", 2)], METERS)
    changed = [place("a", 0, "6"), place("b", 1)]
    said = ["recorded otherwise than it was sent: a"]
    assert checks.counted_once(uses, changed, METERS) == said
    assert len(checks.counted_once(uses[:1], good, METERS)) == 2
    text = UsageRecord("a", "mtr_1", "cus_a", 0, None, {"value": "5"})
    assert checks.counted_once(uses[:1], [Place(3, 0, text)], METERS) == []


def test_positions_have_no_gap_and_end_at_the_head() -> None:
    assert checks.contiguous([1, 2, 3], 3) == []
    assert checks.contiguous([1, 3], 3) == ["position 3 stands where 2 should"]
    assert checks.contiguous([1, 2], 3) == ["2 events, but the head is 3"]


def test_every_key_leads_to_its_record() -> None:
    log = [place("a", 0), place("b", 1)]
    keys = {b"a": (3, 0), b"b": (3, 1)}
    assert checks.keys_lead_to_records(keys, log, str.encode) == []
    assert len(checks.keys_lead_to_records({b"a": (3, 0)}, log, str.encode)) == 1
    assert len(checks.keys_lead_to_records({b"a": (3, 0), b"c": (3, 1)}, log, str.encode)) == 1


@pytest.mark.parametrize(
    ("formula", "values"),
    [
        ("sum", {0: "6.5", 60: "2"}),
        ("count", {0: "3", 60: "1"}),
        ("last", {0: "2", 60: "2"}),
        ("max", {0: "2.5", 60: "2"}),
        ("min", {0: "2", 60: "2"}),
        ("average", {0: "2.166666666667", 60: "2"}),
        ("unique_count", {0: "2", 60: "1"}),
    ],
)
def test_summaries_are_computed_by_themselves(formula: str, values: dict[int, str]) -> None:
    uses = [use("a", "2.5", 1), use("b", "2", 59), use("c", "2", 59), use("d", "2", 60)]
    found = expected_summaries([*uses, use("e", "9", 120)], formula, Window(0, 120, 60))
    assert found == {start: Decimal(value) for start, value in values.items()}


def test_the_first_of_an_identifier_and_the_latest_of_a_window_count() -> None:
    sent = [use("a", "1", 5), use("b", "2", 70), use("a", "3", 6), use("c", "4", 2)]
    assert surviving(sent, None) == [sent[0], sent[1], sent[3]]
    assert surviving(sent, 60) == [sent[1], sent[3]]


def answer(status: int, message: str = "Try again.", **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, named, {"error": {"type": "api_error", "message": message}})


def test_an_answer_says_what_to_do_or_is_unclear() -> None:
    assert next_step(Answer(200, {}, {})) == "done"
    assert next_step(answer(400, "An event already exists with identifier a.")) == "done"
    assert next_step(answer(429, retry_after="1", stripe_should_retry="true")) == "again"
    assert next_step(answer(503, retry_after="1")) == "again"
    assert next_step(answer(500, "It may be sent again.")) == "again"
    for nothing in (answer(429), answer(503), answer(500), answer(503, "", retry_after="1")):
        with pytest.raises(Unclear):
            next_step(nothing)
    with pytest.raises(Unclear):
        Answer.read(502, {}, b"<html>")
