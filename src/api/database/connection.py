"""Which database is used: the server that DATABASE_URL names, or else the embedded one."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict

from api.database.embedded import Embedded
from api.database.errors import DatabaseError
from api.settings import Settings


@dataclass(frozen=True, slots=True)
class Databases:
    """One database as seen by its two roles. `embedded` is None on a server of the user's."""

    app_url: str = field(repr=False)
    owner_url: str = field(repr=False)
    embedded: Embedded | None = None

    @property
    def app_role(self) -> str | None:
        """The role to grant the application's rights to; None when it is the owner itself."""
        application = conninfo_to_dict(self.app_url).get("user")
        owner = conninfo_to_dict(self.owner_url).get("user")
        return None if application == owner else str(application)

    def close(self) -> None:
        """Leave the embedded server; the last process to leave stops it."""
        if self.embedded is not None:
            self.embedded.stop()


@dataclass(frozen=True, slots=True)
class RoleRights:
    """What the application role may do beyond its duty."""

    role: str
    superuser: bool
    owns_tables: bool

    @property
    def too_wide(self) -> bool:
        """Whether the database would let this role change events that were recorded."""
        return self.superuser or self.owns_tables


def connect_databases(settings: Settings) -> Databases:
    """Find the database that `settings` name, starting the embedded server where needed.

    Without an owner's URL the application's URL serves for both. Raises DatabaseError.
    """
    if settings.database_url is not None:
        application = _checked("DATABASE_URL", settings.database_url.get_secret_value())
        if settings.owner_database_url is None:
            return Databases(application, application)
        owner = settings.owner_database_url.get_secret_value()
        return Databases(application, _checked("TALLYBOOK_OWNER_DATABASE_URL", owner))
    if settings.owner_database_url is not None:
        raise DatabaseError(
            "TALLYBOOK_OWNER_DATABASE_URL is set but DATABASE_URL, the application role's, is not."
        )
    embedded = Embedded(settings.data_dir, pg_user=settings.pg_user, pg_bin=settings.pg_bin)
    embedded.start()
    return Databases(embedded.app_url, embedded.owner_url, embedded)


@contextmanager
def databases_of(settings: Settings) -> Generator[Databases]:
    """`connect_databases` for as long as the block runs."""
    databases = connect_databases(settings)
    try:
        yield databases
    finally:
        databases.close()


def rights_of(app_url: str) -> RoleRights:
    """What the application role may do; `serve` refuses live keys to one that may too much."""
    with psycopg.connect(app_url) as connection:
        row = connection.execute(
            "SELECT current_user::text, r.rolsuper, EXISTS ("
            " SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname IN ('ledger', 'projections') AND c.relkind IN ('r', 'p')"
            " AND pg_has_role(current_user, c.relowner, 'USAGE'))"
            " FROM pg_roles r WHERE r.rolname = current_user"
        ).fetchone()
    if row is None:
        raise DatabaseError("The application role cannot see itself in pg_roles.")
    return RoleRights(role=row[0], superuser=row[1], owns_tables=row[2])


def _checked(variable: str, url: str) -> str:
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise DatabaseError(f"{variable} is no PostgreSQL address: {error}") from None
    return url
