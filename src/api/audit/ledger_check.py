"""`tallybook ledger check` and its route: every identity of a ledger, held against log and rows."""

from typing import Any

from api.http.as_of import AsOfParams
from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.routes import Route, query
from api.services import Services
from ledger.audit.ledger_check.check import check_ledger
from ledger.audit.ledger_check.identities import Identity, LedgerCheck
from ledger.kernel.commands import LedgerIdentity
from projections.audit.read_models import FoldedRows, check_late_lines, snapshot
from projections.audit.read_models_then import compare_then
from projections.meter_events.usage import SqlUsageReader
from projections.runtime.moments import last_whole


def checked(services: Services, identity: LedgerIdentity) -> LedgerCheck:
    """Look at every identity of a ledger as of now. Nothing is written.

    Raises Unavailable where the read models are behind.
    """
    reader = services.reader(identity.ledger_id)
    with snapshot(reader) as there:
        folded = FoldedRows()
        ledger = services.application(identity)
        usage = SqlUsageReader(reader)
        found = check_ledger(ledger, there.position, usage, folded.take)
        return found.with_identities(folded.compare(there), check_late_lines(there, found.late))


def checked_as_of(services: Services, identity: LedgerIdentity, position: int) -> LedgerCheck:
    """Look at every identity of a ledger as its log stood at a position, from what was recorded by
    then alone; as it stood before a command that the position is in the middle of. Who would have
    settled late usage then is not known any more: that identity is left out.

    Raises Unavailable where the read models are behind.
    """
    ledger_id = identity.ledger_id
    position = last_whole(services.log(ledger_id), position)
    reader = services.reader(ledger_id)
    with snapshot(reader) as there:
        folded = FoldedRows()
        ledger, usage = services.application(identity), SqlUsageReader(reader)
        found = check_ledger(ledger, position, usage, folded.take)
        rows = compare_then(folded, there, position, lambda: services.past(ledger_id, position))
        return found.with_identities(rows)


def check_document(found: LedgerCheck) -> dict[str, Any]:
    """The outcome as JSON. Differences are minor units by currency."""
    return {
        "object": "ledger_check",
        "holds": found.holds,
        "position": found.position,
        "facts": found.facts,
        "meter_events": found.meter_events,
        "identities": [_identity(one) for one in found.identities],
    }


def _identity(one: Identity) -> dict[str, Any]:
    return {
        "name": one.name,
        "statement": one.statement,
        "holds": one.holds,
        "checked": one.checked,
        "failures": one.failures,
        "things": one.things,
        "differences": dict(sorted(one.differences.items())),
        "counts": dict(sorted(one.counts.items())),
        "offenders": [
            {
                "subject": offender.subject,
                "why": offender.why,
                "currency": offender.currency,
                "difference": offender.difference,
            }
            for offender in one.offenders
        ],
    }


def _check(call: Call[AsOfParams]) -> dict[str, Any]:
    through = call.through
    if through is None:
        return check_document(checked(call.services, call.identity))
    return check_document(checked_as_of(call.services, call.identity, through))


LEDGER_CHECK: Route = query(
    Endpoint(
        method="GET",
        path="/audit/v1/ledger/check",
        params=AsOfParams,
        returns="ledger_check",
        summary="Check every identity of the ledger",
        tag="Audit",
        description=(
            "Reads the whole log: invoice totals, amounts due, balances, numbers, finalized lines, "
            "adjustments, all usage, and the read models. `differences` are minor units by "
            "currency, 0 where an identity holds; `offenders` are the first places where it does "
            "not. It takes as long as the log is; `tallybook ledger check` does the same. "
            "As of an earlier moment all of it is of what was recorded by then, and `read_models` "
            "are the rows that answers of the past are made from; whether late usage is found "
            "(`late_usage_found`) is a question of now and left out."
        ),
    ),
    _check,
)
