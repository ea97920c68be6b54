"""`/v1/prices`."""

from typing import Any

from api.http.call import Call, View, bounds
from api.http.lists import list_object
from api.http.routes import Resource, Route
from api.prices import requests
from api.prices.objects import price_object
from api.prices.params import PriceCreate, PriceList, PriceUpdate, RecurringFilter
from ledger.prices.commands import CreatePrice, UpdatePrice
from projections.prices.rows import PRICES

PRICE = Resource("Prices", "price", "price")
ALL = "/v1/prices"
ONE = f"{ALL}/{{price:str}}"


def _create(call: Call[PriceCreate]) -> CreatePrice:
    return requests.creation(call.params)


def _update(call: Call[PriceUpdate]) -> UpdatePrice:
    price_id = call.path["price"]
    terms = call.reader().require(PRICES, "price", price_id).terms
    return requests.change(price_id, call.params, terms)


def one_price(view: View, price_id: str) -> dict[str, Any]:
    """A price by its id. Raises NotFound."""
    return price_object(view.rows.require(PRICES, "price", price_id))


def _list(call: Call[PriceList]) -> dict[str, Any]:
    asked = call.params
    recurring = asked.recurring or RecurringFilter()
    where = {
        "active": asked.active,
        "currency": asked.currency,
        "lookup_key": asked.lookup_keys,
        "product": asked.product,
        "type": asked.type,
        "billed_every": recurring.interval,
        "meter": recurring.meter,
        "usage_type": recurring.usage_type,
    }
    rows, more = call.reader().page(PRICES, asked, where, bounds(asked.created))
    return list_object(call.url, [price_object(row) for row in rows], has_more=more)


ROUTES: list[Route] = [
    PRICE.post(
        ALL,
        PriceCreate,
        "Create a price",
        _create,
        one_price,
        "A metered price needs an active meter. Terms never change.",
    ),
    PRICE.page(ALL, PriceList, "List prices", _list),
    PRICE.retrieve(ONE, "Retrieve a price", one_price),
    PRICE.post(ONE, PriceUpdate, "Update a price", _update, one_price),
]
