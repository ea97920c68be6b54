"""What is asked of signed checkpoints."""

from typing import LiteralString, NamedTuple

from ledger.store.datastore import Datastore
from projections.audit.merkle.rows import CHECKPOINTS, SIGNING, CheckpointRow
from projections.runtime.reader import Reader

_LAST: LiteralString = f"""
SELECT data::text AS data FROM {CHECKPOINTS.relation()}
WHERE ledger_id = %(ledger_id)s AND size >= %(covering)s
  AND (%(through)s::bigint IS NULL OR sequence <= %(through)s)
ORDER BY sequence DESC LIMIT 1
"""

_FIRST: LiteralString = f"""
SELECT data::text AS data FROM {CHECKPOINTS.relation()}
WHERE ledger_id = %(ledger_id)s AND size >= %(covering)s ORDER BY sequence LIMIT 1
"""

_KEYS: LiteralString = f"""
SELECT data->>'key' AS key, count(*) AS checkpoints, min(size) AS first_size, max(size) AS last_size
FROM {CHECKPOINTS.relation()}
WHERE ledger_id = %(ledger_id)s AND (%(through)s::bigint IS NULL OR sequence <= %(through)s)
GROUP BY data->>'key' ORDER BY max(sequence) DESC
"""

# A log that has grown by the event of its last checkpoint alone has no news.
_DUE: LiteralString = f"""
SELECT s.ledger_id FROM {SIGNING.relation()} AS s
JOIN projections.checkpoints AS c ON c.ledger_id = s.ledger_id AND c.projection = %(projection)s
WHERE c.position > CASE WHEN s.signed_size > 0 THEN s.signed_size + 1 ELSE 0 END
  AND (greatest(s.signed, s.began) <= %(signed_before)s
       OR (s.closed_at > s.signed_size AND s.signed <= %(closing_signed_before)s))
ORDER BY s.ledger_id
"""


class LogKey(NamedTuple):
    """A public key that checkpoints of a ledger were signed by, and the sizes of first and last."""

    key: str
    checkpoints: int
    first_size: int
    last_size: int


def last_checkpoint(
    reader: Reader, covering: int = 0, through: int | None = None
) -> CheckpointRow | None:
    """The last checkpoint, of at least `covering` events, that was recorded through a position if
    one is given. It does not wait for the read model."""
    records = reader.fetch(_LAST, {"covering": covering, "through": through})
    return CHECKPOINTS.from_record(records[0]) if records else None


def first_checkpoint(reader: Reader, covering: int) -> CheckpointRow | None:
    """The first checkpoint of at least `covering` events. It does not wait for the read model."""
    records = reader.fetch(_FIRST, {"covering": covering})
    return CHECKPOINTS.from_record(records[0]) if records else None


def log_keys(reader: Reader, through: int | None = None) -> list[LogKey]:
    """The keys that have signed checkpoints of a ledger, the last one first: of those recorded
    through a position, if one is given."""
    reader.wait_for(CHECKPOINTS)
    return [
        LogKey(one["key"], one["checkpoints"], one["first_size"], one["last_size"])
        for one in reader.fetch(_KEYS, {"through": through})
    ]


def ledgers_to_sign(
    datastore: Datastore, projection: str, *, signed_before: int, closing_signed_before: int
) -> list[int]:
    """Ledgers with news whose last checkpoint, or first event, is from before a time; and those
    in which a period was closed since a checkpoint from before the other time."""
    with datastore.get_connection() as conn:
        rows = conn.execute(
            _DUE,
            {
                "projection": projection,
                "signed_before": signed_before,
                "closing_signed_before": closing_signed_before,
            },
            prepare=True,
        ).fetchall()
    return [row["ledger_id"] for row in rows]
