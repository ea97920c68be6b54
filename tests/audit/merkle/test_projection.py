"""The tree as its projection keeps it, on PostgreSQL."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from api.services import Services
from ledger.audit.merkle import tree
from ledger.audit.merkle.entries import leaf_of
from ledger.audit.merkle.tiles import MissingHashes, TileId, grow, hashes_from
from ledger.kernel.events import DomainEvent, Metadata, RecordedEvent
from ledger.meter_events.events import UsageRecord, UsageRecorded, record_bytes
from ledger.meters.events import MeterDeactivated
from projections.audit.merkle.projection import MerkleProjection
from projections.audit.merkle.proofs import Tree
from projections.audit.merkle.rows import TILES, TileRow
from projections.runtime.projector import Projector
from projections.runtime.rebuild.rebuilding import rebuild
from projections.runtime.rows import MemoryRows
from tests.runtime.conftest import LEDGER
from tests.support.postgres import Database

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def services(database: Database) -> Iterator[Services]:
    made = Services(database.app_url, pool_size=4)
    yield made
    made.close()


def record(services: Services, count: int) -> None:
    """So many events, of usage and others."""
    application = services.application(LEDGER)
    before = application.recorder.head()[0]
    metadata = Metadata(recorded_at=NOW, actor="system:test", correlation_id="c")
    facts: list[RecordedEvent] = []
    for position in range(before + 1, before + count + 1):
        event: DomainEvent = MeterDeactivated(deactivated_at=NOW)
        if position % 10 == 0:
            raw = [
                record_bytes(UsageRecord(f"{position}-{n}", "mtr_1", "cus_1", n, "1", {}))
                for n in range(position % 7 + 1)
            ]
            event = UsageRecorded.of(raw)
        facts.append(RecordedEvent("mtr_1", position, event, metadata))
    application.recorder.append([application.mapper.to_stored_event(fact) for fact in facts])


def projector_of(services: Services) -> Projector:
    return Projector(services.datastore, services.log, [MerkleProjection()])


def project(services: Services) -> None:
    projector_of(services).catch_up()


def stored_leaves(services: Services) -> list[bytes]:
    """The leaves by what the log holds, without any projection."""
    recorder = services.application(LEDGER).recorder
    return [leaf_of(LEDGER.ledger_id, one) for one in recorder.select_notifications(1, 10_000)]


def kept_tiles(services: Services) -> list[TileRow]:
    reader = services.reader(LEDGER.ledger_id)
    return reader.fetch_rows(TILES, "ledger_id = %(ledger_id)s ORDER BY level, tile", {})


def test_roots_and_proofs_are_those_of_the_stored_events(services: Services) -> None:
    for count in (1, 255, 1, 300, 213):
        record(services, count)
        project(services)
        leaves = stored_leaves(services)
        kept = Tree(services.reader(LEDGER.ledger_id))
        assert kept.wait() == len(leaves) == kept.reached()
        assert kept.root(len(leaves)) == tree.root_of(leaves)

    for size in (1, 2, 255, 256, 257, 511, 512, 513, 769, 770):
        root = kept.root(size)
        assert root == tree.root_of(leaves[:size])
        for position in {1, size // 2 or 1, size}:
            proved, proof = kept.inclusion(position, size)
            assert proved == root
            assert tree.verify_inclusion(leaves[position - 1], position - 1, size, proof, root)
        for first in {1, size // 2 or 1, size}:
            proof = kept.consistency(first, size)
            assert tree.verify_consistency(first, size, proof, kept.root(first), root)


def test_tiles_are_the_same_however_the_log_came(services: Services) -> None:
    record(services, 700)
    project(services)
    log, chance = services.log(LEDGER.ledger_id), random.Random(5)
    rows, after = MemoryRows(log), 0
    while page := log.batch(after, chance.choice((1, 3, 100, 255, 256, 257))):
        MerkleProjection().apply_page(page, rows)
        after = page[-1].position

    assert rows.all(TILES) == kept_tiles(services)
    assert [(one.level, one.tile, len(one.hashes) // 32) for one in rows.all(TILES)] == [
        (0, 0, 256),
        (0, 1, 256),
        (0, 2, 188),
        (1, 0, 2),
    ]


def test_a_third_level_begins_when_256_tiles_are_full() -> None:
    leaves = [tree.leaf_hash(b"%d" % n) for n in range(256 * 256 + 1)]
    tiles: dict[TileId, bytes] = {}
    for start in range(0, len(leaves), 9_999):
        tiles.update(grow(start, leaves[start : start + 9_999], tiles.__getitem__))

    root = tree.root_of(leaves)
    assert tiles[TileId(2, 0)] == tree.root_of(leaves[:-1])
    hash_of = hashes_from(tiles)
    assert tree.span_hash(tree.Span(0, len(leaves)), hash_of) == root
    proof = [tree.span_hash(one, hash_of) for one in tree.inclusion_spans(40_000, len(leaves))]
    assert tree.verify_inclusion(leaves[40_000], 40_000, len(leaves), proof, root)


def test_a_rebuild_gives_the_same_bytes(services: Services, database: Database) -> None:
    record(services, 300)
    project(services)
    before = kept_tiles(services)

    [rebuilt] = rebuild(database.owner_url, [MerkleProjection()], services.log, lambda *_: None)

    assert rebuilt.equal
    assert kept_tiles(services) == before
    record(services, 10)
    project(services)
    root = Tree(services.reader(LEDGER.ledger_id)).root(310)
    assert root == tree.root_of(stored_leaves(services))


def test_a_log_that_was_changed_has_another_tree(services: Services, database: Database) -> None:
    record(services, 30)
    project(services)
    before = Tree(services.reader(LEDGER.ledger_id)).root(30)
    with psycopg.connect(database.owner_url) as conn:
        conn.execute(
            "UPDATE ledger.events SET state = replace(encode(state, 'escape'), 'system:test', "
            "'system:text')::bytea WHERE ledger_id = %s AND position = 20",
            (LEDGER.ledger_id,),
        )

    [rebuilt] = rebuild(database.owner_url, [MerkleProjection()], services.log, lambda *_: None)

    assert [table.table for table in rebuilt.tables if not table.equal] == ["merkle_tiles"]
    assert Tree(services.reader(LEDGER.ledger_id)).root(30) != before


def test_a_tile_that_was_cut_is_noticed(services: Services) -> None:
    record(services, 30)
    project(services)
    with services.datastore.get_connection() as conn:
        conn.execute(f"UPDATE {TILES.relation()} SET hashes = substring(hashes FROM 33)")

    with pytest.raises(MissingHashes):
        Tree(services.reader(LEDGER.ledger_id)).root(30)
    record(services, 1)
    project(services)
    [stopped] = Projector(
        services.datastore, services.log, [MerkleProjection()]
    ).checkpoints.stopped()
    assert stopped.stopped_at == 31
