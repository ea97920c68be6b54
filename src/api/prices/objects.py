"""A price as the wire shows it (contract §6)."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.http.call import View
from api.http.expand import Expansions, Hidden, JsonObject, Reference
from api.products.objects import load_products
from ledger.prices.terms import PriceTerms, Recurring, Tier
from projections.prices.rows import PRICES, PriceRow


def price_object(row: PriceRow) -> dict[str, Any]:
    """The price without what appears only when it is expanded: `tiers`, `currency_options`."""
    terms = row.terms
    transform = terms.transform_quantity
    return {
        "id": row.id,
        "object": "price",
        "active": row.active,
        "billing_scheme": terms.billing_scheme,
        "created": row.created,
        "currency": row.currency,
        "custom_unit_amount": None,
        "livemode": row.livemode,
        "lookup_key": row.lookup_key,
        "metadata": row.metadata,
        "nickname": row.nickname,
        "product": row.product,
        "recurring": _recurring(terms.recurring, row.trial_period_days),
        "tax_behavior": row.tax_behavior,
        "tiers_mode": terms.tiers_mode,
        "transform_quantity": (
            {"divide_by": transform.divide_by, "round": transform.round} if transform else None
        ),
        "type": row.type,
        "unit_amount": terms.unit_amount,
        "unit_amount_decimal": terms.unit_amount_decimal,
    }


def _recurring(recurring: Recurring | None, trial_period_days: int | None) -> JsonObject | None:
    if recurring is None:
        return None
    return {
        "interval": recurring.interval,
        "interval_count": recurring.interval_count,
        "meter": recurring.meter,
        "trial_period_days": trial_period_days,
        "usage_type": recurring.usage_type,
    }


def price_expansions(view: View) -> Expansions:
    """What can be expanded in a price, and the default price in a product."""

    def row_of(price: JsonObject) -> PriceRow:
        return view.rows.require(PRICES, "price", price["id"])

    return {
        ("price", "product"): Reference(lambda ids: load_products(view, ids), to="product"),
        ("price", "tiers"): Hidden(lambda price: _tiers(row_of(price).terms)),
        ("price", "currency_options"): Hidden(lambda price: _options(row_of(price))),
        ("product", "default_price"): Reference(lambda ids: load_prices(view, ids), to="price"),
    }


def load_prices(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Prices by id, for objects that refer to them."""
    rows = (view.rows.get(PRICES, price_id) for price_id in ids)
    return {row.id: price_object(row) for row in rows if row}


def _tiers(terms: PriceTerms) -> list[JsonObject] | None:
    return [_tier(tier) for tier in terms.tiers] if terms.tiers else None


def _tier(tier: Tier) -> JsonObject:
    return {
        "flat_amount": tier.flat_amount,
        "flat_amount_decimal": tier.flat_amount_decimal,
        "unit_amount": tier.unit_amount,
        "unit_amount_decimal": tier.unit_amount_decimal,
        "up_to": tier.up_to,
    }


def _options(row: PriceRow) -> JsonObject:
    """The terms in every currency, the price's own among them."""
    others = {
        currency: PriceTerms.model_validate(stated)
        for currency, stated in row.currency_options.items()
    }
    return {
        currency: _option(t) for currency, t in sorted({row.currency: row.terms, **others}.items())
    }


def _option(terms: PriceTerms) -> JsonObject:
    return {
        "custom_unit_amount": None,
        "tax_behavior": terms.tax_behavior,
        "tiers": _tiers(terms),
        "unit_amount": terms.unit_amount,
        "unit_amount_decimal": terms.unit_amount_decimal,
    }
