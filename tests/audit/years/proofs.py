"""What must hold of a year: every invoice replays, every identity reads 0, read models are as the
log says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, LiteralString, cast

import psycopg

from api.audit.ledger_check import checked
from api.audit.verifying import verified
from api.services import Services
from ledger.accounts.ledgers import CONTROL_LEDGER
from ledger.audit.recompute import recompute, recompute_all
from ledger.audit.recomputing import Recomputation
from ledger.invoices.events import InvoiceFinalized
from ledger.kernel.events import RecordedEvent
from ledger.late_usage.events import LateUsageAdjusted
from projections.registry import PROJECTIONS
from projections.runtime.rebuild.rebuilding import rebuild
from projections.runtime.tables import Table
from tests.support.late_ledger import broken
from tests.support.served import TEST_LEDGER

Digests = dict[str, tuple[int, str]]
"""Of each table of the read models: rows, and a digest over all of them."""


@dataclass
class Replayed:
    """How many invoices replayed to the byte, by engine; `digests` are those that they have.
    Beside them what became of late usage."""

    engines: Counter[int] = field(default_factory=Counter[int])
    digests: dict[str, str] = field(default_factory=dict[str, str])
    late_usage: Counter[str] = field(default_factory=Counter[str])

    def counted(self) -> Counter[str]:
        """All of it."""
        counted = Counter({f"late usage: {of}": times for of, times in self.late_usage.items()})
        counted.update({f"invoices of engine {of}": times for of, times in self.engines.items()})
        return counted


def replay_all(services: Services) -> Replayed:
    """Each alone and, as `tallybook invoice replay --all` does, all of them together.

    Raises AssertionError for an invoice that does not replay equal.
    """
    issued, found = dict[str, str](), Replayed()
    for recorded in _facts(services):
        if isinstance(recorded.event, LateUsageAdjusted):
            found.late_usage[recorded.event.outcome] += 1
        elif isinstance(recorded.event, InvoiceFinalized):
            issued[recorded.originator_id] = recorded.event.document_sha256
    ledger = services.application(services.identity(TEST_LEDGER))
    for invoice, again in recompute_all(ledger, issued):
        assert isinstance(again, Recomputation), (invoice, again)
        assert again.equal, (invoice, again.differences)
        assert again.digest == issued[invoice]
        assert again == recompute(ledger, invoice)
        found.engines[again.engine_version] += 1
        found.digests[invoice] = again.digest
    assert found.digests.keys() == issued.keys()
    return found


def _facts(services: Services) -> Iterator[RecordedEvent]:
    """The whole log."""
    log, position = services.log(TEST_LEDGER), 0
    while page := log.page(position, 500):
        yield from page
        position = page[-1].position


def check_everything(services: Services) -> None:
    """What `tallybook ledger check` and `tallybook audit verify` look at.

    Raises AssertionError, with the first offenders, for what does not hold.
    """
    found = checked(services, services.identity(TEST_LEDGER))
    assert broken(found) == [], [one.offenders for one in found.identities if not one.holds]
    assert not any(sum(map(abs, one.differences.values())) for one in found.identities)
    for one in verified(services, (), lambda _: lambda _done, _of: None):
        assert one.holds, one.findings


def digests(owner_url: str, services: Services) -> Digests:
    """The read models, once they have come to the end of every log."""
    for ledger_id in (CONTROL_LEDGER.ledger_id, TEST_LEDGER):
        services.wake(ledger_id)
    with psycopg.connect(owner_url) as conn:
        return {
            table.name: _digest(conn, table)
            for projection in PROJECTIONS
            for table in projection.tables
        }


def _digest(conn: psycopg.Connection[Any], table: Table[Any]) -> tuple[int, str]:
    """Of the rows as text, however they are stored."""
    statement = (
        "SELECT count(*), coalesce(md5(string_agg(t::text, ' ' ORDER BY t::text)), '') "
        f"FROM {table.relation()} AS t WHERE {table.counting('t')}"
    )
    [(rows, digest)] = conn.execute(cast("LiteralString", statement)).fetchall()
    return rows, digest


def rebuild_all(owner_url: str, services: Services) -> None:
    """Every read model anew. Raises AssertionError for one that is not what it was."""
    for rebuilt in rebuild(owner_url, PROJECTIONS, services.log, lambda _done, _of: None):
        assert rebuilt.equal, [table for table in rebuilt.tables if not table.equal]
