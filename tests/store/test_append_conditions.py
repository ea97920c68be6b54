"""An append holds only while what it was decided from still stands, and once for each key."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from ledger.store.idempotency import IdempotencyKeys
from ledger.store.outcomes import IdempotencyKeyTaken, IdempotencyRow, SealedAnswer, StaleRead
from ledger.store.recorder import LedgerRecorder
from tests.store.stored import run_of, stored

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def claim(key: str) -> IdempotencyRow:
    return IdempotencyRow(key, b"hash", NOW)


def test_a_stream_that_moved_since_it_was_read_refuses_the_append(
    recorder: LedgerRecorder,
) -> None:
    recorder.append(run_of("price", 1))
    recorder.append(run_of("price", 1, start=2))
    with pytest.raises(StaleRead):
        recorder.append([stored("sub", 1)], read_versions={"price": 1, "sub": 0})
    assert recorder.select_events("sub") == []
    assert recorder.append([stored("sub", 1)], read_versions={"price": 2, "sub": 0}).positions == [
        3
    ]


def test_a_stream_read_as_missing_must_still_be_missing(recorder: LedgerRecorder) -> None:
    recorder.append(run_of("claimed-name", 1))
    with pytest.raises(StaleRead):
        recorder.append([stored("meter", 1)], read_versions={"claimed-name": 0, "meter": 0})
    assert recorder.head()[0] == 1


def race_two_decisions(recorder: LedgerRecorder) -> list[bool]:
    """Which of two appends held, each made from the other's stream at version 1."""
    barrier = threading.Barrier(2)

    def decide(mine: str, other: str) -> bool:
        barrier.wait()
        try:
            recorder.append([stored(mine, 2)], read_versions={mine: 1, other: 1})
        except StaleRead:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(decide, ("a", "b"), ("b", "a")))


def test_of_two_decisions_that_read_each_others_stream_one_holds(
    new_recorder: Callable[[], LedgerRecorder],
) -> None:
    for _ in range(10):
        recorder = new_recorder()
        recorder.append([stored("a", 1), stored("b", 1)])
        held = race_two_decisions(recorder)
        assert sorted(held) == [False, True]
        assert recorder.head()[0] == 3


def test_an_idempotency_key_is_claimed_with_its_events_or_not_at_all(
    recorder: LedgerRecorder,
) -> None:
    recorder.append([stored("a", 1)], idempotency=claim("k"))
    with pytest.raises(IdempotencyKeyTaken):
        recorder.append([stored("b", 1)], idempotency=claim("k"))
    assert recorder.select_events("b") == []
    with pytest.raises(StaleRead):
        recorder.append([stored("c", 1)], read_versions={"a": 0}, idempotency=claim("k2"))
    assert IdempotencyKeys(recorder.datastore, recorder.ledger_id).find("k2") is None
    assert recorder.append([stored("b", 1)], idempotency=claim("k2")).positions == [2]


def test_of_four_requests_with_one_key_one_is_recorded(recorder: LedgerRecorder) -> None:
    def send(n: int) -> bool:
        try:
            recorder.append([stored(f"s{n}", 1)], idempotency=claim("same"))
        except IdempotencyKeyTaken:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(4))) == [False, False, False, True]
    assert recorder.head()[0] == 1


def test_a_key_can_be_claimed_without_events_and_notes_where_the_log_stood(
    recorder: LedgerRecorder,
) -> None:
    recorder.append(run_of("a", 2))
    assert recorder.append([], idempotency=claim("k")).positions == []
    found = IdempotencyKeys(recorder.datastore, recorder.ledger_id).find("k")
    assert found is not None
    assert (found.request_hash, found.position, found.status) == (b"hash", 2, None)


def test_the_same_key_in_another_ledger_is_another_key(
    new_recorder: Callable[[], LedgerRecorder],
) -> None:
    ours, theirs = new_recorder(), new_recorder()
    ours.append([stored("a", 1)], idempotency=claim("k"))
    assert theirs.append([stored("a", 1)], idempotency=claim("k")).positions == [1]


def test_the_first_rendered_answer_is_kept_and_keys_are_forgotten_after_a_day(
    recorder: LedgerRecorder,
) -> None:
    keys = IdempotencyKeys(recorder.datastore, recorder.ledger_id)
    recorder.append([stored("a", 1)], idempotency=claim("k"))
    keys.complete("k", SealedAnswer(200, b"first"))
    keys.complete("k", SealedAnswer(500, b"second"))
    found = keys.find("k")
    assert found is not None
    assert (found.status, found.sealed_body) == (200, b"first")
    assert keys.expire(NOW + timedelta(hours=24)) == 0
    assert keys.expire(NOW + timedelta(hours=24, seconds=1)) == 1
    assert keys.find("k") is None
