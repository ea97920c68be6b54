"""Parameters of the product routes (contract §6)."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from api.http.lists import CreatedListParams
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams
from api.http.wire_types import ArrayOf, Clearable, Id, NonNegativeDecimal, WireBool, refusal, text
from api.products.price_terms import DefaultPriceData
from ledger.products.events import ProductType

_OWN_ID: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9_.~:-]{1,255}")
"""Not `.` or `..`, which a URL takes for steps of its path."""


def _own_id(value: str) -> str:
    if _OWN_ID.fullmatch(value) is None:
        raise refusal(
            "Invalid {param}: only letters, digits and _ - . ~ : are allowed in an id, and not "
            "one or two dots alone."
        )
    return value


OwnId = Annotated[str, text(255), AfterValidator(_own_id)]


class DimensionsParams(Params):
    """Inches and ounces."""

    height: NonNegativeDecimal
    length: NonNegativeDecimal
    weight: NonNegativeDecimal
    width: NonNegativeDecimal


class FeatureParams(Params):
    name: Annotated[str, text(80)]


class TaxDetailsParams(Params):
    performance_location: Clearable[Id] = None
    tax_code: Clearable[Id] = None


Images = Clearable[Annotated[ArrayOf[Annotated[str, text(2048)]], Field(max_length=8)]]
Features = Clearable[Annotated[ArrayOf[FeatureParams], Field(max_length=15)]]


class ProductFields(RequestParams):
    """What creation and update have in common. An empty value unsets a field."""

    active: WireBool | None = None
    description: Clearable[Annotated[str, text(40_000)]] = None
    images: Images = None
    marketing_features: Features = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    package_dimensions: Clearable[DimensionsParams] = None
    shippable: WireBool | None = None
    statement_descriptor: Clearable[Annotated[str, text(22)]] = None
    tax_code: Clearable[Id] = None
    tax_details: Clearable[TaxDetailsParams] = None
    unit_label: Clearable[Annotated[str, text(12)]] = None
    url: Clearable[Annotated[str, text(2048)]] = None


class ProductCreate(ProductFields):
    name: Annotated[str, text(5000)]
    default_price_data: DefaultPriceData | None = None
    id: OwnId | None = None
    type: ProductType | None = None


class ProductUpdate(ProductFields):
    default_price: Id | None = None
    name: Annotated[str, text(5000)] | None = None


class ProductList(CreatedListParams):
    active: WireBool | None = None
    ids: Annotated[ArrayOf[Id], Field(max_length=100)] | None = None
    shippable: WireBool | None = None
    type: ProductType | None = None
    url: Annotated[str, text(2048)] | None = None
