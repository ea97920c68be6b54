"""Commands on products: load, decide, append."""

from ledger.kernel.errors import NotFound
from ledger.products import aggregate
from ledger.products.aggregate import Product, stream_of
from ledger.products.commands import CreateProduct, DeleteProduct, UpdateProduct
from ledger.store.work import Handlers, Work


def require_product(work: Work, product_id: str, *, param: str | None = None) -> Product:
    """A product that exists and is not deleted. Raises NotFound."""
    product = work.load(aggregate.evolve, stream_of(product_id))
    if product is None or product.deleted:
        raise NotFound("product", product_id, param=param)
    return product


def create_product(work: Work, command: CreateProduct) -> None:
    stream = stream_of(command.product)
    existing = work.load(aggregate.evolve, stream)
    work.append(
        stream,
        aggregate.create(existing, command, now=work.now, livemode=work.ledger.livemode),
    )


def update_product(work: Work, command: UpdateProduct) -> None:
    product = require_product(work, command.product)
    work.append(stream_of(command.product), *aggregate.update(product, command, work.now))


def delete_product(work: Work, command: DeleteProduct) -> None:
    product = require_product(work, command.product)
    work.append(stream_of(command.product), aggregate.delete(product, command.product, work.now))


HANDLERS: Handlers = {
    CreateProduct: create_product,
    UpdateProduct: update_product,
    DeleteProduct: delete_product,
}
