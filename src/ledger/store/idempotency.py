"""Idempotency keys of HTTP requests (contract §4), kept for at least 24 hours.

A key is claimed in the transaction of the events it caused. The response is written with it, or
added once it is rendered; it is sealed so that the row shows no personal data to a reader of the
database.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.store.datastore import Datastore
from ledger.store.outcomes import SealedAnswer

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ClaimedKey:
    """A key that was used: by which request, and what was answered, if it was rendered."""

    key: str
    request_hash: bytes
    position: int
    status: int | None
    sealed_body: bytes | None


class IdempotencyKeys:
    """The keys of one ledger."""

    def __init__(self, datastore: Datastore, ledger_id: int) -> None:
        self._datastore = datastore
        self._ledger_id = ledger_id

    def find(self, key: str) -> ClaimedKey | None:
        with self._datastore.get_connection() as conn:
            row = conn.execute(
                "SELECT key, request_hash, position, status, sealed_body "
                "FROM ledger.idempotency_keys WHERE ledger_id = %s AND key = %s",
                (self._ledger_id, key),
                prepare=True,
            ).fetchone()
        if row is None:
            return None
        sealed = row["sealed_body"]
        return ClaimedKey(
            row["key"],
            bytes(row["request_hash"]),
            row["position"],
            row["status"],
            None if sealed is None else bytes(sealed),
        )

    def complete(self, key: str, answer: SealedAnswer) -> None:
        """Add the response to a claimed key; a response that stands already is kept."""
        with self._datastore.get_connection() as conn:
            conn.execute(
                "UPDATE ledger.idempotency_keys SET status = %s, sealed_body = %s "
                "WHERE ledger_id = %s AND key = %s AND status IS NULL",
                (answer.status, answer.body, self._ledger_id, key),
                prepare=True,
            )

    def expire(self, now: datetime) -> int:
        """Forget keys older than 24 hours; how many."""
        with self._datastore.get_connection() as conn:
            return conn.execute(
                "DELETE FROM ledger.idempotency_keys WHERE ledger_id = %s AND created_at < %s",
                (self._ledger_id, now - KEPT_FOR),
            ).rowcount
