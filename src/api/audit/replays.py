"""`/audit/v1/replays`: many finalized invoices recomputed, a page at a time."""

from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any

from pydantic import Field

from api.audit.replay import replay_of
from api.http.as_of import AsOfParams
from api.http.call import Call
from api.http.errors import ApiError
from api.http.lists import ListParams, list_object
from api.http.openapi import Endpoint
from api.http.routes import Route, query
from api.http.wire_types import Id, text
from ledger.audit.finalized import begun_in, finalized_invoices, finalized_invoices_of
from ledger.audit.recompute import recompute_all
from ledger.kernel.months import Month

_PATH = "/audit/v1/replays"


class ReplayList(ListParams, AsOfParams):
    """Which invoices to replay."""

    customer: Id | None = None
    period: Annotated[
        str | None,
        text(7),
        Field(description="A month in UTC, such as 2026-01, in which the invoice's period began."),
    ] = None


def replays(call: Call[ReplayList]) -> dict[str, Any]:
    """A page of replays, of the invoice that was finalized last first.

    Raises NotFound for an unknown customer, and ApiError for no month or a cursor that is none.
    """
    wanted = call.params
    ledger = call.application
    if wanted.customer is None:
        places = list(finalized_invoices(ledger, through=call.through))
    else:
        places = finalized_invoices_of(
            ledger, wanted.customer, through=call.through, param="customer"
        )
    ids: Iterable[str] = _from_cursor([place.stream for place in reversed(places)], wanted)
    if wanted.period is not None:
        ids = begun_in(ledger, ids, month_of(wanted.period, "period"))
    found = list(islice(ids, wanted.limit + 1))
    page = found[: wanted.limit]
    if wanted.ending_before is not None:
        page.reverse()
    outcomes = dict(recompute_all(ledger, page))
    documents = [replay_of(one, outcomes[one]).document() for one in page]
    return list_object(_PATH, documents, has_more=len(found) > len(page))


def _from_cursor(newest_first: list[str], wanted: ReplayList) -> list[str]:
    """The invoices after the cursor, in the direction that is asked for."""
    for param in ("starting_after", "ending_before"):
        cursor = getattr(wanted, param)
        if cursor is None:
            continue
        if cursor not in newest_first:
            raise ApiError(f"No such finalized invoice: '{cursor}'", param=param)
        place = newest_first.index(cursor)
        forward = param == "starting_after"
        return newest_first[place + 1 :] if forward else newest_first[:place][::-1]
    return newest_first


def month_of(given: str, param: str) -> Month:
    """The month that a parameter names. Raises ApiError."""
    try:
        return Month.parse(given)
    except ValueError:
        raise ApiError("A period is a month in UTC, such as 2026-01.", param=param) from None


REPLAYS: Route = query(
    Endpoint(
        method="GET",
        path=_PATH,
        params=ReplayList,
        returns="invoice_replay",
        summary="Recompute many finalized invoices",
        tag="Audit",
        listed=True,
        description=(
            "Of all customers or one, and of the month in which their period began. Each is "
            "recomputed from the log alone; `starting_after` and `ending_before` are ids of "
            "finalized invoices. With `as_of` those that were finalized by then."
        ),
    ),
    replays,
)
