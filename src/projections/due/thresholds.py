"""Which subscriptions have thresholds, and how much usage there is that may reach them."""

from collections.abc import Iterable
from typing import Final, LiteralString
from uuid import UUID

from ledger.store.datastore import Datastore
from projections.meter_events.rollup_rows import DAY, USAGE_ROLLUPS
from projections.meter_events.rows import series_of
from projections.runtime.reader import Reader
from projections.subscriptions.rows import SUBSCRIPTIONS, SubscriptionRow

_LEDGERS: Final[LiteralString] = (
    f"SELECT DISTINCT ledger_id FROM {SUBSCRIPTIONS.relation()} "
    "WHERE has_thresholds AND status = 'active' ORDER BY ledger_id"
)
_EVENTS: Final[LiteralString] = (
    f"SELECT series, sum(count)::bigint AS events FROM {USAGE_ROLLUPS.relation()} "
    "WHERE ledger_id = %(ledger_id)s AND series = ANY(%(series)s) AND resolution = %(day)s "
    "GROUP BY series"
)


def ledgers_with_thresholds(datastore: Datastore) -> list[int]:
    """Ledgers in which usage may lead to an invoice before a period's end."""
    with datastore.get_connection() as conn:
        rows = conn.execute(_LEDGERS, prepare=True).fetchall()
    return [row["ledger_id"] for row in rows]


def usage_towards_thresholds(reader: Reader) -> dict[str, int]:
    """How many meter events of its meters and its customer each subscription with thresholds has:
    another number than before says that its usage has moved."""
    rows = reader.fetch_rows(
        SUBSCRIPTIONS,
        "ledger_id = %(ledger_id)s AND has_thresholds AND status = 'active' ORDER BY id",
        {},
    )
    if not rows:
        return {}
    reader.wait_for(USAGE_ROLLUPS)
    series = {row.id: list(_series_of(row)) for row in rows}
    asked = list({one for of in series.values() for one in of})
    found = reader.fetch(_EVENTS, {"series": asked, "day": DAY})
    events = {record["series"]: record["events"] for record in found}
    return {
        subscription: sum(events.get(one, 0) for one in of) for subscription, of in series.items()
    }


def _series_of(row: SubscriptionRow) -> Iterable[UUID]:
    meters = {item.meter for item in row.items if item.meter is not None}
    return (series_of(meter, row.customer) for meter in sorted(meters))
