"""How far each projection has come, ledger by ledger."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import Cursor

from ledger.kernel.clock import system_now
from ledger.store.arrays import Int8Array
from ledger.store.datastore import Datastore

# One row a ledger, of all ledgers or of some, from one pass over their checkpoints. A projection
# without a checkpoint stands at 0.
_STANDING: LiteralString = """
SELECT h.ledger_id, h.position,
    c.begun IS DISTINCT FROM cardinality(%(names)s::text[])
        OR coalesce(c.running_at < h.position, false) AS behind
FROM ledger.heads AS h LEFT JOIN (
    SELECT ledger_id, count(*) AS begun,
        min(position) FILTER (WHERE stopped_at IS NULL) AS running_at
    FROM projections.checkpoints WHERE projection = ANY(%(names)s::text[]) {of_some}
    GROUP BY ledger_id) AS c USING (ledger_id)
"""
_STANDING_OF_ALL: LiteralString = _STANDING.replace("{of_some}", "")
_STANDING_OF_SOME: LiteralString = (
    _STANDING.replace("{of_some}", "AND ledger_id = ANY(%(ledgers)s::integer[])")
    + "WHERE h.ledger_id = ANY(%(ledgers)s::integer[])"
)

_SUM_OF_HEADS: LiteralString = """
SELECT coalesce(sum(position), 0)::bigint AS total FROM ledger.heads
WHERE ledger_id <> ALL(%(without)s::integer[])
"""

_HEADS_BEYOND: LiteralString = """
SELECT h.ledger_id FROM ledger.heads AS h
LEFT JOIN unnest(%(ledgers)b::bigint[], %(positions)b::bigint[]) AS known (ledger_id, position)
    ON known.ledger_id = h.ledger_id
WHERE h.position > coalesce(known.position, 0)
"""

_OF_LEDGER: LiteralString = """
SELECT p.name, coalesce(c.position, 0) AS position, c.stopped_at, c.error
FROM unnest(%(names)s::text[]) AS p (name)
LEFT JOIN projections.checkpoints AS c
    ON c.ledger_id = %(ledger)s AND c.projection = p.name
"""

_BEGIN: LiteralString = """
INSERT INTO projections.checkpoints (ledger_id, projection, position)
SELECT %(ledger)s, p.name, 0 FROM unnest(%(names)s::text[]) AS p (name)
ON CONFLICT (ledger_id, projection) DO NOTHING
"""

# A checkpoint that another process holds is left to it: waiting would hold up all the others.
_ADVANCE: LiteralString = """
WITH free AS (
    SELECT projection FROM projections.checkpoints
    WHERE ledger_id = %(ledger)s AND projection = ANY(%(names)s)
      AND position = %(since)s AND stopped_at IS NULL
    FOR UPDATE SKIP LOCKED)
UPDATE projections.checkpoints AS c SET position = %(to)s, moved_at = %(now)s,
    rate = CASE WHEN c.moved_at < %(now)s THEN ((%(to)s::bigint - c.position)
        / extract(epoch FROM %(now)s - c.moved_at))::bigint END
FROM free
WHERE c.ledger_id = %(ledger)s AND c.projection = free.projection
RETURNING c.projection AS name
"""

_STOP: LiteralString = """
INSERT INTO projections.checkpoints AS c (ledger_id, projection, position, stopped_at, error)
VALUES (%(ledger)s, %(name)s, 0, %(at)s, %(error)s)
ON CONFLICT (ledger_id, projection) DO UPDATE SET stopped_at = %(at)s, error = %(error)s
WHERE c.position < %(at)s
"""

_RESUME: LiteralString = """
UPDATE projections.checkpoints SET stopped_at = NULL, error = NULL
WHERE ledger_id >= 0 AND stopped_at IS NOT NULL AND projection = ANY(%(names)s)
"""


_STOPPED: LiteralString = """
SELECT projection AS name, position, stopped_at, error FROM projections.checkpoints
WHERE ledger_id >= 0 AND stopped_at IS NOT NULL AND projection = ANY(%(names)s)
ORDER BY ledger_id, projection
"""

_LAG: LiteralString = """
SELECT coalesce(max(h.position - coalesce(c.lowest, 0)), 0) AS lag
FROM ledger.heads AS h LEFT JOIN (
    SELECT ledger_id, min(position) AS lowest FROM projections.checkpoints
    WHERE projection = ANY(%(names)s::text[]) GROUP BY ledger_id
    HAVING count(*) = cardinality(%(names)s::text[])) AS c USING (ledger_id)
"""


_ALL: LiteralString = """
SELECT h.ledger_id, p.name AS projection, coalesce(c.position, 0) AS position,
    h.position - coalesce(c.position, 0) AS lag,
    CASE WHEN c.moved_at > %(now)s - interval '1 minute' THEN c.rate ELSE 0 END AS rate,
    c.moved_at, c.stopped_at, c.error
FROM ledger.heads AS h CROSS JOIN unnest(%(names)s::text[]) AS p (name)
LEFT JOIN projections.checkpoints AS c ON c.ledger_id = h.ledger_id AND c.projection = p.name
WHERE %(ledger)s::integer IS NULL OR h.ledger_id = %(ledger)s
ORDER BY h.ledger_id, p.name
"""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A projection's progress in one ledger; `stopped_at` is the event it could not apply."""

    projection: str
    position: int
    stopped_at: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The head of a ledger's log, and whether a projection that runs has not reached it."""

    ledger_id: int
    position: int
    behind: bool


class Checkpoints:
    """Progress of the named projections."""

    def __init__(self, datastore: Datastore, names: list[str]) -> None:
        self._datastore = datastore
        self.names = names

    def standing(self, ledgers: Collection[int] | None = None) -> list[Standing]:
        """Where these ledgers stand, or all: it reads every checkpoint of theirs."""
        statement = _STANDING_OF_ALL if ledgers is None else _STANDING_OF_SOME
        parameters = {"names": self.names, "ledgers": list(ledgers or ())}
        with self._datastore.get_connection() as conn:
            rows = conn.execute(statement, parameters, prepare=True).fetchall()
        return [Standing(row["ledger_id"], row["position"], row["behind"]) for row in rows]

    def moved_ledgers(self) -> list[int]:
        """Each ledger whose head some projection that runs has not reached."""
        return [standing.ledger_id for standing in self.standing() if standing.behind]

    def sum_of_heads(self, *, without: Collection[int]) -> int:
        """The sum of the heads of all other ledgers: it grows when one of them moves."""
        with self._datastore.get_connection() as conn:
            row = conn.execute(_SUM_OF_HEADS, {"without": list(without)}, prepare=True).fetchone()
        return 0 if row is None else row["total"]

    def heads_beyond(self, known: Mapping[int, int]) -> list[int]:
        """Ledgers whose head is beyond the position known of it; 0 where none is."""
        parameters = {
            "ledgers": Int8Array.of(list(known)),
            "positions": Int8Array.of(list(known.values())),
        }
        with self._datastore.get_connection() as conn:
            rows = conn.execute(_HEADS_BEYOND, parameters, prepare=True).fetchall()
        return [row["ledger_id"] for row in rows]

    def ledgers(self) -> list[int]:
        """Every ledger that has events."""
        with self._datastore.get_connection() as conn:
            rows = conn.execute("SELECT ledger_id FROM ledger.heads ORDER BY ledger_id").fetchall()
        return [row["ledger_id"] for row in rows]

    def of_ledger(self, ledger_id: int) -> dict[str, Checkpoint]:
        with self._datastore.get_connection() as conn:
            rows = conn.execute(
                _OF_LEDGER, {"names": self.names, "ledger": ledger_id}, prepare=True
            ).fetchall()
        return {row["name"]: _checkpoint(row) for row in rows}

    def stopped(self) -> list[Checkpoint]:
        """Projections that met an event they could not apply, in any ledger."""
        with self._datastore.get_connection() as conn:
            rows = conn.execute(_STOPPED, {"names": self.names}).fetchall()
        return [_checkpoint(row) for row in rows]

    def all_ledgers(self, ledger_id: int | None = None) -> list[dict[str, Any]]:
        """For each ledger, or for one, and each projection: position, lag in events, events a
        second when it moved last, which is 0 after a minute, and what stopped it."""
        with self._datastore.get_connection() as conn:
            parameters = {"names": self.names, "ledger": ledger_id, "now": system_now()}
            return conn.execute(_ALL, parameters).fetchall()

    def lag(self) -> int:
        """Events that the projection furthest behind has still to apply."""
        with self._datastore.get_connection() as conn:
            row = conn.execute(_LAG, {"names": self.names}).fetchone()
        return 0 if row is None else row["lag"]

    def stop(self, ledger_id: int, name: str, at: int, error: str) -> None:
        """Put the event that a projection could not apply on display."""
        with self._datastore.get_connection() as conn:
            conn.execute(_STOP, {"ledger": ledger_id, "name": name, "at": at, "error": error})

    def resume_all(self) -> None:
        """Try stopped projections again, as after the start of a new release."""
        with self._datastore.get_connection() as conn:
            conn.execute(_RESUME, {"names": self.names})


def _checkpoint(row: dict[str, Any]) -> Checkpoint:
    return Checkpoint(row["name"], row["position"], row["stopped_at"], row["error"])


def advance(
    cursor: Cursor[dict[str, Any]], ledger_id: int, names: list[str], *, since: int, to: int
) -> list[str]:
    """Move checkpoints in the transaction of their rows; those that no other process has moved or
    is moving."""
    parameters = {
        "ledger": ledger_id,
        "names": names,
        "since": since,
        "to": to,
        "now": system_now(),
    }
    if since == 0:
        cursor.execute(_BEGIN, parameters, prepare=True)
    cursor.execute(_ADVANCE, parameters, prepare=True)
    return [row["name"] for row in cursor.fetchall()]
