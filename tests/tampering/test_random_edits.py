"""Random edits of anything that is stored, each of which is found (`python -m tests.tampering`)."""

from api.services import Services
from tests.support.postgres import Database
from tests.tampering.run import edit_and_look

EDITS = 50
SEED = 20261121


def test_every_random_edit_is_found(services: Services, shared_database: Database) -> None:
    ran = edit_and_look(services, shared_database.owner_url, 1, EDITS, SEED, lambda _: None)
    assert ran.missed == []
    assert ran.found == EDITS
    assert len({line.partition(" ")[0] for line in ran.named}) > 10
