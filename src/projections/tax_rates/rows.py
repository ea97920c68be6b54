"""Rows of tax rates. Times are epoch seconds, percentages canonical decimal text."""

import msgspec

from ledger.tax_rates.events import TaxType
from projections.runtime.tables import Table


class TaxRateRow(msgspec.Struct, frozen=True):
    """`percentage` is of the net amount."""

    id: str
    sequence: int
    created: int
    livemode: bool
    percentage: str
    inclusive: bool
    display_name: str
    active: bool
    country: str | None
    description: str | None
    jurisdiction: str | None
    metadata: dict[str, str]
    state: str | None
    tax_type: TaxType | None


TAX_RATES = Table(
    "tax_rates",
    TaxRateRow,
    columns={
        "sequence": "bigint",
        "created": "bigint",
        "active": "boolean",
        "inclusive": "boolean",
    },
    indexes=(("sequence",),),
)
