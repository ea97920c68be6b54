"""What earlier releases left: versions of projections that this one does not read."""

import re
from collections.abc import Sequence
from typing import Any, Final, LiteralString, NamedTuple, cast

from psycopg import Connection

from projections.runtime.projection import Projection, checkpoint_name

_TABLE: Final = re.compile(r"(.+)_v(\d+)(?:_[a-z]+)?")
_VERSIONED: Final = re.compile(r"(.+)_v(\d+)")

_TABLES: Final[LiteralString] = """
SELECT c.relname AS name, (SELECT coalesce(sum(pg_total_relation_size(t.relid)), 0)::bigint
    FROM pg_partition_tree(c.oid) AS t) + CASE WHEN c.relkind = 'r'
    THEN pg_total_relation_size(c.oid) ELSE 0 END AS bytes
FROM pg_class AS c
WHERE c.relnamespace = to_regnamespace('projections') AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition ORDER BY c.relname
"""


class EarlierTable(NamedTuple):
    """A table of an earlier version, and its size with its indexes."""

    name: str
    bytes: int


class Raised(NamedTuple):
    """A projection of which an earlier version is there, and the present one is behind by so many
    events."""

    name: str
    before: str
    events: int


def earlier_tables(conn: Connection[dict[str, Any]], projection: Projection) -> list[EarlierTable]:
    """Tables of earlier versions of a projection."""
    versions = {table.name: table.version for table in projection.tables}
    found: list[EarlierTable] = []
    for row in conn.execute(_TABLES).fetchall():
        match = _TABLE.fullmatch(row["name"])
        if match and int(match[2]) < versions.get(match[1], 0):
            found.append(EarlierTable(row["name"], row["bytes"]))
    return found


def drop_earlier(conn: Connection[dict[str, Any]], projection: Projection) -> list[EarlierTable]:
    """Drop them, and forget how far they had come; those dropped. To be done once no process of an
    earlier release is left."""
    with conn.transaction():
        found = earlier_tables(conn, projection)
        for table in found:
            conn.execute(cast("LiteralString", f"DROP TABLE projections.{table.name}"))
        for name in _earlier_names(conn, projection):
            conn.execute("DELETE FROM projections.builds WHERE projection = %s", (name,))
            for table in ("checkpoints", "build_positions", "digests"):
                conn.execute(
                    f"DELETE FROM projections.{table} WHERE ledger_id >= 0 AND projection = %s",
                    (name,),
                )
    return found


def raised(conn: Connection[dict[str, Any]], projections: Sequence[Projection]) -> list[Raised]:
    """Projections whose version rose since the release before, as far as they are behind."""
    found: list[Raised] = []
    for projection in projections:
        before = _earlier_names(conn, projection)
        if not before:
            continue
        [row] = conn.execute(
            "SELECT coalesce(sum(h.position - coalesce(c.position, 0)), 0)::bigint AS events "
            "FROM ledger.heads AS h LEFT JOIN projections.checkpoints AS c "
            "ON c.ledger_id = h.ledger_id AND c.projection = %s",
            (checkpoint_name(projection),),
        ).fetchall()
        if row["events"]:
            found.append(Raised(checkpoint_name(projection), before[-1], row["events"]))
    return found


def _earlier_names(conn: Connection[dict[str, Any]], projection: Projection) -> list[str]:
    """Checkpoint names of earlier versions, the latest last."""
    rows = conn.execute(
        "SELECT DISTINCT projection FROM projections.checkpoints "
        "WHERE ledger_id >= 0 AND starts_with(projection, %s)",
        (f"{projection.name}_v",),
    ).fetchall()
    found = [
        (match, row["projection"])
        for row in rows
        if (match := _VERSIONED.fullmatch(row["projection"]))
    ]
    return [
        name
        for _, name in sorted(
            (int(match[2]), name)
            for match, name in found
            if match[1] == projection.name and int(match[2]) < projection.version
        )
    ]
