"""The lines of an invoice's page."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from api.invoices.document.figures import exact_money, money, number, period, plain
from api.invoices.document.page import Line
from api.invoices.document.steps import Rated, shown_steps
from ledger.kernel.clock import from_epoch
from ledger.kernel.periods import Period
from ledger.prices.terms import PriceTerms
from ledger.rating.rate import rate
from ledger.rating.steps import stored_steps
from projections.invoices.rows import InvoiceRow, LinePart, StepPart

_WITHOUT_STEPS: Final = 1
"""The version of the rating engine that kept no steps."""


@dataclass(frozen=True, slots=True)
class LineSources:
    """What lines are explained with: the terms of their prices in the invoice's currency, and the
    invoices that late usage belongs to, each by its id."""

    terms: Mapping[str, PriceTerms]
    originals: Mapping[str, InvoiceRow]


def shown_line(row: InvoiceRow, line: LinePart, sources: LineSources) -> Line:
    """A line with its amount, and how that comes about."""
    terms = _terms(line, sources)
    line = _explained(row, line, terms)
    return Line(
        description=plain(line.description or line.product_name) or "Line",
        period=period(line.period_start, line.period_end),
        quantity="" if line.quantity is None else number(line.quantity),
        unit_price=_unit_price(row, line, terms),
        amount=money(line.amount or 0, row.currency),
        notes=tuple(_notes(row, line, sources)),
        steps=shown_steps(_rated(row, line, terms), line.steps),
    )


def _terms(line: LinePart, sources: LineSources) -> PriceTerms | None:
    return None if line.price is None else sources.terms.get(line.price)


def _explained(row: InvoiceRow, line: LinePart, terms: PriceTerms | None) -> LinePart:
    """The line with its steps. The first engine recorded none, so its ratings are done again."""
    if row.engine_version != _WITHOUT_STEPS or terms is None or line.kind == "opening":
        return line
    part = Period(start=from_epoch(line.period_start), end=from_epoch(line.period_end))
    whole = None
    if line.whole_start is not None and line.whole_end is not None:
        whole = Period(start=from_epoch(line.whole_start), end=from_epoch(line.whole_end))
    rated = rate(terms, Decimal(line.quantity or 0), part, whole)
    if rated.amount != line.amount:
        return line
    steps = tuple(StepPart(**step.model_dump()) for step in stored_steps(rated))
    return msgspec.structs.replace(line, steps=steps)


def _rated(row: InvoiceRow, line: LinePart, terms: PriceTerms | None) -> Rated:
    share = None
    if line.whole_start is not None and line.whole_end is not None:
        share = (line.period_end - line.period_start, line.whole_end - line.whole_start)
    package = None if terms is None else terms.transform_quantity
    quantity = Decimal(line.quantity or 0)
    included = sum(Decimal(step.quantity) for step in line.steps if step.model == "included")
    return Rated(row.currency, quantity, quantity - included, package, share)


def _unit_price(row: InvoiceRow, line: LinePart, terms: PriceTerms | None) -> str:
    """`US$0.04 per 100 / month`, `graduated tiers + 2.9 %`; blank for a fixed amount."""
    if line.unit_amount_decimal is not None:
        return exact_money(Decimal(line.unit_amount_decimal), row.currency)
    if terms is None:
        return ""
    fee = terms.percentage_fee
    parts = [f"{fee.percent} %"] if fee else []
    if terms.tiers_mode is not None:
        parts.insert(0, f"{terms.tiers_mode} tiers")
    elif terms.unit_price or fee is None:
        package = f" per {terms.transform_quantity.divide_by:,}" if terms.transform_quantity else ""
        parts.insert(0, exact_money(terms.unit_price, row.currency) + package)
    return " + ".join(parts) + _rhythm(terms)


def _rhythm(terms: PriceTerms) -> str:
    if terms.recurring is None:
        return ""
    every, count = terms.recurring.interval, terms.recurring.interval_count
    return f" / {every}" if count == 1 else f" / {count} {every}s"


def _notes(row: InvoiceRow, line: LinePart, sources: LineSources) -> list[str]:
    notes: list[str] = []
    if line.late_usage is not None:
        notes.append(_late(line, sources))
    if line.meter_events is not None:
        events = "meter event" if line.meter_events == 1 else "meter events"
        notes.append(f"Usage of {line.meter_events:,} {events}.")
    if line.whole_start is not None and line.whole_end is not None:
        notes.append(f"A part of {period(line.whole_start, line.whole_end)}.")
    if line.credit:
        notes.append("Given back.")
    if line.discounts:
        taken = sum(discount.amount for discount in line.discounts)
        notes.append(f"Its part of the discounts: {money(-taken, row.currency)}.")
    return notes


def _late(line: LinePart, sources: LineSources) -> str:
    """Which invoice and period late usage belongs to, and what it was billed on before."""
    late = line.late_usage
    if late is None:
        return ""
    original = sources.originals.get(late.invoice)
    name = late.invoice if original is None else original.number or original.id
    of = next((o for o in original.lines if o.id == late.line), None) if original else None
    when = "" if of is None else f" for {period(of.period_start, of.period_end)}"
    before, after = number(late.quantity_before), number(late.quantity_after)
    return (
        f"Usage that was recorded after invoice {name}{when} was issued: "
        f"{before} was billed before, {after} is its quantity in all."
    )
