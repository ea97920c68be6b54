"""The steps of a line's rating in words and figures that a calculator can follow."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from api.invoices.document.figures import exact_money, number
from api.invoices.document.page import Step
from ledger.kernel.quantities import EXACT, decimal_text
from ledger.prices.terms import TransformQuantity
from ledger.rating.lines import StepModel
from projections.invoices.rows import StepPart

_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_OVER: Final = "\N{DIVISION SIGN}"


@dataclass(frozen=True, slots=True)
class Rated:
    """What the steps of a line are about. `charged` is the quantity less included units, `share`
    the seconds billed and those of the whole period."""

    currency: str
    quantity: Decimal
    charged: Decimal
    package: TransformQuantity | None = None
    share: tuple[int, int] | None = None


def shown_steps(rated: Rated, steps: Iterable[StepPart]) -> tuple[Step, ...]:
    """Each step with its working; their exact amounts add up to the line's."""
    shown: list[Step] = []
    for step in steps:
        label, working = _WORKINGS[step.model](rated, step)
        shown.append(Step(label, working, exact_money(Decimal(step.amount), rated.currency)))
    return tuple(shown)


def _included(rated: Rated, step: StepPart) -> tuple[str, str]:
    quantity = number(decimal_text(rated.quantity))
    return "Included units", f"{number(step.quantity)} of {quantity} cost nothing"


def _per_unit(rated: Rated, step: StepPart) -> tuple[str, str]:
    return "Unit price", _product(rated, step)


def _package(rated: Rated, step: StepPart) -> tuple[str, str]:
    package = rated.package
    if package is None:
        return "Packages", _product(rated, step)
    label = f"Packages of {package.divide_by:,}, rounded {package.round}"
    charged = number(decimal_text(rated.charged))
    packages = number(step.quantity)
    counted = f"{charged} {_OVER} {package.divide_by:,} gives {packages}"
    return label, f"{counted}; {_product(rated, step)}"


def _tier(rated: Rated, step: StepPart) -> tuple[str, str]:
    return f"Units {_bounds(step)}", _product(rated, step)


def _volume(rated: Rated, step: StepPart) -> tuple[str, str]:
    return f"All units, in the tier {_bounds(step)}", _product(rated, step)


def _percentage(rated: Rated, step: StepPart) -> tuple[str, str]:
    percent = number(decimal_text(EXACT.multiply(Decimal(step.unit_amount), Decimal(100))))
    return f"{percent} %", f"{percent} % of {_money(rated, step.quantity)}"


def _minimum(rated: Rated, step: StepPart) -> tuple[str, str]:
    return "Minimum charge", _leads(rated, step)


def _maximum(rated: Rated, step: StepPart) -> tuple[str, str]:
    return "Maximum charge", _leads(rated, step)


def _proration(rated: Rated, step: StepPart) -> tuple[str, str]:
    whole, part = _money(rated, step.above), _money(rated, step.up_to)
    if rated.share is None:
        return "Proration", _leads(rated, step)
    covered, of = rated.share
    return "Proration", f"{whole} {_TIMES} {covered:,} s {_OVER} {of:,} s = {part}"


def _rounding(rated: Rated, step: StepPart) -> tuple[str, str]:
    return "Rounding", f"{_leads(rated, step)}, a half away from zero"


_WORKINGS: Final[Mapping[StepModel, Callable[[Rated, StepPart], tuple[str, str]]]] = {
    "included": _included,
    "per_unit": _per_unit,
    "package": _package,
    "graduated": _tier,
    "volume": _volume,
    "percentage": _percentage,
    "minimum": _minimum,
    "maximum": _maximum,
    "proration": _proration,
    "rounding": _rounding,
}


def _leads(rated: Rated, step: StepPart) -> str:
    return f"from {_money(rated, step.above)} to {_money(rated, step.up_to)}"


def _product(rated: Rated, step: StepPart) -> str:
    """`10 × US$0.04`, and a flat amount where there is one."""
    product = f"{number(step.quantity)} {_TIMES} {_money(rated, step.unit_amount)}"
    if Decimal(step.flat_amount):
        return f"{product} + {_money(rated, step.flat_amount)} flat"
    return product


def _bounds(step: StepPart) -> str:
    """`up to 10`, `above 10 up to 100`, `above 100`."""
    bounds = [] if step.above in {None, "0"} else [f"above {number(step.above or '0')}"]
    if step.up_to is not None:
        bounds.append(f"up to {number(step.up_to)}")
    return " ".join(bounds) or "of any number"


def _money(rated: Rated, amount: str | None) -> str:
    return exact_money(Decimal(amount or 0), rated.currency)
