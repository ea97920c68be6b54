"""Positions are contiguous, in the order of commits, and each ledger counts for itself."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent

from ledger.store.recorder import LedgerRecorder
from tests.store.stored import run_of, stored

WRITERS = 4
APPENDS = 60


def test_four_writers_leave_no_gap_and_a_follower_misses_nothing(
    recorder: LedgerRecorder,
) -> None:
    seen: list[int] = []
    expected = WRITERS * sum(1 + n % 3 for n in range(APPENDS))

    def follow() -> None:
        with recorder.subscribe(gt=0) as subscription:
            for notification in subscription:
                seen.append(notification.id)
                if len(seen) == expected:
                    return

    def write(writer: int) -> list[int]:
        positions: list[int] = []
        for n in range(APPENDS):
            positions += recorder.append(run_of(f"w{writer}-{n}", 1 + n % 3)).positions
        return positions

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    with ThreadPoolExecutor(WRITERS) as pool:
        told = [position for part in pool.map(write, range(WRITERS)) for position in part]
    follower.join(timeout=20)
    assert not follower.is_alive()
    assert seen == list(range(1, expected + 1))
    assert sorted(told) == seen
    assert recorder.head()[0] == expected


def test_writers_that_fail_between_others_leave_no_gap(recorder: LedgerRecorder) -> None:
    recorder.append(run_of("taken", 1))
    conflicts = 0
    lock = threading.Lock()

    def write(writer: int) -> None:
        nonlocal conflicts
        for n in range(APPENDS):
            try:
                recorder.append([*run_of(f"w{writer}-{n}", 2), stored(f"shared-{n}", 1)])
            except IntegrityError:
                with lock:
                    conflicts += 1

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert conflicts == APPENDS * (WRITERS - 1)
    log = recorder.select_notifications(start=None, limit=10_000)
    assert [n.id for n in log] == list(range(1, 1 + APPENDS * 3 + 1))


def test_a_conflict_stores_nothing_and_takes_no_position(recorder: LedgerRecorder) -> None:
    assert recorder.append(run_of("a", 2)).positions == [1, 2]
    with pytest.raises(IntegrityError):
        recorder.append([stored("b", 1), stored("a", 2)])
    assert recorder.select_events("b") == []
    assert recorder.append([stored("b", 1)]).positions == [3]


def test_a_reader_between_two_appends_sees_a_prefix_of_the_log(recorder: LedgerRecorder) -> None:
    stop = threading.Event()
    pages: list[list[int]] = []

    def read() -> None:
        while not stop.is_set():
            pages.append([n.id for n in recorder.select_notifications(None, 10_000)])

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda n: recorder.append(run_of(f"s{n}", 3)), range(80)))
    stop.set()
    reader.join()
    assert any(0 < len(page) < 240 for page in pages)
    assert all(page == list(range(1, len(page) + 1)) for page in pages)


def test_two_ledgers_count_and_read_apart(new_recorder: Callable[[], LedgerRecorder]) -> None:
    ours, theirs = new_recorder(), new_recorder()
    assert ours.append(run_of("cus_1", 3)).positions == [1, 2, 3]
    assert theirs.append([stored("cus_1", 1, b'{"theirs":1}')]).positions == [1]
    assert theirs.head() == (1, 1)
    assert [e.state for e in theirs.select_events("cus_1")] == [b'{"theirs":1}']
    assert [n.id for n in theirs.select_notifications(None, 10)] == [1]
    assert len(ours.select_events("cus_1")) == 3
    assert ours.max_notification_id() == 3


def test_an_unused_ledger_is_empty(recorder: LedgerRecorder) -> None:
    assert recorder.head() == (0, 0)
    assert recorder.max_notification_id() is None
    assert recorder.select_notifications(None, 10) == []
    assert recorder.insert_events([]) is None


def test_the_catalogue_leaves_out_usage_and_knows_its_own_head(recorder: LedgerRecorder) -> None:
    usage = [StoredEvent("u", version, "usage.recorded.v1", b"{}") for version in (1, 2)]
    recorder.append([stored("a", 1), usage[0], stored("a", 2)])
    assert recorder.head() == (3, 3)
    recorder.append([usage[1]])
    assert recorder.head() == (4, 3)
    assert [n.id for n in recorder.select_catalog(0, 10)] == [1, 3]
    assert [n.id for n in recorder.select_catalog(1, 10, stop=2)] == []
