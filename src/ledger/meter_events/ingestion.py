"""Takes meter events into a ledger: validated, recorded exactly once, each with a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from ledger.kernel.commands import Circumstances
from ledger.kernel.errors import Conflict, InvalidRequest, LedgerError
from ledger.kernel.events import Metadata, RecordedEvent
from ledger.meter_events.directory import DISTURBING, Directory
from ledger.meter_events.events import UsageRecord, UsageRecorded, record_bytes
from ledger.meter_events.validation import (
    UsageReport,
    Validation,
    check_encoded,
    identifier_taken,
    no_active_meter,
)
from ledger.meters.aggregate import Meter
from ledger.store.mapper import LedgerMapper
from ledger.store.outcomes import IdempotencyRow
from ledger.store.recorder import LedgerRecorder
from ledger.store.usage import STREAM, CatalogMoved, UsageLog
from ledger.store.usage_batch import ClaimTaken, Recorded, Seen, UsageBatch, UsageOutcome

_ATTEMPTS = 20

Result = Literal["accepted", "duplicate", "conflict", "rejected", "request_repeated"]


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What became of one reported meter event.

    `accepted` stands at its place in the log. `duplicate` and `conflict` name the place where
    the identifier stands, with the same or with other content. `rejected` was refused.
    `request_repeated` came with an idempotency key that another request has used. Every result
    but `accepted` carries the refusal that the compatible routes answer with, except the last,
    whose first answer is to be repeated.
    """

    result: Result
    record: UsageRecord | None = None
    position: int | None = None
    ordinal: int | None = None
    error: LedgerError | None = None


class _Slot(msgspec.Struct, frozen=True, gc=False):
    """A report's record, and why it is refused, if it is."""

    record: UsageRecord | None
    refusal: LedgerError | None


class UsageIngestion:
    """The way of meter events into one ledger. Any thread may use it."""

    def __init__(
        self, recorder: LedgerRecorder, mapper: LedgerMapper, directory: Directory
    ) -> None:
        self.ledger_id = recorder.ledger_id
        self._log = UsageLog(recorder, UsageRecorded.TOPIC)
        self._mapper = mapper
        self.directory = directory

    def meter(self, event_name: str) -> Meter:
        """The meter that takes events of a name now. Raises InvalidRequest if there is none."""
        self.directory.catch_up()
        named = self.directory.active_meter(event_name)
        if named is None:
            raise no_active_meter(event_name)
        return named.meter

    def record(
        self,
        reports: Sequence[UsageReport],
        circumstances: Circumstances,
        *,
        backfill: str | None = None,
        look_first: bool = False,
    ) -> list[Verdict]:
        """Record what is valid and new, all of it as one event; a verdict for each report.

        `backfill`, a reason, allows timestamps outside the window on both sides and is kept with
        the event. `look_first` is quicker for reports that were probably recorded before. What
        was acknowledged by the ledger before this call, such as a meter's deactivation, is always
        honoured. Raises Conflict when the catalogue keeps changing.
        """
        for attempt in range(_ATTEMPTS):
            # Most often nothing has changed. If it did, an append that matters is refused, and so
            # may a report be here that is valid by now.
            position = self.directory.catch_up() if attempt else self.directory.position
            validation = Validation(self.directory, circumstances.now, position, backfill)
            sorted_out = _SortedOut()
            for report in reports:
                sorted_out.add(validation, report)
            if not attempt and sorted_out.refused and self.directory.catch_up() > position:
                continue
            try:
                outcomes = self._append(sorted_out.batch, circumstances, validation, look_first)
            except CatalogMoved:
                continue
            return sorted_out.verdicts(outcomes, self._log.seen(sorted_out.outside))
        raise Conflict(
            "Meters, customers or clocks are being changed by other requests. Try again.",
            code="lock_timeout",
        )

    def _append(
        self,
        batch: UsageBatch,
        circumstances: Circumstances,
        validation: Validation,
        look_first: bool,
    ) -> list[UsageOutcome]:
        metadata = Metadata.of(circumstances)

        def encode(chosen: UsageBatch) -> bytes:
            event = UsageRecorded.of(chosen.records, validation.backfill)
            meta = metadata.of_requests(chosen.causes)
            return self._mapper.to_stored_event(RecordedEvent(STREAM, 0, event, meta)).state

        return self._log.append(
            batch,
            encode,
            validated_at=validation.position,
            disturbed_by=DISTURBING,
            look_first=look_first,
        )


@dataclass(slots=True)
class _SortedOut:
    """Reports on their way: refused, to be recorded, or outside the window of time.

    Of the last, those that were recorded while they were inside are repeats like any other.
    """

    batch: UsageBatch = field(default_factory=UsageBatch)
    outside: UsageBatch = field(default_factory=UsageBatch)
    refused: bool = False
    _slots: list[_Slot] = field(default_factory=list[_Slot])

    def add(self, validation: Validation, report: UsageReport) -> None:
        try:
            record = validation.record_of(report)
            raw = _encoded(record)
        except LedgerError as error:
            self.refused = True
            self._slots.append(_Slot(None, error))
            return
        refusal = validation.outside_window(record)
        self.refused = self.refused or refusal is not None
        self._slots.append(_Slot(record, refusal))
        claim, now = report.claim, validation.now
        answer = report.answer(record, now) if report.answer else None
        row = IdempotencyRow(claim.key, claim.request_hash, now, answer) if claim else None
        (self.outside if refusal else self.batch).add(record.identifier, raw, row, report.cause)

    def verdicts(
        self, recorded: list[UsageOutcome], outside: dict[int, UsageOutcome]
    ) -> list[Verdict]:
        """One for each report in order, given what became of those in each batch."""
        inside, late = iter(recorded), iter(range(len(self.outside)))
        return [
            Verdict("rejected", error=slot.refusal)
            if slot.record is None
            else _verdict(slot, next(inside) if slot.refusal is None else outside.get(next(late)))
            for slot in self._slots
        ]


def _encoded(record: UsageRecord) -> bytes:
    try:
        raw = record_bytes(record)
    except UnicodeEncodeError:
        raise InvalidRequest("The event is not valid UTF-8.", param="payload") from None
    check_encoded(record, raw)
    return raw


def _verdict(slot: _Slot, outcome: UsageOutcome | None) -> Verdict:
    record = slot.record
    match outcome:
        case None:
            return Verdict("rejected", record, error=slot.refusal)
        case Recorded(position, ordinal):
            return Verdict("accepted", record, position, ordinal)
        case Seen(position, ordinal, same):
            error = identifier_taken(record.identifier) if record else None
            return Verdict("duplicate" if same else "conflict", record, position, ordinal, error)
        case ClaimTaken():
            return Verdict("request_repeated", record)
