"""The services of a fresh installation."""

from collections.abc import Iterator

import pytest

from api.accounts.first_start import ensure_default_account
from api.services import Services
from tests.support.postgres import Database


@pytest.fixture
def services(database: Database) -> Iterator[Services]:
    made = Services(database.app_url, pool_size=8)
    try:
        ensure_default_account(made)
        yield made
    finally:
        made.close()
