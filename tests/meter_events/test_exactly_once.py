"""Each identifier counts once: repeated, raced, split, or with its answer lost."""

import random
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from eventsourcing.persistence import OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel.commands import IdempotencyClaim
from ledger.meter_events.events import UsageRecorded
from ledger.meters.events import Formula
from ledger.store.usage_batch import usage_key
from tests.meter_events.metered_ledger import NOW, MeteredLedger, at, report

FORMULAS: tuple[Formula, ...] = ("sum", "count", "last")


def identifiers(ledger: MeteredLedger) -> list[str]:
    """Every identifier in the log, in order."""
    found: list[str] = []
    for stored in ledger.recorder.select_notifications(1, 10_000, topics=[UsageRecorded.TOPIC]):
        event = ledger.mapper.to_domain_event(stored).event
        assert isinstance(event, UsageRecorded)
        found += [record.identifier for record in event.records()]
    return found


def test_a_repeat_is_a_duplicate_and_other_content_a_conflict(ledger: MeteredLedger) -> None:
    first = ledger.record(report())[0]
    head = ledger.head()
    same, other = ledger.record(report(), report(value="2"))
    assert (same.result, same.position, same.ordinal) == ("duplicate", first.position, 0)
    assert (other.result, other.position) == ("conflict", first.position)
    for verdict in (same, other):
        assert verdict.error is not None
        assert verdict.error.message == "An event already exists with identifier e-1."
        assert verdict.error.code == "duplicate_meter_event"
    assert ledger.head() == head


def test_a_repeat_within_one_batch_counts_once(ledger: MeteredLedger) -> None:
    results = ledger.results(report(), report(identifier="e-2"), report(), report(value="5"))
    assert results == ["accepted", "accepted", "duplicate", "conflict"]
    assert identifiers(ledger) == ["e-1", "e-2"]


def test_new_events_beside_old_ones_are_recorded(ledger: MeteredLedger) -> None:
    ledger.results(report(identifier="b"))
    verdicts = ledger.record(*(report(identifier=name) for name in "abcb"))
    assert [v.result for v in verdicts] == ["accepted", "duplicate", "accepted", "duplicate"]
    assert [verdicts[0].ordinal, verdicts[2].ordinal] == [0, 1]


def test_a_repeat_is_known_also_when_its_time_is_over(ledger: MeteredLedger) -> None:
    old = report(seconds_ago=30 * 86_400)
    ledger.results(old)
    ledger.now += timedelta(days=10)
    assert ledger.results(
        old, msgspec.structs.replace(old, payload={**old.payload, "value": "2"})
    ) == [
        "duplicate",
        "conflict",
    ]
    assert ledger.results(msgspec.structs.replace(old, identifier="e-2")) == ["rejected"]


def test_looking_first_gives_the_same_verdicts(ledger: MeteredLedger) -> None:
    ledger.results(report(identifier="a"))
    verdicts = ledger.ingestion.record(
        [report(identifier=name) for name in ("b", "c", "d", "b")],
        at(ledger.now),
        look_first=True,
    )
    assert [v.result for v in verdicts] == ["accepted", "accepted", "accepted", "duplicate"]
    again = ledger.ingestion.record(
        [report(identifier="a"), report(identifier="a", value="9"), report(identifier="e")],
        at(ledger.now),
        look_first=True,
    )
    assert [v.result for v in again] == ["duplicate", "conflict", "accepted"]


def test_one_identifier_is_one_event_whatever_its_meter(ledger: MeteredLedger) -> None:
    ledger.meter("calls", "count")
    assert ledger.results(report(), report("calls")) == ["accepted", "conflict"]


def test_no_text_has_the_key_of_a_uuid() -> None:
    canonical = str(uuid.uuid4())
    assert usage_key(canonical) == uuid.UUID(canonical).bytes
    for text in ("e-1", canonical.upper(), canonical.replace("-", ""), f"{{{canonical}}}"):
        key = usage_key(text)
        assert key != uuid.UUID(canonical).bytes
        assert key[6] >> 4 == 0
    # What such a key looks like as a UUID is hashed like any other text.
    assert usage_key(str(uuid.UUID(bytes=usage_key("e-1")))) != usage_key("e-1")


def test_an_idempotency_key_is_claimed_with_its_event(ledger: MeteredLedger) -> None:
    claim = IdempotencyClaim("retry-1", b"hash")
    position = ledger.record(report(claim=claim))[0].position
    with ledger.datastore.get_connection() as conn:
        row = conn.execute(
            "SELECT position, request_hash FROM ledger.idempotency_keys "
            "WHERE ledger_id = %s AND key = 'retry-1'",
            (ledger.ledger_id,),
        ).fetchone()
    assert row is not None
    assert (row["position"], bytes(row["request_hash"])) == (position, b"hash")


def test_a_repeated_request_is_told_from_a_repeated_event(ledger: MeteredLedger) -> None:
    """The same request again is to get its first answer; another request for the same event is
    to be refused. In the same batch as well as in the next."""
    claim = IdempotencyClaim("retry-1", b"hash")
    other = IdempotencyClaim("retry-2", b"hash")
    assert ledger.results(report(claim=claim), report(claim=claim), report(claim=other)) == [
        "accepted",
        "request_repeated",
        "duplicate",
    ]
    assert ledger.results(
        report(claim=claim), report(identifier="e-2", claim=claim), report(identifier="e-3")
    ) == ["request_repeated", "request_repeated", "accepted"]


def test_a_refused_event_claims_no_idempotency_key(ledger: MeteredLedger) -> None:
    claim = IdempotencyClaim("retry-1", b"hash")
    ledger.results(report())
    assert ledger.results(report(claim=claim)) == ["duplicate"]
    assert ledger.results(report(identifier="e-2", claim=claim)) == ["accepted"]


def test_writers_that_race_record_each_event_once(ledger: MeteredLedger) -> None:
    reports = [report(identifier=f"e-{n}", value=str(n)) for n in range(400)]
    accepted: list[str] = []
    guard = threading.Lock()

    def send(seed: int) -> None:
        shuffled = random.Random(seed).sample(reports, len(reports))
        for start in range(0, len(shuffled), 37):
            for verdict in ledger.record(*shuffled[start : start + 37]):
                if verdict.result == "accepted":
                    assert verdict.record is not None
                    with guard:
                        accepted.append(verdict.record.identifier)
                else:
                    assert verdict.result == "duplicate"

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(send, range(4)))
    assert sorted(accepted) == sorted(r.identifier for r in reports)
    assert sorted(identifiers(ledger)) == sorted(accepted)
    positions = [stored.id for stored in ledger.recorder.select_notifications(0, 10_000)]
    assert positions == list(range(1, ledger.head() + 1))


def test_an_answer_lost_after_the_commit_is_recognised(
    ledger: MeteredLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection dies between the commit and its answer: still accepted, still once."""
    with_retries = ledger.recorder.with_retries
    lost: list[Any] = []

    def losing_one_answer(attempt: Callable[[], Any], read_back: Callable[[], Any]) -> Any:
        def attempt_and_lose() -> Any:
            result = attempt()
            if not lost:
                lost.append(result)
                raise OperationalError("server closed the connection unexpectedly")
            return result

        return with_retries(attempt_and_lose, read_back)

    monkeypatch.setattr(ledger.recorder, "with_retries", losing_one_answer)
    verdicts = ledger.record(report(), report(identifier="e-2"))
    assert [v.result for v in verdicts] == ["accepted", "accepted"]
    assert [v.position for v in verdicts] == [lost[0], lost[0]]
    assert identifiers(ledger) == ["e-1", "e-2"]


def test_a_connection_killed_before_the_commit_is_tried_again(ledger: MeteredLedger) -> None:
    with ledger.datastore.get_connection() as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    assert ledger.results(report()) == ["accepted"]
    assert identifiers(ledger) == ["e-1"]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_split_repetition_and_order_gives_the_same_usage(
    ledger: MeteredLedger, data: st.DataObject
) -> None:
    """Sum and count are the same, and `last` too where timestamps differ."""
    run = uuid.uuid4().hex[:8]
    meters = {formula: ledger.meter(f"{formula}_{run}", formula) for formula in FORMULAS}
    values = data.draw(st.lists(st.integers(-999, 999), min_size=1, max_size=12))
    reports = [
        report(
            f"{formula}_{run}",
            f"{run}-{formula}-{n}",
            value=str(value),
            seconds_ago=n + 1,
        )
        for formula in FORMULAS
        for n, value in enumerate(values)
    ]
    sent = data.draw(st.permutations(reports + reports[: data.draw(st.integers(0, len(reports)))]))
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        ledger.record(*sent[:size])
        sent = sent[size:]
    usage = {
        formula: ledger.log_usage.usage(meter, "cus_a", NOW - timedelta(days=1), NOW, ledger.head())
        for formula, meter in meters.items()
    }
    assert usage["sum"].quantity == sum(values)
    assert usage["count"].quantity == len(values)
    assert usage["last"].quantity == values[0]
    assert {u.meter_events for u in usage.values()} == {len(values)}
