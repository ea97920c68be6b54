"""`DELETE /v1/customers/{id}/discount`: customers have no discounts of their own (decision 23)."""

from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.routes import JsonObject, NoParams, Route, query
from ledger.kernel.errors import NotFound
from projections.customers.rows import CUSTOMERS


def _refuse(call: Call[NoParams]) -> JsonObject:
    """Raises NotFound: for the customer, or else for the discount."""
    customer = call.path["customer"]
    row = call.reader().require(CUSTOMERS, "customer", customer)
    raise NotFound("customer" if row.deleted else "active discount for customer", customer)


ROUTES: list[Route] = [
    query(
        Endpoint(
            method="DELETE",
            path="/v1/customers/{customer:str}/discount",
            params=NoParams,
            returns="discount",
            summary="Delete a customer's discount",
            tag="Customers",
            description="There is none: discounts are those of subscriptions, items and invoices.",
        ),
        _refuse,
    )
]
