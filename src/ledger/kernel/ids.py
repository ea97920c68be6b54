"""Identifiers: random where the outside asks for something new, derived where a fact decides."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from ledger.kernel.clock import EPOCH

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def new_id(prefix: str, length: int = 24) -> str:
    """A random id such as `cus_…`, unguessable (24 characters carry 142 bits)."""
    return f"{prefix}_{_base62(secrets.randbits(length * 6 + 64), length)}"


def new_moded_id(prefix: str, *, livemode: bool) -> str:
    """A random id that carries its mode, such as `mtr_test_…` (contract §2)."""
    return new_id(f"{prefix}_live" if livemode else f"{prefix}_test")


def new_time_ordered_id(now: datetime) -> str:
    """A random UUID of version 7: later ones sort later, so that an index grows at its end."""
    milliseconds = (now - EPOCH) // timedelta(milliseconds=1)
    bits = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62
    return str(UUID(int=bits | secrets.randbits(62)))


def derived_id(prefix: str, *parts: object) -> str:
    """An id that the same parts always give again, so that a fact cannot be recorded twice."""
    text = "\x1f".join(str(part) for part in parts)
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=20).digest())
    return f"{prefix}_{_base62(number, 24)}"


def _base62(number: int, length: int) -> str:
    """The last `length` digits of a number that is much longer, so that every digit is as likely
    as any other."""
    letters: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "".join(letters)
