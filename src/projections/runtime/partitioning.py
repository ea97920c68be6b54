"""The whole care of partitions: those around now are there, no month worth one lies in the default
partition, and none is left in which no row counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.months import Month
from projections.runtime.partitions import (
    Partition,
    drop_lapsed,
    keep_months,
    owned,
    partitioned,
    partitions_of,
)
from projections.runtime.projection import Projection
from projections.runtime.splitting import WORTH_ROWS, Moved, split_default


@dataclass(frozen=True, slots=True)
class Partitioned:
    """What was done, and the partitions that there are."""

    made: list[str]
    moved: list[Moved]
    dropped: list[str]
    partitions: list[Partition]


def partition(
    owner_url: str,
    projections: Sequence[Projection],
    now: Month,
    progress: Callable[[int, int], None],
    worth: int = WORTH_ROWS,
) -> Partitioned:
    """Make, fill and drop partitions, while rows are read and written.

    `progress` is called with rows moved and rows to be moved. Raises InvalidRequest where the role
    does not own the tables, Conflict while they are rebuilt or read for too long.
    """
    with psycopg.connect(owner_url, autocommit=True) as conn:
        if not all(owned(conn, table) for table in partitioned(projections)):
            raise InvalidRequest(
                "Partitions are made by the owner of the tables: set TALLYBOOK_OWNER_DATABASE_URL."
            )
    moved: list[Moved] = []
    dropped: list[str] = []
    made = keep_months(owner_url, projections, now)
    for projection in projections:
        if partitioned([projection]):
            moved += split_default(owner_url, projection, now, progress, worth)
            dropped += drop_lapsed(owner_url, projection, now)
    with psycopg.connect(owner_url, autocommit=True) as conn:
        found = [p for table in partitioned(projections) for p in partitions_of(conn, table)]
    return Partitioned(made, moved, dropped, found)
