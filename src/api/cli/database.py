"""`tallybook db`: bring the database up to date, look at it, open a prompt on it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from psycopg.conninfo import conninfo_to_dict

from api.cli.connection import DataDir
from api.cli.output import EXIT_REFUSED, explained, note
from api.cli.partitions import partition_all
from api.database import roles
from api.database.connection import Databases, databases_of, rights_of
from api.database.errors import DatabaseError
from api.settings import Settings, load_settings
from ledger.kernel.errors import LedgerError

app = typer.Typer(name="db", help="The database: migrate, status, psql.", no_args_is_help=True)


@app.command()
def migrate(
    data_dir: DataDir = None,
    print_roles: Annotated[
        bool, typer.Option("--print-roles", help="Print the SQL that creates both roles.")
    ] = False,
) -> None:
    """Apply what the database lacks of this release, as the owner of its tables, and give usage of
    each month a partition of its own."""
    if print_roles:
        with explained():
            typer.echo(_roles_sql(load_settings(data_dir=data_dir)))
        return
    from projections.registry import migrate as bring_up_to_date

    with _opened(data_dir) as databases:
        applied = bring_up_to_date(databases.owner_url, databases.app_role)
        try:
            partition_all(databases.owner_url)
        except LedgerError as refusal:
            note(refusal.message)
    for name in applied:
        typer.echo(name)
    note(f"Migrations applied: {len(applied)}.")


@app.command()
def status(data_dir: DataDir = None) -> None:
    """Say which database is used, as whom, and what it lacks. Exit code 6 when it lacks some."""
    import psycopg

    from ledger.store.migrate import pending

    with _opened(data_dir) as databases:
        with psycopg.connect(databases.app_url) as connection:
            version = connection.info.parameter_status("server_version")
            durable = connection.execute(
                "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
            ).fetchone()
        rights = rights_of(databases.app_url)
        missing = pending(databases.owner_url)
        where = _place(databases)
    typer.echo(f"database     {where}")
    typer.echo(f"PostgreSQL   {version}")
    typer.echo(
        f"durability   fsync {durable[0]}, synchronous_commit {durable[1]}" if durable else ""
    )
    warning = " (may change recorded events)" if rights.too_wide else ""
    typer.echo(f"role         {rights.role}{warning}")
    typer.echo(f"migrations   {', '.join(missing) + ' missing' if missing else 'up to date'}")
    if missing:
        raise typer.Exit(EXIT_REFUSED)


@app.command()
def psql(
    arguments: Annotated[list[str] | None, typer.Argument(help="Handed to psql.")] = None,
    data_dir: DataDir = None,
    owner: Annotated[bool, typer.Option("--owner", help="As the owner of the tables.")] = False,
) -> None:
    """Open PostgreSQL's own prompt on the database: `db psql -- -c "SELECT 1"`."""
    with _opened(data_dir) as databases:
        program = _psql(databases)
        # In the environment and not as an argument, where other users could read the password.
        given = conninfo_to_dict(databases.owner_url if owner else databases.app_url)
        environment = dict(os.environ)
        for key, value in given.items():
            environment[_LIBPQ.get(key, f"PG{key.upper()}")] = str(value)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ended = subprocess.run([program, *(arguments or [])], env=environment, check=False)
    raise typer.Exit(ended.returncode)


_LIBPQ = {
    "application_name": "PGAPPNAME",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "dbname": "PGDATABASE",
}


@contextmanager
def _opened(data_dir: Path | None) -> Generator[Databases]:
    """The database of the settings in force."""
    with explained(), databases_of(load_settings(data_dir=data_dir)) as databases:
        yield databases


def _roles_sql(settings: Settings) -> str:
    """The roles that the settings name, or those of the embedded server."""
    application = _named(settings.database_url.get_secret_value() if settings.database_url else "")
    owner = _named(
        settings.owner_database_url.get_secret_value() if settings.owner_database_url else ""
    )
    return roles.print_roles(
        application.get("dbname") or owner.get("dbname") or roles.DATABASE,
        owner.get("user") or roles.OWNER,
        application.get("user") or roles.APPLICATION,
    )


def _named(url: str) -> dict[str, str]:
    return {key: str(value) for key, value in conninfo_to_dict(url).items()}


def _place(databases: Databases) -> str:
    if databases.embedded is not None:
        return f"embedded, {databases.embedded.layout.home}"
    given = _named(databases.app_url)
    return f"{given.get('host', 'local')}:{given.get('port', '5432')}/{given.get('dbname', '')}"


def _psql(databases: Databases) -> Path | str:
    if databases.embedded is not None:
        return databases.embedded.programs / "psql"
    found = shutil.which("psql")
    if found is None:
        raise DatabaseError("There is no psql on PATH.")
    return found
