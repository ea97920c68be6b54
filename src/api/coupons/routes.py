"""`/v1/coupons`."""

from typing import Any

from api.coupons import requests
from api.coupons.objects import coupon_object, deleted_coupon_object
from api.coupons.params import CouponCreate, CouponList, CouponUpdate
from api.http.call import Call, View, bounds
from api.http.lists import list_object
from api.http.routes import NoParams, Resource, Route
from ledger.coupons.aggregate import coupon_of
from ledger.coupons.commands import CreateCoupon, DeleteCoupon, UpdateCoupon
from ledger.kernel.clock import system_now, to_epoch
from ledger.kernel.errors import NotFound
from projections.coupons.rows import COUPONS

COUPON = Resource("Coupons", "coupon", "coupon")
ALL = "/v1/coupons"
ONE = f"{ALL}/{{coupon:str}}"


def _create(call: Call[CouponCreate]) -> CreateCoupon:
    return requests.creation(call.params)


def _update(call: Call[CouponUpdate]) -> UpdateCoupon:
    return requests.change(call.path["coupon"], call.params)


def _delete(call: Call[NoParams]) -> DeleteCoupon:
    return DeleteCoupon(coupon=call.path["coupon"])


def one_coupon(view: View, coupon_id: str) -> dict[str, Any]:
    """A coupon by its id. Raises NotFound."""
    row = view.rows.require(COUPONS, "coupon", coupon_id)
    if row.deleted:
        raise NotFound("coupon", coupon_id)
    return coupon_object(row, to_epoch(view.now))


def _created(view: View, stream: str) -> dict[str, Any]:
    return one_coupon(view, coupon_of(stream))


def _deleted(_: View, coupon_id: str) -> dict[str, Any]:
    return deleted_coupon_object(coupon_id)


def _list(call: Call[CouponList]) -> dict[str, Any]:
    asked, now = call.params, to_epoch(system_now())
    where = {"deleted": False}
    rows, more = call.reader().page(COUPONS, asked, where, bounds(asked.created))
    return list_object(call.url, [coupon_object(row, now) for row in rows], has_more=more)


ROUTES: list[Route] = [
    COUPON.post(
        ALL,
        CouponCreate,
        "Create a coupon",
        _create,
        _created,
        "Takes off a percentage, or an amount in one or more currencies.",
    ),
    COUPON.page(ALL, CouponList, "List coupons", _list),
    COUPON.retrieve(ONE, "Retrieve a coupon", one_coupon),
    COUPON.post(
        ONE,
        CouponUpdate,
        "Update a coupon",
        _update,
        one_coupon,
        "What it takes off stays as it is; amounts in further currencies can be added.",
    ),
    COUPON.delete(
        ONE,
        NoParams,
        "Delete a coupon",
        _delete,
        _deleted,
        "It is not redeemed any more; discounts that it gave go on.",
    ),
]
