"""`/audit/v1/diff`."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from api.audit.diff.difference import DEFAULT_EVENTS, MOST_EVENTS, Stretch, difference, now_of
from api.audit.diff.subjects import ObjectSubject, PreviewSubject, Subject, SummarySubject
from api.audit.usage_query import UsageQuery
from api.http.as_of import AsOfField, resolve
from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.params import RequestParams, exclusive, missing
from api.http.routes import JsonObject, Route, query
from api.http.wire_types import Id, Integer, NonNegativeInt
from projections.runtime.log import Log


class DiffQuery(RequestParams):
    """What to compare with itself: one of `object`, `preview` and `summary`."""

    object: Annotated[Id | None, Field(description="The id of any object.")] = None
    preview: Annotated[
        Id | None, Field(description="The subscription whose next invoice is previewed.")
    ] = None
    summary: Annotated[
        UsageQuery | None, Field(description="Usage, asked for as at `/audit/v1/usage`.")
    ] = None
    start: Annotated[
        AsOfField, Field(alias="from", description="The earlier moment, as in `as_of`.")
    ]
    end: Annotated[
        AsOfField | None, Field(alias="to", description="The later moment; now without it.")
    ] = None
    limit: Annotated[int, Integer(1, MOST_EVENTS)] = DEFAULT_EVENTS
    after: Annotated[
        NonNegativeInt, Field(description="Only events after this position, for the next page.")
    ] = 0

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        exclusive(self, "object", "preview", "summary")
        if self.object is None and self.preview is None and self.summary is None:
            raise missing("object")
        return self


def _subject(asked: DiffQuery) -> Subject:
    if asked.object is not None:
        return ObjectSubject(asked.object)
    if asked.summary is not None:
        return SummarySubject(asked.summary)
    return PreviewSubject(asked.preview or "")


def stretch_of(asked: DiffQuery, log: Log) -> Stretch:
    """The points that are meant. Raises InvalidRequest."""
    start = resolve(log, asked.start, param="from")
    end = now_of(log) if asked.end is None else resolve(log, asked.end, param="to")
    return Stretch(start, end, asked.limit, asked.after)


def _diff(call: Call[DiffQuery]) -> JsonObject:
    log = call.services.log(call.identity.ledger_id)
    stretch = stretch_of(call.params, log)
    found = difference(call.services, call.identity, _subject(call.params), stretch)
    return found.document()


DIFF: Final[Route] = query(
    Endpoint(
        method="GET",
        path="/audit/v1/diff",
        params=DiffQuery,
        returns="difference",
        summary="Compare an object, a preview or a summary with itself at another time",
        tag="Audit",
        description=(
            "`changes` are the fields that differ, each with its path. `events` are those between "
            "the two moments that made them differ, oldest first: of its own stream, of the "
            "customer, prices and products that it shows, and of the usage that it counts, of "
            "which `meter_events` says how many. `changed` has the paths that each came to change; "
            "usage in a row changed them together. A change that was taken back in between is not "
            "told, and what only time changed is no event's. They can be had in pages, by `limit` "
            "and `after`."
        ),
    ),
    _diff,
)
