"""Pages of objects: their parameters and their envelope (contract §2, Lists)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self, TypeAlias, cast

from pydantic import BeforeValidator, model_validator

from api.http.params import Params, RequestParams, exclusive
from api.http.wire_types import Id, Integer, WireTimestamp

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
