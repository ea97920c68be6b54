"""Taxes on the lines of an invoice: exact, and reconciling to the minor unit.

A line's inclusive taxes are parts of its amount: the net is the amount divided by one and all
their rates. Exclusive taxes come on top of that net. Each rate is rounded once, over the sum of
its lines, and shared out among them by largest remainder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ledger.customers.events import TaxExempt
from ledger.invoices.events import LineTax, TaxabilityReason
from ledger.kernel.apportioning import apportion
from ledger.tax_rates.terms import TaxRateTerms


@dataclass(frozen=True, slots=True)
class Taxable:
    """A line after its discounts: its amount in minor units, and the ids of its tax rates."""

    amount: int
    tax_rates: tuple[str, ...]


def tax_lines(
    lines: Sequence[Taxable], rates: Mapping[str, TaxRateTerms], exempt: TaxExempt
) -> list[tuple[LineTax, ...]]:
    """The taxes of each line, rate by rate in the line's order. Lines that give back give back tax.

    An exempt customer pays none and nothing is taxable; under `reverse` the whole amount is
    taxable, and the customer accounts for the tax.
    """
    if exempt != "none":
        return [_untaxed(line, rates, exempt) for line in lines]
    exact = [_exact_taxes(line, rates) for line in lines]
    taxes = _rounded(lines, exact, rates)
    return [_taxed(line, taxes[i], rates) for i, line in enumerate(lines)]


def _exact_taxes(line: Taxable, rates: Mapping[str, TaxRateTerms]) -> dict[str, Fraction]:
    own = {key: rates[key] for key in line.tax_rates}
    inclusive = sum(rate.fraction for rate in own.values() if rate.inclusive)
    net = Fraction(line.amount) / (1 + inclusive)
    return {key: net * rate.fraction for key, rate in own.items()}


def _rounded(
    lines: Sequence[Taxable],
    exact: Sequence[Mapping[str, Fraction]],
    rates: Mapping[str, TaxRateTerms],
) -> list[dict[str, int]]:
    """Whole taxes by line and rate. Inclusive ones of a line never exceed its amount: there is
    room to round up only within it."""
    taxes: list[dict[str, int]] = [{} for _ in lines]
    room = [
        abs(line.amount) - sum(abs(int(tax)) for key, tax in own.items() if rates[key].inclusive)
        for line, own in zip(lines, exact, strict=True)
    ]
    for rate in dict.fromkeys(key for line in lines for key in line.tax_rates):
        places = [i for i, own in enumerate(exact) if rate in own]
        shares = [exact[i][rate] for i in places]
        inclusive = rates[rate].inclusive
        whole = apportion(shares, [room[i] for i in places] if inclusive else None)
        for i, share, amount in zip(places, shares, whole, strict=True):
            taxes[i][rate] = amount
            room[i] -= abs(amount) - abs(int(share)) if inclusive else 0
    return taxes


def _taxed(
    line: Taxable, taxes: Mapping[str, int], rates: Mapping[str, TaxRateTerms]
) -> tuple[LineTax, ...]:
    net = line.amount - sum(taxes[key] for key in taxes if rates[key].inclusive)
    return tuple(
        LineTax(
            tax_rate=key,
            amount=taxes[key],
            taxable_amount=net,
            inclusive=rates[key].inclusive,
            reason="standard_rated" if rates[key].fraction else "zero_rated",
        )
        for key in dict.fromkeys(line.tax_rates)
    )


def _untaxed(
    line: Taxable, rates: Mapping[str, TaxRateTerms], exempt: TaxExempt
) -> tuple[LineTax, ...]:
    reverse = exempt == "reverse"
    reason: TaxabilityReason = "reverse_charge" if reverse else "customer_exempt"
    return tuple(
        LineTax(
            tax_rate=key,
            amount=0,
            taxable_amount=line.amount if reverse else 0,
            inclusive=rates[key].inclusive,
            reason=reason,
        )
        for key in dict.fromkeys(line.tax_rates)
    )
