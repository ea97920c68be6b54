"""`/v1/customers`, and the stand-in for attaching a payment method."""

from typing import Any

from api.customers.objects import (
    customer_object,
    deleted_customer_object,
    payment_method_object,
)
from api.customers.params import (
    CustomerCreate,
    CustomerList,
    CustomerUpdate,
    PaymentMethodAttach,
)
from api.customers.requests import billing_change, personal_fields
from api.http.call import Call, View, bounds
from api.http.lists import list_object
from api.http.openapi import Endpoint
from api.http.routes import NoParams, Resource, Route
from ledger.customers.commands import (
    AttachPaymentMethod,
    CreateCustomer,
    DeleteCustomer,
    UpdateCustomer,
)
from ledger.kernel.ids import new_id
from projections.customers.rows import CUSTOMERS

TAG = "Customers"
RETURNS = "customer"
CUSTOMER = Resource(TAG, RETURNS, "cus")
ALL = "/v1/customers"
ONE = f"{ALL}/{{customer:str}}"


def _create(call: Call[CustomerCreate]) -> CreateCustomer:
    asked = call.params
    personal = personal_fields(asked).model_copy(update={"metadata": asked.metadata or {}})
    return CreateCustomer(
        customer=new_id("cus", 14),
        personal=personal,
        billing=billing_change(asked),
        balance=asked.balance or 0,
        test_clock=asked.test_clock,
        payment_method=asked.payment_method,
    )


def _update(call: Call[CustomerUpdate]) -> UpdateCustomer:
    asked = call.params
    return UpdateCustomer(
        customer=call.path["customer"],
        personal=personal_fields(asked),
        metadata=asked.metadata,
        billing=billing_change(asked),
        balance=asked.balance,
    )


def _delete(call: Call[NoParams]) -> DeleteCustomer:
    return DeleteCustomer(customer=call.path["customer"])


def one_customer(view: View, customer_id: str) -> dict[str, Any]:
    """A customer by their id. Raises NotFound."""
    return customer_object(view.rows.require(CUSTOMERS, "customer", customer_id))


def _deleted(_: View, customer_id: str) -> dict[str, Any]:
    return deleted_customer_object(customer_id)


def _list(call: Call[CustomerList]) -> dict[str, Any]:
    asked = call.params
    where = {"email": asked.email, "test_clock": asked.test_clock, "deleted": False}
    rows, more = call.reader().page(CUSTOMERS, asked, where, bounds(asked.created))
    return list_object(call.url, [customer_object(row) for row in rows], has_more=more)


def _attach(call: Call[PaymentMethodAttach]) -> dict[str, Any]:
    call.execute(
        AttachPaymentMethod(
            customer=call.params.customer, payment_method=call.path["payment_method"]
        )
    )
    return _attached(call.view(), call)


def _recall_attached(call: Call[PaymentMethodAttach], position: int) -> dict[str, Any]:
    return _attached(call.view_as_of(position), call)


def _attached(view: View, call: Call[PaymentMethodAttach]) -> dict[str, Any]:
    customer = view.rows.require(CUSTOMERS, "customer", call.params.customer, param="customer")
    return payment_method_object(call.path["payment_method"], customer)


ROUTES: list[Route] = [
    CUSTOMER.post(ALL, CustomerCreate, "Create a customer", _create, one_customer),
    CUSTOMER.page(ALL, CustomerList, "List customers", _list),
    CUSTOMER.retrieve(ONE, "Retrieve a customer", one_customer),
    CUSTOMER.post(ONE, CustomerUpdate, "Update a customer", _update, one_customer),
    CUSTOMER.delete(
        ONE,
        NoParams,
        "Delete a customer",
        _delete,
        _deleted,
        "Their active subscriptions are cancelled.",
    ),
    Route(
        endpoint=Endpoint(
            method="POST",
            path="/v1/payment_methods/{payment_method:str}/attach",
            params=PaymentMethodAttach,
            returns="payment_method",
            summary="Attach a stand-in of a payment method to a customer",
            tag=TAG,
            description="Any id is accepted and remembered. No money moves.",
        ),
        handle=_attach,
        recall=_recall_attached,
    ),
]
