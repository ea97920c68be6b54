"""A product as the wire shows it (contract §6)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from api.http.call import View
from api.http.expand import JsonObject
from projections.products.rows import PRODUCTS, ProductRow


def product_object(row: ProductRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "object": "product",
        "active": row.active,
        "created": row.created,
        "default_price": row.default_price,
        "description": row.description,
        "images": row.images,
        "livemode": row.livemode,
        "marketing_features": [{"name": name} for name in row.marketing_features],
        "metadata": row.metadata,
        "name": row.name,
        "package_dimensions": _dimensions(row.package_dimensions),
        "shippable": row.shippable,
        "statement_descriptor": row.statement_descriptor,
        "tax_code": row.tax_code,
        "tax_details": row.tax_details,
        "type": row.type,
        "unit_label": row.unit_label,
        "updated": row.updated,
        "url": row.url,
    }


def deleted_product_object(product_id: str) -> dict[str, Any]:
    return {"id": product_id, "object": "product", "deleted": True}


def load_products(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Products by id, for objects that refer to them."""
    rows = (view.rows.get(PRODUCTS, product_id) for product_id in ids)
    return {row.id: product_object(row) for row in rows if row}


def _dimensions(texts: dict[str, str] | None) -> dict[str, Decimal] | None:
    return None if texts is None else {name: Decimal(text) for name, text in texts.items()}
