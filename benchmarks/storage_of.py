"""How much room usage takes in the database, indexes and all."""

import psycopg

_SIZES = """
SELECT n.nspname || '.' || c.relname, pg_total_relation_size(c.oid) FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname IN ('ledger', 'projections')
"""
_PARTS = {
    "log": "ledger.events",
    "keys": "ledger.usage_keys",
    "rollups": "projections.usage_rollups",
    "single events": "projections.meter_events",
    "idempotency rows": "ledger.idempotency_keys",
}
KEPT = ("log", "keys", "rollups")
"""What is kept for ever; the others have an expiry."""


def storage_of(database_url: str) -> dict[str, int]:
    """Bytes of each part. A partition of a table, and each of its versions, counts with it."""
    with psycopg.connect(database_url) as connection:
        sizes = connection.execute(_SIZES).fetchall()
    return {
        part: sum(size for name, size in sizes if name.startswith(prefix))
        for part, prefix in _PARTS.items()
    }
