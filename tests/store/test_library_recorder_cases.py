"""The event-sourcing library's own recorder cases, on the tables that the migrations make."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.tests import persistence as library

from ledger.store.recorder import LedgerRecorder


class _OnLedgerRecorder:
    new_recorder: Callable[[], LedgerRecorder]

    @pytest.fixture(autouse=True)
    def _fresh_ledgers(self, new_recorder: Callable[[], LedgerRecorder]) -> None:
        self.new_recorder = new_recorder

    def create_recorder(self) -> LedgerRecorder:
        return self.new_recorder()

    def new_originator_id(self) -> str:
        return f"cus_{uuid4().hex}"


class TestAsApplicationRecorder(
    _OnLedgerRecorder, library.ApplicationRecorderTestCase[LedgerRecorder]
):
    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = True

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class _WithoutPositions(LedgerRecorder):
    """The aggregate recorder's cases are for stores without a log, which tell no positions."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        super().insert_events(stored_events, **kwargs)


class TestAsAggregateRecorder(_OnLedgerRecorder, library.AggregateRecorderTestCase):
    def create_recorder(self) -> LedgerRecorder:
        made = super().create_recorder()
        return _WithoutPositions(made.datastore, made.ledger_id)


class TestNotificationIdsDoNotInterleave(
    _OnLedgerRecorder, library.NonInterleavingNotificationIDsBaseCase
):
    pass
