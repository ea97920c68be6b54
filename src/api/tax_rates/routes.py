"""`/v1/tax_rates`."""

from typing import Any, Final

from api.http.call import Call, View, bounds
from api.http.lists import list_object
from api.http.routes import Resource, Route
from api.tax_rates.objects import tax_rate_object
from api.tax_rates.params import TaxRateCreate, TaxRateFields, TaxRateList, TaxRateUpdate
from ledger.kernel.ids import new_id
from ledger.kernel.quantities import decimal_text
from ledger.tax_rates.commands import CreateTaxRate, UpdateTaxRate
from ledger.tax_rates.events import TaxRateDetails
from ledger.tax_rates.terms import TaxRateTerms
from projections.tax_rates.rows import TAX_RATES

TAX_RATE = Resource("Tax rates", "tax_rate", "txr")
ALL = "/v1/tax_rates"
ONE = f"{ALL}/{{tax_rate:str}}"

_CHANGEABLE: Final = (
    "active",
    "country",
    "description",
    "display_name",
    "jurisdiction",
    "state",
    "tax_type",
)
_NEVER_UNSET: Final = frozenset({"active", "display_name"})


def _create(call: Call[TaxRateCreate]) -> CreateTaxRate:
    asked = call.params
    return CreateTaxRate(
        tax_rate=new_id("txr"),
        terms=TaxRateTerms(percentage=decimal_text(asked.percentage), inclusive=asked.inclusive),
        details=TaxRateDetails(**_given(asked), metadata=asked.metadata or {}),
    )


def _update(call: Call[TaxRateUpdate]) -> UpdateTaxRate:
    asked = call.params
    return UpdateTaxRate(
        tax_rate=call.path["tax_rate"], changes=_given(asked), metadata=asked.metadata
    )


def _given(asked: TaxRateFields) -> dict[str, Any]:
    given = {name: getattr(asked, name) for name in _CHANGEABLE if asked.given(name)}
    return {k: v for k, v in given.items() if v is not None or k not in _NEVER_UNSET}


def one_tax_rate(view: View, tax_rate: str) -> dict[str, Any]:
    """A tax rate by its id. Raises NotFound."""
    return tax_rate_object(view.rows.require(TAX_RATES, "tax rate", tax_rate))


def _list(call: Call[TaxRateList]) -> dict[str, Any]:
    asked = call.params
    where = {"active": asked.active, "inclusive": asked.inclusive}
    rows, more = call.reader().page(TAX_RATES, asked, where, bounds(asked.created))
    return list_object(call.url, [tax_rate_object(row) for row in rows], has_more=more)


ROUTES: list[Route] = [
    TAX_RATE.post(
        ALL,
        TaxRateCreate,
        "Create a tax rate",
        _create,
        one_tax_rate,
        "Its percentage and whether it is inclusive never change.",
    ),
    TAX_RATE.page(ALL, TaxRateList, "List tax rates", _list),
    TAX_RATE.retrieve(ONE, "Retrieve a tax rate", one_tax_rate),
    TAX_RATE.post(
        ONE,
        TaxRateUpdate,
        "Update a tax rate",
        _update,
        one_tax_rate,
        "An inactive one cannot be applied to anything new; what has it keeps it.",
    ),
]
