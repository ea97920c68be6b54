"""How the work on a ledger is cut into tasks of about the same size."""

from typing import Final, LiteralString

from ledger.audit.verifying import usage_keys
from ledger.audit.verifying.findings import LOG
from ledger.audit.verifying.moment import Moment
from ledger.audit.verifying.walk import Stretch
from projections.audit.verifying.tasks import Side, Slice
from projections.meter_events.rows import METER_EVENTS

TASKS_A_PROCESS: Final = 8
WORTH_PROCESSES: Final = 4_000_000
"""Bytes of a log from which on it is quicker to start processes for it."""

_COARSE: Final = 65_536
_TILE: Final = 256
_BLOCK_BYTES: Final = 8_192

_SIZES: LiteralString = """
SELECT min(position), max(position), sum(octet_length(state))::bigint FROM ledger.events
WHERE ledger_id = %(ledger)s GROUP BY (position - 1) / %(unit)s ORDER BY 1
"""

_SHARE: LiteralString = "SELECT pg_total_relation_size(to_regclass(%(relation)s))"

# A relation that is not cut in partitions is a leaf itself.
_LEAVES: LiteralString = """
SELECT c.oid::regclass::text, pg_relation_size(c.oid) FROM pg_class AS c
WHERE c.relkind = 'r' AND (c.oid = to_regclass(%(relation)s)
    OR c.oid IN (SELECT relid FROM pg_partition_tree(to_regclass(%(relation)s))))
ORDER BY c.relname
"""


def cut(
    moment: Moment, ledger_id: int, head: int, processes: int, sides: tuple[Side, ...]
) -> tuple[list[Stretch], list[Slice]]:
    """Stretches that make up the log, and slices that make up the large tables.

    One of each where the log is small or there is but one process.
    """
    sizes = _sizes(moment, ledger_id, head)
    total = sum(size for _, size in sizes)
    if processes == 1 or total < WORTH_PROCESSES:
        return [Stretch(1, head)] * (head > 0), [Slice(side, _relation(side)) for side in sides]
    tasks = processes * TASKS_A_PROCESS
    # Blocks are looked through for every ledger: worth it for one that has much of the table.
    (stored,) = moment.row(_SHARE, relation=LOG)
    mostly = total * processes * 2 > stored
    slices = [
        one
        for side in sides
        for one in (_slices(moment, side, tasks) if mostly else [Slice(side, _relation(side))])
    ]
    return _stretches(sizes, head, total // tasks), slices


def _relation(side: Side) -> str:
    return usage_keys.TABLE if side == "keys" else METER_EVENTS.relation()


def _sizes(moment: Moment, ledger_id: int, head: int) -> list[tuple[int, int]]:
    """The last position of each bit of the log, and how many bytes it has."""
    unit = _TILE if head > _COARSE else 1
    return [(last, size) for _, last, size in moment.rows(_SIZES, ledger=ledger_id, unit=unit)]


def _stretches(sizes: list[tuple[int, int]], head: int, most: int) -> list[Stretch]:
    stretches: list[Stretch] = []
    first, size = 1, 0
    for last, more in sizes:
        size += more
        if size >= most and last < head:
            stretches.append(Stretch(first, last))
            first, size = last + 1, 0
    return [*stretches, Stretch(first, head)]


def _slices(moment: Moment, side: Side, tasks: int) -> list[Slice]:
    relations = moment.rows(_LEAVES, relation=_relation(side))
    total = sum(size for _, size in relations) // _BLOCK_BYTES
    width = max(1, total // tasks)
    return [
        Slice(side, relation, (first, first + width))
        for relation, size in relations
        for first in range(0, size // _BLOCK_BYTES, width)
    ]
