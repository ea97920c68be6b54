"""A small read model in partitions by month, made of renamed meters: a row for each name."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
import psycopg

from ledger.kernel.clock import to_microseconds
from ledger.kernel.events import RecordedEvent
from ledger.kernel.months import Month
from ledger.meters.events import MeterCreated, MeterRenamed
from projections.runtime.rows import Rows
from projections.runtime.tables import ByMonth, Table

NOW = Month(2026, 7)


class NameKeptRow(msgspec.Struct, frozen=True):
    """From when on names are kept, in epoch microseconds."""

    id: str
    kept_from: int


class NameRow(msgspec.Struct, frozen=True):
    """A name that a meter has had, at the time that the name itself says."""

    meter: str
    timestamp: int
    position: int


NAMES_KEPT = Table("names_kept", NameKeptRow, columns={"kept_from": "bigint"}, document=False)
NAMES = Table(
    "names",
    NameRow,
    key=("meter", "timestamp", "position"),
    columns={"timestamp": "bigint", "position": "bigint"},
    document=False,
    months=ByMonth("timestamp", NAMES_KEPT),
)


class NamesProjection:
    """A meter whose name is a day has a row of that day; `keep 2026-03` keeps names from then."""

    name = "names"
    version = 1
    tables = (NAMES, NAMES_KEPT)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        event = recorded.event
        if not isinstance(event, MeterCreated | MeterRenamed):
            return
        word, _, month = event.display_name.partition(" ")
        kept = rows.get(NAMES_KEPT, "names")
        if word == "keep":
            rows.put(NAMES_KEPT, NameKeptRow("names", Month.parse(month).first_microsecond))
        elif kept is None or at(word) >= kept.kept_from:
            rows.insert_many(NAMES, [NameRow(recorded.originator_id, at(word), recorded.position)])


def at(day: str) -> int:
    """The start of a day, in epoch microseconds."""
    return to_microseconds(datetime.fromisoformat(day).replace(tzinfo=UTC))


@contextmanager
def fetching(url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(url, autocommit=True) as conn:
        yield conn


def months_held(url: str) -> dict[str, int]:
    """Rows in each partition, by the end of its name."""
    with fetching(url) as conn:
        rows = conn.execute(
            f"SELECT tableoid::regclass::text, count(*) FROM {NAMES.relation()} GROUP BY 1"
        ).fetchall()
    return {str(name).rpartition("v1_")[2]: int(str(count)) for name, count in rows}
