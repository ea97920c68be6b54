"""`/audit/v1`: proofs over the ledger, and what became of what was reported to it."""

from typing import Any

from api.audit.adjustments import ADJUSTMENTS
from api.audit.diff.routes import DIFF
from api.audit.events.causes import CAUSES
from api.audit.events.routes import EVENTS
from api.audit.evidence import EVIDENCE
from api.audit.explain import explained
from api.audit.forgetting import FORGETTING
from api.audit.ledger_check import LEDGER_CHECK
from api.audit.line_events import LINE_EVENTS
from api.audit.objects import OBJECTS
from api.audit.previews import PREVIEWS
from api.audit.projections import READ_MODELS
from api.audit.replay import replay
from api.audit.replays import REPLAYS
from api.audit.routes_merkle import ROUTES as MERKLE
from api.audit.simulating.routes import ROUTES as SIMULATIONS
from api.audit.usage import usage_document
from api.audit.usage_query import UsagePage, usage_page
from api.http.as_of import AsOfParams
from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.routes import Route, query
from api.invoices.document.routes import ROUTES as PAGES

TAG = "Audit"


def _replay(call: Call[AsOfParams]) -> dict[str, Any]:
    return replay(call.application, call.path["invoice"], call.through).document()


def _usage(call: Call[AsOfParams]) -> dict[str, Any]:
    identifier = call.path["identifier"].removeprefix("/")
    return usage_document(call.view(), identifier)


ROUTES: list[Route] = [
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/invoices/{invoice:str}/replay",
            params=AsOfParams,
            returns="invoice_replay",
            summary="Recompute a finalized invoice from the log alone",
            tag=TAG,
            description=(
                "`equal` says whether it is the same to the byte, `events` how many facts and "
                "meter events were read, `differences` what differs. It is pinned to the position "
                "that it was finalized at; as of an earlier moment there is nothing to recompute."
            ),
        ),
        _replay,
    ),
    REPLAYS,
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/invoices/{invoice:str}/explain",
            params=AsOfParams,
            returns="invoice_explanation",
            summary="How an invoice came to its amounts",
            tag=TAG,
            description=(
                "Every line with the steps of its rating, which sum to its amount, with the usage, "
                "the version of the price, the discounts and the taxes; late usage names the line "
                "that it adjusts. A draft is explained as it stands now."
            ),
        ),
        explained,
    ),
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/usage",
            params=UsagePage,
            returns="usage_summary",
            summary="What a customer used",
            tag=TAG,
            listed=True,
            description=(
                "Of one meter, whole or by hours or days, also filtered and grouped by payload "
                "keys: newest first, then by the texts; stretches without usage are left out. "
                "Values are exact decimals as text. Includes every event that was acknowledged "
                "before the request."
            ),
        ),
        usage_page,
    ),
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/usage/{identifier:path}",
            params=AsOfParams,
            returns="usage_record",
            summary="What became of a meter event",
            tag=TAG,
            description=(
                "The record with its place in the log, the invoice lines whose period it falls in, "
                "its cancellation if there was one, and the refusals of its identifier, of which "
                "each request of the bulk and stream doors keeps the first 100."
            ),
        ),
        _usage,
    ),
    LINE_EVENTS,
    ADJUSTMENTS,
    EVIDENCE,
    FORGETTING,
    *EVENTS,
    *CAUSES,
    *PAGES,
    PREVIEWS,
    OBJECTS,
    DIFF,
    LEDGER_CHECK,
    READ_MODELS,
    *MERKLE,
    *SIMULATIONS,
]
