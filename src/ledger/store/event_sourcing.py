"""The library's application over our recorder and mapper: one instance a ledger."""

from typing import Any

from eventsourcing.application import Application
from eventsourcing.postgres import PostgresFactory
from eventsourcing.utils import Environment

from ledger.store.catalogue import EventCatalogue
from ledger.store.datastore import Datastore
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder
from ledger.store.sealing import KeyRing


class _SharedFactory(PostgresFactory):
    """Hands out what was made elsewhere, and leaves the shared pool open."""

    def __init__(self, env: Environment, recorder: LedgerRecorder, mapper: LedgerMapper) -> None:
        self.env = env
        self._is_entered = False
        self._recorder = recorder
        self._mapper = mapper

    def application_recorder(self) -> LedgerRecorder:
        return self._recorder

    def mapper(self, *_: object, **__: object) -> Any:
        return self._mapper

    def close(self) -> None:
        """The pool belongs to the process, not to one ledger."""


class EventSourcedLedger(Application[str]):
    """The event-sourced application of one ledger: its recorder, mapper and notification log."""

    name = "ledger"
    recorder: LedgerRecorder
    mapper: LedgerMapper  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, datastore: Datastore, ledger_id: int, catalogue: EventCatalogue) -> None:
        self._recorder = LedgerRecorder(datastore, ledger_id)
        self._mapper = LedgerMapper(catalogue, KeyRing(datastore, ledger_id))
        super().__init__()

    def construct_factory(self, env: Environment) -> Any:
        return _SharedFactory(env, self._recorder, self._mapper)
