"""Forgetting a customer: the key that their personal fields are sealed under is destroyed."""

from typing import Annotated, Any, Final

from pydantic import StringConstraints

from api.audit.free_texts import objects_with_free_text
from api.audit.usage import written
from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.params import RequestParams
from api.http.routes import JsonObject, Route
from api.services import Services
from ledger.audit.history import recorded_stream
from ledger.customers.commands import ForgetCustomer
from ledger.customers.events import CustomerForgotten
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.kernel.errors import NotFound
from ledger.kernel.events import RecordedEvent
from ledger.kernel.ids import new_id

LONGEST_REASON: Final = 500


class Forgetting(RequestParams):
    """`reason` is kept in the clear: such as the number of a request, never a name."""

    reason: Annotated[
        str,
        StringConstraints(
            strict=True, strip_whitespace=True, min_length=1, max_length=LONGEST_REASON
        ),
    ]


def forget(
    services: Services, identity: LedgerIdentity, customer_id: str, reason: str
) -> tuple[JsonObject, bool]:
    """Forget a customer from the command line; whether they had been forgotten before.

    Raises NotFound.
    """
    _check_id(customer_id)
    command = _command(services, identity, customer_id, reason)
    circumstances = Circumstances(system_now(), "system:cli", new_id("run"))
    ledger = services.application(identity)
    recorded = {one.position for one in ledger.execute(command, circumstances).events}
    services.wake(identity.ledger_id)
    told = _erasure(services, identity, customer_id)
    return told, told["position"] not in recorded


def _forget(call: Call[Forgetting]) -> JsonObject:
    customer_id = call.path["customer"]
    _check_id(customer_id)
    call.execute(_command(call.services, call.identity, customer_id, call.params.reason))
    return _erasure(call.services, call.identity, customer_id)


def _recall(call: Call[Forgetting], position: int) -> JsonObject:  # noqa: ARG001 - said of now
    return _erasure(call.services, call.identity, call.path["customer"])


def _command(
    services: Services, identity: LedgerIdentity, customer_id: str, reason: str
) -> ForgetCustomer:
    """A key of someone who was forgotten, from a backup or for what was written since, goes too."""
    again = services.application(identity).mapper.keyring.holds(customer_id)
    return ForgetCustomer(customer=customer_id, reason=reason, again=again)


def _check_id(customer_id: str) -> None:
    if not customer_id.startswith("cus_"):
        raise NotFound("customer", customer_id)


def _erasure(services: Services, identity: LedgerIdentity, customer_id: str) -> JsonObject:
    """What is told of a customer who is forgotten, since the first time."""
    ledger = services.application(identity)
    recorded = _forgotten(recorded_stream(ledger, customer_id))
    event: Any = recorded.event
    return {
        "object": "customer_erasure",
        "customer": customer_id,
        "forgotten_at": written(event.forgotten_at),
        "reason": event.reason,
        "by": recorded.metadata.actor,
        "position": recorded.position,
        "livemode": identity.livemode,
        "objects_with_free_text": objects_with_free_text(
            ledger, services.reader(identity.ledger_id), customer_id
        ),
    }


def _forgotten(facts: list[RecordedEvent]) -> RecordedEvent:
    return next(one for one in facts if isinstance(one.event, CustomerForgotten))


FORGETTING = Route(
    endpoint=Endpoint(
        method="POST",
        path="/audit/v1/customers/{customer:str}/forget",
        params=Forgetting,
        returns="customer_erasure",
        summary="Forget who a customer is",
        tag="Audit",
        description=(
            "Destroys the key under which the customer's personal fields are stored, deleting the "
            "customer first if that was not done. Amounts, invoices and proofs stay as they are; "
            "neither the name nor what was written on invoices, invoice items, credit notes and "
            "subscriptions can be brought back. A second request changes nothing. "
            "`objects_with_free_text` are those whose descriptions, footers or metadata an earlier "
            "release stored in the clear, where the log still has them."
        ),
    ),
    handle=_forget,
    recall=_recall,
)
