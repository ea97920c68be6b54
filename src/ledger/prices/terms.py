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
from ledger.kernel.quantities import EXACT, ZERO

BillingScheme = Literal["per_unit", "tiered"]
TiersMode = Literal["graduated", "volume"]
TaxBehavior = Literal["exclusive", "inclusive", "unspecified"]
UsageType = Literal["licensed", "metered"]
FeeBase = Literal["quantity", "amount"]


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


class PercentageFee(Fact):
    """A share of money, in addition to what the other terms charge.

    `of` the quantity, which then counts minor units of money, or of the amount that the other terms
    come to. `percent` is above 0 and at most 100.
    """

    percent: str
    of: FeeBase = "quantity"


class Bracket(NamedTuple):
    """A tier ready for arithmetic: quantities in (`above`, `up_to`].

    `width` is how many units it holds and `full_amount` what they cost with its flat fee; both are
    0 where it has no end.
    """

    above: Decimal
    up_to: Decimal | None
    unit_price: Decimal
    flat_fee: Decimal
    width: Decimal
    full_amount: Decimal


class PriceTerms(Fact):
    """What a quantity costs and how often it is billed; a one-time price has no `recurring`.

    The last four are extensions: units that cost nothing, a percentage fee, and the least and the
    most that a period costs, in minor units.
    """

    currency: str
    billing_scheme: BillingScheme = "per_unit"
    unit_amount: int | None = None
    unit_amount_decimal: str | None = None
    transform_quantity: TransformQuantity | None = None
    tiers_mode: TiersMode | None = None
    tiers: tuple[Tier, ...] = ()
    recurring: Recurring | None = None
    tax_behavior: TaxBehavior = "unspecified"
    included_units: str | None = None
    percentage_fee: PercentageFee | None = None
    minimum_charge: int | None = None
    maximum_charge: int | None = None

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
        return tuple(_bracket(above, tier) for above, tier in zip(lower, self.tiers, strict=False))

    @cached_property
    def included(self) -> Decimal:
        """How many units cost nothing."""
        return Decimal(self.included_units or 0)

    @cached_property
    def fee_share(self) -> Decimal:
        """The percentage fee as a share of 1: 0.029 for 2.9 %."""
        percent = Decimal(self.percentage_fee.percent if self.percentage_fee else 0)
        return percent.scaleb(-2, EXACT)

    @cached_property
    def is_limited(self) -> bool:
        """Whether a period costs at least or at most something."""
        return self.minimum_charge is not None or self.maximum_charge is not None

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


def _bracket(above: Decimal, tier: Tier) -> Bracket:
    unit_price, flat_fee = (
        Decimal(amount or 0) for amount in (tier.unit_amount_decimal, tier.flat_amount_decimal)
    )
    up_to = None if tier.up_to is None else Decimal(tier.up_to)
    width = ZERO if up_to is None else EXACT.subtract(up_to, above)
    full_amount = ZERO if up_to is None else EXACT.fma(width, unit_price, flat_fee)
    return Bracket(above, up_to, unit_price, flat_fee, width, full_amount)
