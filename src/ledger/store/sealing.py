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

FORGETTING: Final = "customer.forgotten."
"""With what the topics begin of events that destroy the key of their stream's customer."""

_MARK_BYTES = 8
_NONCE_BYTES = 12
_MOST_KEYS = 10_000


class KeyRing:
    """The keys of the customers of one ledger, kept in a table outside the log.

    Sealed text is base64 of a mark of the key, a nonce and AES-GCM's output, which is bound to the
    ledger and the customer. By its mark, text sealed under a key that was destroyed is told from
    text that was altered, even when the customer has a new key.
    """

    opens = True
    """Whether anything is ever unsealed."""

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
        known.update(self._select_many(unknown))

    def forget(self, customer_id: str) -> None:
        """Know nothing of a customer's key, which was destroyed."""
        self._found.pop(customer_id, None)

    def holds(self, customer_id: str) -> bool:
        """Whether there is a key of the customer: of one who was forgotten, one that was brought
        back, or that was made for what was written since. An event `customer.forgotten` destroys
        it with its own append."""
        return self._select(customer_id) is not None

    def keys(self, customer_ids: Iterable[str]) -> dict[str, bytes]:
        """The keys of customers as they are now, made where there are none, to seal with.

        Raises LookupError where one is destroyed meanwhile.
        """
        wanted = sorted(set(customer_ids))
        found = self._select_many(wanted)
        missing = [one for one in wanted if one not in found]
        if missing:
            self._create(missing)
            found |= self._select_many(missing)
        for customer_id in set(wanted) - found.keys():
            raise LookupError(f"the key of {customer_id} was destroyed while it was made")
        return found

    def seal(self, customer_id: str, plain: bytes, key: bytes | None = None) -> str:
        """Encrypt under the customer's key; base64 text."""
        key = key or self.keys([customer_id])[customer_id]
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

    def _create(self, customer_ids: list[str]) -> None:
        made = [AESGCM.generate_key(256) for _ in customer_ids]
        with self._datastore.get_connection() as conn:
            conn.execute(
                "INSERT INTO ledger.customer_keys (ledger_id, customer_id, key) "
                "SELECT %s, * FROM unnest(%s::text[], %s::bytea[]) ON CONFLICT DO NOTHING",
                (self._ledger_id, customer_ids, made),
            )

    def _known(self) -> dict[str, bytes | None]:
        """The keys found within this minute. What was found before is found anew."""
        minute = int(monotonic() // FORGOTTEN_SECONDS)
        if minute != self._minute or len(self._found) > _MOST_KEYS:
            self._minute, self._found = minute, {}
        return self._found

    def _select(self, customer_id: str) -> bytes | None:
        return self._select_many([customer_id]).get(customer_id)

    def _select_many(self, customer_ids: list[str]) -> dict[str, bytes]:
        with self._datastore.get_connection() as conn:
            rows = conn.execute(
                "SELECT customer_id, key FROM ledger.customer_keys "
                "WHERE ledger_id = %s AND customer_id = ANY(%s)",
                (self._ledger_id, customer_ids),
            ).fetchall()
        return {row["customer_id"]: bytes(row["key"]) for row in rows}


class NoKeys(KeyRing):
    """Reads every personal field as forgotten, for those who need none and are quick for it."""

    opens = False

    def __init__(self) -> None:
        """No table is read."""

    def keys(self, customer_ids: Iterable[str]) -> dict[str, bytes]:
        raise NotImplementedError("events are written under their customer's key")

    def forget(self, customer_id: str) -> None:
        """Nothing is known."""

    def unseal(self, customer_id: str, text: str) -> bytes | None:  # noqa: ARG002
        return None


def destroy_keys_of_forgotten(
    cursor: Cursor[Any], ledger_id: int, appended: Iterable[StoredEvent]
) -> None:
    """Destroy the keys of the customers whom these events forget, in the transaction of both."""
    forgotten = [str(e.originator_id) for e in appended if e.topic.startswith(FORGETTING)]
    if forgotten:
        cursor.execute(
            "DELETE FROM ledger.customer_keys WHERE ledger_id = %s AND customer_id = ANY(%s)",
            (ledger_id, forgotten),
        )


def _mark(key: bytes) -> bytes:
    """Tells keys apart and says nothing about them."""
    return hashlib.blake2b(key, digest_size=_MARK_BYTES, person=b"customer key").digest()


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    nonce_end = _MARK_BYTES + _NONCE_BYTES
    return sealed[:_MARK_BYTES], sealed[_MARK_BYTES:nonce_end], sealed[nonce_end:]
