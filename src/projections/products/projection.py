"""Builds products from their events."""

from datetime import datetime

import msgspec

from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.products.events import (
    DefaultPriceChanged,
    ProductCreated,
    ProductDeleted,
    ProductDetailsChanged,
)
from projections.products.rows import PRODUCTS, ProductRow
from projections.runtime.rows import Rows


class ProductsProjection:
    name = "products"
    version = 1
    tables = (PRODUCTS,)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case ProductCreated() as event:
                rows.put(PRODUCTS, _created(recorded, event))
            case ProductDetailsChanged() as event:
                details = event.details.model_dump(mode="python")
                _change(rows, event.product, event.changed_at, **details)
            case DefaultPriceChanged() as event:
                _change(rows, event.product, event.changed_at, default_price=event.price)
            case ProductDeleted() as event:
                rows.delete(PRODUCTS, event.product)
            case _:
                pass


def _created(recorded: RecordedEvent, event: ProductCreated) -> ProductRow:
    return ProductRow(
        id=event.product,
        sequence=recorded.position,
        created=to_epoch(event.created),
        updated=to_epoch(event.created),
        livemode=event.livemode,
        **event.details.model_dump(mode="python"),
    )


def _change(rows: Rows, product: str, at: datetime, **changes: object) -> None:
    row = rows.get(PRODUCTS, product)
    if row is None:
        raise LookupError(f"product {product} was never created")
    rows.put(PRODUCTS, msgspec.structs.replace(row, updated=to_epoch(at), **changes))
