"""Verifying every ledger, or some: what `tallybook audit verify` does."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from api.services import Services
from ledger.audit.verifying.bookkeeping import ledgers
from ledger.audit.verifying.moment import moment
from ledger.event_types import EVENT_CATALOGUE
from ledger.kernel.errors import NotFound
from ledger.store.event_sourcing import EventSourcedLedger
from projections.audit.verifying.verify import (
    LedgerVerification,
    VerifiedLedger,
    followed_ledgers,
)
from projections.registry import PROJECTIONS

Progress = Callable[[int, int], None]
"""Called with how many events were walked, and how many there are."""

ProgressOf = Callable[[int], Progress]
"""Shows the progress of a ledger."""


def verified(
    services: Services,
    chosen: Collection[int],
    progress_of: ProgressOf,
    *,
    processes: int = 1,
    read_models: bool = True,
) -> Iterator[VerifiedLedger]:
    """Verify ledgers one after the other, all of them if none is chosen, as of one moment.

    Nothing is written. Raises NotFound for a ledger of which nothing is stored.
    """
    with moment(services.datastore.url) as there:
        known = sorted({*ledgers(there), *followed_ledgers(there)})
        for ledger_id in chosen:
            if ledger_id not in known:
                raise NotFound("ledger", str(ledger_id))
        for ledger_id in chosen or known:
            ledger = EventSourcedLedger(services.datastore, ledger_id, EVENT_CATALOGUE)
            projections = PROJECTIONS if read_models else ()
            verification = LedgerVerification(there, ledger_id, ledger.mapper, projections)
            yield verification.run(processes, progress_of(ledger_id))


def verification_document(found: list[VerifiedLedger]) -> dict[str, Any]:
    """The outcome as JSON."""
    return {
        "object": "audit_verification",
        "holds": all(one.holds for one in found),
        "ledgers": [_ledger(one) for one in found],
    }


def _ledger(one: VerifiedLedger) -> dict[str, Any]:
    return {
        "ledger": one.ledger_id,
        "holds": one.holds,
        "head": one.head,
        "events": one.events,
        "meter_events": one.meter_events,
        "rows": one.rows,
        "behind": one.behind,
        "first_bad_position": one.first_bad_position,
        "failures": one.failures,
        "findings": [
            {
                "position": finding.position,
                "where": finding.where,
                "key": finding.key,
                "what": finding.what,
            }
            for finding in one.findings
        ],
    }
