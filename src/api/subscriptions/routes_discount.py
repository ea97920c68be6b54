"""`DELETE /v1/subscriptions/{id}/discount`: a subscription's discounts are over."""

from api.coupons.objects import deleted_discount_object, standing_discounts
from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.routes import JsonObject, NoParams, Route, query
from ledger.kernel.errors import NotFound
from ledger.subscriptions.commands import UpdateSubscription
from projections.coupons.rows import DISCOUNTS
from projections.subscriptions.rows import SUBSCRIPTIONS


def _delete(call: Call[NoParams]) -> JsonObject:
    """All of the subscription's own end; the first of them is answered. Items keep theirs."""
    subscription, rows = call.path["subscription"], call.reader()
    row = rows.require(SUBSCRIPTIONS, "subscription", subscription)
    discounts = standing_discounts(call.view(), row.discounts)
    if not discounts:
        raise NotFound("active discount for subscription", subscription)
    call.execute(UpdateSubscription(subscription=subscription, discounts=()))
    return deleted_discount_object(rows.require(DISCOUNTS, "discount", discounts[0]))


ROUTES: list[Route] = [
    query(
        Endpoint(
            method="DELETE",
            path="/v1/subscriptions/{subscription:str}/discount",
            params=NoParams,
            returns="discount",
            summary="Delete a subscription's discounts",
            tag="Subscriptions",
            description="Invoices that were drafted with them keep them.",
        ),
        _delete,
    )
]
