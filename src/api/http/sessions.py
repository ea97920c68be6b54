"""Tokens that stand in for an API key for 15 minutes, on the meter event stream alone.

A token names its key and when it expires, and is signed under the key's stored hash: nothing is
kept for it, and a key that is revoked takes its tokens with it.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from api.http.errors import ApiError
from ledger.accounts.aggregate import ApiKey
from ledger.kernel.clock import from_epoch, to_epoch

VALID_FOR: Final = timedelta(minutes=15)
"""How long a session lasts (contract §5)."""

EXPIRED: Final = "temporary_session_expired"

_TOKEN: Final = re.compile(r"mes_(key_[0-9A-Za-z]{24})_([0-9]{10})_([0-9a-f]{64})")
_PURPOSE: Final = b"meter event session of "


@dataclass(frozen=True, slots=True)
class Session:
    """A session of an API key."""

    key_id: str
    expires_at: datetime
    signature: str = ""

    @classmethod
    def begun(cls, key: ApiKey, now: datetime) -> Self:
        """A new session. It ends at a full second."""
        expires_at = from_epoch(to_epoch(now + VALID_FOR))
        return cls(key.id, expires_at, _signature(key, expires_at))

    @classmethod
    def read(cls, token: str) -> Self:
        """The session that a token claims to be. Raises ApiError (401) if it is no token."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            raise _refused("This is no authentication token of a meter event session.")
        return cls(found[1], from_epoch(int(found[2])), found[3])

    @property
    def token(self) -> str:
        return f"mes_{self.key_id}_{to_epoch(self.expires_at)}_{self.signature}"

    def checked(self, key: ApiKey | None, now: datetime) -> ApiKey:
        """The key. Raises ApiError (401) unless it signed, is in force, and time is left."""
        if key is None or not hmac.compare_digest(self.signature, _signature(key, self.expires_at)):
            raise _refused("This authentication token was not given out here.")
        if key.revoked_at is not None:
            raise _refused(f"The API key {key.redacted} of this session was revoked.")
        if now >= self.expires_at:
            raise ApiError(
                "This meter event session has expired. Create a new one.",
                status=401,
                type=EXPIRED,
                code=EXPIRED,
            )
        return key


def _signature(key: ApiKey, expires_at: datetime) -> str:
    said = _PURPOSE + f"{key.id} until {to_epoch(expires_at)}".encode()
    return hmac.new(key.secret_hash.encode(), said, hashlib.sha256).hexdigest()


def _refused(message: str) -> ApiError:
    return ApiError(message, status=401)
