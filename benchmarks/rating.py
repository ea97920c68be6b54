"""Ratings of one process, steps included, beside the bare decimal arithmetic of the same tiers.

Graduated prices with 10 tiers, all of them entered, and for comparison the other models and a
price with every extension. The limit is what the same products and sums take with nothing made of
them: no steps, no line, no check. Processor time of one core; the best of several rounds.
"""

import argparse
import time
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from benchmarks.machine import machine_of
from benchmarks.report import Report, at_least
from ledger.kernel.quantities import EXACT
from ledger.prices.definition import TermsRequest, TierRequest, define_terms
from ledger.prices.terms import PercentageFee, PriceTerms, TiersMode, TransformQuantity
from ledger.rating.rate import rate
from ledger.rating.steps import stored_steps

SMALL = ["--ratings", "5000", "--rounds", "2"]
_TIERS: Final = 10
_QUANTITIES: Final = tuple(Decimal(9_000 + n) + Decimal(n) / 64 for n in range(1_000))
"""All in the last tier, most of them with a fraction."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ratings", type=int, default=100_000, help="in each round")
    parser.add_argument("--rounds", type=int, default=5)


def measure(options: argparse.Namespace, report: Report) -> None:
    """The limit, the graduated price against it, and the other models."""
    report.machine = machine_of()
    graduated = _tiered("graduated")

    def rated(terms: PriceTerms) -> float:
        return _rate_of(lambda quantity: rate(terms, quantity), options)

    limit = _rate_of(lambda quantity: _bare(graduated, quantity), options)
    report.add("bare arithmetic of 10 tiers", limit, "a second")
    reached = rated(graduated)
    report.add("graduated, 10 tiers", reached, "ratings/s", at_least(100_000))
    report.add("graduated, of the limit", reached / limit, "times")
    report.add("volume, 10 tiers", rated(_tiered("volume")), "ratings/s")
    report.add("per unit", rated(_plain()), "ratings/s")
    report.add("packages", rated(_plain(packages=True)), "ratings/s")
    report.add("graduated, every extension", rated(_extended()), "ratings/s")
    report.add(
        "graduated, with its steps as text",
        _rate_of(lambda quantity: stored_steps(rate(graduated, quantity)), options),
        "ratings/s",
    )


def _rate_of(work: Callable[[Decimal], object], options: argparse.Namespace) -> float:
    """The most that a second of processor time did in any round."""
    times = max(1, options.ratings // len(_QUANTITIES))
    best = 0.0
    for _ in range(options.rounds):
        begun = time.process_time()
        for _ in range(times):
            for quantity in _QUANTITIES:
                work(quantity)
        best = max(best, times * len(_QUANTITIES) / (time.process_time() - begun))
    return best


def _bare(terms: PriceTerms, quantity: Decimal) -> int:
    """What a graduated quantity costs, computed with nothing but decimals."""
    total = Decimal(0)
    for bracket in terms.brackets:
        end = bracket.up_to
        reached = quantity if end is None or quantity < end else end
        units = EXACT.subtract(reached, bracket.above)
        total = EXACT.add(total, EXACT.fma(units, bracket.unit_price, bracket.flat_fee))
    return int(total.to_integral_value(ROUND_HALF_UP))


def _tiered(mode: TiersMode) -> PriceTerms:
    bounds: list[int | Literal["inf"]] = [*range(1_000, 1_000 * _TIERS, 1_000), "inf"]
    amounts = [f"{_TIERS - n}.{n:03}5" for n in range(_TIERS)]
    return define_terms(
        TermsRequest(
            currency="usd",
            billing_scheme="tiered",
            tiers_mode=mode,
            tiers=tuple(
                TierRequest(up_to=up_to, unit_amount_decimal=amount, flat_amount=100)
                for up_to, amount in zip(bounds, amounts, strict=True)
            ),
        )
    )


def _plain(*, packages: bool = False) -> PriceTerms:
    transform = TransformQuantity(divide_by=100, round="up") if packages else None
    return define_terms(
        TermsRequest(currency="usd", unit_amount_decimal="0.0425", transform_quantity=transform)
    )


def _extended() -> PriceTerms:
    extensions = {
        "included_units": "100",
        "percentage_fee": PercentageFee(percent="2.9", of="amount"),
        "minimum_charge": 10**9,
        "maximum_charge": 10**10,
    }
    return PriceTerms.model_validate({**dict(_tiered("graduated")), **extensions})
