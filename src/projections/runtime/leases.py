"""Who runs a background job now. A lease ends by itself when its holder dies."""

from datetime import datetime, timedelta
from typing import LiteralString

from ledger.store.datastore import Datastore

LEASE = timedelta(seconds=3)

_TAKE: LiteralString = """
INSERT INTO projections.leases AS l (name, holder, expires_at)
VALUES (%(name)s, %(holder)s, %(expires_at)s)
ON CONFLICT (name) DO UPDATE SET holder = %(holder)s, expires_at = %(expires_at)s
WHERE l.holder = %(holder)s OR l.expires_at < %(now)s
"""


class Lease:
    """A named lease of this process. It saves double work; correctness never rests on it."""

    def __init__(self, datastore: Datastore, name: str, holder: str) -> None:
        self._datastore = datastore
        self._name = name
        self._holder = holder

    def take(self, now: datetime) -> bool:
        """Take or renew the lease; False while another process holds it."""
        with self._datastore.get_connection() as conn:
            parameters = {
                "name": self._name,
                "holder": self._holder,
                "now": now,
                "expires_at": now + LEASE,
            }
            return conn.execute(_TAKE, parameters, prepare=True).rowcount == 1

    def release(self) -> None:
        """Give the lease up, if it is held."""
        with self._datastore.get_connection() as conn:
            conn.execute(
                "DELETE FROM projections.leases WHERE name = %s AND holder = %s",
                (self._name, self._holder),
            )
