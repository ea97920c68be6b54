"""What is asked of tax rates."""

from typing import Any

from pydantic import Field

from ledger.kernel.commands import Command
from ledger.tax_rates.events import TaxRateDetails
from ledger.tax_rates.terms import TaxRateTerms


class CreateTaxRate(Command):
    tax_rate: str
    terms: TaxRateTerms
    details: TaxRateDetails


class UpdateTaxRate(Command):
    """`changes` holds new values of fields of `TaxRateDetails` other than `metadata`.

    `metadata` is merged: None clears all, an empty value removes its key, `{}` changes nothing.
    """

    tax_rate: str
    changes: dict[str, Any] = Field(default_factory=dict[str, Any])
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])
