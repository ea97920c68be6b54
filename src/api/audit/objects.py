"""`/audit/v1/objects/{id}`: an object of any kind by its id, as it is or as it was."""

from collections.abc import Callable, Mapping
from typing import Final

from api.coupons.routes import one_coupon
from api.credit_notes.routes import one_credit_note
from api.customers.routes import one_customer
from api.http.as_of import AsOfParams
from api.http.call import Call, View
from api.http.openapi import Endpoint
from api.http.routes import JsonObject, Route, query
from api.invoice_items.routes import one_invoice_item
from api.invoices.routes import one_invoice
from api.meters.routes import one_meter
from api.prices.routes import one_price
from api.products.routes import one_product
from api.subscriptions.routes import one_subscription
from api.tax_rates.routes import one_tax_rate
from api.test_clocks.routes import one_test_clock
from ledger.kernel.errors import NotFound, NotYet

_BY_PREFIX: Final[Mapping[str, Callable[[View, str], JsonObject]]] = {
    "clock": one_test_clock,
    "cn": one_credit_note,
    "cus": one_customer,
    "ii": one_invoice_item,
    "in": one_invoice,
    "mtr": one_meter,
    "price": one_price,
    "prod": one_product,
    "sub": one_subscription,
    "txr": one_tax_rate,
}
_OF_OWN_IDS: Final = (one_product, one_coupon)
"""Objects whose ids may be anything."""


def one_object(view: View, object_id: str, *, param: str | None = None) -> JsonObject:
    """The object as the compatible API shows it, now or as of the view's moment.

    Raises NotFound, and NotYet for what was recorded later; `param` is where the id was named.
    """
    known = _BY_PREFIX.get(object_id.partition("_")[0])
    unknown: NotFound = NotFound("object", object_id, param=param)
    for render in (known, *_OF_OWN_IDS) if known is not None else _OF_OWN_IDS:
        try:
            return render(view, object_id)
        except NotFound as error:
            if isinstance(error, NotYet) or render is known:
                unknown = error
    unknown.param = param
    raise unknown


def _one(call: Call[AsOfParams]) -> JsonObject:
    return one_object(call.view(), call.path["object"])


OBJECTS: Final[Route] = query(
    Endpoint(
        method="GET",
        path="/audit/v1/objects/{object:str}",
        params=AsOfParams,
        returns="object",
        summary="An object of any kind, as it is or as it was",
        tag="Audit",
        description=(
            "A customer, meter, product, price, coupon, tax rate, subscription, invoice item, "
            "invoice, credit note or test clock, in the shape in which the compatible API shows "
            "it. What was recorded only after `as_of` is not found, and the error says when it was."
        ),
    ),
    _one,
)
