"""What speaks against serving from a database: warned of, and refused once there are live keys."""

import psycopg

from api.database.connection import rights_of

_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


def concerns(app_url: str) -> list[str]:
    """A sentence for each: a role that could change the log, or commits that could be lost."""
    return [*_rights(app_url), *_durability(app_url)]


def _rights(app_url: str) -> list[str]:
    rights = rights_of(app_url)
    if not rights.too_wide:
        return []
    what = "is a superuser" if rights.superuser else "owns the tables"
    concern = (
        f"The database role {rights.role} {what}, so recorded events could be changed. Use a role "
        "of its own for DATABASE_URL ('tallybook db migrate --print-roles' prints the SQL)."
    )
    return [concern]


def _durability(app_url: str) -> list[str]:
    with psycopg.connect(app_url) as connection:
        found = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY(%s) AND setting = 'off' "
            "ORDER BY name",
            (list(_DURABLE),),
        ).fetchall()
    return [
        f"PostgreSQL runs with {name}={setting}, so what was acknowledged could be lost in a crash."
        for name, setting in found
    ]
