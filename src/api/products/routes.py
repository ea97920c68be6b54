"""`/v1/products`."""

from typing import Any

from api.http.call import Call, View, bounds
from api.http.lists import list_object
from api.http.openapi import Endpoint
from api.http.routes import NoParams, Route, command, query
from api.products import requests
from api.products.objects import deleted_product_object, product_object
from api.products.params import ProductCreate, ProductList, ProductUpdate
from ledger.kernel.commands import Command
from ledger.products.aggregate import product_of
from ledger.products.commands import DeleteProduct, UpdateProduct
from projections.products.rows import PRODUCTS

TAG = "Products"
RETURNS = "product"
ALL = "/v1/products"
ONE = f"{ALL}/{{product:str}}"


def _create(call: Call[ProductCreate]) -> Command:
    return requests.creation(call.params)


def _update(call: Call[ProductUpdate]) -> UpdateProduct:
    return requests.change(call.path["product"], call.params)


def _delete(call: Call[NoParams]) -> DeleteProduct:
    return DeleteProduct(product=call.path["product"])


def _one(view: View, product_id: str) -> dict[str, Any]:
    return product_object(view.rows.require(PRODUCTS, "product", product_id))


def _created(view: View, stream: str) -> dict[str, Any]:
    return _one(view, product_of(stream))


def _deleted(_: View, product_id: str) -> dict[str, Any]:
    return deleted_product_object(product_id)


def _retrieve(call: Call[NoParams]) -> dict[str, Any]:
    return _one(call.view(), call.path["product"])


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
    command(
        Endpoint(
            method="POST",
            path=ALL,
            params=ProductCreate,
            returns=RETURNS,
            summary="Create a product",
            tag=TAG,
            description="With `default_price_data` its default price is created as well.",
        ),
        _create,
        _created,
        prefix="prod",
    ),
    query(
        Endpoint(
            method="GET",
            path=ALL,
            params=ProductList,
            returns=RETURNS,
            summary="List products",
            tag=TAG,
            listed=True,
        ),
        _list,
    ),
    query(
        Endpoint(
            method="GET",
            path=ONE,
            params=NoParams,
            returns=RETURNS,
            summary="Retrieve a product",
            tag=TAG,
        ),
        _retrieve,
    ),
    command(
        Endpoint(
            method="POST",
            path=ONE,
            params=ProductUpdate,
            returns=RETURNS,
            summary="Update a product",
            tag=TAG,
        ),
        _update,
        _one,
        prefix="prod",
    ),
    command(
        Endpoint(
            method="DELETE",
            path=ONE,
            params=NoParams,
            returns=RETURNS,
            summary="Delete a product",
            tag=TAG,
            description="Only a product without prices can be deleted.",
        ),
        _delete,
        _deleted,
        prefix="prod",
    ),
]
