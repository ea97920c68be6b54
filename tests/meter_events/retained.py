"""A ledger whose single meter events are let go, and what it answers then."""

from datetime import datetime, timedelta

from ledger.kernel.months import Month
from ledger.meter_events.commands import CancelMeterEvent, ChangeUsageRetention
from projections.meter_events.projection import MeterEventsProjection
from projections.meter_events.rollup_rows import USAGE_ROLLUPS
from projections.meter_events.rows import METER_EVENTS
from projections.runtime.log import Log
from projections.runtime.projection import checkpoint_name
from projections.runtime.projector import Projector
from projections.runtime.reader import Reader
from projections.runtime.rows import MemoryRows
from projections.runtime.sweeping import sweep
from tests.meter_events.metered_ledger import NOW, MeteredLedger, report

PROJECTION = MeterEventsProjection()
NAMES = {table.name: checkpoint_name(PROJECTION) for table in PROJECTION.tables}


class Retained:
    """Usage that is projected when asked for, and let go month by month."""

    def __init__(self, ledger: MeteredLedger) -> None:
        self.ledger = ledger
        self.log = Log(ledger.recorder, ledger.mapper)
        self._projector = Projector(ledger.datastore, lambda _: self.log, [PROJECTION])

    def project(self) -> None:
        while self._projector.step_ledger(self.ledger.ledger_id):
            pass

    def reader(self) -> Reader:
        self.project()
        ledger = self.ledger
        return Reader(ledger.datastore, ledger.ledger_id, NAMES, ledger.head(), log=self.log)

    def use(
        self, name: str, identifier: str, at: datetime, value: str, region: str | None = None
    ) -> None:
        """Usage of any time, reported now."""
        seconds_ago = (NOW - at) / timedelta(seconds=1)
        payload = {} if region is None else {"region": region}
        reported = report(
            name, identifier, value=value, seconds_ago=seconds_ago, claim=None, **payload
        )
        [verdict] = self.ledger.record(reported, backfill="test")
        assert verdict.result == "accepted", verdict

    def cancel(self, name: str, identifier: str) -> None:
        self.ledger.execute(
            CancelMeterEvent(
                identifier=identifier, event_name=name, reason="test", at_any_time=True
            )
        )

    def keep_from(self, month: str, *, swept: bool = True) -> None:
        """Let go of what is before a month; the rows are taken away if `swept`."""
        self.ledger.execute(ChangeUsageRetention(kept_from=Month.parse(month)))
        if swept:
            self.project()
            sweep(self.ledger.datastore, self.ledger.ledger_id, METER_EVENTS, lambda _: None)

    def months_with_rows(self) -> list[str]:
        """The months of which there are rows of single events."""
        found = self.reader().fetch(
            f"SELECT DISTINCT timestamp FROM {METER_EVENTS.relation()} "
            "WHERE ledger_id = %(ledger_id)s",
            {},
        )
        return sorted({str(Month.of_microseconds(row["timestamp"])) for row in found})

    def rollups(self) -> list[str]:
        """The rows of rollups in the database, by key."""
        found = self.reader().fetch_rows(
            USAGE_ROLLUPS, "ledger_id = %(ledger_id)s ORDER BY series, resolution, bucket", {}
        )
        return [str(row) for row in found]

    def rollups_built_at_once(self) -> list[str]:
        """The same rows, built in memory from the whole log."""
        rows = MemoryRows(self.log)
        for recorded in self.log.page(0, 10_000):
            PROJECTION.apply(recorded, rows)
        return [str(row) for row in rows.all(USAGE_ROLLUPS)]
