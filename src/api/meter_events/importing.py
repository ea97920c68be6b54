"""Imports rows of usage in batches. Each event counts once, however often a file is imported."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple

from api.meter_events.import_mapping import ColumnMapping
from api.meter_events.import_source import FaultyFile, Row
from ledger.kernel.commands import Circumstances
from ledger.kernel.errors import InvalidRequest
from ledger.meter_events.ingestion import UsageIngestion, Verdict
from ledger.meter_events.validation import UsageReport

BATCH: Final = 1_000
"""Meter events recorded at once."""

SHOWN: Final = 10
"""Refusals that a summary shows."""


class Refusal(NamedTuple):
    """Why an event of a line, counted from 1, was not recorded."""

    line: int
    reason: str


@dataclass(slots=True)
class ImportSummary:
    """What became of the events of a file. `stopped` says why it was not read to its end."""

    source: str
    lines: int = 0
    counts: Counter[str] = field(default_factory=Counter[str])
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    stopped: str | None = None

    def refuse(self, line: int, result: str, reason: str) -> None:
        self.counts[result] += 1
        if len(self.refusals) < SHOWN:
            self.refusals.append(Refusal(line, reason))

    @property
    def complete(self) -> bool:
        """Whether every event of the file stands in the ledger now."""
        refused = self.counts["conflict"] + self.counts["rejected"]
        return self.stopped is None and not refused

    def sentences(self) -> list[str]:
        """The summary for a person."""
        counts = self.counts
        total = (
            f"{self.source}: {self.lines} lines, {counts['accepted']} events accepted, "
            f"{counts['duplicate']} recorded before, {counts['conflict']} conflicts, "
            f"{counts['rejected']} rejected"
        )
        lines = [total]
        lines += [f"  line {refusal.line}: {refusal.reason}" for refusal in self.refusals]
        refused = counts["conflict"] + counts["rejected"]
        if refused > len(self.refusals):
            lines.append(f"  and {refused - len(self.refusals)} more")
        if self.stopped:
            lines.append(f"Stopped: {self.stopped} What came before is recorded.")
        return lines

    def document(self) -> dict[str, Any]:
        """The summary as JSON."""
        results = ("accepted", "duplicate", "conflict", "rejected")
        return {
            "source": self.source,
            "lines": self.lines,
            **{result: self.counts[result] for result in results},
            "refusals": [refusal._asdict() for refusal in self.refusals],
            "stopped": self.stopped,
        }


class _Sent(NamedTuple):
    line: int
    report: UsageReport


@dataclass(slots=True)
class UsageImport:
    """Takes the rows of one file into a ledger, a batch at a time.

    Interrupted anywhere, it is run again: what was recorded is recognised without being sent.
    """

    ingestion: UsageIngestion
    circumstances: Callable[[], Circumstances]
    mapping: ColumnMapping
    summary: ImportSummary
    backfill: str | None = None
    _repeating: bool = True

    def run(self, rows: Iterable[Row], progress: Callable[[int], None]) -> None:
        """Import every row; `progress` is called with the line reached after each batch."""
        events = self._events(rows)
        try:
            while batch := list(islice(events, BATCH)):
                self._record(batch)
                progress(self.summary.lines)
        except FaultyFile as fault:
            self.summary.stopped = str(fault)

    def _events(self, rows: Iterable[Row]) -> Iterator[_Sent]:
        for row in rows:
            self.summary.lines = row.line
            if row.fault is not None:
                self.summary.refuse(row.line, "rejected", row.fault)
                continue
            try:
                reports = list(self.mapping.reports_of(row))
            except InvalidRequest as error:
                self.summary.refuse(row.line, "rejected", error.message)
                continue
            for report in reports:
                yield _Sent(row.line, report)

    def _record(self, batch: list[_Sent]) -> None:
        verdicts = self.ingestion.record(
            [sent.report for sent in batch],
            self.circumstances(),
            backfill=self.backfill,
            look_first=self._repeating,
        )
        for sent, verdict in zip(batch, verdicts, strict=True):
            self._count(sent, verdict)
        self._repeating = verdicts[-1].result == "duplicate"

    def _count(self, sent: _Sent, verdict: Verdict) -> None:
        if verdict.result in {"accepted", "duplicate"}:
            self.summary.counts[verdict.result] += 1
            return
        reason = verdict.error.message if verdict.error else verdict.result
        if verdict.result == "conflict":
            reason = f"{reason} Its content differs from this line."
        self.summary.refuse(sent.line, verdict.result, reason)
