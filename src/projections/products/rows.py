"""Rows of products. Times are epoch seconds."""

import msgspec

from ledger.products.events import ProductType
from projections.runtime.tables import Table


class ProductRow(msgspec.Struct, frozen=True):
    """`package_dimensions` are canonical decimal texts."""

    id: str
    sequence: int
    created: int
    updated: int
    livemode: bool
    name: str
    active: bool
    type: ProductType
    description: str | None
    images: tuple[str, ...]
    marketing_features: tuple[str, ...]
    metadata: dict[str, str]
    package_dimensions: dict[str, str] | None
    shippable: bool | None
    statement_descriptor: str | None
    tax_code: str | None
    tax_details: dict[str, str | None] | None
    unit_label: str | None
    url: str | None
    default_price: str | None = None


PRODUCTS = Table(
    "products",
    ProductRow,
    columns={
        "sequence": "bigint",
        "created": "bigint",
        "active": "boolean",
        "shippable": "boolean",
        "type": "text",
        "url": "text",
    },
    indexes=(("sequence",),),
)
