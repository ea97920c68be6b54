"""What the hash tree over the log costs, and how long proofs from it take.

Usage is written in batches of 2,000, as the bulk door cuts it, and projected without the tree; then
the log is read and decoded once more, and once more with the tree grown from it. The difference is
what the tree adds, against writing and projecting without it: processor time of this process and of
PostgreSQL. Nothing of HTTP is in it, which would only make the share smaller. Proofs are made of
events of a long log and of single records in their batches, each with its query, as
`/audit/v1/proofs` makes them.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import psycopg

from api.audit.proofs import Place, extent_of, inclusion_document, place_of_record
from api.database.connection import Databases, databases_of
from api.services import Services
from api.settings import load_settings
from benchmarks.asking import milliseconds, p50, p99
from benchmarks.filling import Filling, Shape
from benchmarks.machine import lines, machine_of
from benchmarks.processor import postgres_seconds
from benchmarks.report import Report, at_least, at_most
from ledger.audit.merkle import entries
from ledger.audit.merkle.tiles import TileId, grow
from ledger.audit.merkle.tree import leaf_hash
from ledger.kernel.clock import system_now, to_epoch
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.meter_events.events import UsageRecorded
from ledger.meters.commands import CreateMeter
from projections.audit.merkle.projection import MerkleProjection
from projections.audit.merkle.rows import TILES, TileRow
from projections.registry import PROJECTIONS, migrate
from projections.runtime.log import Log
from projections.runtime.projection import checkpoint_name
from projections.runtime.projector import PAGE_EVENTS, Projector
from projections.runtime.sql_rows import SqlRows
from tests.support.served import TEST_LEDGER

SMALL = ["--records", "50000", "--events", "20000", "--proofs", "100"]
T = TypeVar("T")

_LONG_LEDGER: Final = 9
_BATCH: Final = 2_000
_CHUNK: Final = 100_000
_TOPIC: Final = "meter.deactivated.v1"
_STATE: Final = (
    b'{"data":{"deactivated_at":"2026-01-01T00:00:00Z"},"meta":{"actor":"system:benchmark",'
    b'"correlation_id":"benchmark","recorded_at":"2026-01-01T00:00:00Z"}}'
)
_LONG_LOG = """
INSERT INTO ledger.events
    (ledger_id, originator_id, originator_version, topic, position, state)
SELECT %(ledger)s, 'mtr_1', n, %(topic)s, n, %(state)s FROM generate_series(1, %(events)s) AS n
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--records", type=int, default=1_000_000, help="of usage")
    parser.add_argument("--events", type=int, default=10_000_000, help="of the long log")
    parser.add_argument("--proofs", type=int, default=1_000)


def measure(options: argparse.Namespace, report: Report) -> None:
    """The share that the tree takes, and proofs from it."""
    with _database(report) as databases:
        services = Services(databases.app_url, pool_size=4)
        try:
            _maintenance(databases, services, options.records, report)
            _proofs_of_records(services, options.proofs, report)
            _fill_long_log(databases, services, options.events)
            _proofs_of_events(services, options, report)
        finally:
            services.close()


@contextmanager
def _database(report: Report) -> Generator[Databases]:
    with tempfile.TemporaryDirectory(prefix="tallybook-bench-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as another user where this one is root
        with databases_of(load_settings(data_dir=Path(name) / "data")) as databases:
            migrate(databases.owner_url, databases.app_role)
            report.machine = machine_of(databases.app_url)
            for line in lines(report.machine):
                report.note(line)
            yield databases


def _maintenance(databases: Databases, services: Services, records: int, report: Report) -> None:
    meter = CreateMeter(meter="mtr_1", display_name="M", event_name="m", formula="sum")
    ledger = LedgerIdentity(TEST_LEDGER, "acct_default", livemode=False)
    circumstances = Circumstances(system_now(), "system:benchmark", "benchmark")
    services.application(ledger).execute(meter, circumstances)
    without = [p for p in PROJECTIONS if not isinstance(p, MerkleProjection)]
    start = to_epoch(system_now() - timedelta(days=1))
    shape = Shape(["mtr_1"], "cus_1", others=999, start=start, seconds=86_000, batch=_BATCH)

    def spent(work: Callable[[], object]) -> float:
        """Microseconds of processor time a record."""
        before = time.process_time() + postgres_seconds(databases.app_url)
        work()
        after = time.process_time() + postgres_seconds(databases.app_url)
        return (after - before) / records * 1e6

    written = spent(lambda: Filling(databases.app_url, shape).fill(records))
    projected = spent(Projector(services.datastore, services.log, without).catch_up)
    read = spent(lambda: _read(services.log(TEST_LEDGER)))
    merkle = Projector(services.datastore, services.log, [MerkleProjection()])
    added = spent(merkle.catch_up) - read
    ingested = written + projected
    report.add("written and projected without the tree", ingested, "µs a record")
    report.add("the log read and decoded", read, "µs a record")
    report.add("added by the tree", added, "µs a record")
    report.add("with the tree, of without", ingested / (ingested + added), "", at_least(0.95))


def _read(log: Log) -> None:
    after = 0
    while page := log.batch(after, PAGE_EVENTS):
        after = page[-1].position


def _proofs_of_records(services: Services, proofs: int, report: Report) -> None:
    chance = random.Random(3)
    log = services.log(TEST_LEDGER)
    head = log.head()
    identifiers: list[str] = []
    for _ in range(min(head, 20)):
        [recorded] = log.page(chance.randrange(2, head), 1)
        assert isinstance(recorded.event, UsageRecorded)
        identifiers += [one.identifier for one in chance.sample(recorded.event.records(), 20)]

    def prove(identifier: str) -> None:
        place = place_of_record(services, TEST_LEDGER, identifier)
        _prove(services, TEST_LEDGER, place)

    _tell(report, f"a record of {_BATCH:,} in its event", prove, identifiers, proofs)


def _proofs_of_events(services: Services, options: argparse.Namespace, report: Report) -> None:
    def prove(position: int) -> None:
        _prove(services, _LONG_LEDGER, Place(position))

    positions = range(1, options.events + 1)
    what = f"an event among {options.events:,}"
    _tell(report, what, prove, positions, options.proofs)


def _tell(
    report: Report, what: str, prove: Callable[[T], None], things: Sequence[T], proofs: int
) -> None:
    chosen = random.Random(4).choices(things, k=proofs)
    for thing in chosen[:20]:
        prove(thing)
    begun = time.process_time()
    seen = [milliseconds(partial(prove, thing)) for thing in chosen]
    processor = (time.process_time() - begun) / proofs * 1e3
    report.add(f"proof of {what}, p50", p50(seen), "ms")
    report.add(f"proof of {what}, p99", p99(seen), "ms", at_most(10))
    report.add(f"proof of {what}, processor", processor, "ms")


def _prove(services: Services, ledger_id: int, place: Place) -> None:
    reader = services.reader(ledger_id)
    extent = extent_of(reader, place.position, None, None)
    assert inclusion_document(reader, place, extent)["holds"]


def _fill_long_log(databases: Databases, services: Services, events: int) -> None:
    """A ledger of small events, with its tree."""
    ledger = {"ledger": _LONG_LEDGER, "topic": _TOPIC, "state": _STATE, "events": events}
    with psycopg.connect(databases.owner_url, autocommit=True) as owner:
        owner.execute(_LONG_LOG, ledger)
        owner.execute(
            "INSERT INTO ledger.heads (ledger_id, position, catalog_position) "
            "VALUES (%(ledger)s, %(events)s, %(events)s)",
            ledger,
        )
        owner.execute(
            "INSERT INTO projections.checkpoints (ledger_id, projection, position) "
            "VALUES (%(ledger)s, %(projection)s, %(events)s)",
            {**ledger, "projection": checkpoint_name(MerkleProjection())},
        )
        owner.execute("VACUUM ANALYZE ledger.events")
    for first in range(0, events, _CHUNK):
        with services.datastore.transaction(commit=True) as cursor:
            rows = SqlRows(cursor, _LONG_LEDGER)
            _grow(rows, first, min(first + _CHUNK, events))
            rows.flush()


def _grow(rows: SqlRows, first: int, end: int) -> None:
    content = entries.content_of(_TOPIC, _STATE)
    leaves = [
        leaf_hash(entries.entry(_LONG_LEDGER, n + 1, "mtr_1", n + 1, _TOPIC, content))
        for n in range(first, end)
    ]

    def held(tile: TileId) -> bytes:
        row = rows.get(TILES, *tile)
        return row.hashes if row else b""

    for tile, hashes in grow(first, leaves, held):
        rows.put(TILES, TileRow(tile.level, tile.number, hashes))
