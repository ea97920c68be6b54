"""`/audit/v1/late_usage`: what was adjusted after finalization, and by which policy."""

from typing import Any

from api.http.as_of import AsOfParams
from api.http.call import Call, bounds, known_by
from api.http.lists import list_object
from api.http.openapi import Endpoint
from api.http.routes import Route, query
from api.late_usage.filters import require_known
from api.late_usage.not_billed import not_billed_page, without_subscription
from api.late_usage.objects import late_usage_object
from api.late_usage.params import CustomerPolicy, LateUsageList, LedgerPolicy, NotBilledList
from api.late_usage.policies import policy_document
from ledger.late_usage.commands import ChangeLateUsagePolicy
from projections.late_usage.rows import LATE_USAGE

TAG = "Audit"
POLICY = "/audit/v1/late_usage/policy"
OF_CUSTOMER = "/audit/v1/customers/{customer:str}/late_usage_policy"


def _list(call: Call[LateUsageList]) -> dict[str, Any]:
    asked = call.params
    where = {"customer": asked.customer, "invoice": asked.invoice, "outcome": asked.outcome}
    view = call.view()
    require_known(view, customer=asked.customer, invoice=asked.invoice)
    rows, more = view.reader().page(
        LATE_USAGE, asked, where, bounds(asked.created), sequence=known_by(view)
    )
    return list_object(call.url, [late_usage_object(row) for row in rows], has_more=more)


def _policy(call: Call[AsOfParams]) -> dict[str, Any]:
    return policy_document(call.view().rows, call.path.get("customer"))


def _change(call: Call[LedgerPolicy]) -> dict[str, Any]:
    call.execute(ChangeLateUsagePolicy(policy=call.params.policy))
    return policy_document(call.reader(), None)


def _change_of_customer(call: Call[CustomerPolicy]) -> dict[str, Any]:
    customer = call.path["customer"]
    call.execute(ChangeLateUsagePolicy(customer=customer, policy=call.params.policy))
    return policy_document(call.reader(), customer)


def _recall(call: Call[Any], _: int) -> dict[str, Any]:
    return policy_document(call.reader(), call.path.get("customer"))


ROUTES: list[Route] = [
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/late_usage",
            params=LateUsageList,
            returns="late_usage",
            summary="List adjustments of finalized invoices by late usage",
            tag=TAG,
            listed=True,
            description=(
                "Usage or cancellations recorded after an invoice was finalized change what its "
                "line comes to: `amount` is by how much, before discounts and taxes, and `outcome` "
                "what became of it. With `not_billed`, `reason` says why."
            ),
        ),
        _list,
    ),
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/usage_not_billed",
            params=NotBilledList,
            returns="usage_not_billed",
            summary="List usage that is never billed, and why",
            tag=TAG,
            listed=True,
            description=(
                "Stretches that a subscription dropped (`trial`, `paused`, `item_removed`, "
                "`usage_cleared`, `classic_price_change`, `canceled_without_invoice`), and late "
                "usage that was only reported, with what was used in each: of late usage, by how "
                "much the quantity of its line changed."
            ),
        ),
        not_billed_page,
    ),
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/customers/{customer:str}/usage_without_subscription",
            params=AsOfParams,
            returns="usage_without_subscription",
            summary="What a customer used without a subscription to bill it",
            tag=TAG,
            listed=True,
            description=(
                "Of each meter, the stretches in which no subscription had a price for it; `start` "
                "and `end` are null where there is no bound."
            ),
        ),
        without_subscription,
    ),
    query(
        Endpoint(
            method="GET",
            path=POLICY,
            params=AsOfParams,
            returns="late_usage_policy",
            summary="Show the ledger's policy for late usage",
            tag=TAG,
        ),
        _policy,
    ),
    Route(
        endpoint=Endpoint(
            method="POST",
            path=POLICY,
            params=LedgerPolicy,
            returns="late_usage_policy",
            summary="Set the ledger's policy for late usage",
            tag=TAG,
            description=(
                "`next_invoice` bills the difference on the customer's next invoice, as a line of "
                "its own; `immediate` at once, by an invoice or a credit note; `report_only` never."
            ),
        ),
        handle=_change,
        recall=_recall,
    ),
    query(
        Endpoint(
            method="GET",
            path=OF_CUSTOMER,
            params=AsOfParams,
            returns="late_usage_policy",
            summary="Show a customer's policy for late usage",
            tag=TAG,
        ),
        _policy,
    ),
    Route(
        endpoint=Endpoint(
            method="POST",
            path=OF_CUSTOMER,
            params=CustomerPolicy,
            returns="late_usage_policy",
            summary="Set a customer's policy for late usage",
            tag=TAG,
            description="A `policy` of null lets go of it, so that the ledger's counts.",
        ),
        handle=_change_of_customer,
        recall=_recall,
    ),
]
