"""Trying again after a lost connection, without ever recording a thing twice."""

import time
from collections.abc import Callable
from typing import TypeVar

from eventsourcing.persistence import InterfaceError, InternalError, OperationalError

from ledger.kernel.clock import monotonic

T = TypeVar("T")

TRANSIENT = (OperationalError, InterfaceError, InternalError)
"""A connection was lost, or two transactions got in each other's way."""

_ATTEMPTS = 10
_PAUSE_SECONDS = 0.2
_GIVE_UP_SECONDS = 15.0


def with_retries(attempt: Callable[[], T], read_back: Callable[[], T | None] | None = None) -> T:
    """The result of an attempt that was not cut off: 10 of them, for about 15 seconds.

    `read_back` finds what a write left behind, None if nothing: the answer that was lost may have
    been to a commit that succeeded. Raises what the last attempt raised.
    """
    give_up_at = monotonic() + _GIVE_UP_SECONDS
    in_doubt = False
    for left in reversed(range(_ATTEMPTS)):
        try:
            return _settle(attempt, read_back) if in_doubt and read_back else attempt()
        except TRANSIENT:
            if not left or monotonic() > give_up_at:
                raise
        in_doubt = True
        time.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def _settle(attempt: Callable[[], T], read_back: Callable[[], T | None]) -> T:
    """Find out how an attempt ended that was cut off, and make it again if it left nothing.

    A commit that was still on its way while we looked shows itself as a refusal of the second
    attempt, so a refusal is believed only after looking once more.
    """
    found = read_back()
    if found is not None:
        return found
    try:
        return attempt()
    except TRANSIENT:
        raise
    except Exception:
        found = read_back()
        if found is None:
            raise
        return found
