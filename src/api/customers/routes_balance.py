"""`/v1/customers/{customer}/balance_transactions`: every change of a balance (contract §7)."""

from collections.abc import Sequence
from typing import Any

from api.customers.objects import balance_transaction_object
from api.customers.params import (
    BalanceTransactionCreate,
    BalanceTransactionList,
    BalanceTransactionUpdate,
)
from api.http.call import Call, View, bounds
from api.http.lists import list_object
from api.http.openapi import Endpoint
from api.http.routes import NoParams, Route, command_about, query
from ledger.customers.commands import ChangeCustomerBalance, UpdateBalanceTransaction
from ledger.customers.events import CustomerBalanceChanged
from ledger.kernel.errors import NotFound
from ledger.kernel.events import RecordedEvent
from ledger.kernel.ids import new_id
from projections.customers.rows import BALANCE_TRANSACTIONS, CUSTOMERS

TAG = "Customers"
RETURNS = "customer_balance_transaction"
WHAT = "customer balance transaction"
ALL = "/v1/customers/{customer:str}/balance_transactions"
ONE = f"{ALL}/{{transaction:str}}"


def _create(call: Call[BalanceTransactionCreate]) -> ChangeCustomerBalance:
    asked = call.params
    return ChangeCustomerBalance(
        customer=call.path["customer"],
        transaction=new_id("cbtxn"),
        amount=asked.amount,
        currency=asked.currency,
        description=asked.description,
        metadata=asked.metadata or {},
    )


def _created(_: Call[BalanceTransactionCreate], events: Sequence[RecordedEvent]) -> str:
    changes = [e.event for e in events if isinstance(e.event, CustomerBalanceChanged)]
    return changes[0].transaction or ""


def _update(call: Call[BalanceTransactionUpdate]) -> UpdateBalanceTransaction:
    given: dict[str, Any] = {}
    if call.params.given("description"):
        given["description"] = call.params.description
    return UpdateBalanceTransaction(
        customer=call.path["customer"],
        transaction=call.path["transaction"],
        metadata=call.params.metadata,
        **given,
    )


def _in_path(call: Call[Any], _: Sequence[RecordedEvent]) -> str:
    return call.path["transaction"]


def _one(view: View, transaction: str) -> dict[str, Any]:
    row = view.rows.require(BALANCE_TRANSACTIONS, WHAT, transaction)
    customer = view.rows.require(CUSTOMERS, "customer", row.customer)
    return balance_transaction_object(row, customer)


def _retrieve(call: Call[NoParams]) -> dict[str, Any]:
    found = _one(call.view(), call.path["transaction"])
    if found["customer"] != call.path["customer"]:
        raise NotFound(WHAT, call.path["transaction"])
    return found


def _list(call: Call[BalanceTransactionList]) -> dict[str, Any]:
    asked, reader = call.params, call.reader()
    customer = reader.require(CUSTOMERS, "customer", call.path["customer"])
    where = {"customer": customer.id, "invoice": asked.invoice}
    rows, more = reader.page(BALANCE_TRANSACTIONS, asked, where, bounds(asked.created))
    shown = [balance_transaction_object(row, customer) for row in rows]
    return list_object(call.url, shown, has_more=more)


ROUTES: list[Route] = [
    command_about(
        Endpoint(
            method="POST",
            path=ALL,
            params=BalanceTransactionCreate,
            returns=RETURNS,
            summary="Move a customer's balance",
            tag=TAG,
            description="An amount below zero is credit, used by the invoices finalized next.",
        ),
        _create,
        _one,
        _created,
    ),
    query(
        Endpoint(
            method="GET",
            path=ALL,
            params=BalanceTransactionList,
            returns=RETURNS,
            summary="List what moved a customer's balance",
            tag=TAG,
            listed=True,
        ),
        _list,
    ),
    query(
        Endpoint(
            method="GET",
            path=ONE,
            params=NoParams,
            returns=RETURNS,
            summary="Retrieve a change of a customer's balance",
            tag=TAG,
        ),
        _retrieve,
    ),
    command_about(
        Endpoint(
            method="POST",
            path=ONE,
            params=BalanceTransactionUpdate,
            returns=RETURNS,
            summary="Update what is written about a change of a balance",
            tag=TAG,
            description="Its amount stays: a balance is corrected by another change.",
        ),
        _update,
        _one,
        _in_path,
    ),
]
