"""One ledger, verified: its log, what the store keeps beside it, and every row that it led to."""

from collections.abc import Sequence
from typing import Any, Final, LiteralString

import msgspec

from ledger.audit.merkle.notes import PublicKey
from ledger.audit.merkle.tree import HASH_BYTES
from ledger.audit.verifying.bookkeeping import check_bookkeeping, last_position
from ledger.audit.verifying.findings import FOLLOWERS, Finding, Findings
from ledger.audit.verifying.moment import Moment
from ledger.audit.verifying.signatures import check_kept, check_signed, keys_of
from ledger.store.mapper import LedgerMapper
from projections.audit.merkle.projection import MerkleProjection
from projections.audit.merkle.rows import TILES
from projections.audit.verifying.catalogue import Folded, catalogue_pages
from projections.audit.verifying.comparing import Expected, compare
from projections.audit.verifying.cutting import cut
from projections.audit.verifying.finer import finer_stretches, mark_finer
from projections.audit.verifying.large_tables import name_differing
from projections.audit.verifying.processes import (
    Outcome,
    Progress,
    Tasks,
    run_here,
    run_in_processes,
    without_collector,
)
from projections.audit.verifying.tasks import Side, Verifying
from projections.audit.verifying.tree import LeafTree
from projections.audit.verifying.usage_rows import MERGED, Known, put_together
from projections.meter_events.projection import MeterEventsProjection
from projections.meter_events.rows import CANCELLED_METER_EVENTS, METER_EVENTS
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.tables import Table

_MERKLE: Final = checkpoint_name(MerkleProjection())
_USAGE: Final = checkpoint_name(MeterEventsProjection())

_STANDING: LiteralString = """
SELECT projection, position, stopped_at, error FROM projections.checkpoints
WHERE ledger_id = %(ledger)s AND projection = ANY(%(names)s)
"""
_FOLLOWED: LiteralString = "SELECT DISTINCT ledger_id FROM projections.checkpoints"


class VerifiedLedger(msgspec.Struct, kw_only=True):
    """What was looked at of a ledger, and what is wrong with it, by position.

    `behind` says how many events the read models of a projection have still to follow; they are
    held against the log as far as they have.
    """

    ledger_id: int
    head: int
    events: int = 0
    meter_events: int = 0
    rows: int = 0
    checkpoints: int = 0
    behind: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    findings: list[Finding] = msgspec.field(default_factory=list[Finding])
    failures: int = 0

    @property
    def holds(self) -> bool:
        return self.failures == 0

    @property
    def first_bad_position(self) -> int | None:
        """The first position of the log that is wrong; where the log itself is not, the first of
        which something else is. None where no position is told."""
        return next((one.position for one in self.findings if one.position is not None), None)


def followed_ledgers(moment: Moment) -> list[int]:
    """The ledgers that read models say anything of."""
    return [ledger_id for (ledger_id,) in moment.rows(_FOLLOWED)]


class LedgerVerification:
    """Verifies one ledger as of one moment. Without `projections`, no read models.

    `trusted` are the keys by which checkpoints have to be signed, those that the log names if there
    are none; `kept` is the note of a checkpoint that somebody outside kept.
    """

    def __init__(
        self,
        moment: Moment,
        ledger_id: int,
        mapper: LedgerMapper,
        projections: Sequence[Projection],
        *,
        trusted: Sequence[PublicKey] = (),
        kept: str | None = None,
    ) -> None:
        self.findings = Findings()
        self._moment = moment
        self._trusted = trusted
        self._kept = kept
        self._ledger_id = ledger_id
        self._mapper = mapper
        self._head = last_position(moment, ledger_id)
        self.verified = VerifiedLedger(ledger_id=ledger_id, head=self._head)
        self._folded = Folded(projections, self._standing(projections))
        self._sides: tuple[Side, ...] = ("keys", "singles") if projections else ("keys",)

    def run(self, processes: int, progress: Progress) -> VerifiedLedger:
        """Look at everything. Raises NoteRefused for a note that cannot be one of this ledger's."""
        with without_collector():
            check_bookkeeping(self._moment, self._ledger_id, self.findings)
            pages = catalogue_pages(self._moment, self._ledger_id, self._mapper, self.findings)
            for page in pages:
                self._folded.take(page, self.findings)
            known = self._folded.known(self._folded.reached.get(_USAGE, 0))
            self._walk(known, processes, progress)
            for projection in self._folded.projections:
                for table in projection.tables:
                    if table not in (METER_EVENTS, TILES):
                        self.verified.rows += self._compare(table)
        self.verified.findings = self.findings.ordered()
        self.verified.failures = self.findings.total
        return self.verified

    def _standing(self, projections: Sequence[Projection]) -> dict[str, int]:
        """Where each projection stands in the log."""
        names = [checkpoint_name(projection) for projection in projections]
        standing = dict.fromkeys(names, 0)
        rows = self._moment.rows(_STANDING, ledger=self._ledger_id, names=names)
        for name, position, stopped_at, error in rows:
            standing[name] = position
            if stopped_at is not None:
                what = f"it is stopped there: {error}"
                self.findings.add(FOLLOWERS, what, stopped_at, name)
            if not 0 <= position <= self._head:
                what = f"it stands at {position}, and the log ends at {self._head}"
                self.findings.add(FOLLOWERS, what, self._head + 1, name)
        behind = {name: self._head - position for name, position in standing.items()}
        self.verified.behind = {name: events for name, events in behind.items() if events > 0}
        return standing

    def _walk(self, known: Known, processes: int, progress: Progress) -> None:
        stretches, slices = cut(self._moment, self._ledger_id, self._head, processes, self._sides)
        tasks = Tasks(stretches, slices, self._head)
        finer = finer_stretches(self._moment, self._ledger_id)
        verifying = Verifying(self._moment, self._ledger_id, known, finer)
        if len(stretches) > 1:
            outcome = run_in_processes(
                self._moment, self._ledger_id, known, tasks, processes, progress
            )
        else:
            outcome = run_here(verifying, tasks, progress)
        self._take(outcome)
        self._check_tree(b"".join(part.leaves for part in outcome.stretches))
        totals, rows = put_together([part.usage for part in outcome.stretches])
        sums = {
            "keys": sum(part.keys for part in outcome.stretches),
            "singles": totals.singles,
        }
        for side in self._sides:
            if outcome.sums[side] != sums[side]:
                name_differing(verifying, side, slices, self._head, self.findings)
        if _USAGE in map(checkpoint_name, self._folded.projections):
            cancelled = self._folded.rows.all(CANCELLED_METER_EVENTS)
            mark_finer(rows, totals.wholes, finer, cancelled, known.kept_from, self.findings)
            self._folded.touch_lines(totals.touched)
            for table in MERGED:
                self._folded.rows.insert_many(table, rows.each(table))

    def _check_tree(self, leaves: bytes) -> None:
        """The tree as far as it was grown, and every checkpoint."""
        tree = LeafTree(leaves)
        if _MERKLE in self._folded.reached:
            grown = min(max(self._folded.reached[_MERKLE], 0), tree.size)
            held = tree if grown == tree.size else LeafTree(leaves[: grown * HASH_BYTES])
            held.check(self._moment, self._ledger_id, self.findings)
        signed = self._folded.signed
        check_signed(self._ledger_id, signed, tree.root, self._trusted, self.findings)
        self.verified.checkpoints = len(signed)
        if self._kept is not None:
            known = self._trusted or keys_of(signed)
            check_kept(self._kept, self._head, tree.root, known, self.findings)

    def _take(self, outcome: Outcome) -> None:
        for part in outcome.stretches:
            self.findings.extend(part.findings)
            self.verified.events += part.events
            self.verified.meter_events += part.records

    def _compare(self, table: Table[Any]) -> int:
        expected: Expected = {table.key_of(row): row for row in self._folded.rows.each(table)}
        return compare(self._moment, self._ledger_id, table, expected, self.findings)
