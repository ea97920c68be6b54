"""How the amount of a line comes about: its recorded steps, or the rating done again.

Lines of the first rating engine have no recorded steps, and late usage is billed as a difference of
two ratings. Terms of prices never change, so that a rating done again comes out the same; where it
does not, nothing is shown rather than something wrong.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from api.invoices.document.figures import money, number
from api.invoices.document.page import Step
from api.invoices.document.steps import Rated, shown_steps
from ledger.kernel.clock import from_epoch
from ledger.kernel.periods import Period
from ledger.prices.terms import PriceTerms
from ledger.rating.lines import RatedLine
from ledger.rating.rate import rate
from ledger.rating.steps import stored_steps
from projections.invoices.rows import InvoiceRow, LateUsagePart, LinePart, StepPart

_WITHOUT_STEPS: Final = 1
"""The version of the rating engine that kept no steps."""


def line_steps(
    row: InvoiceRow, line: LinePart, terms: PriceTerms | None, original: LinePart | None
) -> tuple[Step, ...]:
    """The steps of a line, whose amounts add up to its own. `original` is what late usage is of."""
    if terms is None:
        return shown_steps(_about(row, line, None, line.quantity, line.steps), line.steps)
    if line.late_usage is not None:
        return () if original is None else _late(row, line, line.late_usage, terms, original)
    steps = line.steps
    if row.engine_version == _WITHOUT_STEPS and line.kind != "opening":
        again = _rating(line, terms, line.quantity)
        steps = _parts(again) if again.amount == line.amount else ()
    return shown_steps(_about(row, line, terms, line.quantity, steps), steps)


def _late(
    row: InvoiceRow, line: LinePart, late: LateUsagePart, terms: PriceTerms, original: LinePart
) -> tuple[Step, ...]:
    """The original line rated over all of its usage, less what it came to before."""
    before = _rating(original, terms, late.quantity_before)
    after = _rating(original, terms, late.quantity_after)
    if after.amount - before.amount != line.amount:
        return ()
    steps = _parts(after)
    billed = Step(
        "Billed before", f"for {number(late.quantity_before)}", money(-before.amount, row.currency)
    )
    return (*shown_steps(_about(row, original, terms, late.quantity_after, steps), steps), billed)


def _rating(line: LinePart, terms: PriceTerms, quantity: str | None) -> RatedLine:
    part = Period(start=from_epoch(line.period_start), end=from_epoch(line.period_end))
    whole = None
    if line.whole_start is not None and line.whole_end is not None:
        whole = Period(start=from_epoch(line.whole_start), end=from_epoch(line.whole_end))
    return rate(terms, Decimal(quantity or 0), part, whole)


def _parts(rated: RatedLine) -> tuple[StepPart, ...]:
    return tuple(StepPart(**step.model_dump()) for step in stored_steps(rated))


def _about(
    row: InvoiceRow,
    line: LinePart,
    terms: PriceTerms | None,
    quantity: str | None,
    steps: Iterable[StepPart],
) -> Rated:
    share = None
    if line.whole_start is not None and line.whole_end is not None:
        share = (line.period_end - line.period_start, line.whole_end - line.whole_start)
    billed = Decimal(quantity or 0)
    included = sum(Decimal(step.quantity) for step in steps if step.model == "included")
    package = None if terms is None else terms.transform_quantity
    return Rated(row.currency, billed, billed - included, package, share)
