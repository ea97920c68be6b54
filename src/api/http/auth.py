"""Who asks: the API key of a request, and the ledger that it opens (contract §2, Auth)."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from api.http.errors import ApiError
from api.http.sessions import Session
from api.services import Services
from ledger.accounts.aggregate import ApiKey
from ledger.accounts.api_keys import hash_key, redact_key
from ledger.accounts.events import Scope
from ledger.accounts.ledgers import CONTROL_LEDGER
from ledger.accounts.lookup import find_api_key, find_api_key_by_id
from ledger.kernel.clock import monotonic, system_now
from ledger.kernel.commands import LedgerIdentity
from ledger.store.event_sourcing import EventSourcedLedger

REMEMBERED_SECONDS: Final = 0.5
"""How long a key that was found is trusted, so that a revocation is in force within a second."""

_REMEMBERED_KEYS: Final = 10_000
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="Tallybook"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """A request's API key, and what it opens. `secret` is the key itself: it is kept nowhere."""

    identity: LedgerIdentity
    key_id: str
    scopes: tuple[Scope, ...]
    secret: str = field(repr=False)

    @property
    def actor(self) -> str:
        """The caller as the metadata of events names it."""
        return f"key:{self.key_id}"


class Authenticator:
    """Knows callers by their keys. Safe to use from several threads."""

    def __init__(self, services: Services) -> None:
        self._control = services.application(CONTROL_LEDGER)
        self._remembered: dict[str, tuple[ApiKey, float]] = {}

    def authenticate(self, headers: Mapping[str, str], method: str) -> Caller:
        """The caller of a request with these headers (names in lower case) and this method.

        Raises ApiError: 401 without a key that is in force, 403 when a key that may only read is
        used to write.
        """
        secret = presented_key(headers.get("authorization"))
        key = self._find(hash_key(secret), find_api_key)
        if key is None:
            raise _unauthorized(f"Invalid API Key provided: {redact_key(secret)}")
        return _permitted(key, secret, method)

    def remembered(self, headers: Mapping[str, str], method: str) -> Caller | None:
        """The same without any look at the ledger, None when that takes one."""
        secret = presented_key(headers.get("authorization"))
        key = self._recall(hash_key(secret))
        return None if key is None else _permitted(key, secret, method)

    def authenticate_session(self, headers: Mapping[str, str]) -> Caller:
        """The caller of a request with a session's token. Raises ApiError (401)."""
        token = presented_key(headers.get("authorization"))
        session = Session.read(token)
        found = self._find(session.key_id, find_api_key_by_id)
        key = session.checked(found, system_now())
        return Caller(key.ledger, key.id, key.scopes, token)

    def _recall(self, name: str) -> ApiKey | None:
        remembered = self._remembered.get(name)
        return remembered[0] if remembered is not None and monotonic() < remembered[1] else None

    def _find(
        self, name: str, look: Callable[[EventSourcedLedger, str], ApiKey | None]
    ) -> ApiKey | None:
        """A key by its hash or its id, whichever `look` takes."""
        remembered = self._recall(name)
        if remembered is not None:
            return remembered
        # The time is taken before the look, so that a key is never trusted for longer than said.
        until = monotonic() + REMEMBERED_SECONDS
        key = look(self._control, name)
        if key is None:
            return None
        if len(self._remembered) >= _REMEMBERED_KEYS:
            self._remembered.clear()
        self._remembered[name] = (key, until)
        return key


def _permitted(key: ApiKey, secret: str, method: str) -> Caller:
    if key.revoked_at is not None:
        raise _unauthorized(
            f"Expired API Key provided: {key.redacted}. It was revoked; use another key of "
            "this account.",
            code="api_key_expired",
        )
    needed: Scope = "read" if method in _READING else "write"
    if needed not in key.scopes:
        raise ApiError(
            f"The API key {key.redacted} may only read. Use a secret key for this "
            f"{method} request.",
            status=403,
        )
    return Caller(key.ledger, key.id, key.scopes, secret)


def presented_key(authorization: str | None) -> str:
    """The key in an Authorization header: the bearer token, or the user name of HTTP Basic.

    Raises ApiError (401) when there is none.
    """
    scheme, _, credentials = (authorization or "").strip().partition(" ")
    credentials = credentials.strip()
    match scheme.lower():
        case "bearer":
            key = credentials
        case "basic":
            key = _user_name(credentials)
        case _:
            key = ""
    if not key:
        raise _unauthorized(
            "You did not provide an API key. Send it in the Authorization header, either as "
            "'Bearer YOUR_KEY' or as the user name of HTTP Basic with an empty password."
        )
    return key


def _user_name(credentials: str) -> str:
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError):
        raise _unauthorized(
            "The Authorization header says Basic, but what follows is no base64 text."
        ) from None
    return decoded.partition(":")[0]


def _unauthorized(message: str, *, code: str | None = None) -> ApiError:
    return ApiError(message, status=401, code=code, headers=_CHALLENGE)
