"""What idle ledgers cost: projector, scheduler and PostgreSQL with one ledger and with 10,000.

Processor time is read over a stretch of time in which nothing happens, and over one in which a
single ledger takes meter events and new customers at a steady pace; with the first ledger alone,
and again once there are many others. Those are made by copying the event of the first one's meter,
with checkpoints that say that it was applied. The limit is the one ledger.
"""

import argparse
import time
from collections.abc import Callable

import psycopg

from benchmarks.asking import Asking
from benchmarks.installation import Installation, installed
from benchmarks.processor import processor_seconds, spent
from benchmarks.report import Report, at_most
from benchmarks.usage import EVENT_NAME, shop
from tests.support.served import TEST_LEDGER

SMALL = ["--ledgers", "500", "--seconds", "4"]
_FIRST_COPY = 1_000
_FOLLOWERS = ("projector", "scheduler", "postgres")
_COPY = """
WITH original AS (
    SELECT originator_id, originator_version, topic, state FROM ledger.events
    WHERE ledger_id = %(of)s AND topic = 'meter.created.v1' ORDER BY position LIMIT 1
), copied AS (
    INSERT INTO ledger.events
        (ledger_id, originator_id, originator_version, topic, position, state)
    SELECT n, originator_id, originator_version, topic, 1, state
    FROM original, generate_series(%(first)s::integer, %(last)s) AS n
), heads AS (
    INSERT INTO ledger.heads (ledger_id, position, catalog_position)
    SELECT n, 1, 1 FROM generate_series(%(first)s::integer, %(last)s) AS n)
INSERT INTO projections.checkpoints (ledger_id, projection, position)
SELECT n, projection, 1 FROM generate_series(%(first)s::integer, %(last)s) AS n
CROSS JOIN projections.checkpoints WHERE ledger_id = %(of)s
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ledgers", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--pace", type=int, default=20, help="requests a second while busy")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Idle and busy, with one ledger and with many."""
    with installed(report, workers=1) as installation:
        [customer] = shop(installation.served, customers=1)
        few = _loads(installation, customer, options)
        _tell(report, few, "1 ledger")
        _copy_ledger(installation.app_url, options.ledgers)
        installation.wait_for_projector()
        many = _loads(installation, customer, options)
        _tell(report, many, f"{options.ledgers:,} ledgers")
    for state, most in (("idle", 1.0), ("busy", 3.0)):
        more = sum(many[state][role] - few[state][role] for role in _FOLLOWERS)
        name = f"{state}, more with {options.ledgers:,} ledgers"
        report.add(name, more, "% of a core", at_most(most))
    report.add("idle, transactions", many["idle"]["transactions"], "a second")


def _tell(report: Report, loads: dict[str, dict[str, float]], ledgers: str) -> None:
    for state, load in loads.items():
        for role in _FOLLOWERS:
            report.add(f"{state}, {role}, {ledgers}", load[role], "% of a core")


def _loads(
    installation: Installation, customer: str, options: argparse.Namespace
) -> dict[str, dict[str, float]]:
    """Percent of a core by role, and transactions a second, while idle and while busy."""
    asking = Asking(installation.served)

    def busy() -> None:
        _keep_busy(asking, customer, options.seconds, options.pace)

    return {
        "idle": _load_during(installation, lambda: time.sleep(options.seconds)),
        "busy": _load_during(installation, busy),
    }


def _load_during(installation: Installation, something: Callable[[], None]) -> dict[str, float]:
    time.sleep(3)  # what went before has come to rest, and the counters are written
    transactions = _transactions(installation.app_url)
    before, begun = processor_seconds(installation.served), time.perf_counter()
    something()
    after, seconds = processor_seconds(installation.served), time.perf_counter() - begun
    loads = {role: used / seconds * 100 for role, used in spent(before, after).items()}
    done = _transactions(installation.app_url) - transactions
    return loads | {"transactions": done / seconds}


def _keep_busy(asking: Asking, customer: str, seconds: float, pace: int) -> None:
    fields = {"payload[stripe_customer_id]": customer, "payload[value]": "1"}
    begun = time.perf_counter()
    for number in range(int(seconds * pace)):
        time.sleep(max(0.0, begun + number / pace - time.perf_counter()))
        if number % 2:
            asking.post("/v1/billing/meter_events", event_name=EVENT_NAME, **fields)
        else:
            asking.post("/v1/customers", name="Somebody")


def _transactions(database_url: str) -> int:
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    return row[0] if row else 0


def _copy_ledger(database_url: str, ledgers: int) -> None:
    """Ledgers of their own numbers, each with one event."""
    span = {"first": _FIRST_COPY, "last": _FIRST_COPY + ledgers - 1}
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_COPY, {"of": TEST_LEDGER, **span})
