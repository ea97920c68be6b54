"""What an adjustment bills: the difference, taxed and discounted as the original line was."""

from datetime import datetime
from decimal import Decimal

from ledger.coupons.discounts import Discount
from ledger.coupons.redeeming import coupon_terms
from ledger.invoice_items.charges import Charge, LateUsage
from ledger.invoices.events import DraftLine, InvoiceDetails, InvoiceDrafted
from ledger.kernel.ids import derived_id
from ledger.kernel.quantities import decimal_text
from ledger.late_usage.aggregate import Accounted
from ledger.late_usage.billed_lines import BilledLine, RatedAgain
from ledger.store.work import Work


def charge_of(work: Work, billed: BilledLine, before: Accounted, again: RatedAgain) -> Charge:
    """The difference between what a line comes to now and what is accounted for."""
    quantity = Decimal(again.line.quantity) - Decimal(before.quantity)
    return Charge(
        price=billed.price,
        product=billed.drafted.product,
        period=billed.drafted.period,
        quantity=decimal_text(quantity),
        amount=again.line.amount - before.amount,
        description=_description(billed),
        discountable=billed.drafted.discountable,
        discounts=_percentages(work, billed),
        tax_rates=tuple(tax.tax_rate for tax in billed.final.taxes),
        late_usage=LateUsage(
            invoice=billed.invoice_id,
            line=billed.final.id,
            quantity_before=before.quantity,
            quantity_after=again.line.quantity,
            through_position=again.through_position,
        ),
    )


def extra_draft(
    billed: BilledLine, invoice_id: str, charge: Charge, created: datetime
) -> InvoiceDrafted:
    """An invoice of the difference alone, collected as the original one was."""
    original = billed.invoice.draft
    line = DraftLine(
        id=derived_id("il", invoice_id, "late_usage"), kind="invoice_item", **dict(charge)
    )
    return InvoiceDrafted(
        customer=original.customer,
        subscription=None,
        subscription_metadata={},
        billing_reason="manual",
        currency=original.currency,
        period=billed.drafted.period,
        lines=(line,),
        details=InvoiceDetails(
            collection_method=original.details.collection_method,
            days_until_due=original.details.days_until_due,
            auto_advance=True,
            automatically_finalizes_at=None,
            default_payment_method=original.details.default_payment_method,
            description=charge.description,
        ),
        created=created,
        test_clock=original.test_clock,
        livemode=original.livemode,
    )


def _description(billed: BilledLine) -> str:
    start, end = (
        _day(moment) for moment in (billed.drafted.period.start, billed.drafted.period.end)
    )
    return f"Late usage of {start} to {end}, billed on invoice {billed.issued.number}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b} {moment.year}"


def _percentages(work: Work, billed: BilledLine) -> tuple[Discount, ...]:
    """The percentages that the original line was lowered by. Amounts off were taken in full."""
    draft = billed.invoice.draft
    known = {one.id: one for one in (*draft.details.discounts, *billed.drafted.discounts)}
    applied = [known[taken.discount] for taken in billed.final.discounts if taken.discount in known]
    terms = coupon_terms(work, [discount.coupon for discount in applied])
    return tuple(
        discount.model_copy(
            update={
                "id": derived_id("di", billed.final.id, discount.id),
                "source": "invoice_item",
                "holder": billed.final.id,
            }
        )
        for discount in applied
        if terms[discount.coupon].fraction_off is not None
    )
