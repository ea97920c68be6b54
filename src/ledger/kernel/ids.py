"""Identifiers: random where the outside asks for something new, derived where a fact decides."""

import hashlib
import os
import threading
from datetime import datetime, timedelta

from ledger.kernel.clock import EPOCH

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [low + high for high in _ALPHABET for low in _ALPHABET]
_BLOCK_BYTES = 4096
_LOW_62 = (1 << 62) - 1


class _Randomness(threading.local):
    """Random bytes of the operating system, fetched a block at a time.

    Each call for them lets go of the interpreter, and a busy thread may keep it for long: with the
    writer of usage beside it, three calls took half of the time that a meter event took.
    """

    def __init__(self) -> None:
        self._block = b""
        self._used = 0

    def bits(self, count: int) -> int:
        """A number of so many random bits, none of which was given out before."""
        size = (count + 7) // 8
        if self._used + size > len(self._block):
            self._block, self._used = os.urandom(_BLOCK_BYTES), 0
        taken = self._block[self._used : self._used + size]
        self._used += size
        return int.from_bytes(taken) >> (size * 8 - count)

    def forget(self) -> None:
        """Give out nothing that the parent of this process may give out too."""
        self._block = b""


_random = _Randomness()
os.register_at_fork(after_in_child=_random.forget)


def new_id(prefix: str, length: int = 24) -> str:
    """A random id such as `cus_…`, unguessable (24 characters carry 142 bits)."""
    return f"{prefix}_{_base62(_random.bits(length * 6 + 64), length)}"


def new_moded_id(prefix: str, *, livemode: bool) -> str:
    """A random id that carries its mode, such as `mtr_test_…` (contract §2)."""
    return new_id(f"{prefix}_live" if livemode else f"{prefix}_test")


def new_time_ordered_id(now: datetime) -> str:
    """A random UUID of version 7: later ones sort later, so that an index grows at its end."""
    milliseconds = (now - EPOCH) // timedelta(milliseconds=1)
    bits = _random.bits(74)
    number = milliseconds << 80 | 7 << 76 | bits >> 62 << 64 | 2 << 62 | bits & _LOW_62
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def derived_id(prefix: str, *parts: object) -> str:
    """An id that the same parts always give again, so that a fact cannot be recorded twice."""
    text = "\x1f".join(str(part) for part in parts)
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=20).digest())
    return f"{prefix}_{_base62(number, 24)}"


def _base62(number: int, length: int) -> str:
    """The last `length` digits of a number that is much longer, so that every digit is as likely
    as any other."""
    pairs: list[str] = []
    for _ in range((length + 1) // 2):
        number, pair = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[pair])
    return "".join(pairs)[:length]
