"""Each identity of a ledger is named when it is broken, and all of them hold otherwise."""

import itertools
from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest

from api.audit.ledger_check import checked, checked_as_of
from api.services import Services
from ledger.audit.ledger_check.identities import LedgerCheck
from ledger.customers.commands import UpdateCustomer
from ledger.invoices.commands import PayInvoice
from ledger.kernel.commands import LedgerIdentity
from ledger.subscriptions.commands import CheckThresholds
from ledger.subscriptions.parts import Thresholds
from tests.support.late_ledger import LateLedger, broken, identity
from tests.support.postgres import Database
from tests.support.tampering import rewrite

_ledger_ids = itertools.count(1)


@pytest.fixture
def services(shared_database: Database) -> Iterator[Services]:
    made = Services(shared_database.app_url, pool_size=4, follow_inline=True)
    yield made
    made.close()


@pytest.fixture
def ledger(services: Services) -> LateLedger:
    """A ledger that has billed January with late usage, and is in the middle of February."""
    late = LateLedger(services, next(_ledger_ids))
    late.sell()
    late.stored.do(UpdateCustomer(customer="cus_a", balance=-5))
    january = late.january()
    late.stored.do(PayInvoice(invoice=january, paid_out_of_band=True))
    late.use("e-2", "2026-01-20", "100")
    late.settle()
    late.use("e-3", "2026-02-10", "1000")
    return late


def look_at(ledger: LateLedger) -> LedgerCheck:
    """All identities, with the read models."""
    return checked(ledger.services, LedgerIdentity(ledger.ledger_id, "acct_1", False))


def tamper(database: Database, ledger: LateLedger, topic: str, old: str, new: str) -> LedgerCheck:
    """The check after a stored fact was altered; the read models saw it before."""
    look_at(ledger)
    rewrite(database.owner_url, ledger.ledger_id, topic, old.encode(), new.encode())
    return look_at(ledger)


def alter(database: Database, ledger: LateLedger, statement: LiteralString) -> LedgerCheck:
    """The check after rows of a read model were altered."""
    look_at(ledger)
    with psycopg.connect(database.owner_url) as connection:
        assert connection.execute(statement, {"ledger": ledger.ledger_id}).rowcount == 1
    return look_at(ledger)


def test_all_hold_in_a_ledger_left_alone(ledger: LateLedger) -> None:
    found = look_at(ledger)
    assert broken(found) == []
    assert all(one.checked for one in found.identities)
    assert all(one.differences["usd"] == 0 for one in found.identities)
    assert sum(sum(one.differences.values()) for one in found.identities) == 0
    assert identity(found, "usage_events").counts == {"finalized": 1, "adjusted": 1, "running": 1}


def test_usage_billed_by_a_threshold_counts_once(services: Services) -> None:
    late = LateLedger(services, next(_ledger_ids))
    late.sell()
    late.stored.subscribe("price_tokens", thresholds=Thresholds(amount_gte=10))
    late.use("e-1", "2026-01-10", "250")
    late.stored.do(CheckThresholds(subscription="sub_a"))
    found = look_at(late)
    assert broken(found) == []
    assert identity(found, "usage_events").counts == {"running": 1}
    late.use("e-2", "2026-01-20", "100")
    late.month("2026-02-01")
    found = look_at(late)
    assert broken(found) == []
    assert identity(found, "usage_events").counts == {"finalized": 2}


def test_a_total_that_is_not_its_lines(shared_database: Database, ledger: LateLedger) -> None:
    topic = "invoice.finalized.v2"
    found = tamper(shared_database, ledger, topic, '"total":12', '"total":13')
    assert "invoice_totals" in broken(found)
    assert identity(found, "invoice_totals").differences == {"usd": 1}


def test_an_amount_paid_that_was_not_due(shared_database: Database, ledger: LateLedger) -> None:
    found = tamper(shared_database, ledger, "invoice.paid.v1", '"amount":7', '"amount":6')
    assert "amounts_due" in broken(found)
    assert identity(found, "amounts_due").differences == {"usd": 1}


def test_a_balance_that_is_not_its_changes(shared_database: Database, ledger: LateLedger) -> None:
    topic = "customer.balance_changed.v2"
    found = tamper(shared_database, ledger, topic, '"balance":-5', '"balance":-4')
    assert "customer_balances" in broken(found)


def test_a_gap_in_the_numbers(shared_database: Database, ledger: LateLedger) -> None:
    topic = "invoice_number.assigned.v1"
    found = tamper(shared_database, ledger, topic, '"sequence":1', '"sequence":2')
    assert broken(found) == ["invoice_numbers"]


def test_a_line_that_was_adjusted_by_another_amount(
    shared_database: Database, ledger: LateLedger
) -> None:
    found = tamper(shared_database, ledger, "late_usage.adjusted.v1", '"amount":4', '"amount":5')
    assert {"finalized_lines", "all_usage", "adjustments"} <= {*broken(found)}
    assert identity(found, "finalized_lines").differences == {"usd": 1}


def test_usage_that_is_other_than_was_rated(shared_database: Database, ledger: LateLedger) -> None:
    found = tamper(shared_database, ledger, "usage.recorded.v1", '"250"', '"249"')
    assert broken(found) == ["evidence"]


def test_a_preview_that_overlooks_usage(shared_database: Database, ledger: LateLedger) -> None:
    found = alter(
        shared_database,
        ledger,
        "DELETE FROM projections.meter_events_v4 WHERE ledger_id = %(ledger)s AND value = 1000",
    )
    assert broken(found) == ["all_usage"]
    assert identity(found, "all_usage").differences == {"usd": 40}


def test_a_stretch_of_time_that_is_billed_twice(
    shared_database: Database, ledger: LateLedger
) -> None:
    ledger.stored.close("2026-03-01")
    start = '"start":"2026-02-01T00:00:00Z"}'
    found = tamper(
        shared_database, ledger, "invoice.drafted.v3", start, start.replace("02-01", "01-31")
    )
    assert "usage_events" in broken(found)


def test_an_adjustment_that_is_billed_otherwise(
    shared_database: Database, ledger: LateLedger
) -> None:
    found = tamper(shared_database, ledger, "invoice_item.created.v2", '"amount":4', '"amount":3')
    assert broken(found) == ["adjustments"]


def test_a_row_that_is_not_what_the_log_says(shared_database: Database, ledger: LateLedger) -> None:
    found = alter(
        shared_database,
        ledger,
        "UPDATE projections.late_usage_v1 SET data = jsonb_set(data, '{amount}', '9') "
        "WHERE ledger_id = %(ledger)s",
    )
    assert broken(found) == ["read_models"]
    [offender] = identity(found, "read_models").offenders
    assert offender.why == "amount is 9, not 4"


def test_late_usage_that_nobody_would_settle(shared_database: Database, ledger: LateLedger) -> None:
    ledger.use("e-4", "2026-01-21", "100")
    assert broken(look_at(ledger)) == []
    found = alter(
        shared_database,
        ledger,
        "UPDATE projections.billed_lines_v4 SET late_at = NULL "
        "WHERE ledger_id = %(ledger)s AND late_at IS NOT NULL",
    )
    assert broken(found) == ["late_usage_found"]


def test_what_was_recorded_later_has_no_part_in_the_check_of_then(ledger: LateLedger) -> None:
    before, then = look_at(ledger), ledger.services.log(ledger.ledger_id).head()
    ledger.use("e-4", "2026-01-21", "100")
    ledger.cancel("e-1")
    ledger.settle()
    ledger.month("2026-03-01")
    assert broken(look_at(ledger)) == []
    again = look_at_then(ledger, then)
    assert (again.position, again.facts, again.meter_events) == (
        before.position,
        before.facts,
        before.meter_events,
    )
    assert _results(again, without=()) == _results(before, without=("late_usage_found",))
    assert _results(look_at(ledger), without=()) != _results(before, without=())


def test_it_held_after_every_command(ledger: LateLedger) -> None:
    head = ledger.services.log(ledger.ledger_id).head()
    found = [look_at_then(ledger, position) for position in range(8, head + 1)]
    assert [broken(one) for one in found] == [[] for _ in found]
    assert found[-1].position == head
    assert all(one.position <= position for position, one in enumerate(found, start=8))


def test_half_of_a_command_was_never_there(ledger: LateLedger) -> None:
    facts = ledger.services.log(ledger.ledger_id).page(0, 100)
    drafted, closed = (
        next(one.position for one in facts if one.event.TOPIC.startswith(topic))
        for topic in ("invoice.drafted", "subscription.period_closed")
    )
    assert closed == drafted + 1
    assert look_at_then(ledger, drafted).position == drafted - 1
    assert look_at_then(ledger, closed).position == closed


def test_a_fact_that_was_altered_is_found_as_of_then_and_not_before(
    shared_database: Database, ledger: LateLedger
) -> None:
    topic = "invoice.finalized.v2"
    tamper(shared_database, ledger, topic, '"total":12', '"total":13')
    head = ledger.services.log(ledger.ledger_id).head()
    assert "invoice_totals" in broken(look_at_then(ledger, head))
    facts = ledger.services.log(ledger.ledger_id).page(0, 100)
    [drafted] = [one.position for one in facts if one.event.TOPIC.startswith("invoice.drafted")]
    assert broken(look_at_then(ledger, drafted + 1)) == []


def test_a_row_that_answers_of_then_would_take_is_looked_at(
    shared_database: Database, ledger: LateLedger
) -> None:
    head = ledger.services.log(ledger.ledger_id).head()
    alter(
        shared_database,
        ledger,
        "UPDATE projections.late_usage_v1 SET data = jsonb_set(data, '{amount}', '9') "
        "WHERE ledger_id = %(ledger)s",
    )
    assert broken(look_at_then(ledger, head)) == ["read_models"]
    [offender] = identity(look_at_then(ledger, head), "read_models").offenders
    assert offender.why == "amount is 9, not 4"
    settled = identity(look_at(ledger), "adjustments").checked
    assert settled == 1
    facts = ledger.services.log(ledger.ledger_id).page(0, 100)
    [paid] = [one.position for one in facts if one.event.TOPIC.startswith("invoice.paid")]
    assert broken(look_at_then(ledger, paid)) == []


def look_at_then(ledger: LateLedger, position: int) -> LedgerCheck:
    """All identities as of a position."""
    about = LedgerIdentity(ledger.ledger_id, "acct_1", False)
    return checked_as_of(ledger.services, about, position)


def _results(check: LedgerCheck, *, without: tuple[str, ...]) -> dict[str, tuple[object, ...]]:
    """What each identity came to; how many rows there are of now and of then is not compared."""
    return {
        one.name: (one.holds, one.name == "read_models" or one.checked, one.counts, one.differences)
        for one in check.identities
        if one.name not in without
    }
