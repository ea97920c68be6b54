"""What is asked of prices."""

from typing import Any

from pydantic import Field

from ledger.kernel.commands import Command
from ledger.prices.events import PriceDetails
from ledger.prices.terms import PriceTerms
from ledger.products.commands import CreateProduct


class CreatePrice(Command):
    """A price of an existing product, or of one that is created with it.

    `as_default` makes it the product's default price. `details.tax_behavior` is taken from the
    terms.
    """

    price: str
    product: str | CreateProduct
    terms: PriceTerms
    details: PriceDetails = PriceDetails()
    trial_period_days: int | None = None
    transfer_lookup_key: bool = False
    as_default: bool = False


class UpdatePrice(Command):
    """`changes` holds new values of fields of `PriceDetails` other than the two that are merged.

    `metadata`: None clears all, an empty value removes its key, `{}` changes nothing.
    `currency_options`: None clears all, terms replace those in the same currency.
    """

    price: str
    changes: dict[str, Any] = Field(default_factory=dict[str, Any])
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])
    currency_options: dict[str, PriceTerms] | None = Field(default_factory=dict[str, PriceTerms])
    transfer_lookup_key: bool = False
