"""The text of an API key: how it is made, hashed, shown and checked. Nothing here is stored.

`sk_` keys read and write, `rk_` keys only read; `test` or `live` names the ledger. A generated
key carries 256 random bits and a checksum, by which a scanner tells a leaked key from chance.
"""

import hashlib
import re
import zlib
from typing import Final

from ledger.accounts.events import KeyKind, Scope
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.ids import derived_id, new_id

SCOPES: Final[dict[KeyKind, tuple[Scope, ...]]] = {
    "secret": ("read", "write"),
    "restricted": ("read",),
}

_MARK: Final[dict[KeyKind, str]] = {"secret": "sk", "restricted": "rk"}
_RANDOM_LETTERS: Final = 43
_CHECKSUM_LETTERS: Final = 6
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PREFIX: Final = re.compile(r"(?:sk|rk)_(?:test|live)_")
_SEED: Final = re.compile(r"sk_test_[A-Za-z0-9_]{8,200}")
_GENERATED_SEED: Final = re.compile(
    rf"sk_test_[A-Za-z0-9]{{{_RANDOM_LETTERS + _CHECKSUM_LETTERS}}}"
)


def generate_key(kind: KeyKind, *, livemode: bool) -> str:
    """A new key such as `sk_test_…`: 43 random letters and 6 of checksum."""
    body = new_id(f"{_MARK[kind]}_{'live' if livemode else 'test'}", _RANDOM_LETTERS)
    return body + _checksum(body)


def has_valid_checksum(key: str) -> bool:
    """Whether the last letters of a key are the checksum of those before."""
    return _checksum(key[:-_CHECKSUM_LETTERS]) == key[-_CHECKSUM_LETTERS:]


def hash_key(key: str) -> str:
    """SHA-256 of the whole key in hex. A key has 256 random bits, so no slower hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def key_id_of(secret_hash: str) -> str:
    """The id of the key with this hash. The same key has the same id wherever it is presented."""
    return derived_id("key", secret_hash)


def redact_key(key: str) -> str:
    """What may be shown of a key: its prefix and last four letters, `sk_test_****1234`."""
    prefix = _PREFIX.match(key)
    secret = key[prefix.end() :] if prefix else key
    shown = secret[-4:] if len(secret) >= 12 and re.fullmatch(r"\w{4}", secret[-4:]) else ""
    return f"{prefix.group() if prefix else ''}****{shown}"


def check_seed(key: str) -> None:
    """Refuse a key that an operator may not choose. Raises InvalidRequest, never showing the key.

    A seeded key opens a test ledger alone; one that looks generated must be typed in full.
    """
    if not _SEED.fullmatch(key):
        raise InvalidRequest(
            "A seeded API key must begin with sk_test_ and go on with 8 to 200 letters, digits "
            "and underscores."
        )
    if _GENERATED_SEED.fullmatch(key) and not has_valid_checksum(key):
        raise InvalidRequest(
            f"The seeded API key {redact_key(key)} is mistyped: its checksum is wrong."
        )


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    letters: list[str] = []
    for _ in range(_CHECKSUM_LETTERS):
        number, digit = divmod(number, len(_BASE62))
        letters.append(_BASE62[digit])
    return "".join(letters)
