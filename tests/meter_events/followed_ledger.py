"""A ledger whose usage is projected when asked for, and what is recorded in it."""

from datetime import timedelta
from typing import Any, LiteralString, cast

from hypothesis import strategies as st

from ledger.meter_events.commands import CancelMeterEvent
from projections.meter_events.projection import MeterEventsProjection
from projections.meter_events.rollups import DAY
from projections.runtime.log import Log
from projections.runtime.projection import checkpoint_name
from projections.runtime.projector import Projector
from projections.runtime.reader import Reader
from projections.runtime.rows import MemoryRows
from projections.runtime.tables import Table
from tests.meter_events.metered_ledger import NOW, MeteredLedger, report

PROJECTION = MeterEventsProjection()
NAMES = {table.name: checkpoint_name(PROJECTION) for table in PROJECTION.tables}
MIDNIGHT_AFTER = (NOW + timedelta(days=1)).replace(hour=0)

# Ages in seconds: close together, on both sides of a minute, an hour and a day, and anywhere.
AGES = (
    st.integers(0, 130)
    | st.sampled_from([59, 60, 61, 3599, 3600, 3601, 43_199, 43_200, 43_201])
    | st.integers(0, 3 * DAY)
)
VALUES = st.decimals(-(10**6), 10**6, places=3).map(str) | st.sampled_from(
    ["0", "999999999999999", "-0.000000000001"]
)
TEXTS = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["small", "large", 'with "quotes" \\ and \u00e9']),
        "region": st.sampled_from(["eu", "us"]),
        "note": st.sampled_from(["x", "y"]),
    },
)
Reported = tuple[int, str, dict[str, Any]]
# Each batch is recorded as one event. True is for a batch that is projected before the next one.
BATCHES = st.lists(
    st.tuples(st.lists(st.tuples(AGES, VALUES, TEXTS), min_size=1, max_size=7), st.booleans()),
    min_size=1,
    max_size=5,
)
DECLARED = st.sampled_from([(), (), ("model",), ("region", "model")])


class Followed:
    """A ledger whose usage is projected when asked for."""

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

    def kept(self, table: Table[Any]) -> list[str]:
        """The rows in the database, by key."""
        order = ", ".join(table.key)
        found = self.reader().fetch_rows(
            table, cast("LiteralString", f"ledger_id = %(ledger_id)s ORDER BY {order}"), {}
        )
        return [str(row) for row in found]

    def in_memory(self) -> MemoryRows:
        """The rows built in memory event by event."""
        rows = MemoryRows(self.log)
        for recorded in self.log.page(0, 10_000):
            PROJECTION.apply(recorded, rows)
        return rows

    def prepared(self, at_once: int) -> MemoryRows:
        """The rows built in memory in pages of so many events, put together ahead."""
        rows, events = MemoryRows(self.log), self.log.page(0, 10_000)
        for first in range(0, len(events), at_once):
            page = events[first : first + at_once]
            PROJECTION.apply_prepared(page, PROJECTION.prepare(page), rows)
        return rows


def record(
    followed: Followed,
    name: str,
    batches: list[tuple[list[Reported], bool]],
    cancelled: set[int],
) -> None:
    """Record batches of events; those whose numbers are among `cancelled` are cancelled at once."""
    number = 0
    for batch, projected in batches:
        followed.ledger.record(
            *(
                report(name, f"{name}-{n}", value=value, seconds_ago=age, **texts)
                for n, (age, value, texts) in enumerate(batch, number)
            )
        )
        if projected:
            followed.project()
        for n in range(number, number + len(batch)):
            if n in cancelled:
                command = CancelMeterEvent(identifier=f"{name}-{n}", event_name=name)
                followed.ledger.execute(command)
        number += len(batch)
