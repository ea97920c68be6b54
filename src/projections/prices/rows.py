"""Rows of prices. Times are epoch seconds."""

from typing import Any, Literal

import msgspec

from ledger.kernel.periods import Interval
from ledger.prices.terms import PriceTerms, TaxBehavior, UsageType
from projections.runtime.tables import Table


class PriceRow(msgspec.Struct, frozen=True):
    """`stated_terms` and `currency_options` are terms in their stored form."""

    id: str
    sequence: int
    created: int
    livemode: bool
    product: str
    stated_terms: dict[str, Any]
    currency: str
    type: Literal["recurring", "one_time"]
    active: bool
    nickname: str | None
    lookup_key: str | None
    metadata: dict[str, str]
    tax_behavior: TaxBehavior
    currency_options: dict[str, dict[str, Any]]
    billed_every: Interval | None = None
    usage_type: UsageType | None = None
    meter: str | None = None
    trial_period_days: int | None = None

    @property
    def terms(self) -> PriceTerms:
        """The terms, with the tax behaviour as it stands."""
        stated = PriceTerms.model_validate(self.stated_terms)
        return stated.with_tax_behavior(self.tax_behavior)

    def terms_in(self, currency: str) -> PriceTerms:
        """The terms in a currency; the price's own where it is no longer sold in that one."""
        option = self.currency_options.get(currency)
        return self.terms if option is None else PriceTerms.model_validate(option)


PRICES = Table(
    "prices",
    PriceRow,
    columns={
        "sequence": "bigint",
        "created": "bigint",
        "product": "text",
        "currency": "text",
        "type": "text",
        "active": "boolean",
        "lookup_key": "text",
        "billed_every": "text",
        "usage_type": "text",
        "meter": "text",
    },
    indexes=(("sequence",), ("product",), ("lookup_key",)),
    version=2,
)
