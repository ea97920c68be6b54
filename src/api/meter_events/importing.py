"""Imports a file of usage the way the bulk door takes a body, and tells what became of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from api.meter_events.bulk_formats import Format
from api.meter_events.bulk_framing import BrokenBody
from api.meter_events.bulk_intake import BulkIntake, Tally
from api.meter_events.bulk_unpacking import OF_FILES
from api.meter_events.usage_files import pieces_of
from ledger.application import LedgerApplication
from ledger.kernel.commands import Circumstances
from ledger.kernel.ids import new_id
from ledger.meter_events.ingestion import UsageIngestion
from ledger.store.retrying import TRANSIENT

SHOWN: Final = 10
"""Refusals that are shown to a person."""


@dataclass(slots=True)
class ImportSummary:
    """What became of the events of a file. `stopped` says why it was not read to its end."""

    source: str
    tally: Tally = field(default_factory=Tally)
    stopped: str | None = None
    database_lost: bool = False

    @property
    def complete(self) -> bool:
        """Whether every event of the file stands in the ledger now."""
        return self.stopped is None and not self._refused

    @property
    def _refused(self) -> int:
        return self.tally.counts["conflict"] + self.tally.counts["rejected"]

    def sentences(self) -> list[str]:
        """The summary for a person."""
        counts, samples = self.tally.counts, self.tally.rejections.samples[:SHOWN]
        total = (
            f"{self.source}: {self.tally.lines} lines, {counts['accepted']} events accepted, "
            f"{counts['duplicate']} recorded before, {counts['conflict']} conflicts, "
            f"{counts['rejected']} rejected"
        )
        lines = [total]
        lines += [f"  line {sample.line}: {sample.reason}" for sample in samples]
        if self._refused > len(samples):
            lines.append(f"  and {self._refused - len(samples)} more")
        if self.stopped:
            lines.append(f"Stopped: {self.stopped} What came before is recorded.")
        return lines

    def document(self) -> dict[str, Any]:
        """The summary as JSON, with the first hundred refusals."""
        results = ("accepted", "duplicate", "conflict", "rejected")
        return {
            "source": self.source,
            "lines": self.tally.lines,
            **{result: self.tally.counts[result] for result in results},
            "refusals": [
                sample.model_dump(include={"line", "code", "reason", "identifier"})
                for sample in self.tally.rejections.samples
            ],
            "stopped": self.stopped,
        }


class UsageImport:
    """Takes one file into a ledger, each batch in the circumstances of its time.

    Interrupted anywhere, it is run again: what was recorded is recognised without being sent.
    """

    def __init__(
        self,
        ingestion: UsageIngestion,
        reading: Format,
        circumstances: Callable[[], Circumstances],
        summary: ImportSummary,
        backfill: str | None = None,
    ) -> None:
        """`backfill` is the reason to take any timestamp."""
        self._circumstances = circumstances
        self._summary = summary
        self._intake = BulkIntake(
            ingestion,
            circumstances(),
            reading.framing(),
            reading.read,
            bounds=OF_FILES,
            backfill=backfill,
            repeating=True,
            tally=summary.tally,
        )

    def run(self, file: Path, progress: Callable[[int], None]) -> None:
        """Import the file; `progress` is called with the bytes of it that are dealt with."""
        try:
            for data, read in pieces_of(file):
                self._intake.circumstances = self._circumstances()
                self._intake.feed(data)
                progress(read)
            self._intake.finish()
        except BrokenBody as broken:
            self._summary.stopped = str(broken)
        except TRANSIENT as lost:
            self._summary.stopped = f"The database cannot be reached: {str(lost).strip()}."
            self._summary.database_lost = True

    def record_refusals(self, ledger: LedgerApplication) -> None:
        """Record what was refused, so that it can be asked why."""
        report = self._summary.tally.rejections.report(new_id("usgrej"), "import")
        if report is not None and not self._summary.database_lost:
            ledger.execute(report, self._circumstances())
