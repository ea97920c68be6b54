"""Commands on coupons: load, decide, append."""

from ledger.coupons import aggregate
from ledger.coupons.aggregate import stream_of
from ledger.coupons.commands import CreateCoupon, DeleteCoupon, UpdateCoupon
from ledger.coupons.redeeming import require_coupon
from ledger.products.handlers import require_product
from ledger.store.work import Handlers, Work


def create_coupon(work: Work, command: CreateCoupon) -> None:
    stream = stream_of(command.coupon)
    existing = work.load(aggregate.evolve, stream)
    for i, product in enumerate(command.terms.products or ()):
        require_product(work, product, param=f"applies_to[products][{i}]")
    work.append(
        stream,
        aggregate.create(existing, command, now=work.now, livemode=work.ledger.livemode),
    )


def update_coupon(work: Work, command: UpdateCoupon) -> None:
    coupon = require_coupon(work, command.coupon)
    work.append(stream_of(command.coupon), *aggregate.update(coupon, command, work.now))


def delete_coupon(work: Work, command: DeleteCoupon) -> None:
    require_coupon(work, command.coupon)
    work.append(stream_of(command.coupon), aggregate.delete(command.coupon, work.now))


HANDLERS: Handlers = {
    CreateCoupon: create_coupon,
    UpdateCoupon: update_coupon,
    DeleteCoupon: delete_coupon,
}
