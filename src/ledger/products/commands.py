"""What is asked of products."""

from typing import Any

from pydantic import Field

from ledger.kernel.commands import Command
from ledger.products.events import ProductDetails


class CreateProduct(Command):
    """The id may be the caller's own."""

    product: str
    details: ProductDetails


class UpdateProduct(Command):
    """`changes` holds new values of fields of `ProductDetails` other than `metadata`.

    `metadata` is merged: None clears all, an empty value removes its key, `{}` changes nothing.
    """

    product: str
    changes: dict[str, Any] = Field(default_factory=dict[str, Any])
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])
    default_price: str | None = None


class DeleteProduct(Command):
    product: str
