"""Which stretches of usage are finer: those that once had as many events as that takes."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from msgspec.structs import replace

from ledger.audit.verifying.findings import Findings
from ledger.audit.verifying.moment import Moment
from ledger.meter_events.aggregation import MICROSECONDS
from projections.audit.verifying.usage_rows import Bucket
from projections.meter_events.rollup_rows import USAGE_ROLLUPS, UsageRollupRow
from projections.meter_events.rollups import MOST_SINGLE
from projections.meter_events.rows import CancelledMeterEventRow
from projections.runtime.rows import MemoryRows

_FINER: Final = (
    f"SELECT series, resolution, bucket FROM {USAGE_ROLLUPS.relation()} "
    "WHERE ledger_id = %(ledger)s AND finer"
)


def finer_stretches(moment: Moment, ledger_id: int) -> frozenset[Bucket]:
    """Those that the table says are finer."""
    found = moment.rows(_FINER, ledger=ledger_id)
    return frozenset((series.int, resolution, bucket) for series, resolution, bucket in found)


def mark_finer(
    rows: MemoryRows,
    wholes: Collection[int],
    finer: Collection[Bucket],
    cancelled: Iterable[CancelledMeterEventRow],
    kept_from: int,
    findings: Findings,
) -> None:
    """Mark the expected rows that are finer, and hold each against the number of its events.

    `wholes` are the series that are not divisions of others, which alone are marked.
    """
    gone = _cancelled_in(cancelled)
    for row in rows.each(USAGE_ROLLUPS):
        stretch = row.series.int, row.resolution, row.bucket
        if row.series.int not in wholes or row.resolution not in MOST_SINGLE:
            continue
        is_finer, enough = stretch in finer, MOST_SINGLE[row.resolution]
        if is_finer:
            rows.put(USAGE_ROLLUPS, replace(row, finer=True))
        may_be = row.count + gone[stretch] >= enough
        has_to_be = row.count >= enough and row.bucket >= kept_from
        if has_to_be > is_finer or is_finer > may_be:
            what = f"with {row.count} events it is{' not' * (not is_finer)} finer"
            findings.add(USAGE_ROLLUPS.relation(), what, None, _named(row))


def _named(row: UsageRollupRow) -> str:
    return " ".join(map(str, USAGE_ROLLUPS.key_of(row)))


def _cancelled_in(cancelled: Iterable[CancelledMeterEventRow]) -> Counter[Bucket]:
    """How many events of each stretch were cancelled."""
    gone: Counter[Bucket] = Counter()
    for row in cancelled:
        for resolution in MOST_SINGLE:
            bucket = row.timestamp - row.timestamp % (resolution * MICROSECONDS)
            gone[row.series.int, resolution, bucket] += 1
    return gone
