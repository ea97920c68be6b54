"""A connection lost around COMMIT: whether it was done is read back before anything is decided."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, OperationalError

from ledger.store import retrying
from ledger.store.datastore import Datastore
from ledger.store.outcomes import IdempotencyKeyTaken, IdempotencyRow, StaleRead
from ledger.store.recorder import LedgerRecorder
from tests.store.stored import run_of, stored


class FlakyDatastore:
    """A datastore that loses answers: `lose` is asked after each use of a connection."""

    def __init__(self, real: Datastore, lose: Callable[[int], bool]) -> None:
        self._real = real
        self._lose = lose
        self.uses = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        with self._real.get_connection() as conn:
            yield conn
        self.uses += 1
        if self._lose(self.uses):
            raise OperationalError("server closed the connection unexpectedly")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "_PAUSE_SECONDS", 0)


def flaky(recorder: LedgerRecorder, *lost_uses: int) -> LedgerRecorder:
    datastore: Any = FlakyDatastore(recorder.datastore, lambda use: use in lost_uses)
    return LedgerRecorder(datastore, recorder.ledger_id)


def test_a_commit_whose_answer_was_lost_is_found_again(recorder: LedgerRecorder) -> None:
    recorder.append(run_of("before", 4))
    assert flaky(recorder, 1).append(run_of("a", 3)).positions == [5, 6, 7]
    assert recorder.head()[0] == 7
    assert len(recorder.select_events("a")) == 3


def test_it_is_found_even_when_reading_back_fails_at_first(recorder: LedgerRecorder) -> None:
    assert flaky(recorder, 1, 2, 3).append(run_of("a", 2)).positions == [1, 2]
    assert recorder.head()[0] == 2


def test_its_idempotency_key_counts_as_its_own(recorder: LedgerRecorder) -> None:
    row = IdempotencyRow("k", b"hash", datetime(2026, 1, 1, tzinfo=UTC))
    appended = flaky(recorder, 1, 2).append(run_of("a", 1), read_versions={"a": 0}, idempotency=row)
    assert appended.positions == [1]


def test_a_claim_without_events_is_found_again_as_well(recorder: LedgerRecorder) -> None:
    row = IdempotencyRow("k", b"hash", datetime(2026, 1, 1, tzinfo=UTC))
    assert flaky(recorder, 1, 2).append([], idempotency=row).positions == []
    with pytest.raises(IdempotencyKeyTaken):
        recorder.append([], idempotency=row)


def test_an_append_that_never_reached_the_server_is_sent_again(recorder: LedgerRecorder) -> None:
    real, refused = recorder.datastore, 0

    class Unreachable(FlakyDatastore):
        @contextmanager
        def get_connection(self) -> Iterator[Any]:
            nonlocal refused
            if refused < 1:
                refused += 1
                raise OperationalError("could not connect")
            with real.get_connection() as conn:
                yield conn

    datastore: Any = Unreachable(real, lambda _: False)
    appended = LedgerRecorder(datastore, recorder.ledger_id).append(run_of("a", 2))
    assert (refused, appended.positions) == (1, [1, 2])


def test_another_writers_event_in_the_place_is_a_conflict(recorder: LedgerRecorder) -> None:
    recorder.append([stored("a", 1, b'{"theirs":1}')])
    with pytest.raises(IntegrityError):
        flaky(recorder, 2).append([stored("a", 1)])


def test_a_server_that_stays_away_is_told_as_such(
    recorder: LedgerRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "_ATTEMPTS", 3)
    datastore: Any = FlakyDatastore(recorder.datastore, lambda _: True)
    with pytest.raises(OperationalError):
        LedgerRecorder(datastore, recorder.ledger_id).append(run_of("a", 1))


def test_a_backend_killed_in_the_middle_leaves_one_copy(recorder: LedgerRecorder) -> None:
    class Killing(LedgerRecorder):
        killed = 0

        def _insert_events(self, curs: Any, *_: Any, **__: Any) -> None:
            if self.killed < 2:
                self.killed += 1
                backend = curs.connection.info.backend_pid
                with psycopg.connect(recorder.datastore.url, autocommit=True) as other:
                    other.execute("SELECT pg_terminate_backend(%s)", (backend,))

    killing = Killing(recorder.datastore, recorder.ledger_id)
    assert killing.append(run_of("a", 2)).positions == [1, 2]
    assert killing.killed == 2
    assert len(recorder.select_events("a")) == 2


def test_a_commit_that_lands_after_the_reading_back_is_not_a_conflict(
    recorder: LedgerRecorder,
) -> None:
    """The server may still be committing when the client, cut off, looks and finds nothing."""

    class Late(LedgerRecorder):
        attempts = 0

        def _positions_of(self, events: Any) -> Any:
            if self.attempts == 0:
                self.attempts += 1
                assert super()._positions_of(events) is None
                recorder.append(events)
                return None
            return super()._positions_of(events)

    refused = False
    real = recorder.datastore

    class CutOff(FlakyDatastore):
        @contextmanager
        def get_connection(self) -> Iterator[Any]:
            nonlocal refused
            if not refused:
                refused = True
                raise OperationalError("server closed the connection unexpectedly")
            with real.get_connection() as conn:
                yield conn

    datastore: Any = CutOff(real, lambda _: False)
    late = Late(datastore, recorder.ledger_id)
    assert late.append(run_of("a", 2), read_versions={"a": 0}).positions == [1, 2]
    assert recorder.head()[0] == 2
    with pytest.raises(StaleRead):
        recorder.append(run_of("b", 1), read_versions={"a": 1, "b": 0})


def test_reading_goes_on_after_a_lost_connection(recorder: LedgerRecorder) -> None:
    recorder.append(run_of("a", 2))
    assert len(flaky(recorder, 1).select_events("a")) == 2
    assert flaky(recorder, 1, 2).head() == (2, 2)
    assert [n.id for n in flaky(recorder, 1).select_notifications(None, 10)] == [1, 2]
