"""Ledgers with subscriptions over one fresh database, projected when the scheduler looks."""

from collections.abc import Iterator

import pytest

from api.services import Services
from tests.support.postgres import Database


@pytest.fixture
def services(database: Database) -> Iterator[Services]:
    made = Services(database.app_url, pool_size=4, follow_inline=True)
    yield made
    made.close()
