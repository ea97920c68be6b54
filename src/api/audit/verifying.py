"""Verifying every ledger, or some: what `tallybook audit verify` does."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from api.services import Services
from ledger.audit.merkle.notes import NoteRefused, PublicKey, open_note, read_note
from ledger.audit.verifying.bookkeeping import ledgers
from ledger.audit.verifying.moment import moment
from ledger.event_types import EVENT_CATALOGUE
from ledger.kernel.errors import InvalidRequest, NotFound
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
    kept: str | None = None,
    public_keys: Collection[str] = (),
) -> Iterator[VerifiedLedger]:
    """Verify ledgers one after the other, all of them if none is chosen, as of one moment.

    `kept` is the note of a checkpoint from outside, held against the ledger that it names. With
    `public_keys` checkpoints have to be signed by one of these. Nothing is written. Raises NotFound
    for a ledger of which nothing is stored, InvalidRequest for a key or a note that is none.
    """
    try:
        trusted = [PublicKey.parse(key) for key in public_keys]
        of_kept = None if kept is None else _ledger_of(kept, trusted)
    except NoteRefused as refused:
        raise InvalidRequest(str(refused)) from None
    with moment(services.datastore.url) as there:
        known = sorted({*ledgers(there), *followed_ledgers(there)})
        for ledger_id in [*chosen, *([] if of_kept is None else [of_kept])]:
            if ledger_id not in known:
                raise NotFound("ledger", str(ledger_id))
        for ledger_id in chosen or known:
            ledger = EventSourcedLedger(services.datastore, ledger_id, EVENT_CATALOGUE)
            projections = PROJECTIONS if read_models else ()
            verification = LedgerVerification(
                there,
                ledger_id,
                ledger.mapper,
                projections,
                trusted=[key for key in trusted if key.name.endswith(f"/{ledger_id}")],
                kept=kept if ledger_id == of_kept else None,
            )
            try:
                yield verification.run(processes, progress_of(ledger_id))
            except NoteRefused as refused:
                raise InvalidRequest(str(refused)) from None


def _ledger_of(kept: str, trusted: list[PublicKey]) -> int:
    """The ledger that a note is of. Raises NoteRefused."""
    checkpoint = open_note(kept, trusted) if trusted else read_note(kept)
    ledger_id = checkpoint.origin.rpartition("/")[2]
    if not ledger_id.isdecimal():
        raise NoteRefused(f"The checkpoint is of {checkpoint.origin}, which is no ledger.")
    return int(ledger_id)


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
        "checkpoints": one.checkpoints,
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
