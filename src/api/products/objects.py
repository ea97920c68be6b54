"""A product as the wire shows it (contract §6)."""

from decimal import Decimal
from typing import Any

from projections.products.rows import ProductRow


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


def _dimensions(texts: dict[str, str] | None) -> dict[str, Decimal] | None:
    return None if texts is None else {name: Decimal(text) for name, text in texts.items()}
