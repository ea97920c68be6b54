"""Idempotency keys over HTTP (contract §4): the same request again gets the same answer.

A key is claimed in the transaction of the events that its request caused. The answer is kept
sealed under the caller's API key and the idempotency key together, neither of which the row holds.
"""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.http.errors import ApiError
from api.http.wire_headers import MAX_IDEMPOTENCY_KEY
from ledger.kernel.commands import IdempotencyClaim
from ledger.kernel.errors import IdempotencyMismatch
from ledger.store.idempotency import ClaimedKey, IdempotencyKeys
from ledger.store.mapper import deflate, inflate
from ledger.store.outcomes import SealedAnswer

_NONCE_BYTES = 12
_IN_FLIGHT_SECONDS = 1.0
_POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first request with a key was answered."""

    status: int
    body: bytes


def claim_of(
    key: str | None, method: str, path: str, data: dict[str, Any]
) -> IdempotencyClaim | None:
    """The claim of a request; its parameters count, however they were encoded. Raises ApiError."""
    if key is None:
        return None
    if not key or len(key) > MAX_IDEMPOTENCY_KEY:
        raise ApiError(
            f"An idempotency key must have 1 to {MAX_IDEMPOTENCY_KEY} characters.",
            param="Idempotency-Key",
        )
    if "\x00" in key or not key.isprintable():
        raise ApiError("An idempotency key must be printable text.", param="Idempotency-Key")
    request = msgspec.json.encode([method, path, data], order="sorted")
    return IdempotencyClaim(key, hashlib.sha256(request).digest())


class KeptAnswers:
    """The kept answers of one ledger, readable by the API key that caused them."""

    def __init__(self, keys: IdempotencyKeys, secret: str) -> None:
        self._keys = keys
        self._secret = secret

    def claimed(self, claim: IdempotencyClaim) -> ClaimedKey | None:
        """The row of a key that was used by the same request. Raises IdempotencyMismatch."""
        row = self._keys.find(claim.key)
        if row is not None and row.request_hash != claim.request_hash:
            raise IdempotencyMismatch(claim.key)
        return row

    def wait_for_answer(self, claim: IdempotencyClaim, row: ClaimedKey) -> KeptAnswer | None:
        """The answer kept for a key, waiting for one in flight; None when it was never kept."""
        deadline = time.monotonic() + _IN_FLIGHT_SECONDS
        found: ClaimedKey | None = row
        while found is not None and found.status is None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            found = self._keys.find(claim.key)
        return None if found is None else self._open(found)

    def keep(self, claim: IdempotencyClaim, answer: KeptAnswer) -> None:
        """Keep the answer of a claimed key."""
        self._keys.complete(claim.key, sealed_answer(claim, self._secret, answer))

    def _open(self, row: ClaimedKey) -> KeptAnswer | None:
        if row.status is None or row.sealed_body is None:
            return None
        nonce, sealed = row.sealed_body[:_NONCE_BYTES], row.sealed_body[_NONCE_BYTES:]
        try:
            body = inflate(AESGCM(_seal(row.key, self._secret)).decrypt(nonce, sealed, None))
        except InvalidTag:  # kept under another API key of this ledger
            return None
        return KeptAnswer(row.status, body)


def sealed_answer(claim: IdempotencyClaim, secret: str, answer: KeptAnswer) -> SealedAnswer:
    """An answer as the row of its claim holds it, sealed under the caller's secret."""
    seal = _seal(claim.key, secret)
    nonce = hashlib.blake2b(answer.body, key=seal).digest()[:_NONCE_BYTES]
    sealed = AESGCM(seal).encrypt(nonce, deflate(answer.body), None)
    return SealedAnswer(answer.status, nonce + sealed)


def _seal(key: str, secret: str) -> bytes:
    return hashlib.blake2b(key.encode(), key=secret.encode()[:64], digest_size=32).digest()
