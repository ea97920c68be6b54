"""The terms of a price: everything that decides what a quantity costs.

`PriceTerms` is stored inside events, so its shape is a promise. Amounts are minor units of the
currency in one canonical form: `unit_amount_decimal` is filled wherever there is an amount, and
`unit_amount` as well where that amount is whole. New terms come from `ledger.prices.definition`.
"""

from decimal import Decimal
from functools import cached_property
from typing import Literal, NamedTuple, Self

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import Fact
from ledger.kernel.periods import Interval
from ledger.kernel.quantities import ZERO

BillingScheme = Literal["per_unit", "tiered"]
TiersMode = Literal["graduated", "volume"]
TaxBehavior = Literal["exclusive", "inclusive", "unspecified"]
UsageType = Literal["licensed", "metered"]


class TransformQuantity(Fact):
    """Usage is billed in packages: `round(quantity / divide_by)`."""

    divide_by: int
    round: Literal["up", "down"]


class Recurring(Fact):
    """How often the price is billed, and for what: a licensed quantity or metered usage."""

    interval: Interval
    interval_count: int = 1
    usage_type: UsageType = "licensed"
    meter: str | None = None


class Tier(Fact):
    """Quantities above the previous tier and up to, including, `up_to` (None: without end)."""

    up_to: int | None
    unit_amount: int | None = None
    unit_amount_decimal: str | None = None
    flat_amount: int | None = None
    flat_amount_decimal: str | None = None


class Bracket(NamedTuple):
    """A tier ready for arithmetic: quantities in (`above`, `up_to`]."""

    above: Decimal
    up_to: Decimal | None
    unit_price: Decimal
    flat_fee: Decimal


class PriceTerms(Fact):
    """What a quantity costs and how often it is billed; a one-time price has no `recurring`."""

    currency: str
    billing_scheme: BillingScheme = "per_unit"
    unit_amount: int | None = None
    unit_amount_decimal: str | None = None
    transform_quantity: TransformQuantity | None = None
    tiers_mode: TiersMode | None = None
    tiers: tuple[Tier, ...] = ()
    recurring: Recurring | None = None
    tax_behavior: TaxBehavior = "unspecified"

    @property
    def is_metered(self) -> bool:
        """Whether the quantity is what a meter counted in the period."""
        return self.recurring is not None and self.recurring.usage_type == "metered"

    @cached_property
    def unit_price(self) -> Decimal:
        """Minor units for one unit or package; 0 where tiers set the price."""
        return Decimal(self.unit_amount_decimal or 0)

    @cached_property
    def brackets(self) -> tuple[Bracket, ...]:
        """The tiers with their lower bounds and amounts as numbers."""
        lower = (ZERO, *(Decimal(tier.up_to or 0) for tier in self.tiers))
        return tuple(
            Bracket(
                above=above,
                up_to=None if tier.up_to is None else Decimal(tier.up_to),
                unit_price=Decimal(tier.unit_amount_decimal or 0),
                flat_fee=Decimal(tier.flat_amount_decimal or 0),
            )
            for above, tier in zip(lower, self.tiers, strict=False)
        )

    def with_tax_behavior(self, tax_behavior: TaxBehavior) -> Self:
        """The same terms with tax behaviour set, which may happen once. Raises InvalidRequest."""
        if tax_behavior == self.tax_behavior:
            return self
        if self.tax_behavior != "unspecified":
            raise InvalidRequest(
                "The tax behavior of a price cannot be changed once it is inclusive or exclusive.",
                param="tax_behavior",
            )
        return self.model_copy(update={"tax_behavior": tax_behavior})
