"""A tax rate as the wire shows it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from api.http.call import View
from projections.tax_rates.rows import TAX_RATES, TaxRateRow


def tax_rate_object(row: TaxRateRow) -> dict[str, Any]:
    """All tax rates are percentages that somebody has set by hand: nothing is looked up."""
    return {
        "id": row.id,
        "object": "tax_rate",
        "active": row.active,
        "country": row.country,
        "created": row.created,
        "description": row.description,
        "display_name": row.display_name,
        "effective_percentage": None,
        "flat_amount": None,
        "inclusive": row.inclusive,
        "jurisdiction": row.jurisdiction,
        "jurisdiction_level": None,
        "livemode": row.livemode,
        "metadata": row.metadata,
        "percentage": Decimal(row.percentage),
        "rate_type": None,
        "state": row.state,
        "tax_type": row.tax_type,
    }


def tax_rate_objects(view: View, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Whole tax rates, for objects that show those they have."""
    return [tax_rate_object(view.rows.require(TAX_RATES, "tax rate", key)) for key in ids]
