"""What a concept's routes are made of: a description, and how it is handled.

A GET is a `query`. A POST that changes something is a `command`: it asks the ledger, then answers
with one object, from rows of now or, when an earlier attempt was cut off before its answer was
kept, from rows of the moment at which it was recorded.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

import msgspec

from api.http.call import Call, View
from api.http.openapi import Endpoint
from api.http.params import Params, RequestParams
from ledger.kernel.commands import Command
from ledger.kernel.errors import Unavailable
from ledger.kernel.events import RecordedEvent

JsonObject: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class File:
    """An answer that is no JSON: what a GET gives to be read or kept."""

    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Handle: TypeAlias = Callable[[Call[Any]], JsonObject | File]
Ask: TypeAlias = Callable[[Call[Any]], Command]
Submit: TypeAlias = Callable[[Call[Any]], Awaitable[bytes]]
Answer: TypeAlias = Callable[[View, str], JsonObject]
Subject: TypeAlias = Callable[[Call[Any], Sequence[RecordedEvent]], str]

_REQUEST_EVENTS = 50

encode_answer: Final = msgspec.json.Encoder(decimal_format="number").encode
"""The bytes of an answer; decimals are JSON numbers."""


class NoParams(RequestParams):
    """A request without parameters of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An endpoint with its handler. `recall` renders what a claimed request had recorded.

    `submit` does what `handle` does, together with other requests and without a thread of its own.
    """

    endpoint: Endpoint
    handle: Handle
    recall: Callable[[Call[Any], int], JsonObject] | None = None
    submit: Submit | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """The routes of one kind of object: its `object` name on the wire, and its ids' prefix."""

    tag: str
    returns: str
    prefix: str

    def post(
        self,
        path: str,
        params: type[Params],
        summary: str,
        ask: Ask,
        answer: Answer,
        description: str = "",
    ) -> Route:
        """A command that creates or changes an object."""
        endpoint = self._endpoint("POST", path, params, summary, description)
        return command(endpoint, ask, answer, prefix=self.prefix)

    def delete(
        self,
        path: str,
        params: type[Params],
        summary: str,
        ask: Ask,
        answer: Answer,
        description: str = "",
    ) -> Route:
        """A command that ends an object."""
        endpoint = self._endpoint("DELETE", path, params, summary, description)
        return command(endpoint, ask, answer, prefix=self.prefix)

    def retrieve(self, path: str, summary: str, answer: Answer, description: str = "") -> Route:
        """The object whose id stands in the path."""
        endpoint = self._endpoint("GET", path, NoParams, summary, description)
        [in_path] = endpoint.path_parameters
        return query(endpoint, lambda call: answer(call.view(), call.path[in_path]))

    def page(
        self,
        path: str,
        params: type[Params],
        summary: str,
        handle: Handle,
        description: str = "",
    ) -> Route:
        """A list of objects."""
        endpoint = self._endpoint("GET", path, params, summary, description)
        return query(replace(endpoint, listed=True), handle)

    def _endpoint(
        self,
        method: Literal["GET", "POST", "DELETE"],
        path: str,
        params: type[Params],
        summary: str,
        description: str,
    ) -> Endpoint:
        return Endpoint(
            method=method,
            path=path,
            params=params,
            returns=self.returns,
            summary=summary,
            tag=self.tag,
            description=description,
        )


def query(endpoint: Endpoint, handle: Handle) -> Route:
    """A route that records nothing."""
    return Route(endpoint=endpoint, handle=handle)


def command(
    endpoint: Endpoint,
    ask: Ask,
    answer: Answer,
    *,
    prefix: str,
) -> Route:
    """A route that executes one command and answers with one object.

    The object is the one whose id stands in the path; for a creation it is the stream with
    `prefix` among those that the command wrote to.
    """
    in_path = endpoint.path_parameters[:1]

    def _subject(call: Call[Any], events: Sequence[RecordedEvent]) -> str:
        if in_path:
            return call.path[in_path[0]]
        streams = (event.originator_id for event in events)
        return next(stream for stream in streams if stream.startswith(f"{prefix}_"))

    return command_about(endpoint, ask, answer, _subject)


def command_about(endpoint: Endpoint, ask: Ask, answer: Answer, subject: Subject) -> Route:
    """A route that executes one command and answers with the object that `subject` names.

    `subject` is given the facts that the command led to.
    """

    def handle(call: Call[Any]) -> JsonObject:
        outcome = call.execute(ask(call))
        return answer(call.view(), subject(call, outcome.events))

    def recall(call: Call[Any], position: int) -> JsonObject:
        return answer(call.view_as_of(position), subject(call, _facts_of(call, position)))

    return Route(endpoint=endpoint, handle=handle, recall=recall)


def _facts_of(call: Call[Any], position: int) -> list[RecordedEvent]:
    """What an earlier attempt of this request recorded, up to a position."""
    if call.claim is None:
        raise Unavailable("Nothing is known of an earlier attempt.")
    log = call.services.log(call.identity.ledger_id)
    page = log.page(max(0, position - _REQUEST_EVENTS), _REQUEST_EVENTS, position)
    return [event for event in page if event.metadata.idempotency_key == call.claim.key]
