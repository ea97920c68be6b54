"""Looks at a ledger while an edit of its tables is not committed, and takes the edit back."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection

from api.services import Services
from ledger.audit.merkle.notes import PublicKey
from ledger.audit.verifying.moment import Moment
from ledger.event_types import EVENT_CATALOGUE
from ledger.store import arrays
from ledger.store.event_sourcing import EventSourcedLedger
from projections.audit.verifying.verify import LedgerVerification, VerifiedLedger
from projections.registry import PROJECTIONS


@dataclass(frozen=True, slots=True)
class Tampered:
    """A ledger whose tables its owner may edit."""

    services: Services
    conn: Connection[Any]
    ledger_id: int

    def verify(self, kept: str | None = None, *trusted: PublicKey) -> VerifiedLedger:
        """The ledger as the edits have left it, held against a note that was kept."""
        ledger = EventSourcedLedger(self.services.datastore, self.ledger_id, EVENT_CATALOGUE)
        there = Moment(self.conn, "", "")
        found = LedgerVerification(
            there, self.ledger_id, ledger.mapper, PROJECTIONS, trusted=trusted, kept=kept
        )
        return found.run(1, lambda _done, _total: None)


@contextmanager
def tampering(services: Services, owner_url: str, ledger_id: int) -> Generator[Tampered]:
    """Edits made within the block are taken back at its end."""
    with psycopg.connect(owner_url) as conn, conn.transaction(force_rollback=True):
        arrays.register(conn.adapters)
        yield Tampered(services, conn, ledger_id)
