"""The roles of a Tallybook database: an owner for migrations, an application role for the rest.

The application role neither owns a table nor is a superuser, so the rule that events are only
ever appended is kept by PostgreSQL itself.
"""

import secrets
from pathlib import Path
from typing import Literal, LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql

DATABASE = "tallybook"
ADMIN = "tallybook_admin"
OWNER = "tallybook_owner"
APPLICATION = "tallybook_app"
EDITION = "3"
"""Changes with what `create_roles` does, which is then done again where it was done before."""

_PORT = 5432
_PATIENCE_MILLISECONDS: tuple[tuple[LiteralString, int], ...] = (
    ("idle_in_transaction_session_timeout", 30_000),
    ("lock_timeout", 10_000),
)


def password(home: Path, role: str) -> str:
    """The role's password, made and kept in a file of its own (mode 0600) when first asked for."""
    file = home / f"{role}.password"
    if not file.exists():
        unfinished = home / f"{role}.password.new"
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_urlsafe(24))
        unfinished.rename(file)
    return file.read_text()


def socket_url(socket: Path, role: str, secret: str, database: str = DATABASE) -> str:
    """A connection URL over a Unix socket, with every part percent-encoded."""
    return (
        f"postgresql://{quote(role, safe='')}:{quote(secret, safe='')}@/"
        f"{quote(database, safe='')}?host={quote(bytes(socket), safe='')}&port={_PORT}"
    )


def create_roles(admin_url: str, owner_password: str, application_password: str) -> None:
    """Create both roles and the database, or set them right where they stand."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for role, secret in ((OWNER, owner_password), (APPLICATION, application_password)):
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            verb = "ALTER" if known.fetchone() else "CREATE"
            connection.execute(_login_role(verb, role, secret))
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if not known.fetchone():
            connection.execute(_create_database())
        for statement in (*_database_rights(), *_patience(), _uncompressed()):
            connection.execute(statement)


def print_roles(database: str, owner: str, application: str) -> str:
    """The SQL with which the superuser of another server prepares it, for a person to read."""
    statements = [
        _login_role("CREATE", owner, "choose-a-password"),
        _login_role("CREATE", application, "choose-another-password"),
        _create_database(database, owner),
        *_database_rights(database, application),
        *_patience(application),
        _uncompressed(owner, application),
    ]
    return "\n".join(f"{statement.as_string()};" for statement in statements)


def _login_role(verb: Literal["CREATE", "ALTER"], role: str, secret: str) -> sql.Composed:
    return sql.SQL(
        "{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}"
    ).format(sql.SQL(verb), sql.Identifier(role), sql.Literal(secret))


def _patience(application: str = APPLICATION) -> list[sql.Composed]:
    """A process that vanished in the middle of an append does not keep a ledger locked for ever.

    Kept with the role, so that it holds behind a pooler, where a session's settings do not.
    """
    return [
        sql.SQL("ALTER ROLE {} SET {} = {}").format(
            sql.Identifier(application), sql.SQL(setting), sql.Literal(milliseconds)
        )
        for setting, milliseconds in _PATIENCE_MILLISECONDS
    ]


def _uncompressed(owner: str = OWNER, application: str = APPLICATION) -> sql.Composed:
    """A rebuild that makes an index need not compress every page of it for the WAL, nor does a
    verification that is the first to read a page, which PostgreSQL then marks as read."""
    return sql.SQL("GRANT SET ON PARAMETER wal_compression TO {}, {}").format(
        sql.Identifier(owner), sql.Identifier(application)
    )


def _create_database(database: str = DATABASE, owner: str = OWNER) -> sql.Composed:
    return sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
        sql.Identifier(database), sql.Identifier(owner)
    )


def _database_rights(
    database: str = DATABASE, application: str = APPLICATION
) -> tuple[sql.Composed, sql.Composed]:
    name = sql.Identifier(database)
    return (
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name),
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
            name, sql.Identifier(application)
        ),
    )
