"""Invoices that were issued by older versions replay to the byte from the log of their time."""

import json
from pathlib import Path

import psycopg

from ledger.store.mapper import deflate
from tests.support.postgres import Database
from tests.support.stored_ledger import StoredLedger

LOG = Path(__file__).with_name("log_of_engine_1.jsonl")
"""First which invoices it issued with which digests, then each event: stream, version, topic and
stored state. Written by the version that had rating engine 1."""


def test_invoices_of_engine_1_replay_from_their_log(
    ledger: StoredLedger, shared_database: Database
) -> None:
    told, *events = (json.loads(line) for line in LOG.read_text().splitlines())
    with psycopg.connect(shared_database.owner_url) as connection:
        ledger_id = ledger.ledger_id + 1_000
        for position, (stream, version, topic, state) in enumerate(events, start=1):
            connection.execute(
                "INSERT INTO ledger.events VALUES (%s, %s, %s, %s, %s, %s)",
                (ledger_id, stream, version, topic, position, deflate(state.encode())),
            )
    old = StoredLedger(ledger.datastore, ledger_id)
    assert len(told["invoices"]) == 3
    for invoice, sha256 in told["invoices"].items():
        outcome = old.recompute(invoice)
        assert (outcome.engine_version, outcome.digest) == (1, sha256)
        assert outcome.equal
        assert outcome.differences == ()
