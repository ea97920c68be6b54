"""What was refused of a request's meter events: counted in full, shown in part."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from ledger.kernel.errors import LedgerError
from ledger.meter_events.commands import ReportRejectedUsage
from ledger.meter_events.events import RejectedSample
from ledger.meter_events.validation import LONGEST_EVENT_NAME, LONGEST_IDENTIFIER

SAMPLES: Final = 100
"""Refusals of one request that are kept with their reasons."""

INVALID_RECORD: Final = "invalid_record"
"""The code of a record that cannot be read, or breaks a rule that has no code in the contract."""

CONFLICT: Final = "identifier_conflict"
"""The code of an identifier that was recorded before with other content."""

_LONGEST_REASON: Final = 300


@dataclass(slots=True)
class Rejections:
    """The refusals of one request, of bounded size whatever their number."""

    counts: Counter[str] = field(default_factory=Counter[str])
    samples: list[RejectedSample] = field(default_factory=list[RejectedSample])

    def add(
        self,
        line: int,
        error: LedgerError,
        *,
        code: str | None = None,
        identifier: str | None = None,
        event_name: str | None = None,
    ) -> None:
        """Count a refusal. Its code is the error's own unless one is given."""
        code = code or error.reported_as or INVALID_RECORD
        self.counts[code] += 1
        if len(self.samples) < SAMPLES:
            sample = RejectedSample(
                line=line,
                code=code,
                reason=_fitting(error.message, _LONGEST_REASON) or "",
                identifier=_fitting(identifier, LONGEST_IDENTIFIER),
                event_name=_fitting(event_name, LONGEST_EVENT_NAME),
            )
            self.samples.append(sample)

    def report(self, report_id: str, door: str) -> ReportRejectedUsage | None:
        """The command that records them, None if there are none."""
        if not self.counts:
            return None
        return ReportRejectedUsage(
            report=report_id, door=door, counts=dict(self.counts), samples=tuple(self.samples)
        )


def _fitting(text: str | None, longest: int) -> str | None:
    """Text that any database can hold, cut short."""
    if text is None:
        return None
    readable = (
        text[:longest]
        .encode("utf-8", "replace")
        .decode()
        .replace("\0", "\N{REPLACEMENT CHARACTER}")
    )
    return readable if len(text) <= longest else readable[:-1] + "…"
