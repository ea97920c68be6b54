"""A test clock as the wire shows it (contract §12)."""

from typing import Any

from projections.test_clocks.rows import TestClockRow


def test_clock_object(row: TestClockRow) -> dict[str, Any]:
    """`frozen_time` stays what it was until the clock is ready, so it may be polled as well."""
    advancing = None if row.target is None else {"target_frozen_time": row.target}
    return {
        "id": row.id,
        "object": "test_helpers.test_clock",
        "created": row.created,
        "deletes_after": row.deletes_after,
        "frozen_time": row.frozen_time,
        "livemode": row.livemode,
        "name": row.name,
        "status": row.status,
        "status_details": {"advancing": advancing} if advancing else {},
    }


def deleted_test_clock_object(clock_id: str) -> dict[str, Any]:
    return {"id": clock_id, "object": "test_helpers.test_clock", "deleted": True}
