"""The services of a command that works on the database itself."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.database.connection import Databases
    from api.services import Services

DataDir = Annotated[
    Path | None, typer.Option(help="Folder of the embedded PostgreSQL (TALLYBOOK_DATA_DIR).")
]


@contextmanager
def opened(data_dir: Path | None) -> "Generator[tuple[Services, Databases]]":
    """Services over the database of the settings in force, brought up to date."""
    from api.database.connection import databases_of
    from api.services import Services
    from api.settings import load_settings
    from projections.registry import migrate

    settings = load_settings(data_dir=data_dir)
    with databases_of(settings) as databases:
        migrate(databases.owner_url, databases.app_role)
        grace = timedelta(seconds=settings.finalization_grace_seconds)
        services = Services(databases.app_url, pool_size=4, grace=grace, follow_inline=True)
        try:
            yield services, databases
        finally:
            services.close()
