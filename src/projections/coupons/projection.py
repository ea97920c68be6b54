"""Builds coupons and discounts from the events of coupons."""

import msgspec

from ledger.coupons.discounts import spent_by
from ledger.coupons.events import CouponChanged, CouponCreated, CouponDeleted, CouponRedeemed
from ledger.invoices.events import InvoiceDrafted
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from projections.coupons.rows import COUPONS, DISCOUNTS, CouponRow, DiscountRow
from projections.runtime.rows import Rows


class CouponsProjection:
    name = "coupons"
    version = 1
    tables = (COUPONS, DISCOUNTS)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case CouponCreated() as event:
                rows.put(COUPONS, _created(recorded, event))
            case CouponChanged() as event:
                _change(
                    rows,
                    event.coupon,
                    name=event.name,
                    metadata=event.metadata,
                    currency_options=event.currency_options,
                )
            case CouponDeleted() as event:
                _change(rows, event.coupon, deleted=True)
            case CouponRedeemed() as event:
                rows.put(DISCOUNTS, _discount(event))
                coupon = event.discount.coupon
                _change(rows, coupon, times_redeemed=recorded.originator_version)
            case InvoiceDrafted() as event:
                _spend(rows, event)
            case _:
                pass


def _created(recorded: RecordedEvent, event: CouponCreated) -> CouponRow:
    terms = event.terms
    return CouponRow(
        id=event.coupon,
        sequence=recorded.position,
        created=to_epoch(event.created),
        livemode=event.livemode,
        percent_off=terms.percent_off,
        amount_off=terms.amount_off,
        currency=terms.currency,
        currency_options=terms.currency_options,
        duration=terms.duration,
        duration_in_months=terms.duration_in_months,
        products=terms.products,
        max_redemptions=terms.max_redemptions,
        redeem_by=None if terms.redeem_by is None else to_epoch(terms.redeem_by),
        name=event.name,
        metadata=event.metadata,
    )


def _discount(event: CouponRedeemed) -> DiscountRow:
    discount = event.discount
    return DiscountRow(
        id=discount.id,
        coupon=discount.coupon,
        customer=event.customer,
        source=discount.source,
        holder=discount.holder,
        start=to_epoch(discount.start),
        end=None if discount.end is None else to_epoch(discount.end),
    )


def _spend(rows: Rows, event: InvoiceDrafted) -> None:
    of_lines = [discount for line in event.lines for discount in line.discounts]
    for discount in spent_by([*event.details.discounts, *of_lines]):
        row = rows.get(DISCOUNTS, discount)
        if row is not None:
            rows.put(DISCOUNTS, msgspec.structs.replace(row, spent=True))


def _change(rows: Rows, coupon: str, **changes: object) -> None:
    row = rows.get(COUPONS, coupon)
    if row is None:
        raise LookupError(f"coupon {coupon} was never created")
    rows.put(COUPONS, msgspec.structs.replace(row, **changes))
