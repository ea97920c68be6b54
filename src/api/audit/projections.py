"""The read models of a ledger for a status page: `/audit/v1/projections`."""

from typing import Any, LiteralString

from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.routes import NoParams, Route, query
from ledger.kernel.clock import to_epoch
from ledger.store.datastore import Datastore
from projections.registry import PROJECTIONS
from projections.runtime.checkpoints import Checkpoints
from projections.runtime.projection import checkpoint_name

_DIGESTS: LiteralString = """
SELECT projection, table_name, position, rows, digest, is_equal, taken_at
FROM projections.digests WHERE ledger_id = %(ledger)s AND projection = ANY(%(names)s)
ORDER BY projection, table_name
"""

_BUILDS: LiteralString = """
SELECT b.projection, b.state, b.error, coalesce(p.position, 0) AS position
FROM projections.builds AS b LEFT JOIN projections.build_positions AS p
    ON p.projection = b.projection AND p.side = b.side AND p.ledger_id = %(ledger)s
WHERE b.projection = ANY(%(names)s) AND b.side = '_other'
"""


def _projections(call: Call[NoParams]) -> dict[str, Any]:
    names = {checkpoint_name(one): one for one in PROJECTIONS}
    store, ledger = call.services.datastore, call.identity.ledger_id
    found = {row["projection"]: row for row in Checkpoints(store, [*names]).all_ledgers(ledger)}
    about = {"ledger": ledger, "names": [*names]}
    tables: dict[str, list[dict[str, Any]]] = {}
    for row in _fetched(store, _DIGESTS, about):
        tables.setdefault(row["projection"], []).append(_table(row))
    builds = {row["projection"]: _build(row) for row in _fetched(store, _BUILDS, about)}
    return {
        "object": "list",
        "url": "/audit/v1/projections",
        "has_more": False,
        "data": [
            {
                "object": "projection",
                "id": name,
                "name": one.name,
                "version": one.version,
                **_progress(found.get(name)),
                "tables": tables.get(name, []),
                "other_version": builds.get(name),
            }
            for name, one in names.items()
        ],
    }


def _fetched(store: Datastore, statement: LiteralString, about: dict[str, Any]):
    with store.get_connection() as conn:
        return conn.execute(statement, about).fetchall()


def _progress(row: dict[str, Any] | None) -> dict[str, Any]:
    """Position, lag and rate in events; nothing has happened in a ledger without a row."""
    row = row or {"position": 0, "lag": 0, "stopped_at": None, "error": None}
    moved_at = row.get("moved_at")
    return {
        "status": "running" if row["stopped_at"] is None else "stopped",
        "position": row["position"],
        "lag": row["lag"],
        "rate": row.get("rate") or 0,
        "moved_at": None if moved_at is None else to_epoch(moved_at),
        "stopped_at": row["stopped_at"],
        "last_error": row["error"],
    }


def _table(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["table_name"],
        "rows": row["rows"],
        "digest": row["digest"],
        "position": row["position"],
        "equal": row["is_equal"],
        "taken_at": to_epoch(row["taken_at"]),
    }


def _build(row: dict[str, Any]) -> dict[str, Any]:
    return {"status": row["state"], "position": row["position"], "last_error": row["error"]}


READ_MODELS: Route = query(
    Endpoint(
        method="GET",
        path="/audit/v1/projections",
        params=NoParams,
        returns="projection",
        summary="The read models and how far they are",
        tag="Audit",
        listed=True,
        description=(
            "`position` and `lag` are in events, `rate` in events a second when the read model "
            "moved last, 0 after a minute. `tables` has the number of rows and the digest of each "
            "table as of when it was compared with a fresh build last (`tallybook projections "
            "verify` or `rebuild`), and whether it was `equal`. A digest begins with the number of "
            "the method it was made by: two of different methods cannot be compared. "
            "`other_version` is one that is being built, or that was replaced and is kept."
        ),
    ),
    _projections,
)
