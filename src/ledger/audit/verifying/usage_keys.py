"""The key rows that the records of usage events have to have, as COPY sends them."""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec

from ledger.store.usage_batch import usage_key

QUERY: Final = (
    "SELECT ordinal, fingerprint, position, key FROM {relation} "
    "WHERE {sign}ledger_id = {ledger} {within}"
)
TABLE: Final = "ledger.usage_keys"

_ROW: Final = struct.Struct("!hiii8siqi16s")
_ORDINAL: Final = struct.Struct("!hiii")
_PLACE: Final = struct.Struct("!iqi")
_FIELDS: Final = 4
_UUID_BYTES: Final = 36
_QUOTED_BYTES: Final = _UUID_BYTES + 2

_fingerprint = hashlib.blake2b(digest_size=8).copy
_text = msgspec.json.Decoder(str)


def key_rows(
    position: int, records: Iterable[bytes | msgspec.Raw], identifiers: Sequence[msgspec.Raw]
) -> list[bytes]:
    """The rows of the records of the event at a position, whose identifiers are given as they
    stand there, in JSON."""
    prints: list[bytes] = []
    for record in records:
        hashed = _fingerprint()
        hashed.update(record)
        prints.append(hashed.digest())
    keys, place = _keys(identifiers), _PLACE.pack(8, position, 16)
    keyed = zip(_beginnings(len(keys)), prints, keys, strict=True)
    return [begun + print_ + place + key for begun, print_, key in keyed]


@lru_cache(maxsize=64)
def _beginnings(number: int) -> list[bytes]:
    """The first bytes of so many rows of an event, up to the fingerprint."""
    return [_ORDINAL.pack(_FIELDS, 4, ordinal, 8) for ordinal in range(number)]


def position_of(row: bytes) -> int:
    """The position that a row says its record stands at."""
    return _ROW.unpack(row)[6] if len(row) == _ROW.size else 0


class KeyRow(msgspec.Struct, frozen=True):
    """A row of usage keys."""

    key: UUID
    position: int
    ordinal: int
    fingerprint: bytes


def unpacked(row: bytes) -> KeyRow | None:
    """The row in its parts; None for one with a NULL."""
    if len(row) != _ROW.size:
        return None
    _, _, ordinal, _, fingerprint, _, position, _, key = _ROW.unpack(row)
    return KeyRow(UUID(bytes=key), position, ordinal, fingerprint)


def _keys(identifiers: Sequence[msgspec.Raw]) -> list[bytes]:
    """`usage_key` of each identifier: of canonical UUIDs, which most are, all in one go."""
    joined = b"".join(identifiers)
    if _are_uuids(joined, len(identifiers)):
        keys = bytes.fromhex(joined.translate(None, b'"-').decode())
        return [keys[at : at + 16] for at in range(0, len(keys), 16)]
    return [usage_key(_text.decode(identifier)) for identifier in identifiers]


def _are_uuids(joined: bytes, number: int) -> bool:
    """Whether so many pieces of JSON, joined, are all canonical UUIDs (`usage_key`)."""
    if len(joined) != number * _QUOTED_BYTES:
        return False
    for at, sign in ((0, b'"'), (9, b"-"), (14, b"-"), (19, b"-"), (24, b"-"), (37, b'"')):
        if joined[at::_QUOTED_BYTES] != sign * number:
            return False
    if joined[15::_QUOTED_BYTES].strip(b"12345678"):
        return False
    digits = joined.translate(None, b'"-')
    return len(digits) == number * 32 and not digits.strip(b"0123456789abcdef")
