"""What the hash tree over the log costs, and how long proofs from it take.

Usage comes through the bulk door, the tree growing with it: processor time of all processes and of
PostgreSQL. With nothing served, the log is then read and decoded once, and once more with the tree
grown from it anew, several times. The difference is what the tree adds, and the limit what is left
without it. Proofs are made of events of a long log and of single records in their batches, each
with its queries, as `/audit/v1/proofs` makes them.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import psycopg
from eventsourcing.persistence import Notification

from api.audit.proofs import Place, extent_of, inclusion_document, place_of_record
from api.database.connection import Databases, databases_of
from api.services import Services
from api.settings import load_settings
from benchmarks.asking import milliseconds, p50, p99
from benchmarks.installation import installed
from benchmarks.processor import postgres_seconds, processor_seconds, spent
from benchmarks.report import Report, at_least, at_most
from benchmarks.usage import bulk_posts, records, send, shop
from ledger.audit.merkle import entries
from ledger.audit.merkle.tiles import TileId, grow
from ledger.audit.merkle.tree import leaf_hash
from ledger.meter_events.events import UsageRecorded
from ledger.store.mapper import inflate
from projections.audit.merkle.projection import MerkleProjection
from projections.audit.merkle.rows import TILES, TileRow
from projections.runtime.log import Log
from projections.runtime.projection import checkpoint_name
from projections.runtime.projector import PAGE_EVENTS, Projector
from projections.runtime.sql_rows import SqlRows
from tests.support.served import TEST_LEDGER

_BAR = at_least(0.95)
SMALL = ["--records", "20000", "--events", "20000", "--proofs", "100"]
T = TypeVar("T")

_LONG_LEDGER: Final = 9
_ROUNDS: Final = 4
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
    parser.add_argument("--records", type=int, default=500_000, help="of usage")
    parser.add_argument("--body", type=int, default=1_000, help="records of a body")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--events", type=int, default=10_000_000, help="of the long log")
    parser.add_argument("--proofs", type=int, default=1_000)


def measure(options: argparse.Namespace, report: Report) -> None:
    """The share that the tree takes, and proofs from it."""
    with tempfile.TemporaryDirectory(prefix="tallybook-bench-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as another user where this one is root
        data_dir = Path(name) / "data"
        ingested = _ingested(report, data_dir, options)
        with (
            databases_of(load_settings(data_dir=data_dir)) as databases,
            _services(databases) as services,
        ):
            added = _added(databases, services) / options.records * 1e6
            report.add("added by the tree", added, "µs a record")
            report.add("without the tree, to with it", (ingested - added) / ingested, "", _BAR)
            _proofs_of_records(services, options.proofs, report)
            _fill_long_log(databases, services, options.events)
            _proofs_of_events(services, options, report)


def _ingested(report: Report, data_dir: Path, options: argparse.Namespace) -> float:
    """Microseconds of processor time a record, tree and all; the client's own are left out."""
    with installed(report, data_dir=data_dir) as installation:
        served = installation.served
        sent = records(options.records, shop(served))
        posts = bulk_posts(sent, served.api_key, options.body)
        before = processor_seconds(served)
        rate = options.records / send(served, posts, options.clients)
        installation.wait_for_projector()
        taken = spent(before, processor_seconds(served))
    for role, seconds in taken.items():
        report.add(f"processor of {role}", seconds / options.records * 1e6, "µs a record")
    report.add("bulk door, with the tree", rate, "records/s")
    return sum(taken.values()) / options.records * 1e6


@contextmanager
def _services(databases: Databases) -> Generator[Services]:
    services = Services(databases.app_url, pool_size=4)
    try:
        yield services
    finally:
        services.close()


def _added(databases: Databases, services: Services) -> float:
    """Seconds of processor time, the commits of its own pages included; the best of each round."""

    def seconds(work: Callable[[], object]) -> float:
        before = time.process_time() + postgres_seconds(databases.app_url)
        work()
        return time.process_time() + postgres_seconds(databases.app_url) - before

    def grown() -> float:
        _cut_down(databases)
        return seconds(Projector(services.datastore, services.log, [MerkleProjection()]).catch_up)

    rounds = [(grown(), seconds(lambda: _read(services.log(TEST_LEDGER)))) for _ in range(_ROUNDS)]
    return min(grown for grown, _ in rounds) - min(read for _, read in rounds)


def _cut_down(databases: Databases) -> None:
    """Forget the tree."""
    with psycopg.connect(databases.owner_url) as owner:
        for table in MerkleProjection.tables:
            owner.execute(f"TRUNCATE {table.relation()}")
        owner.execute(
            "DELETE FROM projections.checkpoints WHERE projection = %s",
            (checkpoint_name(MerkleProjection()),),
        )


def _read(log: Log) -> None:
    after = 0
    while page := log.batch(after, PAGE_EVENTS):
        after = page[-1].position


def _events(log: Log) -> Sequence[Notification]:
    return log.recorder.select_notifications(1, log.head())


def _proofs_of_records(services: Services, proofs: int, report: Report) -> None:
    chance = random.Random(3)
    usage = [one for one in _events(services.log(TEST_LEDGER)) if one.topic == UsageRecorded.TOPIC]
    identifiers: list[str] = []
    for stored in chance.sample(usage, min(20, len(usage))):
        kept = entries.usage_content(inflate(stored.state)).records
        identifiers += [json.loads(bytes(one))[0] for one in chance.sample(kept, 20)]

    def prove(identifier: str) -> None:
        place = place_of_record(services, TEST_LEDGER, identifier)
        _prove(services, TEST_LEDGER, place)

    _tell(report, "a record in its event", prove, identifiers, proofs)


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
