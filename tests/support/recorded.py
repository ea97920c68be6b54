"""Facts with places, to apply to a projection by hand."""

from datetime import UTC, datetime
from itertools import count

from ledger.kernel.events import DomainEvent, Metadata, RecordedEvent
from projections.runtime.projection import Projection
from projections.runtime.rows import MemoryRows

RECORDED_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def rows_after(projection: Projection, *facts: tuple[str, DomainEvent]) -> MemoryRows:
    """The rows of a projection after facts of the named streams, at positions 1, 2, 3…"""
    rows = MemoryRows()
    versions: dict[str, count[int]] = {}
    for position, (stream, event) in enumerate(facts, 1):
        version = next(versions.setdefault(stream, count(1)))
        metadata = Metadata(recorded_at=RECORDED_AT, actor="system:test", correlation_id="c")
        projection.apply(RecordedEvent(stream, version, event, metadata, position), rows)
    return rows
