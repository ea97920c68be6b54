"""Lines of invoice rows, from drafted lines and from rated ones."""

from typing import Any

import msgspec

from ledger.coupons.discounts import Discount
from ledger.invoice_items.charges import LateUsage
from ledger.invoices.events import DraftLine, FinalLine, InvoiceLinesChanged
from ledger.kernel.clock import to_epoch
from projections.invoices.rows import (
    DiscountPart,
    InvoiceRow,
    LateUsagePart,
    LineDiscountPart,
    LinePart,
    LineTaxPart,
    StepPart,
)


def drafted_line(line: DraftLine) -> LinePart:
    """A line that is not rated yet; a product goes by its id until it is named."""
    whole, late = line.prorated_of, line.late_usage
    return LinePart(
        id=line.id,
        kind=line.kind,
        subscription_item=line.subscription_item,
        invoice_item=line.invoice_item,
        subscription=line.subscription,
        price=line.price,
        product=line.product,
        product_name=line.product,
        meter=line.meter,
        period_start=to_epoch(line.period.start),
        period_end=to_epoch(line.period.end),
        prorated=whole is not None,
        proration=line.proration,
        whole_start=None if whole is None else to_epoch(whole.start),
        whole_end=None if whole is None else to_epoch(whole.end),
        credit=line.credit,
        unit_amount_decimal=line.unit_amount_decimal,
        description=line.description,
        metadata=line.metadata,
        discountable=line.discountable,
        own_discounts=tuple(discount_part(discount) for discount in line.discounts),
        tax_rates=line.tax_rates,
        late_usage=None if late is None else _late_usage(late),
    )


def _late_usage(late: LateUsage) -> LateUsagePart:
    return LateUsagePart(late.invoice, late.line, late.quantity_before, late.quantity_after)


def discount_part(discount: Discount) -> DiscountPart:
    """A discount with its times in epoch seconds."""
    end = None if discount.end is None else to_epoch(discount.end)
    return DiscountPart(
        discount.id, discount.coupon, discount.source, to_epoch(discount.start), end
    )


def rated_line(line: LinePart, final: FinalLine) -> LinePart:
    """The line with what it came to."""
    return msgspec.structs.replace(
        line,
        quantity=final.quantity,
        amount=final.amount,
        meter_events=None if final.evidence is None else final.evidence.meter_events,
        price_version=final.price_version,
        steps=tuple(_part(StepPart, step) for step in final.steps),
        discounts=tuple(_part(LineDiscountPart, each) for each in final.discounts),
        taxes=tuple(_part(LineTaxPart, tax) for tax in final.taxes),
    )


def _part(part: type[Any], fact: Any) -> Any:
    """A fact as a part of a row that has the same fields."""
    return part(**dict(fact))


def with_changed_lines(row: InvoiceRow, event: InvoiceLinesChanged) -> InvoiceRow:
    """The row of a draft whose lines were added to, changed and removed."""
    changed = {line.id: drafted_line(line) for line in event.changed}
    kept = (line for line in row.lines if line.id not in event.removed)
    lines = tuple(changed.get(line.id, line) for line in kept)
    added = tuple(drafted_line(line) for line in event.added)
    return msgspec.structs.replace(row, lines=lines + added)
