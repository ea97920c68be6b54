"""Grows the tree of a ledger by its events as they are stored."""

from collections.abc import Sequence

import msgspec

from ledger.audit.merkle import entries
from ledger.audit.merkle.tiles import TileId, grow
from ledger.audit.merkle.tree import leaf_hash
from ledger.checkpoints.events import CheckpointSigned
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.subscriptions.events import PeriodClosed
from projections.audit.merkle.rows import (
    CHECKPOINTS,
    SIGNING,
    THE_ONE,
    TILES,
    CheckpointRow,
    SigningRow,
    TileRow,
    checkpoint_id,
)
from projections.runtime.rows import Rows


class MerkleProjection:
    """Tiles of the tree, one leaf an event; signed checkpoints, and when the next one is due.

    It needs events with their stored form, of a log that says which ledger's it is.
    """

    name = "merkle"
    version = 1
    tables = (TILES, CHECKPOINTS, SIGNING)
    takes_usage = True

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        self.apply_page([recorded], rows)

    def apply_page(self, page: Sequence[RecordedEvent], rows: Rows) -> None:
        """Each tile is written once a page. Raises MalformedUsage for a usage event whose bytes
        were never written so."""
        if rows.log is None:
            raise ValueError("a tree is grown from a log")
        leaves = leaves_of(rows.log.recorder.ledger_id, page)
        size = page[0].position - 1
        for tile, hashes in grow(size, leaves, lambda tile: _held(rows, tile)):
            rows.put(TILES, TileRow(tile.level, tile.number, hashes))
        for recorded in page:
            note(recorded, rows)


def leaves_of(ledger_id: int, page: Sequence[RecordedEvent]) -> list[bytes]:
    """The leaf of each event. Raises ValueError where the stored form was not kept."""
    leaves: list[bytes] = []
    for recorded in page:
        if recorded.stored is None:
            raise ValueError(f"the stored form of event {recorded.position} was not kept")
        entry = entries.entry(
            ledger_id,
            recorded.position,
            recorded.originator_id,
            recorded.originator_version,
            recorded.stored.topic,
            entries.content_of(*recorded.stored),
        )
        leaves.append(leaf_hash(entry))
    return leaves


def _held(rows: Rows, tile: TileId) -> bytes:
    row = rows.get(TILES, tile.level, tile.number)
    return row.hashes if row else b""


def note(recorded: RecordedEvent, rows: Rows) -> None:
    """Take down signed checkpoints, and what decides when the next one is due."""
    at = to_epoch(recorded.recorded_at)
    if recorded.position == 1:
        rows.put(SIGNING, SigningRow(THE_ONE, began=at))
    match recorded.event:
        case PeriodClosed():
            closed = msgspec.structs.replace(_signing(rows), closed_at=recorded.position)
            rows.put(SIGNING, closed)
        case CheckpointSigned() as event:
            rows.put(CHECKPOINTS, _checkpoint(recorded.position, at, event))
            signed = msgspec.structs.replace(_signing(rows), signed_size=event.size, signed=at)
            rows.put(SIGNING, signed)
        case _:
            pass


def _signing(rows: Rows) -> SigningRow:
    return rows.get(SIGNING, THE_ONE) or SigningRow(THE_ONE, began=0)


def _checkpoint(position: int, at: int, event: CheckpointSigned) -> CheckpointRow:
    return CheckpointRow(
        checkpoint_id(event.size), position, at, event.size, event.root, event.note, event.key
    )
