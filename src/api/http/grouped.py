"""Requests that are answered together, on the event loop, without a thread for each."""

from typing import Final

import anyio

from api.http.auth import Caller
from api.http.handling import Answered, Request, RequestHandling, expand_paths
from api.http.routes import Route, Submit
from api.http.threads import Threads
from ledger.kernel.errors import LedgerError, QueueFull, Unavailable
from ledger.store.outcomes import IdempotencyKeyTaken

_LONG_BODY: Final = 32 * 1024
"""A body of more bytes takes a while to be read, in which the event loop would stand still."""


class GroupedHandling:
    """Answers requests for routes that have a `submit`; what is out of the ordinary takes a
    thread, as every other request does."""

    def __init__(self, handling: RequestHandling, threads: Threads) -> None:
        self._handling = handling
        self._threads = threads
        self._authenticating = anyio.Lock()

    async def answer(self, route: Route, submit: Submit, request: Request) -> Answered:
        """Raises ApiError or LedgerError when the request is refused."""
        if len(request.body) > _LONG_BODY:
            return await self._threads.run(self._handling.answer, route, request)
        call = self._handling.call_of(route, request, await self._caller(request))
        if expand_paths(call.params):
            return await self._threads.run(self._handling.answer, route, request)
        try:
            return Answered(await submit(call))
        except (QueueFull, Unavailable):
            raise
        except (IdempotencyKeyTaken, LedgerError):
            # The key is looked up only now: a request that is recorded was no repeat.
            if call.claim is None:
                raise
            earlier = await self._threads.run(self._handling.earlier_answer, route, call)
            if earlier is None:
                raise
            return earlier

    async def _caller(self, request: Request) -> Caller:
        authenticator = self._handling.authenticator
        caller = authenticator.remembered(request.headers, request.method)
        if caller is None:
            async with self._authenticating:  # one look-up for all that wait for it
                caller = authenticator.remembered(request.headers, request.method)
                if caller is None:
                    caller = await self._threads.run(
                        authenticator.authenticate, request.headers, request.method
                    )
        return caller
