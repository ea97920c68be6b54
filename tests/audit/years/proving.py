"""One year, lived and proven: as it is, rebuilt, and dumped and restored elsewhere."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.services import Services
from tests.audit.years.moving import restored
from tests.audit.years.proofs import check_everything, digests, rebuild_all, replay_all
from tests.audit.years.year import Year
from tests.support.postgres import Database, PostgresServer


def prove_a_year(
    seed: int, database: Database, elsewhere: PostgresServer, folder: Path
) -> Counter[str]:
    """Live a year in a fresh database; what was in it. Raises AssertionError for what is wrong."""
    with _services(database) as services:
        year = Year(services, seed)
        year.live()
        first = replay_all(services)
        assert year.issued_before.items() <= first.digests.items()
        check_everything(services)
        before = digests(database.owner_url, services)
        rebuild_all(database.owner_url, services)
        assert digests(database.owner_url, services) == before
        assert replay_all(services) == first
        check_everything(services)
    with restored(database, elsewhere, folder) as copy, _services(copy) as services:
        assert digests(copy.owner_url, services) == before
        assert replay_all(services) == first
        check_everything(services)
        rebuild_all(copy.owner_url, services)
        assert digests(copy.owner_url, services) == before
    return year.done + first.counted()


@contextmanager
def _services(database: Database) -> Iterator[Services]:
    services = Services(database.app_url, pool_size=4, follow_inline=True)
    try:
        yield services
    finally:
        services.close()
