"""Personal fields inside events, readable only while their customer's key exists."""

import base64
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.store.datastore import Datastore

_NONCE_BYTES = 12


class KeyRing:
    """The keys of the customers of one ledger, kept in a table outside the log."""

    def __init__(self, datastore: Datastore, ledger_id: int) -> None:
        self._datastore = datastore
        self._ledger_id = ledger_id
        self._find = lru_cache(maxsize=10_000)(self._select)

    def seal(self, customer_id: str, plain: bytes) -> str:
        """Encrypt under the customer's key, made now if there is none; base64 text."""
        key = self._find_or_create(customer_id)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, plain, self._bound_to(customer_id))
        return base64.b64encode(nonce + sealed).decode()

    def unseal(self, customer_id: str, text: str) -> bytes | None:
        """The plain bytes, None once the key was destroyed.

        Raises ValueError when the text was not sealed for this customer of this ledger.
        """
        key = self._find(customer_id)
        if key is None:
            self._find.cache_clear()
            key = self._find(customer_id)
        if key is None:
            return None
        sealed = base64.b64decode(text)
        try:
            return AESGCM(key).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._bound_to(customer_id)
            )
        except InvalidTag:
            raise ValueError(f"personal fields of {customer_id} were altered") from None

    def _bound_to(self, customer_id: str) -> bytes:
        return f"{self._ledger_id}/{customer_id}".encode()

    def _find_or_create(self, customer_id: str) -> bytes:
        found = self._select(customer_id)
        if found is not None:
            return found
        with self._datastore.get_connection() as conn:
            conn.execute(
                "INSERT INTO ledger.customer_keys (ledger_id, customer_id, key) "
                "VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                (self._ledger_id, customer_id, AESGCM.generate_key(256)),
            )
        self._find.cache_clear()
        made = self._select(customer_id)
        if made is None:
            raise LookupError(f"the key of {customer_id} was destroyed while it was made")
        return made

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

    def unseal(self, customer_id: str, text: str) -> bytes | None:  # noqa: ARG002
        return None
