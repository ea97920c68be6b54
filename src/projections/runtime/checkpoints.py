"""How far each projection has come, ledger by ledger."""

from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import Cursor

from ledger.store.datastore import Datastore

_MOVED: LiteralString = """
SELECT h.ledger_id, h.position FROM ledger.heads AS h
WHERE EXISTS (
    SELECT 1 FROM unnest(%(names)s::text[]) AS p (name)
    LEFT JOIN projections.checkpoints AS c
        ON c.ledger_id = h.ledger_id AND c.projection = p.name
    WHERE coalesce(c.position, 0) < h.position AND c.stopped_at IS NULL)
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
UPDATE projections.checkpoints AS c SET position = %(to)s FROM free
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
WHERE ledger_id = ANY(SELECT ledger_id FROM ledger.heads) AND projection = ANY(%(names)s)
"""


_STOPPED: LiteralString = """
SELECT projection AS name, position, stopped_at, error FROM projections.checkpoints
WHERE ledger_id >= 0 AND stopped_at IS NOT NULL AND projection = ANY(%(names)s)
ORDER BY ledger_id, projection
"""

_LAG: LiteralString = """
SELECT coalesce(max(h.position - coalesce(c.position, 0)), 0) AS lag
FROM ledger.heads AS h CROSS JOIN unnest(%(names)s::text[]) AS p (name)
LEFT JOIN projections.checkpoints AS c ON c.ledger_id = h.ledger_id AND c.projection = p.name
"""


_ALL: LiteralString = """
SELECT h.ledger_id, p.name AS projection, coalesce(c.position, 0) AS position,
    h.position - coalesce(c.position, 0) AS lag, c.stopped_at, c.error
FROM ledger.heads AS h CROSS JOIN unnest(%(names)s::text[]) AS p (name)
LEFT JOIN projections.checkpoints AS c ON c.ledger_id = h.ledger_id AND c.projection = p.name
ORDER BY h.ledger_id, p.name
"""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A projection's progress in one ledger; `stopped_at` is the event it could not apply."""

    projection: str
    position: int
    stopped_at: int | None
    error: str | None


class Checkpoints:
    """Progress of the named projections."""

    def __init__(self, datastore: Datastore, names: list[str]) -> None:
        self._datastore = datastore
        self.names = names

    def moved_ledgers(self) -> dict[int, int]:
        """Head position of each ledger that some projection has not reached."""
        with self._datastore.get_connection() as conn:
            rows = conn.execute(_MOVED, {"names": self.names}, prepare=True).fetchall()
        return {row["ledger_id"]: row["position"] for row in rows}

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

    def all_ledgers(self) -> list[dict[str, Any]]:
        """For each ledger and projection: position, lag in events, and what stopped it."""
        with self._datastore.get_connection() as conn:
            return conn.execute(_ALL, {"names": self.names}).fetchall()

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
    parameters = {"ledger": ledger_id, "names": names, "since": since, "to": to}
    if since == 0:
        cursor.execute(_BEGIN, parameters, prepare=True)
    cursor.execute(_ADVANCE, parameters, prepare=True)
    return [row["name"] for row in cursor.fetchall()]
