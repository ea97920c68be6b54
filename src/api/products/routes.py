"""`/v1/products`."""

from typing import Any

from api.http.call import Call, View, bounds
from api.http.lists import list_object
from api.http.routes import NoParams, Resource, Route
from api.products import requests
from api.products.objects import deleted_product_object, product_object
from api.products.params import ProductCreate, ProductList, ProductUpdate
from ledger.kernel.commands import Command
from ledger.products.aggregate import product_of
from ledger.products.commands import DeleteProduct, UpdateProduct
from projections.products.rows import PRODUCTS

PRODUCT = Resource("Products", "product", "prod")
ALL = "/v1/products"
ONE = f"{ALL}/{{product:str}}"


def _create(call: Call[ProductCreate]) -> Command:
    return requests.creation(call.params)


def _update(call: Call[ProductUpdate]) -> UpdateProduct:
    return requests.change(call.path["product"], call.params)


def _delete(call: Call[NoParams]) -> DeleteProduct:
    return DeleteProduct(product=call.path["product"])


def one_product(view: View, product_id: str) -> dict[str, Any]:
    """A product by its id. Raises NotFound."""
    return product_object(view.rows.require(PRODUCTS, "product", product_id))


def _created(view: View, stream: str) -> dict[str, Any]:
    return one_product(view, product_of(stream))


def _deleted(_: View, product_id: str) -> dict[str, Any]:
    return deleted_product_object(product_id)


def _list(call: Call[ProductList]) -> dict[str, Any]:
    asked = call.params
    where = {
        "active": asked.active,
        "id": asked.ids,
        "shippable": asked.shippable,
        "type": asked.type,
        "url": asked.url,
    }
    rows, more = call.reader().page(PRODUCTS, asked, where, bounds(asked.created))
    return list_object(call.url, [product_object(row) for row in rows], has_more=more)


ROUTES: list[Route] = [
    PRODUCT.post(
        ALL,
        ProductCreate,
        "Create a product",
        _create,
        _created,
        "With `default_price_data` its default price is created as well.",
    ),
    PRODUCT.page(ALL, ProductList, "List products", _list),
    PRODUCT.retrieve(ONE, "Retrieve a product", one_product),
    PRODUCT.post(ONE, ProductUpdate, "Update a product", _update, one_product),
    PRODUCT.delete(
        ONE,
        NoParams,
        "Delete a product",
        _delete,
        _deleted,
        "Only a product without prices can be deleted.",
    ),
]
