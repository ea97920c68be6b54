"""A ledger whose single meter events are let go, and what it answers then."""

from datetime import datetime, timedelta

from ledger.kernel.months import Month
from ledger.meter_events.commands import CancelMeterEvent, ChangeUsageRetention
from projections.meter_events.rollup_rows import USAGE_ROLLUPS
from projections.meter_events.rows import METER_EVENTS
from projections.runtime.sweeping import sweep
from tests.meter_events.followed_ledger import Followed
from tests.meter_events.metered_ledger import NOW, report


class Retained(Followed):
    """Usage that is projected when asked for, and let go month by month."""

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
        return self.kept(USAGE_ROLLUPS)

    def rollups_built_at_once(self) -> list[str]:
        """The same rows, built in memory from the whole log."""
        return [str(row) for row in self.in_memory().all(USAGE_ROLLUPS)]
