"""Projections that do not say that they take usage are given the log without it."""

import pytest

from ledger.kernel.clock import system_now
from ledger.kernel.events import Metadata, RecordedEvent
from ledger.meter_events.events import UsageRecord, UsageRecorded, record_bytes
from projections.registry import PROJECTIONS
from projections.runtime.projection import Projection, checkpoint_name, takes_usage
from projections.runtime.rows import MemoryRows

OTHERS = [one for one in PROJECTIONS if not takes_usage(one)]


@pytest.mark.parametrize("projection", OTHERS, ids=checkpoint_name)
def test_usage_makes_no_row_of_theirs(projection: Projection) -> None:
    record = UsageRecord("id", "mtr_1", "cus_1", 1, "5", {"model": "large"})
    metadata = Metadata(recorded_at=system_now(), actor="system:test", correlation_id="test")
    event = RecordedEvent("usage", 1, UsageRecorded.of([record_bytes(record)]), metadata, 1)
    rows = MemoryRows()
    projection.apply(event, rows)
    assert [row for table in projection.tables for row in rows.all(table)] == []


def test_the_read_model_of_usage_takes_it() -> None:
    assert "meter_events" in {one.name for one in PROJECTIONS if takes_usage(one)}
