"""The care of partitions, with its progress on display."""

from typing import TYPE_CHECKING

from api.cli.progress import progress_of

if TYPE_CHECKING:
    from projections.runtime.partitioning import Partitioned


def partition_all(owner_url: str) -> "Partitioned":
    """Make, fill and drop the partitions of every read model that has some.

    Raises InvalidRequest where the role does not own the tables, Conflict while they are rebuilt
    or read for too long.
    """
    from ledger.kernel.clock import system_now
    from ledger.kernel.months import Month
    from projections.registry import PROJECTIONS
    from projections.runtime.partitioning import partition

    with progress_of("rows moved to partitions") as progress:
        return partition(owner_url, PROJECTIONS, Month.of(system_now()), progress)
