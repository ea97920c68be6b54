"""Pages of a log narrowed by topic and stream, from either end."""

from dataclasses import dataclass
from typing import Any, Final, LiteralString

from eventsourcing.persistence import Notification

from ledger.store.recorder import LedgerRecorder
from ledger.store.retrying import with_retries

MOST_EVENTS: Final = 500
MOST_BYTES: Final = 4_000_000
"""Of stored states that a page holds; one event is there whatever its size."""

# The sizes are known without reading the states themselves.
_SELECT: LiteralString = """
SELECT originator_id, originator_version, topic, position, state FROM (
    SELECT originator_id, originator_version, topic, position, state,
        sum(octet_length(state)) OVER (ORDER BY position {order} ROWS UNBOUNDED PRECEDING)
            - octet_length(state) AS before
    FROM ledger.events
    WHERE ledger_id = %(ledger)s AND position > %(after)s AND position < %(before)s {narrowed}
    ORDER BY position {order} LIMIT %(limit)s) AS page
WHERE before < %(max_bytes)s ORDER BY position {order}
"""
_TOPICS: LiteralString = " AND topic = ANY(%(topics)s)"
_NO_USAGE: LiteralString = " AND topic NOT LIKE 'usage.%%'"
_STREAM: LiteralString = " AND originator_id = %(stream)s"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Events of these topics and of this stream; None means any."""

    topics: tuple[str, ...] | None = None
    stream: str | None = None


def select_between(
    recorder: LedgerRecorder,
    after: int,
    before: int,
    narrowing: Narrowing,
    *,
    newest_first: bool = False,
) -> list[Notification]:
    """A page of the events between two positions, neither of which is among them."""
    topics, stream = narrowing.topics, narrowing.stream
    narrowed: LiteralString = ""
    if topics is not None:
        narrowed += _TOPICS
        if not any(topic.startswith("usage.") for topic in topics):
            narrowed += _NO_USAGE
    if stream is not None:
        narrowed += _STREAM
    order: LiteralString = "DESC" if newest_first else "ASC"
    statement = _SELECT.format(order=order, narrowed=narrowed)
    values: dict[str, Any] = {
        "ledger": recorder.ledger_id,
        "after": after,
        "before": before,
        "topics": list(topics or ()),
        "stream": stream,
        "limit": MOST_EVENTS,
        "max_bytes": MOST_BYTES,
    }
    rows = with_retries(lambda: _fetch(recorder, statement, values))
    return [
        Notification(
            row["originator_id"],
            row["originator_version"],
            row["topic"],
            bytes(row["state"]),
            row["position"],
        )
        for row in rows
    ]


def _fetch(
    recorder: LedgerRecorder, statement: LiteralString, values: dict[str, Any]
) -> list[dict[str, Any]]:
    with recorder.datastore.get_connection() as conn:
        return conn.execute(statement, values, prepare=True).fetchall()
