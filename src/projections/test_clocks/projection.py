"""Builds test clocks from their events."""

import msgspec

from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.test_clocks.events import (
    TestClockAdvanced,
    TestClockCreated,
    TestClockDeleted,
    TestClockReady,
)
from projections.runtime.rows import Rows
from projections.test_clocks.rows import TEST_CLOCKS, TestClockRow


class TestClocksProjection:
    name = "test_clocks"
    version = 1
    tables = (TEST_CLOCKS,)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case TestClockCreated() as event:
                rows.put(TEST_CLOCKS, _created(recorded, event))
            case TestClockAdvanced() as event:
                row = _known(recorded, rows)
                target = to_epoch(event.frozen_time)
                advancing = msgspec.structs.replace(row, status="advancing", target=target)
                rows.put(TEST_CLOCKS, advancing)
            case TestClockReady():
                rows.put(TEST_CLOCKS, _arrived(_known(recorded, rows)))
            case TestClockDeleted():
                rows.delete(TEST_CLOCKS, recorded.originator_id)
            case _:
                pass


def _created(recorded: RecordedEvent, event: TestClockCreated) -> TestClockRow:
    return TestClockRow(
        id=recorded.originator_id,
        sequence=recorded.position,
        created=to_epoch(event.created),
        livemode=event.livemode,
        name=event.name,
        frozen_time=to_epoch(event.frozen_time),
        deletes_after=to_epoch(event.deletes_after),
    )


def _arrived(row: TestClockRow) -> TestClockRow:
    frozen_time = row.frozen_time if row.target is None else row.target
    return msgspec.structs.replace(row, frozen_time=frozen_time, status="ready", target=None)


def _known(recorded: RecordedEvent, rows: Rows) -> TestClockRow:
    row = rows.get(TEST_CLOCKS, recorded.originator_id)
    if row is None:
        raise LookupError(f"test clock {recorded.originator_id} was never created")
    return row
