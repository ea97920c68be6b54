"""A product's state and the pure decisions about it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.events import DomainEvent
from ledger.kernel.metadata import merge_metadata
from ledger.products.commands import CreateProduct, UpdateProduct
from ledger.products.events import (
    DefaultPriceChanged,
    PriceAttached,
    ProductCreated,
    ProductDeleted,
    ProductDetails,
    ProductDetailsChanged,
)

_OWN_ID: Final = "prod_:"


@dataclass(frozen=True, slots=True)
class Product:
    details: ProductDetails
    prices: tuple[str, ...] = ()
    default_price: str | None = None
    deleted: bool = False


def stream_of(product_id: str) -> str:
    """The stream of a product. An id of the caller's own must not meet another object's stream."""
    own = product_id.startswith(_OWN_ID) or not product_id.startswith("prod_")
    return f"{_OWN_ID}{product_id}" if own else product_id


def product_of(stream: str) -> str:
    """The product that a stream is of."""
    return stream.removeprefix(_OWN_ID)


def evolve(product: Product | None, event: DomainEvent) -> Product:
    """The product after a fact."""
    match event:
        case ProductCreated():
            return Product(event.details)
        case ProductDetailsChanged():
            return replace(_known(product), details=event.details)
        case PriceAttached():
            product = _known(product)
            return replace(product, prices=(*product.prices, event.price))
        case DefaultPriceChanged():
            return replace(_known(product), default_price=event.price)
        case ProductDeleted():
            return replace(_known(product), deleted=True)
        case _:
            return _known(product)


def _known(product: Product | None) -> Product:
    if product is None:
        raise ValueError("a product's first event must be its creation")
    return product


def create(
    existing: Product | None, command: CreateProduct, *, now: datetime, livemode: bool
) -> ProductCreated:
    """Raises InvalidRequest when the id is taken, also by a deleted product."""
    if existing is not None:
        raise InvalidRequest(
            f"Product already exists: '{command.product}'.",
            param="id",
            code="resource_already_exists",
        )
    metadata = merge_metadata({}, command.details.metadata)
    return ProductCreated(
        product=command.product,
        details=command.details.model_copy(update={"metadata": metadata}),
        created=now,
        livemode=livemode,
    )


def update(product: Product, command: UpdateProduct, now: datetime) -> list[DomainEvent]:
    """The facts of a change, none where everything stays as it is.

    Raises InvalidRequest for too much metadata, NotFound for a default price that is not one of
    the product's own.
    """
    events: list[DomainEvent] = []
    metadata = merge_metadata(product.details.metadata, command.metadata)
    details = ProductDetails.model_validate(
        {**dict(product.details), **command.changes, "metadata": metadata}
    )
    if details != product.details:
        events.append(
            ProductDetailsChanged(product=command.product, details=details, changed_at=now)
        )
    price = command.default_price
    if price is not None and price != product.default_price:
        if price not in product.prices:
            raise NotFound("price", price, param="default_price")
        events.append(DefaultPriceChanged(product=command.product, price=price, changed_at=now))
    return events


def delete(product: Product, product_id: str, now: datetime) -> ProductDeleted:
    """Raises InvalidRequest for a product that has prices (contract §6)."""
    if product.prices:
        raise InvalidRequest(
            "This product cannot be deleted because it has one or more prices. Set active=false "
            "to stop selling it."
        )
    return ProductDeleted(product=product_id, deleted_at=now)
