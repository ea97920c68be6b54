"""One ledger for all properties; each example makes its own meters, customers and clocks."""

from collections.abc import Iterator

import pytest

from api.services import Services
from tests.properties.ledger_in_process import LedgerInProcess
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="package")
def ledger(postgres_server: PostgresServer) -> Iterator[LedgerInProcess]:
    with postgres_server.database() as database:
        services = Services(database.app_url, pool_size=4, follow_inline=True)
        try:
            yield LedgerInProcess(services)
        finally:
            services.close()
