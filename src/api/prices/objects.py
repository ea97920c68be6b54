"""A price as the wire shows it (contract §6)."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from api.http.call import View
from api.http.expand import JsonObject
from ledger.prices.terms import PriceTerms, Recurring, Tier
from projections.prices.rows import PRICES, PriceRow

PriceRows: TypeAlias = Mapping[str, PriceRow]
"""Prices by id, for objects that show something of them."""


def price_rows(view: View, price_ids: Iterable[str | None]) -> PriceRows:
    """The prices of these ids, None being no price's. A price is never deleted."""
    ids = {price_id for price_id in price_ids if price_id is not None}
    return view.rows.many(PRICES, ids)


def price_object(row: PriceRow) -> dict[str, Any]:
    """The price without what appears only when it is expanded: `tiers`, `currency_options`.

    Extensions are shown only where the price has them.
    """
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
        **_extensions(terms),
        **_limits(terms),
    }


def _extensions(terms: PriceTerms) -> JsonObject:
    shown: JsonObject = {}
    if terms.included_units is not None:
        shown["included_units"] = terms.included_units
    if terms.percentage_fee is not None:
        fee = terms.percentage_fee
        shown["percentage_fee"] = {"of": fee.of, "percent": fee.percent}
    return shown


def _limits(terms: PriceTerms) -> JsonObject:
    limits = {"maximum_charge": terms.maximum_charge, "minimum_charge": terms.minimum_charge}
    return {name: charge for name, charge in limits.items() if charge is not None}


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


def tier_objects(terms: PriceTerms) -> list[JsonObject] | None:
    """The tiers, None where the price has none."""
    return [_tier(tier) for tier in terms.tiers] if terms.tiers else None


def _tier(tier: Tier) -> JsonObject:
    return {
        "flat_amount": tier.flat_amount,
        "flat_amount_decimal": tier.flat_amount_decimal,
        "unit_amount": tier.unit_amount,
        "unit_amount_decimal": tier.unit_amount_decimal,
        "up_to": tier.up_to,
    }


def currency_options_object(row: PriceRow) -> JsonObject:
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
        "tiers": tier_objects(terms),
        "unit_amount": terms.unit_amount,
        "unit_amount_decimal": terms.unit_amount_decimal,
        **_limits(terms),
    }
