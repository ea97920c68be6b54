"""A ledger of its own for each test, followed by its read models."""

import itertools
from collections.abc import Iterator

import pytest

from api.services import Services
from tests.support.late_ledger import LateLedger
from tests.support.postgres import Database

_ledger_ids = itertools.count(1)


@pytest.fixture
def services(shared_database: Database) -> Iterator[Services]:
    made = Services(shared_database.app_url, pool_size=4, follow_inline=True)
    yield made
    made.close()


@pytest.fixture
def ledger(services: Services) -> LateLedger:
    """A ledger that sells tokens and seats to `cus_a`."""
    late = LateLedger(services, next(_ledger_ids))
    late.sell()
    return late
