"""Takes the records of one bulk request into a ledger, a batch at a time, and counts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from api.meter_events.bulk_framing import BrokenBody, Cut, Framing
from api.meter_events.bulk_records import ReadRecord, naming_of
from api.meter_events.bulk_unpacking import OF_REQUESTS, Bounds, Unpacking, unpacking_of
from ledger.kernel.commands import Circumstances
from ledger.kernel.errors import InvalidRequest
from ledger.meter_events.ingestion import UsageIngestion, Verdict
from ledger.meter_events.rejections import CONFLICT, Rejections
from ledger.meter_events.validation import UsageReport

BATCH: Final = 2_000
"""Records committed at once, when there are as many."""

BATCH_BYTES: Final = 2 * 1024 * 1024
"""The same for records that are long."""


class Sent(msgspec.Struct, frozen=True, gc=False):
    """A report with its line or place in the request, counted from 1."""

    line: int
    report: UsageReport


@dataclass(slots=True)
class Tally:
    """What became of the records of a request so far; `lines` are all dealt with."""

    counts: Counter[str] = field(default_factory=Counter[str])
    rejections: Rejections = field(default_factory=Rejections)
    lines: int = 0

    def document(self) -> dict[str, Any]:
        """The tally as the wire shows it; `errors` has the first refusals and conflicts."""
        return {
            "object": "usage_batch",
            "accepted": self.counts["accepted"],
            "duplicates": self.counts["duplicate"],
            "conflicts": self.counts["conflict"],
            "rejected": self.counts["rejected"],
            "errors": [
                sample.model_dump(include={"line", "code", "reason", "identifier"})
                for sample in self.rejections.samples
            ],
        }

    def count(self, sent: Sent, verdict: Verdict) -> None:
        """Take a verdict in."""
        self.counts[verdict.result] += 1
        if verdict.result in {"accepted", "duplicate"} or verdict.error is None:
            return
        error, code = verdict.error, None
        if verdict.result == "conflict":
            code = CONFLICT
            error = InvalidRequest(f"{error.message} Its content differs from this one.")
        self.rejections.add(
            sent.line,
            error,
            code=code,
            identifier=sent.report.identifier,
            event_name=sent.report.event_name,
        )

    def refuse(self, cut: Cut, error: InvalidRequest) -> None:
        """Count a record that cannot be read."""
        identifier, event_name = naming_of(cut.raw)
        self.counts["rejected"] += 1
        self.rejections.add(cut.line, error, identifier=identifier, event_name=event_name)


@dataclass(slots=True)
class BulkIntake:
    """Unpacks, cuts, reads and records the body of one request as it arrives.

    What was recorded stays recorded, whatever follows. `read` gives the report of a record.
    `backfill` is the reason to take any timestamp. Records that are `repeating` were probably
    recorded before.
    """

    ingestion: UsageIngestion
    circumstances: Circumstances
    framing: Framing
    read: ReadRecord
    content_encoding: str | None = None
    bounds: Bounds = OF_REQUESTS
    backfill: str | None = None
    repeating: bool = False
    tally: Tally = field(default_factory=Tally)
    _unpacking: Unpacking | None = None
    _waiting: list[Sent] = field(default_factory=list[Sent])
    _waiting_bytes: int = 0
    _line: int = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises BrokenBody, with all complete records before dealt with."""
        if self._unpacking is None:
            self._unpacking = unpacking_of(self.content_encoding, data, self.bounds)
        try:
            for piece in self._unpacking.feed(data):
                self._take(self.framing.feed(piece))
        except BrokenBody:
            self.settle()
            raise

    def finish(self) -> None:
        """Deal with what is left, as nothing follows. Raises BrokenBody."""
        try:
            if self._unpacking is not None:
                self._unpacking.finish()
            self._take(self.framing.finish())
        except BrokenBody:
            self.settle()
            raise
        self.settle()

    def _take(self, cuts: Iterable[Cut]) -> None:
        for cut in cuts:
            self._line = cut.line
            try:
                if cut.fault is not None:
                    raise InvalidRequest(cut.fault)
                self._waiting.append(Sent(cut.line, self.read(cut.raw)))
                self._waiting_bytes += len(cut.raw)
            except InvalidRequest as error:
                self.tally.refuse(cut, error)
            if len(self._waiting) >= BATCH or self._waiting_bytes >= BATCH_BYTES:
                self.settle()

    def settle(self) -> None:
        """Commit what waits. All lines that were read are dealt with then."""
        batch, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if batch:
            self._record(batch)
        self.tally.lines = self._line

    def _record(self, batch: list[Sent]) -> None:
        verdicts = self.ingestion.record(
            [sent.report for sent in batch],
            self.circumstances,
            backfill=self.backfill,
            look_first=self.repeating,
        )
        for sent, verdict in zip(batch, verdicts, strict=True):
            self.tally.count(sent, verdict)
        self.repeating = verdicts[-1].result == "duplicate"
