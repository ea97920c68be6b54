"""Threads for requests that wait for the database, and the line of those that wait for a thread."""

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import anyio
from anyio import CapacityLimiter

from ledger.kernel.errors import Unavailable

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Threads:
    """So many threads, and a line that has an end, as memory has one."""

    def __init__(self, threads: int, most_waiting: int) -> None:
        self._limiter = CapacityLimiter(threads)
        self._most_waiting = most_waiting

    async def run(self, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """The result of some work in a thread. Raises Unavailable when too many wait for one."""
        if self._limiter.statistics().tasks_waiting >= self._most_waiting:
            raise Unavailable("Too many requests are waiting to be answered. Try again.")
        return await anyio.to_thread.run_sync(work, *arguments, limiter=self._limiter)
