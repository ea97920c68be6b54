"""Items of subscriptions as the wire shows them, with their prices (contract §8)."""

from typing import Any

from api.coupons.objects import standing_discounts
from api.http.call import View
from api.prices.objects import PriceRows, price_object
from api.tax_rates.objects import tax_rate_objects
from projections.prices.rows import PriceRow
from projections.subscriptions.rows import ItemPart, SubscriptionRow


def item_object(
    view: View, row: SubscriptionRow, item: ItemPart, prices: PriceRows
) -> dict[str, Any]:
    """One item; a metered one has no quantity."""
    price, period = prices[item.price], row.period_of(item)
    shown: dict[str, Any] = {
        "id": item.id,
        "object": "subscription_item",
        "billing_thresholds": None if item.usage_gte is None else {"usage_gte": item.usage_gte},
        "created": item.created,
        "current_period_end": period.end,
        "current_period_start": period.start,
        "current_trial": None,
        "discounts": standing_discounts(view, item.discounts),
        "metadata": item.metadata,
        "plan": plan_object(price),
        "price": price_object(price),
        "subscription": row.id,
        "tax_rates": tax_rate_objects(view, item.tax_rates or ()),
    }
    if item.quantity is not None:
        shown["quantity"] = item.quantity
    return shown


def plan_object(row: PriceRow) -> dict[str, Any]:
    """A recurring price in the older shape that items still carry."""
    terms = row.terms
    recurring, transform = terms.recurring, terms.transform_quantity
    return {
        "id": row.id,
        "object": "plan",
        "active": row.active,
        "amount": terms.unit_amount,
        "amount_decimal": terms.unit_amount_decimal,
        "billing_scheme": terms.billing_scheme,
        "created": row.created,
        "currency": row.currency,
        "interval": recurring.interval if recurring else None,
        "interval_count": recurring.interval_count if recurring else None,
        "livemode": row.livemode,
        "metadata": row.metadata,
        "meter": row.meter,
        "nickname": row.nickname,
        "product": row.product,
        "tiers_mode": terms.tiers_mode,
        "transform_usage": (
            {"divide_by": transform.divide_by, "round": transform.round} if transform else None
        ),
        "trial_period_days": row.trial_period_days,
        "usage_type": row.usage_type,
    }
