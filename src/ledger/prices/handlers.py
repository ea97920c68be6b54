"""Commands on prices: load, decide, append."""

from ledger.kernel.errors import NotFound
from ledger.meters import aggregate as meters
from ledger.prices import aggregate
from ledger.prices.aggregate import Price
from ledger.prices.commands import CreatePrice, UpdatePrice
from ledger.prices.events import LookupKeyClaimed, LookupKeyReleased
from ledger.products.aggregate import stream_of
from ledger.products.commands import CreateProduct
from ledger.products.events import DefaultPriceChanged, PriceAttached
from ledger.products.handlers import create_product, require_product
from ledger.store.work import Handlers, Work


def require_price(work: Work, price_id: str, *, param: str | None = None) -> Price:
    """A price that exists. Raises NotFound."""
    if not price_id.startswith("price_"):
        raise NotFound("price", price_id, param=param)
    return work.require(aggregate.evolve, price_id, "price", param=param)


def create_price(work: Work, command: CreatePrice) -> None:
    _check_meter(work, command)
    product_id = _product_for(work, command)
    work.append(stream_of(product_id), PriceAttached(product=product_id, price=command.price))
    if command.as_default:
        default = DefaultPriceChanged(product=product_id, price=command.price, changed_at=work.now)
        work.append(stream_of(product_id), default)
    work.append(
        command.price,
        aggregate.create(command, product_id, now=work.now, livemode=work.ledger.livemode),
    )
    if command.details.lookup_key is not None:
        _claim_key(work, command.details.lookup_key, command.price, command.transfer_lookup_key)


def update_price(work: Work, command: UpdatePrice) -> None:
    price = require_price(work, command.price)
    product = require_product(work, price.product)
    event = aggregate.update(price, command, product, work.now)
    if event is None:
        return
    old, new = price.details.lookup_key, event.details.lookup_key
    if old != new:
        if old is not None:
            work.append(_key_stream(old), LookupKeyReleased())
        if new is not None:
            _claim_key(work, new, command.price, command.transfer_lookup_key)
    work.append(command.price, event)


def _check_meter(work: Work, command: CreatePrice) -> None:
    recurring = command.terms.recurring
    if recurring is None or recurring.meter is None:
        return
    param = "recurring[meter]"
    if not recurring.meter.startswith("mtr_"):
        raise NotFound("billing meter", recurring.meter, param=param)
    meter = work.require(meters.evolve, recurring.meter, "billing meter", param=param)
    aggregate.check_meter(meter)


def _product_for(work: Work, command: CreatePrice) -> str:
    if isinstance(command.product, CreateProduct):
        create_product(work, command.product)
        return command.product.product
    require_product(work, command.product, param="product")
    return command.product


def _claim_key(work: Work, lookup_key: str, price_id: str, transfer: bool) -> None:
    stream = _key_stream(lookup_key)
    holder = work.load(aggregate.holder_of_key, stream)
    if holder:
        if not transfer:
            raise aggregate.key_is_taken(lookup_key)
        work.append(holder, aggregate.lose_lookup_key(require_price(work, holder), work.now))
    work.append(stream, LookupKeyClaimed(price=price_id))


def _key_stream(lookup_key: str) -> str:
    return f"lookup_key:{lookup_key}"


HANDLERS: Handlers = {CreatePrice: create_price, UpdatePrice: update_price}
