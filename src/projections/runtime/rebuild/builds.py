"""What is known of versions beside the live ones: their state, and how far each has come."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, LiteralString

from psycopg import Connection, Cursor

from ledger.kernel.clock import system_now
from ledger.kernel.errors import Conflict
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.rebuild.sides import shape_of

State = Literal["building", "built", "replaced"]

Positions = dict[int, int]
"""A position of each ledger."""

Connected = Connection[dict[str, Any]] | Cursor[dict[str, Any]]

_FIND: Final[LiteralString] = """
SELECT b.projection, b.side, b.state, b.shape, b.began_at, b.changed_at, b.error,
    coalesce(sum(p.position), 0)::bigint AS events, coalesce(sum(p.records), 0)::bigint AS records
FROM projections.builds AS b LEFT JOIN projections.build_positions AS p
    ON p.ledger_id >= 0 AND p.projection = b.projection AND p.side = b.side
WHERE b.projection = ANY(%(names)s) AND (%(side)s::text IS NULL OR b.side = %(side)s)
GROUP BY b.projection, b.side, b.state, b.shape, b.began_at, b.changed_at, b.error
ORDER BY b.projection, b.side
"""

_BEGIN: Final[LiteralString] = """
INSERT INTO projections.build_positions (ledger_id, projection, side, position)
SELECT %(ledger)s, p.name, %(side)s, 0 FROM unnest(%(names)s::text[]) AS p (name)
ON CONFLICT DO NOTHING
"""

_ADVANCE: Final[LiteralString] = """
UPDATE projections.build_positions
SET position = %(to)s, records = records + %(records)s
WHERE ledger_id = %(ledger)s AND projection = ANY(%(names)s) AND side = %(side)s
  AND position = %(since)s
"""


@dataclass(frozen=True, slots=True)
class Build:
    """A version beside the live one. `events` and `records` are what it has applied so far, of all
    ledgers together."""

    projection: str
    side: str
    state: State
    shape: str
    began_at: datetime
    changed_at: datetime
    error: str | None
    events: int
    records: int


def find(conn: Connected, names: Collection[str], side: str | None = None) -> list[Build]:
    """The builds of projections, on one side or on all."""
    found = conn.execute(_FIND, {"names": list(names), "side": side}).fetchall()
    return [Build(**row) for row in found]


def begin(conn: Connected, projection: Projection, side: str) -> None:
    """Take down that the tables of a side are built from nothing."""
    name, now = checkpoint_name(projection), system_now()
    forget(conn, name, side)
    conn.execute(
        "INSERT INTO projections.builds (projection, side, state, shape, began_at, changed_at) "
        "VALUES (%s, %s, 'building', %s, %s, %s)",
        (name, side, shape_of(projection), now, now),
    )


def forget(conn: Connected, name: str, side: str) -> None:
    """Take down that a side has no tables."""
    conn.execute("DELETE FROM projections.builds WHERE projection = %s AND side = %s", (name, side))
    set_positions(conn, name, side, {})


def set_state(conn: Connected, name: str, side: str, state: State) -> None:
    conn.execute(
        "UPDATE projections.builds SET state = %s, changed_at = %s, error = NULL "
        "WHERE projection = %s AND side = %s",
        (state, system_now(), name, side),
    )


def set_error(conn: Connected, names: Collection[str], side: str, error: str) -> None:
    """Put on display why the building of these ended early."""
    conn.execute(
        "UPDATE projections.builds SET error = %s, changed_at = %s "
        "WHERE projection = ANY(%s) AND side = %s",
        (error, system_now(), list(names), side),
    )


def positions(conn: Connected, name: str, side: str) -> Positions:
    """How far a build has come in each ledger that it has begun."""
    found = conn.execute(
        "SELECT ledger_id, position FROM projections.build_positions "
        "WHERE ledger_id >= 0 AND projection = %s AND side = %s ORDER BY ledger_id",
        (name, side),
    )
    return {row["ledger_id"]: row["position"] for row in found.fetchall()}


def set_positions(conn: Connected, name: str, side: str, reached: Mapping[int, int]) -> None:
    """Take down how far the tables of a side have come, whatever was known of them before."""
    conn.execute(
        "DELETE FROM projections.build_positions "
        "WHERE ledger_id >= 0 AND projection = %s AND side = %s",
        (name, side),
    )
    conn.execute(
        "INSERT INTO projections.build_positions (ledger_id, projection, side, position) "
        "SELECT r.ledger, %s, %s, r.position "
        "FROM unnest(%s::integer[], %s::bigint[]) AS r (ledger, position)",
        (name, side, list(reached.keys()), list(reached.values())),
    )


def advance(
    cursor: Cursor[dict[str, Any]],
    names: Collection[str],
    side: str,
    ledger_id: int,
    *,
    since: int,
    to: int,
    records: int,
) -> None:
    """Move builds in the transaction of their rows.

    Raises Conflict where one does not stand at `since`: another process goes on with it.
    """
    parameters = {
        "ledger": ledger_id,
        "names": list(names),
        "side": side,
        "since": since,
        "to": to,
        "records": records,
    }
    if since == 0:
        cursor.execute(_BEGIN, parameters)
    cursor.execute(_ADVANCE, parameters, prepare=True)
    if cursor.rowcount != len(names):
        raise Conflict(f"Another process builds {', '.join(names)} as well.")


def heads(conn: Connected) -> Positions:
    """The last position of every ledger that has events."""
    found = conn.execute("SELECT ledger_id, position FROM ledger.heads ORDER BY ledger_id")
    return {row["ledger_id"]: row["position"] for row in found.fetchall()}


def live_positions(conn: Connected, name: str, *, locked: bool = False) -> Positions:
    """Where the live tables stand in each ledger; held there until the commit if asked."""
    found = conn.execute(
        "SELECT ledger_id, position FROM projections.checkpoints WHERE projection = %s "
        "ORDER BY ledger_id" + (" FOR UPDATE" if locked else ""),
        (name,),
    )
    return {row["ledger_id"]: row["position"] for row in found.fetchall()}
