"""No evidence is made from a ledger that is damaged, and it is said what is."""

from collections.abc import Iterator

import psycopg
import pytest

from api.accounts.first_start import ensure_default_account
from api.audit.checkpoints import sign_checkpoint
from api.audit.evidence import Uncovered, Unprovable, covering, evidence_of, exported
from api.audit.signing_key import Signer
from api.services import Services
from ledger.accounts.ledgers import ledger_for_test
from ledger.audit.evidence.pack import what_is_wrong
from projections.audit.merkle.rows import TILES
from tests.support.billing_ledger import at
from tests.support.evidence import KEY
from tests.support.postgres import Database
from tests.support.stored_ledger import StoredLedger
from tests.support.tampering import rewrite

TEST_LEDGER = ledger_for_test(1)


@pytest.fixture
def services(database: Database) -> Iterator[Services]:
    made = Services(database.app_url, pool_size=4, follow_inline=True)
    ensure_default_account(made)
    yield made
    made.close()


@pytest.fixture
def invoice(services: Services) -> str:
    """January's tokens, finalized."""
    ledger = StoredLedger(services.datastore, TEST_LEDGER)
    ledger.sell()
    ledger.subscribe("price_tokens")
    ledger.now = at("2026-01-31T12:00")
    for number, value in enumerate(("1000", "1500")):
        ledger.use(f"e-{number}", f"2026-01-{10 + number}", value)
    closed = ledger.close("2026-02-01")
    ledger.finalize(closed, "2026-02-01T01:00")
    return closed


def sign(services: Services) -> None:
    identity = services.identity(TEST_LEDGER)
    services.reader(TEST_LEDGER).wait_for(TILES)
    signer = Signer(KEY, given=True)
    assert sign_checkpoint(services, identity, signer, at("2026-02-02"), "system:test")


def test_the_oldest_checkpoint_that_covers_it_proves_it(services: Services, invoice: str) -> None:
    identity = services.identity(TEST_LEDGER)
    evidence = evidence_of(services, identity, invoice)
    with pytest.raises(Uncovered, match=f"one of {evidence.last_position} events"):
        covering(services, evidence)
    sign(services)
    with exported(services, evidence) as made:
        assert what_is_wrong(made.files) == []
        first = made.made("zip").read_bytes()
    StoredLedger(services.datastore, TEST_LEDGER).price("price_more", unit_amount_decimal="1")
    sign(services)
    with exported(services, evidence) as made:
        assert made.made("zip").read_bytes() == first


def test_an_event_that_cannot_be_read(services: Services, invoice: str, database: Database) -> None:
    old, new = b'"1500"', b'"1500 '
    rewrite(database.owner_url, TEST_LEDGER, "usage.recorded.v1", old, new, stream="usage")
    with pytest.raises(Unprovable, match="the log cannot be read"):
        evidence_of(services, services.identity(TEST_LEDGER), invoice)


def test_a_tree_without_its_tiles(services: Services, invoice: str, database: Database) -> None:
    evidence = evidence_of(services, services.identity(TEST_LEDGER), invoice)
    sign(services)
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(f"DELETE FROM {TILES.relation()}")
    with (
        pytest.raises(Unprovable, match="The tree over the log lacks hashes"),
        exported(services, evidence),
    ):
        raise AssertionError("it was exported")
