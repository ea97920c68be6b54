"""Every invoice of a random year replays equal: at once, after every read model was built anew, and
after dump and restore to another PostgreSQL.

`PYTHONPATH=src python -m tests.audit.years --seeds 20` lives more of them.
"""

from pathlib import Path

import pytest

from tests.audit.years.proving import prove_a_year
from tests.support.postgres import Database, PostgresServer, another_server

HAPPENED = (
    "invoices of engine 1",
    "invoices of engine 2",
    "IssueCreditNote",
    "CancelMeterEvent",
    "UpdatePrice",
    "UpdateSubscription",
    "VoidInvoice",
    "late usage: next_invoice",
    "late usage: credit_note",
    "late usage: invoice",
)


@pytest.mark.parametrize("seed", [2])
def test_every_invoice_of_a_year_replays_equal_also_when_rebuilt_and_when_restored_elsewhere(
    seed: int, database: Database, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with another_server(postgres_server) as elsewhere:
        done = prove_a_year(seed, database, elsewhere, tmp_path)
    assert [what for what in HAPPENED if not done[what]] == []
