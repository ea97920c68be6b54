"""Replies of other threads to coroutines that wait for them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final
from weakref import WeakKeyDictionary

from ledger.meter_events.writer import Reply


class LoopReplies:
    """Brings the replies of a group to their event loop in one go: each call into a loop from
    another thread wakes it up."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def receive(self, replies: Sequence[Reply]) -> None:
        """Settle the futures that are the tickets of these replies."""
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            self._loop.call_soon_threadsafe(_settle, replies)


_of_loops: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, LoopReplies]] = WeakKeyDictionary()


def loop_replies() -> LoopReplies:
    """The recipient for coroutines of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _of_loops.get(loop)
    if found is None:
        found = _of_loops[loop] = LoopReplies(loop)
    return found


def _settle(replies: Sequence[Reply]) -> None:
    for reply in replies:
        future: asyncio.Future[Any] = reply.ticket
        if future.done():  # who waited for it is gone
            continue
        if reply.error is not None:
            future.set_exception(reply.error)
        else:
            future.set_result(reply.verdict)
