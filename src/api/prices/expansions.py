"""What can be expanded in a price, and prices where something else refers to them."""

from collections.abc import Mapping, Sequence

from api.http.call import View
from api.http.expand import Expansions, Hidden, JsonObject, Reference
from api.prices.objects import currency_options_object, price_object, tier_objects
from api.products.expansions import load_products
from projections.prices.rows import PRICES, PriceRow


def price_expansions(view: View) -> Expansions:
    """What can be expanded in a price, and the default price in a product."""

    def row_of(price: JsonObject) -> PriceRow:
        return view.rows.require(PRICES, "price", price["id"])

    return {
        ("price", "product"): Reference(lambda ids: load_products(view, ids), to="product"),
        ("price", "tiers"): Hidden(lambda price: tier_objects(row_of(price).terms)),
        ("price", "currency_options"): Hidden(lambda price: currency_options_object(row_of(price))),
        ("product", "default_price"): Reference(lambda ids: load_prices(view, ids), to="price"),
    }


def load_prices(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Prices by id, for objects that refer to them."""
    rows = (view.rows.get(PRICES, price_id) for price_id in ids)
    return {row.id: price_object(row) for row in rows if row}
