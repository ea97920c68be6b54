"""Recompute a finalized invoice from the log, and say what came of it."""

from dataclasses import dataclass
from typing import Any

from ledger.audit.finalized import require_finalized_by
from ledger.audit.recompute import Outcome, Recomputation, recompute_all
from ledger.kernel.errors import LedgerError
from ledger.store.event_sourcing import EventSourcedLedger


@dataclass(frozen=True, slots=True)
class Replay:
    """`unexplained` says what the log lacks, where it cannot be recomputed at all."""

    invoice: str
    recomputation: Recomputation | None
    unexplained: str | None = None

    @property
    def equal(self) -> bool:
        return self.recomputation is not None and self.recomputation.equal

    def document(self) -> dict[str, Any]:
        """The outcome as JSON, with the parts that differ. Digests are SHA-256 in hex."""
        shown: dict[str, Any] = {
            "object": "invoice_replay",
            "invoice": self.invoice,
            "equal": self.equal,
            "unexplained": self.unexplained,
        }
        found = self.recomputation
        if found is None:
            return shown
        return shown | {
            "through_position": found.through_position,
            "engine_version": found.engine_version,
            "events": found.events,
            "digest": found.digest,
            "recorded_digest": found.recorded_sha256,
            "differences": [
                {"part": d.part, "recorded": d.recorded, "recomputed": d.recomputed}
                for d in found.differences
            ],
        }


def replay(ledger: EventSourcedLedger, invoice_id: str, through: int | None = None) -> Replay:
    """Of an invoice that was finalized by a position, if one is given: it is pinned since.

    Raises NotFound, and InvalidRequest for a draft.
    """
    if through is not None:
        require_finalized_by(ledger, invoice_id, through)
    [(_, outcome)] = recompute_all(ledger, [invoice_id])
    if isinstance(outcome, LedgerError):
        raise outcome
    return replay_of(invoice_id, outcome)


def replay_of(invoice_id: str, outcome: Outcome) -> Replay:
    """What came of one invoice of many."""
    if isinstance(outcome, Recomputation):
        return Replay(invoice_id, outcome)
    return Replay(invoice_id, None, str(outcome))
