"""Which finalized lines are found to have late usage, however the log is read."""

from ledger.kernel.months import Month
from ledger.meter_events.commands import ChangeUsageRetention
from projections.meter_events.billed_lines import BILLED_LINES
from projections.meter_events.projection import MeterEventsProjection
from projections.runtime.rows import MemoryRows
from tests.support.billing_ledger import at
from tests.support.late_ledger import LateLedger, broken


def test_usage_of_another_time_or_another_meter_is_not_late(ledger: LateLedger) -> None:
    ledger.january()
    ledger.use("e-2", "2026-02-01", "100")
    ledger.use("e-3", "2025-12-31T23:59", "100")
    assert ledger.late() == []


def test_the_last_instant_of_a_period_is_in_it_and_its_end_is_not(ledger: LateLedger) -> None:
    january = ledger.january()
    ledger.use("e-2", "2026-02-01", "1")
    assert ledger.late() == []
    ledger.use("e-3", "2026-01-31T23:59:59.999999", "1")
    assert [line.invoice for line in ledger.late()] == [january]


def test_usage_recorded_while_a_first_invoice_was_decided_is_looked_for(
    ledger: LateLedger,
) -> None:
    """What is drafted and finalized in one append rests on a position before the draft."""
    ledger.use("e-1", "2026-01-10", "250")
    ledger.stored.now = at("2026-02-10")
    ledger.stored.subscribe("price_tokens", backdate_start_date=at("2026-01-01"))
    assert len(ledger.late()) == 1
    assert ledger.settle() == []
    assert ledger.late() == []


def test_usage_of_months_let_go_is_settled_from_the_log(ledger: LateLedger) -> None:
    ledger.january()
    ledger.month("2026-03-01")
    ledger.stored.do(ChangeUsageRetention(kept_from=Month(2026, 3)))
    ledger.use("e-2", "2026-01-31", "100")
    [adjusted] = ledger.settle()
    assert (adjusted.quantity_before, adjusted.quantity_after) == ("250", "350")
    assert broken(ledger.check()) == []


def test_the_rows_are_the_same_event_by_event(ledger: LateLedger) -> None:
    ledger.january()
    ledger.use("e-2", "2026-01-20", "100")
    ledger.settle()
    ledger.cancel("e-1")
    invoice = ledger.stored.close("2026-03-01")
    ledger.use("e-3", "2026-02-20", "100")
    reader = ledger.services.reader(ledger.ledger_id)
    there = reader.fetch_rows(BILLED_LINES, "ledger_id = %(ledger_id)s ORDER BY id", {})
    rows, projection = MemoryRows(reader.log), MeterEventsProjection()
    assert reader.log is not None
    for recorded in reader.log.page(0, 10_000):
        projection.apply(recorded, rows)
    assert rows.all(BILLED_LINES) == there
    assert [row.invoice for row in there if row.touched] != [invoice]
    assert len(there) == 2
