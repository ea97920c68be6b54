"""A tax rate's state and the pure decisions about it."""

from dataclasses import dataclass, replace
from datetime import datetime

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.kernel.metadata import merge_metadata
from ledger.tax_rates.commands import CreateTaxRate, UpdateTaxRate
from ledger.tax_rates.events import TaxRateCreated, TaxRateDetails, TaxRateDetailsChanged
from ledger.tax_rates.terms import TaxRateTerms


@dataclass(frozen=True, slots=True)
class TaxRate:
    terms: TaxRateTerms
    details: TaxRateDetails


def evolve(tax_rate: TaxRate | None, event: DomainEvent) -> TaxRate:
    """The tax rate after a fact."""
    if isinstance(event, TaxRateCreated):
        return TaxRate(event.terms, event.details)
    if tax_rate is None:
        raise ValueError("a tax rate's first event must be its creation")
    if isinstance(event, TaxRateDetailsChanged):
        return replace(tax_rate, details=event.details)
    return tax_rate


def create(command: CreateTaxRate, *, now: datetime, livemode: bool) -> TaxRateCreated:
    """Raises InvalidRequest for a state without a country, or too much metadata."""
    details = command.details
    metadata = merge_metadata({}, details.metadata)
    return TaxRateCreated(
        terms=command.terms,
        details=_checked(details.model_copy(update={"metadata": metadata})),
        created=now,
        livemode=livemode,
    )


def update(tax_rate: TaxRate, command: UpdateTaxRate, now: datetime) -> list[DomainEvent]:
    """The facts of a change, none where everything stays as it is. Raises InvalidRequest."""
    metadata = merge_metadata(tax_rate.details.metadata, command.metadata)
    details = _checked(
        TaxRateDetails.model_validate(
            {**dict(tax_rate.details), **command.changes, "metadata": metadata}
        )
    )
    if details == tax_rate.details:
        return []
    return [TaxRateDetailsChanged(details=details, changed_at=now)]


def _checked(details: TaxRateDetails) -> TaxRateDetails:
    if details.state is not None and details.country is None:
        raise InvalidRequest(
            "A state is one of a country: country is missing.",
            param="country",
            code="parameter_missing",
        )
    return details
