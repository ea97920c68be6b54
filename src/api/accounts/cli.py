"""`tallybook keys`: give out, list and revoke API keys."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table as RichTable

from api.accounts.first_start import ensure_default_account
from api.accounts.keys import issue_key, list_keys, revoke_key
from api.database.connection import databases_of
from api.database.errors import DatabaseError
from api.services import Services
from api.settings import SettingsError, load_settings
from ledger.accounts.ledgers import DEFAULT_ACCOUNT_ID
from ledger.kernel.clock import from_epoch
from ledger.kernel.errors import LedgerError
from ledger.store.migrate import pending
from projections.accounts.rows import ApiKeyRow
from projections.registry import migrate

keys = typer.Typer(help="Give out, list and revoke API keys.", no_args_is_help=True)

AccountOption = Annotated[str, typer.Option("--account", help="Whose keys.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@keys.command()
def create(
    live: Annotated[bool, typer.Option("--live", help="Open the live ledger.")] = False,
    restricted: Annotated[bool, typer.Option("--restricted", help="Reading only.")] = False,
    name: Annotated[str | None, typer.Option(help="What the key is for.")] = None,
    account: AccountOption = DEFAULT_ACCOUNT_ID,
    as_json: JsonOption = False,
) -> None:
    """Give out a key. It is shown this once and kept nowhere."""
    kind = "restricted" if restricted else "secret"
    with _services() as services:
        issued = issue_key(services, account, kind, livemode=live, name=name)
    if as_json:
        _print_json(issued)
        return
    typer.echo(issued.key)
    typer.echo(f"Key {issued.id}. Keep it now: it will not be shown again.", err=True)


@keys.command("list")
def list_(account: AccountOption = DEFAULT_ACCOUNT_ID, as_json: JsonOption = False) -> None:
    """List the keys of an account, newest first, without their secrets."""
    with _services() as services:
        rows = list_keys(services, account)
    if as_json:
        _print_json(rows)
        return
    table = RichTable("id", "key", "ledger", "may", "name", "created", "revoked", box=None)
    for row in rows:
        table.add_row(*_cells(row))
    Console().print(table)


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """Revoke a key for good. Running servers refuse it within a second."""
    with _services() as services:
        revoke_key(services, key_id)
    if as_json:
        _print_json({"id": key_id, "revoked": True})
    else:
        typer.echo(f"Key {key_id} is revoked.")


@contextmanager
def _services() -> Generator[Services]:
    """The services of this process's settings; what refuses is told in one line."""
    try:
        with databases_of(load_settings()) as databases:
            if databases.embedded is not None:
                migrate(databases.owner_url, databases.app_role)
            elif missing := pending(databases.app_url):
                raise DatabaseError(
                    f"The database lacks {', '.join(missing)}. Run `tallybook db migrate` first."
                )
            services = Services(databases.app_url, pool_size=2)
            try:
                ensure_default_account(services)
                yield services
            finally:
                services.close()
    except (DatabaseError, SettingsError, LedgerError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None


def _cells(row: ApiKeyRow) -> tuple[str, ...]:
    return (
        row.id,
        row.redacted,
        "live" if row.livemode else "test",
        ", ".join(row.scopes),
        row.name or "",
        _day(row.created),
        _day(row.revoked_at) if row.revoked_at is not None else "",
    )


def _day(seconds: int) -> str:
    return f"{from_epoch(seconds):%Y-%m-%d %H:%M}"


def _print_json(value: object) -> None:
    typer.echo(msgspec.json.encode(value).decode())
