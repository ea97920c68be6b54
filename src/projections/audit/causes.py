"""What caused which event: links between events, and all that one request or run recorded.

Events of usage are left out, as there are many and each names its requests itself.
"""

from typing import Final, LiteralString

import msgspec

from ledger.kernel.events import Metadata, RecordedEvent
from projections.runtime.reader import Reader
from projections.runtime.rows import Rows
from projections.runtime.tables import Table

_USAGE: Final = "usage."


class EventCauseRow(msgspec.Struct, frozen=True, gc=False):
    """`caused_by` is the position of the event that led to this one, None where a person or the
    passing of time did; `correlation_id` is one for all that a request or a run recorded."""

    position: int
    correlation_id: str
    caused_by: int | None


EVENT_CAUSES = Table(
    "event_causes",
    EventCauseRow,
    key=("position",),
    columns={"position": "bigint", "correlation_id": "text", "caused_by": "bigint"},
    indexes=(("correlation_id", "position"), ("caused_by", "position")),
    document=False,
)


class EventCausesProjection:
    name = "event_causes"
    version = 1
    tables = (EVENT_CAUSES,)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        if not recorded.event.TOPIC.startswith(_USAGE):
            meta = recorded.metadata
            cause = EventCauseRow(recorded.position, meta.correlation_id, _position(meta))
            rows.insert_many(EVENT_CAUSES, [cause])


def _position(meta: Metadata) -> int | None:
    """The position that a causation id is, where it is one."""
    cause = meta.causation_id
    return int(cause) if cause is not None and cause.isascii() and cause.isdigit() else None


_CAUSED: LiteralString = f"""
SELECT position FROM {EVENT_CAUSES.relation()}
WHERE ledger_id = %(ledger_id)s AND caused_by = %(position)s AND position > %(after)s
  AND (%(through)s::bigint IS NULL OR position <= %(through)s)
ORDER BY position LIMIT %(limit)s
"""

_TOGETHER: LiteralString = f"""
SELECT position FROM {EVENT_CAUSES.relation()}
WHERE ledger_id = %(ledger_id)s AND correlation_id = %(correlation_id)s AND position > %(after)s
  AND (%(through)s::bigint IS NULL OR position <= %(through)s)
ORDER BY position LIMIT %(limit)s
"""


def caused_by(
    reader: Reader, position: int, *, after: int, limit: int, through: int | None = None
) -> list[int]:
    """Positions of the events that an event led to, the first ones after a position, and through
    another one if it is given."""
    reader.wait_for(EVENT_CAUSES)
    values = {"position": position, "after": after, "limit": limit, "through": through}
    found = reader.fetch(_CAUSED, values)
    return [record["position"] for record in found]


def correlated(
    reader: Reader, correlation_id: str, *, after: int, limit: int, through: int | None = None
) -> list[int]:
    """Positions of the events that one request or run recorded, likewise."""
    reader.wait_for(EVENT_CAUSES)
    values = {
        "correlation_id": correlation_id,
        "after": after,
        "limit": limit,
        "through": through,
    }
    return [record["position"] for record in reader.fetch(_TOGETHER, values)]
