"""A ledger that was played, and edits of it that are taken back."""

from collections.abc import Generator, Iterator

import pytest

from api.services import Services
from tests.support.postgres import Database
from tests.tampering.looking import Tampered, tampering
from tests.tampering.scene import play

LEDGER = 1


@pytest.fixture(scope="module")
def services(shared_database: Database) -> Iterator[Services]:
    made = Services(shared_database.app_url, pool_size=4, follow_inline=True)
    play(made, LEDGER)
    yield made
    made.close()


@pytest.fixture
def ledger(services: Services, shared_database: Database) -> Generator[Tampered]:
    with tampering(services, shared_database.owner_url, LEDGER) as there:
        yield there
