"""Partitions by month of the tables that have them: which there are, made, and dropped.

Made and dropped under the owner's role alone. Nothing that writes rows depends on them: what has
no partition of its own lies in the default one.
"""

import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final, LiteralString, NamedTuple, TypeVar, cast

import psycopg
from psycopg import Connection, Cursor
from psycopg.rows import tuple_row

from ledger.kernel.errors import Conflict
from ledger.kernel.months import Month
from ledger.store.migrate import briefly_locking, only_migrator, only_rebuild
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.tables import Table

T = TypeVar("T")

MONTHS_BACK: Final = 2
"""Usage may be reported for 35 days back, which is up to two months before this one."""
MONTHS_AHEAD: Final = 3

_LAST_YEAR: Final = 9_998
"""The year after must end within the times that a computer can say."""
_ATTEMPTS: Final = 5
_BOUND: Final = re.compile(r"FOR VALUES FROM \('?(\d+)'?\) TO \('?(\d+)'?\)")
_PARTITIONS: LiteralString = """
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = to_regclass(%s) ORDER BY c.relname
"""

_Connected = Connection[Any] | Cursor[Any]


class Partition(NamedTuple):
    """A partition of a table; without a month it is the default one."""

    name: str
    month: Month | None

    @property
    def relation(self) -> str:
        return f"projections.{self.name}"


def partitioned(projections: Iterable[Projection]) -> list[Table[Any]]:
    """The tables that have partitions."""
    return [table for p in projections for table in p.tables if table.months is not None]


def partitions_of(conn: _Connected, table: Table[Any], suffix: str = "") -> list[Partition]:
    """Those by month in their order, and the default one."""
    found = [
        Partition(name, _month_of(bound))
        for name, bound in _fetch(conn, _PARTITIONS, (table.relation(suffix),))
        if bound == "DEFAULT" or _month_of(bound) is not None
    ]
    return sorted(found, key=lambda partition: (partition.month is None, partition.month or ()))


def months_of(conn: _Connected, table: Table[Any], suffix: str = "") -> list[Month]:
    """The months that have a partition."""
    return [p.month for p in partitions_of(conn, table, suffix) if p.month is not None]


def within(column: str, month: Month) -> str:
    """The condition that a column lies in a month."""
    return f"{column} >= {month.first_microsecond} AND {column} < {_end(month)}"


def may_have_partition(month: Month) -> bool:
    """Whether a month lies where partitions are made at all."""
    return month.year <= _LAST_YEAR


def months_around(now: Month) -> list[Month]:
    """The months that are to have a partition whether or not there are rows of them."""
    return [now.plus(n) for n in range(-MONTHS_BACK, MONTHS_AHEAD + 1)]


def keep_months(owner_url: str, projections: Iterable[Projection], now: Month) -> list[str]:
    """Make the partitions around a month that are missing; names of those made.

    Only reads where none is missing, or where the role does not own the tables. A month whose rows
    lie in the default partition is left there (`splitting.split_default`), as is one for which
    the table could not be locked in a few seconds.
    """
    made: list[str] = []
    for table in partitioned(projections):
        with psycopg.connect(owner_url, autocommit=True) as conn:
            if not _missing(conn, table, now) or not owned(conn, table):
                continue
        with only_migrator(owner_url) as conn, suppress(psycopg.errors.LockNotAvailable):
            for month in _missing(conn, table, now):
                with suppress(psycopg.errors.CheckViolation):
                    made.append(_make(conn, table, month))
    return made


def make_months(conn: _Connected, table: Table[Any], months: Iterable[Month], suffix: str) -> None:
    """Make partitions of a table that nobody else uses yet."""
    for month in months:
        relation = table.relation(suffix)
        _execute(
            conn,
            f"CREATE TABLE IF NOT EXISTS {relation}_{_written(month)} "
            f"PARTITION OF {relation} {_for_values(month)}",
        )


def attach(conn: _Connected, table: Table[Any], month: Month, from_name: str) -> str:
    """Make a table the partition of a month; the name that it gets."""
    name = f"{table.relation()}_{_written(month)}"
    _execute(conn, f"ALTER TABLE {from_name} RENAME TO {name.removeprefix('projections.')}")
    _execute(conn, f"ALTER TABLE {table.relation()} ATTACH PARTITION {name} {_for_values(month)}")
    return name


def rename_partitions(conn: _Connected, table: Table[Any], before: str) -> None:
    """Give partitions, and their primary keys, the names that go with that of their table.

    `before` is the suffix that their names had after the table's.
    """
    whole = table.relation().removeprefix("projections.")
    for partition in partitions_of(conn, table):
        name = partition.name.replace(f"{whole}{before}_", f"{whole}_", 1)
        if name != partition.name:
            _execute(conn, f"ALTER TABLE {partition.relation} RENAME TO {name}")
        for (key,) in _fetch(
            conn,
            "SELECT i.indexrelid::regclass::text FROM pg_index AS i "
            "WHERE i.indrelid = to_regclass(%s) AND i.indisprimary",
            (f"projections.{name}",),
        ):
            if key != f"projections.{name}_pkey":
                _execute(conn, f"ALTER INDEX {key} RENAME TO {name}_pkey")


def clear_lapsed(conn: _Connected, table: Table[Any], suffix: str) -> None:
    """Take away the rows that count no more, in a table that nobody else uses yet. Where all count
    it is not looked through."""
    if all_count(conn, table, suffix):
        return
    for partition in partitions_of(conn, table, suffix):
        if not _counts(conn, table, partition, suffix):
            _execute(conn, f"TRUNCATE {partition.relation}")
    condition = table.counting("t", suffix)
    _execute(conn, f"DELETE FROM {table.relation(suffix)} AS t WHERE NOT ({condition})")


def all_count(conn: _Connected, table: Table[Any], suffix: str = "") -> bool:
    """Whether every row of a table counts, because no ledger has let any go."""
    kept = table.months and table.months.kept
    return kept is None or not _fetch(conn, f"SELECT 1 FROM {kept.relation(suffix)} LIMIT 1", ())


def drop_lapsed(owner_url: str, projection: Projection, now: Month) -> list[str]:
    """Drop partitions in which no row counts any more, but for the months around; their names.

    Raises Conflict where a table could not be locked in a few seconds, or is being rebuilt.
    """
    dropped: list[str] = []
    kept = months_around(now)
    for table in partitioned([projection]):
        with (
            only_rebuild(owner_url, checkpoint_name(projection)),
            psycopg.connect(owner_url, autocommit=True) as conn,
        ):
            dropped += [
                partition.relation
                for partition in partitions_of(conn, table)
                if partition.month is not None
                and partition.month not in kept
                and not _counts(conn, table, partition)
                and retrying(partial(_drop, conn, table, partition))
            ]
    return dropped


def owned(conn: _Connected, table: Table[Any]) -> bool:
    """Whether the role of a connection may change a table that is there."""
    found = _fetch(
        conn,
        "SELECT pg_has_role(current_user, c.relowner, 'USAGE') FROM pg_class AS c "
        "WHERE c.oid = to_regclass(%s)",
        (table.relation(),),
    )
    return found == [(True,)]


def retrying(do: Callable[[], T]) -> T:
    """Do what needs a table for itself alone, again while others hold it. Raises Conflict."""
    for attempt in range(_ATTEMPTS):
        try:
            return do()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            time.sleep(attempt)
    raise Conflict("A read model is being read for long. Try again later.", code="lock_timeout")


def _missing(conn: Connection[Any], table: Table[Any], now: Month) -> list[Month]:
    there = months_of(conn, table)
    return [month for month in months_around(now) if month not in there]


def _make(conn: Connection[Any], table: Table[Any], month: Month) -> str:
    """By attaching, which only holds up those that read the default partition."""
    name = f"{table.relation()}_making_{_written(month)}"
    with briefly_locking(conn):
        _execute(conn, f"CREATE TABLE {name} (LIKE {table.relation()} INCLUDING ALL)")
        name = attach(conn, table, month, name)
        rename_partitions(conn, table, "_making")
    return name


def _drop(conn: Connection[Any], table: Table[Any], partition: Partition) -> bool:
    """Whether it was dropped: rows that came meanwhile keep it."""
    with briefly_locking(conn):
        _execute(conn, f"ALTER TABLE {table.relation()} DETACH PARTITION {partition.relation}")
        if _counts(conn, table, partition):
            raise psycopg.Rollback
        _execute(conn, f"DROP TABLE {partition.relation}")
        return True
    return False


def _counts(conn: _Connected, table: Table[Any], partition: Partition, suffix: str = "") -> bool:
    """Whether a row of a partition counts."""
    condition = table.counting("t", suffix)
    [(found,)] = _fetch(
        conn, f"SELECT EXISTS (SELECT 1 FROM {partition.relation} AS t WHERE {condition})", ()
    )
    return bool(found)


def _month_of(bound: str) -> Month | None:
    found = _BOUND.fullmatch(bound)
    if found is None:
        return None
    start, end = map(int, found.groups())
    month = Month.of_microseconds(start)
    return month if (month.first_microsecond, _end(month)) == (start, end) else None


def _for_values(month: Month) -> str:
    return f"FOR VALUES FROM ({month.first_microsecond}) TO ({_end(month)})"


def _end(month: Month) -> int:
    return month.plus(1).first_microsecond


def _written(month: Month) -> str:
    return str(month).replace("-", "_")


def _fetch(conn: _Connected, statement: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    opened = conn if isinstance(conn, Connection) else conn.connection
    with opened.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(cast("LiteralString", statement), parameters).fetchall()


def _execute(conn: _Connected, statement: str) -> None:
    conn.execute(cast("LiteralString", statement))
