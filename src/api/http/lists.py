"""Pages of objects: their parameters and their envelope (contract §2, Lists)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Self, TypeAlias, TypeVar, cast

from pydantic import BeforeValidator, model_validator

from api.http.errors import ApiError
from api.http.params import Params, RequestParams, exclusive
from api.http.wire_types import Id, Integer, WireTimestamp, shown

T = TypeVar("T")

DEFAULT_LIMIT = 10
MAX_LIMIT = 100


class ListParams(RequestParams):
    """Which page of a list is wanted, newest first."""

    limit: Annotated[int, Integer(1, MAX_LIMIT)] = DEFAULT_LIMIT
    starting_after: Id | None = None
    ending_before: Id | None = None

    @model_validator(mode="after")
    def _one_cursor(self) -> Self:
        exclusive(self, "starting_after", "ending_before")
        return self


class TimeRange(Params):
    """Bounds on a time; those that are absent do not bound."""

    gt: WireTimestamp | None = None
    gte: WireTimestamp | None = None
    lt: WireTimestamp | None = None
    lte: WireTimestamp | None = None

    def bounds(self) -> list[tuple[str, datetime]]:
        """The bounds given, each with its comparison sign: `[(">=", …), ("<", …)]`."""
        signs = ((">", self.gt), (">=", self.gte), ("<", self.lt), ("<=", self.lte))
        return [(sign, moment) for sign, moment in signs if moment is not None]


def _exactly(value: object) -> object:
    return cast("object", value) if isinstance(value, dict) else {"gte": value, "lte": value}


TimeFilter: TypeAlias = Annotated[TimeRange, BeforeValidator(_exactly)]
"""One moment, or a map of `gt`, `gte`, `lt` and `lte`."""


class CreatedListParams(ListParams):
    """A list that can be narrowed by the time its objects were created."""

    created: TimeFilter | None = None


def list_object(url: str, data: Sequence[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """The envelope of a page, of which `url` is the path without the query."""
    return {"object": "list", "url": url, "has_more": has_more, "data": list(data)}


def page_of(
    params: ListParams, items: Sequence[T], id_of: Callable[[T], str]
) -> tuple[list[T], bool]:
    """The page of a short list that is at hand whole, in its own order, and whether more follow.

    Raises `ApiError` 400 when a cursor names none of the items.
    """
    start, end = 0, len(items)
    if params.starting_after is not None:
        start = _place(items, id_of, params.starting_after, "starting_after") + 1
    if params.ending_before is not None:
        end = _place(items, id_of, params.ending_before, "ending_before")
        first = max(start, end - params.limit)
        return list(items[first:end]), first > start
    last = min(end, start + params.limit)
    return list(items[start:last]), last < end


def _place(items: Sequence[T], id_of: Callable[[T], str], cursor: str, param: str) -> int:
    for index, item in enumerate(items):
        if id_of(item) == cursor:
            return index
    raise ApiError(f"No such object: '{shown(cursor)}'", code="resource_missing", param=param)
