"""Parameters of the tax rate routes, and of tax rates where they are applied."""

import re
from decimal import Decimal
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field

from api.http.lists import CreatedListParams
from api.http.metadata import MetadataParam
from api.http.params import RequestParams
from api.http.wire_types import (
    ArrayOf,
    Clearable,
    Id,
    NonNegativeDecimal,
    WireBool,
    refusal,
    text,
)
from ledger.tax_rates.events import TaxType
from ledger.tax_rates.handlers import MOST_TAX_RATES

_COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
_STATE: Final = re.compile(r"[A-Za-z0-9]{1,3}")

TaxRatesParam: TypeAlias = Clearable[Annotated[ArrayOf[Id], Field(max_length=MOST_TAX_RATES)]]
"""The tax rates of anything that can have some; None where an empty value asks for none."""


def _country(value: str) -> str:
    if _COUNTRY.fullmatch(value) is None:
        raise refusal("Invalid {param}: must be a country code of two letters, such as DE.")
    return value.upper()


def _state(value: str) -> str:
    if _STATE.fullmatch(value) is None:
        raise refusal(
            "Invalid {param}: must be an ISO 3166-2 code without its country, such as NY."
        )
    return value.upper()


def _percentage(value: Decimal) -> Decimal:
    if value > 100:
        raise refusal("Invalid {param}: must be from 0 to 100.")
    return value


class TaxRateFields(RequestParams):
    """What creation and update have in common. An empty value unsets a field."""

    active: WireBool | None = None
    country: Clearable[Annotated[str, AfterValidator(_country)]] = None
    description: Clearable[Annotated[str, text(5000)]] = None
    jurisdiction: Clearable[Annotated[str, text(50)]] = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    state: Clearable[Annotated[str, AfterValidator(_state)]] = None
    tax_type: Clearable[TaxType] = None


class TaxRateCreate(TaxRateFields):
    display_name: Annotated[str, text(50)]
    inclusive: WireBool
    percentage: Annotated[NonNegativeDecimal, AfterValidator(_percentage)]


class TaxRateUpdate(TaxRateFields):
    display_name: Annotated[str, text(50)] | None = None


class TaxRateList(CreatedListParams):
    active: WireBool | None = None
    inclusive: WireBool | None = None
