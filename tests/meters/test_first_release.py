"""Meters of the first release, as its logs hold them, in this one."""

import itertools
from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.directory import Directory
from ledger.meter_events.validation import UsageReport
from ledger.meters.commands import DeactivateMeter
from ledger.meters.events import MeterCreated
from ledger.store.datastore import Datastore
from projections.meters.projection import MetersProjection
from projections.meters.rows import METERS
from projections.runtime.log import Log
from projections.runtime.rows import MemoryRows
from tests.meter_events.metered_ledger import NOW, MeteredLedger

STORED = Path(__file__).parents[1] / "events" / "meter.created.v1.json"
METADATA = b'{"actor":"key:a","correlation_id":"c","recorded_at":"2023-11-16T00:00:00Z"}'
METER = "mtr_test_old"

_ledger_ids = itertools.count(5_000)


@pytest.fixture
def ledger(datastore: Datastore) -> MeteredLedger:
    """A ledger whose log begins with a meter of the first release: `last`, by day."""
    old = MeteredLedger(datastore, next(_ledger_ids))
    state = b'{"data":' + STORED.read_bytes().strip() + b',"meta":' + METADATA + b"}"
    old.recorder.insert_events([StoredEvent(METER, 1, "meter.created.v1", state)])
    old.customer()
    return old


def test_it_is_read_as_one_without_dimensions(ledger: MeteredLedger) -> None:
    [stored] = ledger.recorder.select_events(METER)
    created = ledger.mapper.to_domain_event(stored).event
    assert isinstance(created, MeterCreated)
    assert (created.formula, created.value_key) == ("last", "tokens")
    assert created.dimension_payload_keys == ()


def test_it_takes_meter_events(ledger: MeteredLedger) -> None:
    payload = {"customer": "cus_a", "tokens": "7", "model": "large"}
    [verdict] = ledger.record(UsageReport("tokens", "e-1", payload, to_microseconds(NOW)))
    assert verdict.result == "accepted"
    meter = ledger.definition("tokens")
    used = ledger.log_usage.usage(meter, "cus_a", NOW.replace(hour=0), NOW, ledger.head())
    assert (meter.event_time_window, used.quantity) == ("day", 0)
    ledger.execute(DeactivateMeter(meter=METER))
    directory = Directory(ledger.recorder, ledger.mapper)
    directory.catch_up()
    assert directory.has_meter("tokens")
    assert directory.active_meter("tokens") is None


def test_it_has_a_row(ledger: MeteredLedger) -> None:
    rows = MemoryRows()
    for recorded in Log(ledger.recorder, ledger.mapper).page(0, 100):
        MetersProjection().apply(recorded, rows)
    [row] = rows.all(METERS)
    assert (row.id, row.formula, row.dimension_payload_keys) == (METER, "last", ())
    assert row.definition() == ledger.definition("tokens")
