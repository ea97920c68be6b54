"""Commands on tax rates: load, decide, append."""

from collections.abc import Iterable, Sequence
from typing import Final

from ledger.kernel.errors import InvalidRequest
from ledger.store.work import Handlers, Work
from ledger.tax_rates import aggregate
from ledger.tax_rates.commands import CreateTaxRate, UpdateTaxRate
from ledger.tax_rates.terms import TaxRateTerms

MOST_TAX_RATES: Final = 10
"""Tax rates that one object may have."""


def create_tax_rate(work: Work, command: CreateTaxRate) -> None:
    created = aggregate.create(command, now=work.now, livemode=work.ledger.livemode)
    work.append(command.tax_rate, created)


def update_tax_rate(work: Work, command: UpdateTaxRate) -> None:
    tax_rate = work.require(aggregate.evolve, command.tax_rate, "tax rate")
    work.append(command.tax_rate, *aggregate.update(tax_rate, command, work.now))


def applicable_tax_rates(
    work: Work, ids: Sequence[str], *, param: str = "tax_rates", kept: Iterable[str] = ()
) -> tuple[str, ...]:
    """Tax rates that can be applied to something; `kept` are those that it has already.

    Raises NotFound, and InvalidRequest for an inactive one, one named twice, and too many; `param`
    is the list's name in the request.
    """
    if len(ids) > MOST_TAX_RATES:
        raise InvalidRequest(f"At most {MOST_TAX_RATES} tax rates are possible.", param=param)
    had = set(kept)
    for i, tax_rate in enumerate(ids):
        at = f"{param}[{i}]"
        details = work.require(aggregate.evolve, tax_rate, "tax rate", param=at).details
        if not details.active and tax_rate not in had:
            raise InvalidRequest(
                f"The tax rate '{tax_rate}' is inactive. This field only accepts active ones.",
                param=at,
            )
        if tax_rate in ids[:i]:
            raise InvalidRequest(f"The tax rate '{tax_rate}' is named more than once.", param=at)
    return tuple(ids)


def tax_rate_terms(work: Work, ids: Iterable[str]) -> dict[str, TaxRateTerms]:
    """The terms of tax rates by id, of inactive ones as well."""
    return {
        tax_rate: work.require(aggregate.evolve, tax_rate, "tax rate").terms
        for tax_rate in dict.fromkeys(ids)
    }


HANDLERS: Handlers = {
    CreateTaxRate: create_tax_rate,
    UpdateTaxRate: update_tax_rate,
}
