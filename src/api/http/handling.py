"""From a request to its answer: authenticate, check, replay or handle, expand, render."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from api.http.auth import Authenticator, Caller
from api.http.call import Call, View
from api.http.expand import Expansions, check_before, expand
from api.http.idempotency import KeptAnswer, KeptAnswers, claim_of
from api.http.params import Params, RequestParams, parse
from api.http.request_data import JSON, request_data
from api.http.routes import File, JsonObject, NoParams, Route, encode_answer
from api.http.versions import requested_version
from api.services import Services
from ledger.kernel.clock import system_now
from ledger.kernel.commands import IdempotencyClaim
from ledger.kernel.errors import LedgerError
from ledger.store.idempotency import ClaimedKey
from ledger.store.outcomes import IdempotencyKeyTaken, IdempotencyRow

REPLAYED = {"Idempotent-Replayed": "true"}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came off the wire."""

    method: str
    path: str
    path_parameters: Mapping[str, str]
    query: bytes
    body: bytes
    headers: Mapping[str, str]
    request_id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A response: 200 unless the kept one was another, with headers beyond the usual."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] | None = None
    media_type: str = JSON


class RequestHandling:
    """Answers requests for the mounted routes."""

    def __init__(
        self,
        services: Services,
        authenticator: Authenticator,
        expansions: Callable[[View], Expansions],
    ) -> None:
        self._services = services
        self.authenticator = authenticator
        self._expansions = expansions

    def answer(self, route: Route, request: Request) -> Answered:
        """Raises ApiError or LedgerError when the request is refused."""
        caller = self.authenticator.authenticate(request.headers, request.method)
        call = self.call_of(route, request, caller)
        paths = expand_paths(call.params)
        if paths and request.method != "GET":
            check_before(paths, route.endpoint.returns, self._expansions(call.view()))
        if call.claim is None:
            answer = route.handle(call)
            if isinstance(answer, File):
                return Answered(answer.body, headers=answer.headers, media_type=answer.media_type)
            return Answered(self._body(call, answer))
        return self._answer_once(route, call, call.claim)

    def call_of(self, route: Route, request: Request, caller: Caller) -> Call[Any]:
        """The request, checked by itself. Raises ApiError."""
        version = requested_version(request.headers.get("stripe-version"))
        data = request_data(
            request.path,
            request.query,
            request.body,
            content_type=request.headers.get("content-type"),
            content_encoding=request.headers.get("content-encoding"),
        )
        params = parse(route.endpoint.params or NoParams, data)
        call = Call(
            services=self._services,
            caller=caller,
            params=params,
            path=request.path_parameters,
            version=version,
            request_id=request.request_id,
            url=request.path,
        )
        if request.method == "POST":
            key = request.headers.get("idempotency-key")
            call.claim = claim_of(key, request.method, request.path, data)
        return call

    def earlier_answer(self, route: Route, call: Call[Any]) -> Answered | None:
        """The answer to an earlier request with the same key, None if there was none.

        Raises IdempotencyMismatch when that was another request.
        """
        if call.claim is None:
            return None
        kept = self._kept(call)
        row = kept.claimed(call.claim)
        return None if row is None else self._repeated(route, call, call.claim, kept, row)

    def _answer_once(self, route: Route, call: Call[Any], claim: IdempotencyClaim) -> Answered:
        kept = self._kept(call)
        row = kept.claimed(claim)
        if row is None:
            try:
                body = self._body(call, route.handle(call))
                if not call.outcomes:
                    self._claim_without_events(call, claim)
                kept.keep(claim, KeptAnswer(200, body))
                return Answered(body)
            except (IdempotencyKeyTaken, LedgerError):
                # What refuses this attempt may be what an earlier one, still on its way when this
                # one came, has recorded.
                row = None if call.outcomes else kept.claimed(claim)
                if row is None:
                    raise
        return self._repeated(route, call, claim, kept, row)

    def _repeated(
        self,
        route: Route,
        call: Call[Any],
        claim: IdempotencyClaim,
        kept: KeptAnswers,
        row: ClaimedKey,
    ) -> Answered:
        answer = kept.wait_for_answer(claim, row)
        if answer is not None:
            return Answered(answer.body, answer.status, REPLAYED)
        recalled = (
            route.recall(call, row.position) if route.recall is not None else route.handle(call)
        )
        body = self._body(call, recalled, row.position)
        kept.keep(claim, KeptAnswer(200, body))
        return Answered(body, headers=REPLAYED)

    def _claim_without_events(self, call: Call[Any], claim: IdempotencyClaim) -> None:
        row = IdempotencyRow(claim.key, claim.request_hash, system_now())
        call.application.recorder.append([], idempotency=row)

    def _kept(self, call: Call[Any]) -> KeptAnswers:
        keys = self._services.idempotency_keys(call.identity.ledger_id)
        return KeptAnswers(keys, call.caller.secret)

    def _body(
        self, call: Call[Any], answer: JsonObject | File, position: int | None = None
    ) -> bytes:
        if isinstance(answer, File):
            raise TypeError("what changes something is answered with an object")
        paths = expand_paths(call.params)
        if paths:
            view = call.view() if position is None else call.view_as_of(position)
            answer = expand(answer, paths, self._expansions(view))
        return encode_answer(answer)


def expand_paths(params: Params) -> list[str]:
    """What a request asks to expand in its answer."""
    return params.expand if isinstance(params, RequestParams) else []
