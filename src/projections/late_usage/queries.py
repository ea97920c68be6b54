"""Which finalized lines have late usage that is to be settled, and by which policy."""

from collections.abc import Collection
from typing import LiteralString, NamedTuple

from ledger.late_usage.events import Policy
from ledger.late_usage.policy import DEFAULT_POLICY
from projections.late_usage.rows import (
    LATE_USAGE,
    LATE_USAGE_POLICIES,
    LEDGER,
    LateUsageRow,
)
from projections.meter_events.billed_lines import BILLED_LINES
from projections.runtime.as_of import Lookup
from projections.runtime.reader import Reader
from projections.subscriptions.rows import SUBSCRIPTIONS


class LateLine(NamedTuple):
    """A finalized line, and the position at which its last late usage was recorded."""

    invoice: str
    line: str
    recorded_at: int


def late_lines(
    reader: Reader, recorded_by: int, limit: int, without: Collection[str] = ()
) -> list[LateLine]:
    """The lines whose late usage has settled, the longest waiting first: recorded by a time of the
    system's clock, in epoch seconds, or at any time where the customer lives on a test clock.
    `without` are lines to leave out."""
    return _late(
        reader,
        "late_at <= %(recorded_by)s AND NOT id = ANY(%(without)s::text[]) "
        "ORDER BY late_at, id LIMIT %(limit)s",
        {"recorded_by": recorded_by, "limit": limit, "without": list(without)},
    )


def late_lines_of(reader: Reader, subscriptions: Collection[str]) -> list[LateLine]:
    """All late lines of the customers of some subscriptions, however late the last usage came."""
    reader.wait_for(SUBSCRIPTIONS)
    return _late(
        reader,
        f"late_at >= 0 AND customer IN (SELECT customer FROM {SUBSCRIPTIONS.relation()} "
        "WHERE ledger_id = %(ledger_id)s AND id = ANY(%(subscriptions)s::text[])) ORDER BY id",
        {"subscriptions": list(subscriptions)},
    )


def adjustment_with(reader: Reader, invoice: str, line: str, position: int) -> LateUsageRow | None:
    """The first adjustment of a line that took in what was recorded at a position."""
    found = reader.fetch_rows(
        LATE_USAGE,
        "ledger_id = %(ledger_id)s AND invoice = %(invoice)s AND data->>'line' = %(line)s "
        "AND (data->>'through_position')::bigint >= %(position)s ORDER BY sequence LIMIT 1",
        {"invoice": invoice, "line": line, "position": position},
    )
    return found[0] if found else None


def policy_in_force(rows: Lookup, customer: str | None = None) -> Policy:
    """The policy of a customer, or of the ledger."""
    own = None if customer is None else own_policy(rows, customer)
    return own or own_policy(rows, LEDGER) or DEFAULT_POLICY


def own_policy(rows: Lookup, customer: str) -> Policy | None:
    """What was said of a customer alone."""
    row = rows.get(LATE_USAGE_POLICIES, customer)
    return None if row is None else row.policy


def _late(
    reader: Reader, condition: LiteralString, parameters: dict[str, object]
) -> list[LateLine]:
    reader.wait_for(BILLED_LINES)
    found = reader.fetch(
        f"SELECT invoice, id, touched FROM {BILLED_LINES.relation()} "
        f"WHERE ledger_id = %(ledger_id)s AND {condition}",
        parameters,
    )
    return [LateLine(record["invoice"], record["id"], record["touched"]) for record in found]
