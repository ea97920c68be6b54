"""From which month on single meter events are kept: it moves on, never back, never ahead of now."""

import pytest

from ledger.kernel.months import Month
from ledger.meter_events.commands import ChangeUsageRetention
from ledger.meter_events.events import UsageRetentionChanged
from ledger.meter_events.retention import STREAM, change_usage_retention
from tests.support.billing_ledger import at
from tests.support.given_when_then import LedgerInMemory

NOW = at("2026-07-15")


def keep(text: str) -> ChangeUsageRetention:
    return ChangeUsageRetention(kept_from=Month.parse(text))


def kept(text: str) -> UsageRetentionChanged:
    return UsageRetentionChanged(kept_from=Month.parse(text).start)


@pytest.mark.parametrize("month", ["2025-12", "2026-06", "2026-07"])
def test_any_month_up_to_this_one_can_be_the_first(month: str) -> None:
    ledger = LedgerInMemory()
    assert ledger.when(change_usage_retention, keep(month), now=NOW) == [(STREAM, kept(month))]


def test_it_moves_on_and_what_is_so_already_is_not_recorded_again() -> None:
    ledger = LedgerInMemory().given(STREAM, kept("2026-01"), kept("2026-03"))
    assert ledger.when(change_usage_retention, keep("2026-03"), now=NOW) == []
    assert ledger.when(change_usage_retention, keep("2026-05"), now=NOW) == [
        (STREAM, kept("2026-05"))
    ]


@pytest.mark.parametrize(
    ("month", "why"), [("2026-08", "2026-08 is yet to come"), ("2026-02", "before 2026-03 were")]
)
def test_months_to_come_and_months_let_go_are_refused(month: str, why: str) -> None:
    ledger = LedgerInMemory().given(STREAM, kept("2026-03"))
    refusal = ledger.refusal(change_usage_retention, keep(month), now=NOW)
    assert why in refusal.message
    assert refusal.param == "kept_from"
