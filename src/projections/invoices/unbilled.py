"""Since when there is usage that is still to be billed."""

from typing import NamedTuple

from projections.invoices.rows import INVOICES
from projections.runtime.reader import Reader
from projections.subscriptions.rows import SUBSCRIPTIONS


class Unbilled(NamedTuple):
    """A running subscription or a draft with metered usage since `since`, in epoch seconds."""

    id: str
    since: int


def unbilled_since(reader: Reader) -> Unbilled | None:
    """The one that reaches back the furthest."""
    reader.wait_for(SUBSCRIPTIONS, INVOICES)
    found = reader.fetch(
        f"SELECT id, since FROM (SELECT id, unbilled_since AS since "
        f"FROM {SUBSCRIPTIONS.relation()} AS s "
        "WHERE ledger_id = %(ledger_id)s AND status <> 'canceled' "
        "AND EXISTS (SELECT 1 FROM jsonb_array_elements(s.data->'items') AS i "
        "WHERE i->>'meter' IS NOT NULL) "
        "UNION ALL SELECT i.id, (l->>'period_start')::bigint "
        f"FROM {INVOICES.relation()} AS i, jsonb_array_elements(i.data->'lines') AS l "
        "WHERE i.ledger_id = %(ledger_id)s AND i.status = 'draft' AND l->>'meter' IS NOT NULL"
        ") AS unbilled ORDER BY since, id LIMIT 1",
        {},
    )
    return Unbilled(found[0]["id"], found[0]["since"]) if found else None
