"""Personal fields inside events, readable only while their customer's key exists."""

import base64
import hashlib
import os
from collections.abc import Iterable
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import StoredEvent
from psycopg import Cursor

from ledger.kernel.clock import monotonic
from ledger.store.datastore import Datastore

FORGOTTEN_SECONDS: Final = 60
"""How long a process may still know a key that was destroyed."""

_FORGOTTEN = "customer.forgotten."
_MARK_BYTES = 8
_NONCE_BYTES = 12
_MOST_KEYS = 10_000


class KeyRing:
    """The keys of the customers of one ledger, kept in a table outside the log.

    Sealed text is base64 of a mark of the key, a nonce and AES-GCM's output, which is bound to the
    ledger and the customer. By its mark, text sealed under a key that was destroyed is told from
    text that was altered, even when the customer has a new key.
    """

    def __init__(self, datastore: Datastore, ledger_id: int) -> None:
        self._datastore = datastore
        self._ledger_id = ledger_id
        self._minute = 0
        self._found: dict[str, bytes | None] = {}

    def expect(self, customer_ids: Iterable[str]) -> None:
        """Find the keys of many customers at once, of whom something is to be unsealed."""
        known = self._known()
        unknown = [one for one in customer_ids if one not in known]
        if not unknown:
            return
        with self._datastore.get_connection() as conn:
            rows = conn.execute(
                "SELECT customer_id, key FROM ledger.customer_keys "
                "WHERE ledger_id = %s AND customer_id = ANY(%s)",
                (self._ledger_id, unknown),
            ).fetchall()
        known.update({row["customer_id"]: bytes(row["key"]) for row in rows})

    def forget(self, customer_id: str) -> None:
        """Know nothing of a customer's key, which was destroyed."""
        self._found.pop(customer_id, None)

    def destroy(self, customer_id: str) -> bool:
        """Destroy a key that is back in the table, of a customer who was forgotten: was it there?

        An event `customer.forgotten` destroys the key with its own append.
        """
        with self._datastore.transaction(commit=True) as cursor:
            deleted = _delete_keys(cursor, self._ledger_id, [customer_id])
        self.forget(customer_id)
        return deleted > 0

    def seal(self, customer_id: str, plain: bytes) -> str:
        """Encrypt under the customer's key, made now if there is none; base64 text."""
        key = self._select(customer_id) or self._create(customer_id)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, plain, self._bound_to(customer_id))
        return base64.b64encode(_mark(key) + nonce + sealed).decode()

    def unseal(self, customer_id: str, text: str) -> bytes | None:
        """The plain bytes, None once the key was destroyed.

        Raises ValueError when the text was not sealed for this customer of this ledger.
        """
        mark, nonce, sealed = _parts(base64.b64decode(text))
        key = self._find(customer_id, mark)
        if key is None:
            return None
        try:
            return AESGCM(key).decrypt(nonce, sealed, self._bound_to(customer_id))
        except InvalidTag:
            raise ValueError(f"personal fields of {customer_id} were altered") from None

    def _find(self, customer_id: str, mark: bytes) -> bytes | None:
        known = self._known()
        if customer_id not in known:
            known[customer_id] = self._select(customer_id)
        key = known[customer_id]
        if key is None or _mark(key) != mark:
            key = self._select(customer_id)
        return key if key is not None and _mark(key) == mark else None

    def _bound_to(self, customer_id: str) -> bytes:
        return f"{self._ledger_id}/{customer_id}".encode()

    def _create(self, customer_id: str) -> bytes:
        with self._datastore.get_connection() as conn:
            conn.execute(
                "INSERT INTO ledger.customer_keys (ledger_id, customer_id, key) "
                "VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                (self._ledger_id, customer_id, AESGCM.generate_key(256)),
            )
        made = self._select(customer_id)
        if made is None:
            raise LookupError(f"the key of {customer_id} was destroyed while it was made")
        return made

    def _known(self) -> dict[str, bytes | None]:
        """The keys found within this minute. What was found before is found anew."""
        minute = int(monotonic() // FORGOTTEN_SECONDS)
        if minute != self._minute or len(self._found) > _MOST_KEYS:
            self._minute, self._found = minute, {}
        return self._found

    def _select(self, customer_id: str) -> bytes | None:
        with self._datastore.get_connection() as conn:
            row = conn.execute(
                "SELECT key FROM ledger.customer_keys WHERE ledger_id = %s AND customer_id = %s",
                (self._ledger_id, customer_id),
            ).fetchone()
        return None if row is None else bytes(row["key"])


class NoKeys(KeyRing):
    """Reads every personal field as forgotten, for those who need none and are quick for it."""

    def __init__(self) -> None:
        """No table is read."""

    def seal(self, customer_id: str, plain: bytes) -> str:
        raise NotImplementedError("events are written under their customer's key")

    def expect(self, customer_ids: Iterable[str]) -> None:
        """No key is needed."""

    def unseal(self, customer_id: str, text: str) -> bytes | None:  # noqa: ARG002
        return None


def destroy_keys_of_forgotten(
    cursor: Cursor[Any], ledger_id: int, appended: Iterable[StoredEvent]
) -> None:
    """Destroy the keys of the customers whom these events forget, in the transaction of both."""
    forgotten = [str(e.originator_id) for e in appended if e.topic.startswith(_FORGOTTEN)]
    if forgotten:
        _delete_keys(cursor, ledger_id, forgotten)


def _delete_keys(cursor: Cursor[Any], ledger_id: int, customer_ids: list[str]) -> int:
    cursor.execute(
        "DELETE FROM ledger.customer_keys WHERE ledger_id = %s AND customer_id = ANY(%s)",
        (ledger_id, customer_ids),
    )
    return cursor.rowcount


def _mark(key: bytes) -> bytes:
    """Tells keys apart and says nothing about them."""
    return hashlib.blake2b(key, digest_size=_MARK_BYTES, person=b"customer key").digest()


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    nonce_end = _MARK_BYTES + _NONCE_BYTES
    return sealed[:_MARK_BYTES], sealed[_MARK_BYTES:nonce_end], sealed[nonce_end:]
