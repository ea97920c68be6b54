"""Read models of everything but usage, folded in memory from the log.

Each projection is folded up to where its own checkpoint stands. Of the read models of usage, what
other events say of it is folded here, and the rest added up elsewhere (`usage_rows.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, LiteralString

from eventsourcing.persistence import Notification
from msgspec.structs import replace

from ledger.audit.verifying.findings import LOG, Findings
from ledger.audit.verifying.moment import Moment
from ledger.audit.verifying.signatures import Signed
from ledger.audit.verifying.walk import described
from ledger.checkpoints.events import CheckpointSigned
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.events import MeterEventCancelled
from ledger.store.mapper import LedgerMapper
from projections.audit.merkle.projection import MerkleProjection, note
from projections.audit.verifying.usage_rows import Known, Line, Touched
from projections.meter_events.billed_lines import BILLED_LINES, with_lateness
from projections.meter_events.lateness import Touch
from projections.meter_events.projection import MeterEventsProjection
from projections.meter_events.rollup_rows import USAGE_METERS
from projections.meter_events.rows import (
    CANCELLED_METER_EVENTS,
    USAGE_RETENTION,
    CancelledMeterEventRow,
    series_of,
)
from projections.runtime.projection import PageProjection, Projection, apply_page, checkpoint_name
from projections.runtime.rows import MemoryRows

_PAGE: Final = 1_000

_EVENTS: LiteralString = """
SELECT originator_id, originator_version, topic, position, state FROM ledger.events
WHERE ledger_id = %(ledger)s AND position > %(after)s AND topic NOT LIKE 'usage.recorded.%%'
ORDER BY position LIMIT %(page)s
"""


class Folded:
    """The rows of some projections, and where each of these stands."""

    def __init__(self, projections: Sequence[Projection], reached: Mapping[str, int]) -> None:
        self.projections = list(projections)
        self.reached = reached
        self.rows = MemoryRows()
        self.signed: list[Signed] = []
        self._cancelled: list[tuple[RecordedEvent, MeterEventCancelled]] = []

    def take(self, page: Sequence[RecordedEvent], findings: Findings) -> None:
        """Fold events. A projection that cannot take one is a finding, and ends there."""
        self.signed += [
            Signed(one.position, one.event)
            for one in page
            if isinstance(one.event, CheckpointSigned)
        ]
        for projection in [*self.projections]:
            name = checkpoint_name(projection)
            due = [one for one in page if one.position <= self.reached[name]]
            if isinstance(projection, MeterEventsProjection):
                due = self._without_cancellations(due)
            if isinstance(projection, MerkleProjection):
                for recorded in due:
                    note(recorded, self.rows)
                continue
            # One that takes whole pages is told a page, of which the first event is named.
            whole = isinstance(projection, PageProjection)
            for some in [due] if whole else [[one] for one in due]:
                if not self._follows(projection, some, findings):
                    self.projections.remove(projection)
                    break

    def _follows(
        self, projection: Projection, events: Sequence[RecordedEvent], findings: Findings
    ) -> bool:
        try:
            apply_page(projection, events, self.rows)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with facts is a finding
            name = f"projection {checkpoint_name(projection)}"
            what = f"cannot follow the log from there: {described(error)}"
            findings.add(name, what, events[0].position if events else None)
            return False
        return True

    def _without_cancellations(self, page: Sequence[RecordedEvent]) -> list[RecordedEvent]:
        rest: list[RecordedEvent] = []
        for recorded in page:
            if isinstance(recorded.event, MeterEventCancelled):
                self._cancel(recorded, recorded.event)
            else:
                rest.append(recorded)
        return rest

    def _cancel(self, recorded: RecordedEvent, event: MeterEventCancelled) -> None:
        place = event.timestamp, event.position, event.ordinal
        row = CancelledMeterEventRow(
            series_of(event.meter, event.customer), *place, recorded.position
        )
        self.rows.put(CANCELLED_METER_EVENTS, row)
        self._cancelled.append((recorded, event))

    def known(self, reached: int) -> Known:
        """What is known of usage, whose read models have reached a position."""
        retention = self.rows.all(USAGE_RETENTION)
        lines: dict[object, list[Line]] = {}
        for row in self.rows.all(BILLED_LINES):
            line = Line(row.id, row.from_time, row.to_time, row.since)
            lines.setdefault(row.series, []).append(line)
        return Known(
            reached=reached,
            kept_from=retention[0].kept_from if retention else 0,
            meters={row.id: row for row in self.rows.all(USAGE_METERS)},
            cancelled=frozenset((one.position, one.ordinal) for _, one in self._cancelled),
            lines={row.series: lines[row.series] for row in self.rows.all(BILLED_LINES)},
        )

    def touch_lines(self, touched: Mapping[str, Touched]) -> None:
        """Add to the billed lines what usage has touched, and cancellations."""
        last = dict(touched)
        by_series: dict[object, list[Touch]] = {}
        at = {recorded.position: to_epoch(recorded.recorded_at) for recorded, _ in self._cancelled}
        for recorded, event in self._cancelled:
            series = series_of(event.meter, event.customer)
            one = Touch(series, (event.timestamp,), (recorded.position,))
            by_series.setdefault(series, []).append(one)
        for row in self.rows.all(BILLED_LINES):
            for touch in by_series.get(row.series, ()):
                position = touch.last_within(row.from_time, row.to_time)
                there = last.get(row.id)
                if position > row.since and (there is None or position > there.position):
                    last[row.id] = Touched(position, at[position])
            if row.id in last and last[row.id].position > row.touched:
                changed = {"touched": last[row.id].position, "touched_at": last[row.id].at}
                self.rows.put(BILLED_LINES, with_lateness(replace(row, **changed)))


def catalogue_pages(
    moment: Moment, ledger_id: int, mapper: LedgerMapper, findings: Findings
) -> Iterator[list[RecordedEvent]]:
    """All events other than recorded usage, decoded. One that cannot be is a finding."""
    after = 0
    while found := moment.rows(_EVENTS, ledger=ledger_id, after=after, page=_PAGE):
        stored = [
            Notification(stream, version, topic, state, position)
            for stream, version, topic, position, state in found
        ]
        mapper.expect(stored)
        yield [one for each in stored for one in _decoded(mapper, each, findings)]
        after = stored[-1].id


def _decoded(mapper: LedgerMapper, stored: Notification, findings: Findings) -> list[RecordedEvent]:
    try:
        return [mapper.to_domain_event(stored)]
    except Exception as error:  # noqa: BLE001 - whatever is wrong with stored bytes is a finding
        findings.add(LOG, f"the event cannot be read: {described(error)}", stored.id)
        return []
