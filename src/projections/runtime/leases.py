"""Who runs a background job now. A lease ends by itself when its holder dies."""

from datetime import datetime, timedelta
from typing import LiteralString

from ledger.kernel.clock import monotonic
from ledger.store.datastore import Datastore

LEASE = timedelta(seconds=3)

_RENEW_AFTER_SECONDS = LEASE.total_seconds() / 3

# One that ends later than any lease can was taken before the clock was set back.
_TAKE: LiteralString = """
INSERT INTO projections.leases AS l (name, holder, expires_at)
VALUES (%(name)s, %(holder)s, %(expires_at)s)
ON CONFLICT (name) DO UPDATE SET holder = %(holder)s, expires_at = %(expires_at)s
WHERE l.holder = %(holder)s OR l.expires_at < %(now)s OR l.expires_at > %(longest)s
"""


class Lease:
    """A named lease of this process. It saves double work; correctness never rests on it."""

    def __init__(self, datastore: Datastore, name: str, holder: str) -> None:
        self._datastore = datastore
        self._name = name
        self._holder = holder
        self._renew_at = 0.0

    def take(self, now: datetime) -> bool:
        """Take or renew the lease; False while another process holds it.

        One taken within the last second is not renewed: each renewal is a commit.
        """
        asked_at = monotonic()
        if asked_at < self._renew_at:
            return True
        parameters = {
            "name": self._name,
            "holder": self._holder,
            "now": now,
            "expires_at": now + LEASE,
            "longest": now + 3 * LEASE,
        }
        with self._datastore.get_connection() as conn:
            taken = conn.execute(_TAKE, parameters, prepare=True).rowcount == 1
        self._renew_at = asked_at + _RENEW_AFTER_SECONDS if taken else 0.0
        return taken

    def release(self) -> None:
        """Give the lease up, if it is held."""
        self._renew_at = 0.0
        with self._datastore.get_connection() as conn:
            conn.execute(
                "DELETE FROM projections.leases WHERE name = %s AND holder = %s",
                (self._name, self._holder),
            )
