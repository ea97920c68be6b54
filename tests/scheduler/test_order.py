"""What comes first of what is due."""

from api.services import Services
from projections.due.queries import next_due
from projections.due.rows import DUE, DueRow, Kind
from projections.runtime.sql_rows import SqlRows

LEDGER = 1


def due(kind: Kind, subject: str, due_at: int, sequence: int) -> DueRow:
    return DueRow(f"{kind}:{subject}", kind, subject, due_at, "", sequence)


def test_what_is_due_in_the_same_second_is_done_in_the_order_in_which_it_was_scheduled(
    services: Services,
) -> None:
    rows = [
        due("finalize_invoice", "in_a", 100, sequence=9),
        due("finalize_invoice", "in_b", 100, sequence=7),
        due("close_period", "sub_a", 100, sequence=8),
        due("finalize_invoice", "in_c", 99, sequence=10),
        due("close_period", "sub_b", 101, sequence=1),
    ]
    with services.datastore.transaction(commit=True) as cursor:
        written = SqlRows(cursor, LEDGER)
        for row in rows:
            written.put(DUE, row)
        written.flush()
    found = next_due(services.reader(LEDGER), "", now=100, limit=10)
    assert [row.subject for row in found] == ["in_c", "sub_a", "in_b", "in_a"]
