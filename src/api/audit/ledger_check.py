"""`tallybook ledger check` and its route: every identity of a ledger, held against log and rows."""

from typing import Any

from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.routes import NoParams, Route, query
from api.services import Services
from ledger.audit.ledger_check.check import check_ledger
from ledger.audit.ledger_check.identities import Identity, LedgerCheck
from ledger.kernel.commands import LedgerIdentity
from projections.audit.read_models import FoldedRows, check_late_lines, snapshot
from projections.meter_events.usage import SqlUsageReader


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


def _check(call: Call[NoParams]) -> dict[str, Any]:
    return check_document(checked(call.services, call.identity))


LEDGER_CHECK: Route = query(
    Endpoint(
        method="GET",
        path="/audit/v1/ledger/check",
        params=NoParams,
        returns="ledger_check",
        summary="Check every identity of the ledger",
        tag="Audit",
        description=(
            "Reads the whole log: invoice totals, amounts due, balances, numbers, finalized lines, "
            "adjustments, all usage, and the read models. `differences` are minor units by "
            "currency, 0 where an identity holds; `offenders` are the first places where it does "
            "not. It takes as long as the log is; `tallybook ledger check` does the same."
        ),
    ),
    _check,
)
