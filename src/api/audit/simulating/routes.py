"""`/audit/v1/simulations`: finalized invoices under other prices. Nothing is recorded."""

from dataclasses import replace
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from api.audit.replays import month_of
from api.audit.simulating.asking import Asked, segment
from api.audit.simulating.objects import simulation_object
from api.http.as_of import AsOfParams
from api.http.call import Call
from api.http.errors import ApiError
from api.http.openapi import Endpoint
from api.http.params import Params, exclusive, missing
from api.http.routes import Route, query
from api.http.wire_types import ArrayOf, Id, Integer, text
from api.prices.params import PriceCreate
from ledger.audit.simulation.comparing import MOVERS
from ledger.audit.simulation.history import Past, simulate

MOST_INVOICES: Final = 1_000
"""Invoices that one request simulates."""

_MonthText = Annotated[str, text(7)]


class ChangeParams(Params):
    """A price and what takes its place."""

    price: Id
    replaced_by: Annotated[Id | None, Field(description="Another price.")] = None
    terms: Annotated[
        PriceCreate | None,
        Field(description="Or new terms, as for a new price; billed as often as the old one."),
    ] = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        exclusive(self, "replaced_by", "terms")
        return self


class SimulationParams(AsOfParams):
    """Which prices change, and whose history is rated again."""

    changes: Annotated[ArrayOf[ChangeParams], Field(min_length=1, max_length=50)]
    customers: Annotated[ArrayOf[Id], Field(max_length=1_000)] = Field(default_factory=list[str])
    metadata: Annotated[
        dict[str, str], Field(description="Only customers whose metadata has these texts.")
    ] = Field(default_factory=dict[str, str])
    first_period: Annotated[
        _MonthText | None, Field(description="A month in UTC, such as 2026-01.")
    ] = None
    last_period: _MonthText | None = None
    movers: Annotated[int, Integer(0, 100)] = MOVERS


def simulated(call: Call[SimulationParams]) -> dict[str, Any]:
    """The comparison. Raises NotFound, InvalidRequest and ApiError, naming the parameter."""
    wanted, ledger = call.params, call.application
    asked = Asked(ledger, call.through)
    for i, change in enumerate(wanted.changes):
        param = f"changes[{i}]"
        if change.replaced_by is not None:
            asked.by_price(change.price, change.replaced_by, param)
        elif change.terms is not None:
            asked.by_terms(change.price, "these terms", change.terms, param)
        else:
            raise missing(f"{param}[replaced_by]")
    first, last = (
        None if given is None else month_of(given, name)
        for name, given in (
            ("first_period", wanted.first_period),
            ("last_period", wanted.last_period),
        )
    )
    if first is not None and last is not None and last < first:
        raise ApiError("Invalid last_period: it is before first_period.", param="last_period")
    customers = segment(call.view(), wanted.customers, wanted.metadata)
    found = simulate(
        ledger, Past(customers, first, last, call.through), asked.changes, most=MOST_INVOICES
    )
    return simulation_object(found, livemode=call.identity.livemode, movers=wanted.movers)


_POST: Final = Endpoint(
    method="POST",
    path="/audit/v1/simulations",
    params=SimulationParams,
    returns="simulation",
    summary="What would have been billed under other prices",
    tag="Audit",
    description=(
        "Finalized invoices of some customers, or of everyone, are rated again with their own "
        "quantities, discounts, taxes and rating engine, and nothing is recorded. Voided invoices "
        "and credit notes have no part in it; lines of fixed amounts, such as adjustments for late "
        f"usage, stay as they were billed. At most {MOST_INVOICES} invoices in one request. "
        "As of an earlier moment: the invoices that were finalized by then, and the prices of then."
    ),
)

ROUTES: list[Route] = [query(_POST, simulated), query(replace(_POST, method="GET"), simulated)]
