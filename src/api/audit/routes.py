"""`/audit/v1`: proofs over the ledger."""

from typing import Any

from api.audit.replay import replay
from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.routes import NoParams, Route, query

TAG = "Audit"


def _replay(call: Call[NoParams]) -> dict[str, Any]:
    return replay(call.application, call.path["invoice"]).document()


ROUTES: list[Route] = [
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/invoices/{invoice:str}/replay",
            params=NoParams,
            returns="invoice_replay",
            summary="Recompute a finalized invoice from the log alone",
            tag=TAG,
            description=(
                "`equal` says whether it is the same to the byte, `events` how many facts and "
                "meter events were read, `differences` what differs."
            ),
        ),
        _replay,
    )
]
