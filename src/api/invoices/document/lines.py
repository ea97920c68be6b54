"""The lines of an invoice's page."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from api.invoices.document.explaining import line_steps
from api.invoices.document.figures import exact_money, money, number, period, plain
from api.invoices.document.page import Line
from ledger.prices.terms import PriceTerms
from projections.invoices.rows import InvoiceRow, LateUsagePart, LinePart


@dataclass(frozen=True, slots=True)
class LineSources:
    """What lines are explained with: the terms of their prices in the invoice's currency, and the
    invoices that late usage belongs to, each by its id."""

    terms: Mapping[str, PriceTerms]
    originals: Mapping[str, InvoiceRow]


def shown_line(row: InvoiceRow, line: LinePart, sources: LineSources) -> Line:
    """A line with its amount, and how that comes about."""
    terms = _terms(line, sources)
    return Line(
        description=plain(line.description or line.product_name) or "Line",
        period=period(line.period_start, line.period_end),
        quantity="" if line.quantity is None else number(line.quantity),
        unit_price=_unit_price(row, line, terms),
        amount=money(line.amount or 0, row.currency),
        notes=tuple(_notes(row, line, sources)),
        steps=line_steps(row, line, terms, original_line(line, sources)),
    )


def _terms(line: LinePart, sources: LineSources) -> PriceTerms | None:
    return None if line.price is None else sources.terms.get(line.price)


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
        notes.append(_late(line, line.late_usage, sources))
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


def original_line(line: LinePart, sources: LineSources) -> LinePart | None:
    """The finalized line that late usage belongs to."""
    late = line.late_usage
    original = None if late is None else sources.originals.get(late.invoice)
    if late is None or original is None:
        return None
    return next((one for one in original.lines if one.id == late.line), None)


def _late(line: LinePart, late: LateUsagePart, sources: LineSources) -> str:
    """Which invoice and period late usage belongs to, and what it was billed on before."""
    original, of = sources.originals.get(late.invoice), original_line(line, sources)
    name = late.invoice if original is None else original.number or original.id
    when = "" if of is None else f" for {period(of.period_start, of.period_end)}"
    before, after = number(late.quantity_before), number(late.quantity_after)
    return (
        f"Usage that was recorded after invoice {name}{when} was issued: "
        f"{before} was billed before, {after} is its quantity in all."
    )
