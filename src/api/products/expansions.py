"""Products where something else refers to them; their default price is the prices'."""

from collections.abc import Mapping, Sequence

from api.http.call import View
from api.http.expand import JsonObject
from api.products.objects import product_object
from projections.products.rows import PRODUCTS


def load_products(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Products by id, for objects that refer to them."""
    rows = (view.rows.get(PRODUCTS, product_id) for product_id in ids)
    return {row.id: product_object(row) for row in rows if row}
